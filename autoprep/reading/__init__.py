"""Read anything: dialects, sources, tables."""
