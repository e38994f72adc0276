"""Every kernel compiled before it is needed, and where its machine code is kept."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Warmth:
    """What warming up came to.

    Attributes:
        seconds: CPU seconds it took.
        kept: the folder that keeps the machine code for the next process; None where none can be written.
    """

    seconds: float
    kept: str | None


def warm_up() -> Warmth:
    """Run every kernel once on a few rows, with the types that the product calls it with.

    Example:
        >>> warm_up().seconds > 0
        True
    """
    begun = time.process_time()
    from autoprep.kernels import compile as compiling
    from autoprep.kernels.aggregates import SLOTS as AGGREGATES
    from autoprep.kernels.aggregates import aggregate, group_aggregate
    from autoprep.kernels.groups import Groups
    from autoprep.kernels.keys import dense_codes
    from autoprep.kernels.queries import EVER, TIME_SLOTS, expand_pairs
    from autoprep.kernels.replay import replay_gains
    from autoprep.kernels.scatter import SCATTERED, end_rows, known_rows, scatter
    from autoprep.kernels.strings import text_ngrams_in_bucket
    from autoprep.kernels.sweep import Sweep
    from autoprep.kernels.trees import prepare
    from autoprep.kernels.windows import SLOTS

    codes, moments = np.array([0, 0, 1, -1], np.int32), np.array([1, 2, 3, 4], np.int64)
    x, every = np.array([1.0, np.nan, 2.0, 3.0]), np.ones(4, bool)
    dense_codes(moments, every, moments, every)
    scatter(codes, 2, x, SCATTERED)
    end_rows(codes, 2)
    known_rows(codes, 2, every)
    for groups in (Groups.build(codes, 2), Groups.build(codes, 2, moments)):
        aggregate(groups, x, set(AGGREGATES))
        aggregate(groups, x, {"median", "num_unique"})
    for precision in (np.float64, np.float32):
        sweep = Sweep(groups, codes, moments + 9, np.array([EVER, 2]), precision)
        sweep.column(x, [(name, w) for w in (0, 1) for name in SLOTS], 7.0)
        sweep.times([(name, 0) for name in TIME_SLOTS])
        sweep.codes(codes, 2)
    expand_pairs(groups.rows, sweep.lo[0], sweep.hi, 0, 1, int(sweep.hi[0] - sweep.lo[0, 0]))
    residual, fold = np.linspace(-1.0, 1.0, 64), (np.arange(64) % 4).astype(np.int32)
    replay_gains(np.ascontiguousarray(residual[None, :]), residual, fold, 4, 0.1, 60, 8, 20.0, 3, np.empty((1, 4)))
    prepare()
    text_ngrams_in_bucket(np.frombuffer(b"abcd", np.uint8), np.array([0, 4]), 3, 2, 0)
    where = getattr(getattr(group_aggregate, "_cache", None), "cache_path", None) if compiling.CACHED else None
    return Warmth(time.process_time() - begun, None if where is None else os.fspath(where))
