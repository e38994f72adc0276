"""Which rows were there before, batch by batch, in sixteen bytes a row."""

from __future__ import annotations

import numpy as np
import polars as pl


class Seen:
    """Rows seen so far, as 128-bit hashes in a few sorted arrays that are merged as they grow.

    Memory is 16 bytes per distinct row; a batch costs a binary search in each of the (logarithmically many) arrays.

    Example:
        >>> seen = Seen()
        >>> seen.fresh(pl.DataFrame({"a": [1, 2, 1]})).to_list(), seen.fresh(pl.DataFrame({"a": [2, 3]})).to_list()
        ([True, True, False], [False, True])
    """

    def __init__(self) -> None:
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def fresh(self, frame: pl.DataFrame) -> pl.Series:
        """Whether each row is the first of its kind (Boolean), over all frames so far; remembers them."""
        hashes = pl.DataFrame({"low": frame.hash_rows(seed=1), "high": frame.hash_rows(seed=2)})
        new = hashes.select(pl.struct("low", "high").is_first_distinct()).to_series().to_numpy().copy()
        low, high = hashes["low"].to_numpy(), hashes["high"].to_numpy()
        for run_low, run_high in self._runs:
            at = np.minimum(np.searchsorted(run_low, low), len(run_low) - 1)
            new &= ~((run_low[at] == low) & (run_high[at] == high))
        self._remember(low[new], high[new])
        return pl.Series("keep", new, dtype=pl.Boolean)

    def _remember(self, low: np.ndarray, high: np.ndarray) -> None:
        if not len(low):
            return
        order = np.argsort(low, kind="stable")
        low, high = low[order], high[order]
        while self._runs and len(self._runs[-1][0]) <= 2 * len(low):
            other_low, other_high = self._runs.pop()
            low, high = np.concatenate([other_low, low]), np.concatenate([other_high, high])
            order = np.argsort(low, kind="stable")
            low, high = low[order], high[order]
        self._runs.append((low, high))
