"""Features over one table or many."""

from autoprep.synthesis.rows import GROUPS, Synthesizer

__all__ = ["GROUPS", "Synthesizer"]
