"""Read anything: dialects, sources, tables."""

from autoprep.reading.tables import read

__all__ = ["read"]
