"""Feature primitives: what a value of a row or of a group of rows can be made of others."""

from autoprep.primitives import aggregate, calendar, category, number, sequence, text
from autoprep.primitives.learnt import LEARNT, Learnt
from autoprep.primitives.primitive import AGGREGATIONS, TRANSFORMS, Aggregation, Transform

__all__ = [
    "AGGREGATIONS",
    "LEARNT",
    "TRANSFORMS",
    "Aggregation",
    "Learnt",
    "Transform",
    "aggregate",
    "calendar",
    "category",
    "number",
    "sequence",
    "text",
]
