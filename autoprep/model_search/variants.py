"""Cleaned views of the same rows: lossy choices of the cleaning as genes, each view made once, few of them kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Flips = tuple[str, ...]
Synthesizers = Mapping[str, Callable[[], Any]]

#: Views of the rows that are made at most, and how many bytes they may take together.
MOST_VARIANTS, MOST_BYTES = 8, 4e8


@dataclass(frozen=True)
class Variant:
    """The rows as one cleaning makes them.

    Attributes:
        frame: (n, columns) typed rows, the same rows in the same order in every variant.
        synthesizers: feature sets by name, for the columns of this frame.
    """

    frame: pl.DataFrame
    synthesizers: Synthesizers = field(default_factory=dict)


class Variants:
    """The rows by which lossy steps of their cleaning are flipped (applied instead of skipped, or the reverse).

    Args:
        plain: the rows as the plan leaves them.
        genes: ids of the steps that may be flipped, the least certain first.
        make: (flipped steps, sorted) -> the rows then.
        cost_s: seconds that making one is expected to take.

    Example:
        >>> plain = Variant(pl.DataFrame({"a": [1, 2]}))
        >>> views = Variants(plain, ["clip"], lambda flips: Variant(pl.DataFrame({"a": [1, 1]})))
        >>> views[()].frame["a"].to_list(), views["clip",].frame["a"].to_list()
        ([1, 2], [1, 1])
        >>> views.flipped((), "clip"), views.flipped(("clip",), "clip")
        (('clip',), ())
    """

    def __init__(
        self,
        plain: Variant,
        genes: Sequence[str] = (),
        make: Callable[[Flips], Variant] | None = None,
        cost_s: float = 0.0,
    ) -> None:
        size = max(plain.frame.estimated_size(), 1)
        self._most = int(max(1, min(MOST_VARIANTS, MOST_BYTES // size)))
        self.genes = tuple(genes) if make is not None and self._most > 1 else ()
        self.cost_s = cost_s
        self._make = make
        self._kept: dict[Flips, Variant] = {(): plain}

    def __getitem__(self, flips: Flips) -> Variant:
        if flips not in self._kept:
            assert self._make is not None
            self._kept[flips] = self._make(flips)
        return self._kept[flips]

    def known(self, flips: Flips) -> bool:
        """Whether this view is made."""
        return flips in self._kept

    def room(self, flips: Flips) -> bool:
        """Whether this view is made or may still be."""
        return flips in self._kept or len(self._kept) < self._most

    def flipped(self, flips: Flips, gene: str) -> Flips:
        """The choices with one of them turned over."""
        return tuple(sorted({*flips} ^ {gene}))
