"""Repair families that learn their edits from the column at hand, and prove themselves on it before they may write."""

from autoprep.cleaning.families import (
    aliens,
    backwards,
    impute,
    majority,
    moments,
    percent,
    records,
    scales,
    shapes,
    sources,
    spill,
    strays,
    totals,
    typos,
    variants,
)
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, never

__all__ = [
    "LEARNERS",
    "Proposal",
    "State",
    "aliens",
    "backwards",
    "impute",
    "majority",
    "moments",
    "never",
    "percent",
    "records",
    "scales",
    "shapes",
    "sources",
    "spill",
    "strays",
    "totals",
    "typos",
    "variants",
]
