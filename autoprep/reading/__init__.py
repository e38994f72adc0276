"""Read anything: dialects, sources, tables."""

from autoprep.reading.describe import describe, load_dialect
from autoprep.reading.splice import SpliceError, splice, suffix_of
from autoprep.reading.tables import read

__all__ = ["SpliceError", "describe", "load_dialect", "read", "splice", "suffix_of"]
