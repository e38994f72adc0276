"""Repair families that learn their edits from the column at hand, and prove themselves on it before they may write."""

from autoprep.cleaning.families import (
    impute,
    majority,
    percent,
    records,
    shapes,
    sources,
    spill,
    totals,
    typos,
    variants,
)
from autoprep.cleaning.families.base import LEARNERS, Proposal, State, never

__all__ = [
    "LEARNERS",
    "Proposal",
    "State",
    "impute",
    "majority",
    "never",
    "percent",
    "records",
    "shapes",
    "sources",
    "spill",
    "totals",
    "typos",
    "variants",
]
