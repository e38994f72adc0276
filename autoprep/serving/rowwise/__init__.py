"""One raw row in plain Python: the same expressions as Polars runs on columns, without the cost of a query."""

from autoprep.serving.rowwise.expression import Compiler
from autoprep.serving.rowwise.row import RowScorer
from autoprep.serving.rowwise.texts import Declined

__all__ = ["Compiler", "Declined", "RowScorer"]
