"""Queries laid over a timed group structure: the sweep that all windows, columns and aggregates share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from autoprep.kernels.groups import Groups
from autoprep.kernels.queries import TIME_SLOTS, put_back, window_bounds, window_rows
from autoprep.kernels.threads import shares, together
from autoprep.kernels.windows import SLOTS, window_aggregate, window_codes

Array = np.ndarray[Any, Any]


class Sweep:
    """Queries laid over a timed group structure: bounds found once, columns aggregated at will.

    Args:
        groups: entities with their rows in time order.
        entity: (Q,) int32 entity of each query, -1 for one that no row belongs to.
        cutoff: (Q,) int64 microseconds; rows strictly before it count.
        widths: (windows,) int64 microseconds; ``EVER`` for all of the past.
        precision: of what is given back; sums are kept in float64 whatever it is.

    Example:
        >>> from autoprep.kernels.queries import EVER
        >>> groups = Groups.build(np.zeros(3, np.int32), 1, np.array([10, 20, 30]))
        >>> sweep = Sweep(groups, np.array([0], np.int32), np.array([30]), np.array([EVER, 5]))
        >>> sweep.aggregate(np.array([1.0, 2.0, 4.0]), {"sum", "max"})["sum"].tolist()
        [[3.0], [0.0]]
    """

    def __init__(
        self,
        groups: Groups,
        entity: Array,
        cutoff: Array,
        widths: Array,
        precision: type[np.floating[Any]] = np.float64,
    ) -> None:
        self.groups = groups
        self.precision = precision
        self.cutoff = np.ascontiguousarray(cutoff, np.int64)
        self.widths = np.ascontiguousarray(widths, np.int64)
        self.queries = Groups.build(entity, groups.count, self.cutoff)
        self.hi = np.zeros(entity.size, np.int32)
        self.lo = np.zeros((self.widths.size, entity.size), np.int32)
        window_bounds(
            groups.offsets,
            groups.time,
            self.queries.offsets,
            self.queries.rows,
            self.cutoff,
            self.widths,
            self.lo,
            self.hi,
        )
        self._hi = self.hi[self.queries.rows]
        self._lo = np.ascontiguousarray(self.lo[:, self.queries.rows])
        self._cut = self.cutoff[self.queries.rows]
        self._place = np.full(entity.size, -1, np.int32)
        self._place[self.queries.rows] = np.arange(self.queries.rows.size, dtype=np.int32)
        self._kept = threading.local()

    def _ordered(self, wanted: int) -> Array:
        """Room for values in the queries' own order (M, wanted); reused from call to call of a thread."""
        kept: Array | None = getattr(self._kept, "room", None)
        cells = wanted * self._hi.size
        if kept is None or kept.size < cells:
            kept = self._kept.room = np.empty(cells, self.precision)
        return kept[:cells].reshape(self._hi.size, wanted)

    def _asked(self, ordered: Array, nobody: Array, to: Array | None = None) -> Array:
        """From the queries' own order (M, wanted) to the asked one (wanted, Q); ``nobody`` (wanted,) elsewhere."""
        out = np.empty((nobody.size, self.hi.size), self.precision)
        put_back(self._place, ordered, out, nobody, np.arange(nobody.size) if to is None else to)
        return out

    def times(self, wanted: Sequence[tuple[str, int]]) -> Array:
        """What the rows' times tell, (wanted, Q), for pairs of a name of ``TIME_SLOTS`` and the number of a window."""
        slots = np.array([TIME_SLOTS[name] for name, _ in wanted], np.int64)
        windows = np.array([w for _, w in wanted], np.int64)
        ordered = self._ordered(slots.size)
        window_rows(self.groups.time, self._lo, self._hi, self._cut, slots, windows, ordered)
        return self._asked(ordered, np.where(slots == 0, 0.0, np.nan))

    def column(self, x: Array, wanted: Sequence[tuple[str, int]], half_life: float = 0.0, parts: int = 1) -> Array:
        """Aggregates of one column, (wanted, Q), for pairs of a name of ``SLOTS`` and the number of a window.

        Args:
            x: (n,) float64, NaN where missing. wanted: what is computed. half_life: of "ewma", in days.
            parts: into how many ranges of about as many rows the entities are cut, each for a thread.
        """
        order = sorted(range(len(wanted)), key=lambda i: wanted[i][1])
        slots = np.array([SLOTS[wanted[i][0]] for i in order], np.int64)
        spans = np.searchsorted([wanted[i][1] for i in order], np.arange(self.widths.size + 1))
        names = {name for name, _ in wanted}
        ordered = self._ordered(slots.size)
        x = np.ascontiguousarray(x, np.float64)
        flags = (bool({"variance", "std"} & names), "min" in names, "max" in names, "first" in names, "trend" in names)

        def part(first: int, last: int) -> None:
            window_aggregate(
                self.groups.offsets, self.groups.rows, self.groups.time, self.queries.offsets, self._lo, self._hi, x,
                first, last, *flags, half_life if "ewma" in names else 0.0, slots, spans, ordered,
            )  # fmt: skip

        together([partial(part, *share) for share in shares(self.groups.offsets, parts)], x.size)
        return self._asked(ordered, np.where(slots < 2, 0.0, np.nan), np.array(order, np.int64))

    def aggregate(self, x: Array, wanted: frozenset[str] | set[str], half_life: float = 0.0) -> dict[str, Array]:
        """Aggregates of one column over every window, name of ``SLOTS`` -> (windows, Q)."""
        names = sorted(wanted, key=SLOTS.__getitem__)
        every = [(name, w) for name in names for w in range(self.widths.size)]
        made = self.column(x, every, half_life).reshape(len(names), self.widths.size, -1)
        return dict(zip(names, made, strict=True))

    def codes(self, codes: Array, levels: int) -> dict[str, Array]:
        """Of a column of codes (n,) int32: "num_unique" and "entropy", (windows, Q) float64."""
        out = np.zeros((2, self.widths.size, self.hi.size))
        out[1] = np.nan
        window_codes(
            self.groups.offsets, self.groups.rows, self.queries.offsets, self.queries.rows, self.lo, self.hi,
            np.ascontiguousarray(codes, np.int32), max(levels, 1), out,
        )  # fmt: skip
        return {"num_unique": out[0], "entropy": out[1]}
