"""Read anything: dialects, sources, tables."""

from autoprep.reading.describe import describe, load_dialect
from autoprep.reading.tables import read

__all__ = ["describe", "load_dialect", "read"]
