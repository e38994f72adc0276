"""Boosting on one column replayed on per-bin sums: what a column would add to a model that left these residuals.

A gradient-boosted tree on a single column sees nothing but per-bin sums of gradients and counts, so its whole run can
be replayed on at most 255 bins once the rows have been binned (the scoring stage of OpenFE, Zhang et al. 2023, without
its LightGBM fit per candidate). Exact for squared loss. The gain is measured on rows the replay did not see.
"""

from __future__ import annotations

import numpy as np

from autoprep.kernels.compile import kernel

BINS = 255


@kernel
def _replay(g, h, gv, hv, bins, rate, rounds, leaves, least, patience, work):  # type: ignore[no-untyped-def]
    """Best mean loss drop per held-out row of leaf-wise boosting over ``bins`` bins; 0 when nothing helps."""
    r, f, lo, hi, cut, top = work[0], work[1], work[2], work[3], work[4], work[5]
    rows = 0.0
    for b in range(bins):
        r[b] = g[b]
        f[b] = 0.0
        rows += hv[b]
    best = 0.0
    waited = 0
    for _ in range(rounds):
        count = 1
        lo[0] = 0
        hi[0] = bins
        fresh = 0
        while True:
            for leaf in range(fresh, count):
                a, z = int(lo[leaf]), int(hi[leaf])
                sg = 0.0
                sh = 0.0
                for b in range(a, z):
                    sg += r[b]
                    sh += h[b]
                left_g = 0.0
                left_h = 0.0
                top[leaf] = -1.0
                parent = sg * sg / sh if sh > 0 else 0.0
                for b in range(a, z - 1):
                    left_g += r[b]
                    left_h += h[b]
                    if left_h >= least and sh - left_h >= least:
                        gain = left_g * left_g / left_h + (sg - left_g) ** 2 / (sh - left_h) - parent
                        if gain > top[leaf]:
                            top[leaf] = gain
                            cut[leaf] = b + 1
            if count >= leaves:
                break
            chosen = -1
            gain = 1e-12
            for leaf in range(count):
                if top[leaf] > gain:
                    gain = top[leaf]
                    chosen = leaf
            if chosen < 0:
                break
            # The chosen leaf moves to the end and is split there, so that only the two new leaves are scanned again.
            end = count - 1
            a, z, c = lo[chosen], hi[chosen], cut[chosen]
            lo[chosen], hi[chosen], cut[chosen], top[chosen] = lo[end], hi[end], cut[end], top[end]
            lo[end], hi[end], lo[count], hi[count] = a, c, c, z
            fresh = end
            count += 1
        if count == 1:
            break
        for leaf in range(count):
            a, z = int(lo[leaf]), int(hi[leaf])
            sg = 0.0
            sh = 0.0
            for b in range(a, z):
                sg += r[b]
                sh += h[b]
            step = rate * sg / sh if sh > 0 else 0.0
            for b in range(a, z):
                r[b] -= step * h[b]
                f[b] += step
        drop = 0.0
        for b in range(bins):
            drop += 2 * f[b] * gv[b] - f[b] * f[b] * hv[b]
        drop = drop / rows if rows > 0 else 0.0
        if drop > best:
            best = drop
            waited = 0
        else:
            waited += 1
            if waited >= patience:
                break
    return best


@kernel
def replay_gains(columns, residual, fold, folds, rate, rounds, leaves, least, patience, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (k, folds) with the mean drop of squared loss on each held-out fold.

    Args:
        columns: (k, n) float64, NaN where missing; missing rows make a bin of their own.
        residual: (n,) float64, what the base model left.
        fold: (n,) int32 in [0, folds).
        folds: number of folds.
        rate: shrinkage. rounds: most boosting rounds. leaves: most leaves. least: fewest rows in a leaf.
        patience: rounds without gain before stopping.
        out: (k, folds) float64, written.
    """
    k, n = columns.shape
    work = np.empty((6, BINS + 3))
    edges = np.empty(BINS)
    g = np.empty((folds, BINS + 2))
    h = np.empty((folds, BINS + 2))
    gt = np.empty(BINS + 2)
    ht = np.empty(BINS + 2)
    known = np.empty(n)
    for j in range(k):
        x = columns[j]
        m = 0
        step = max(1, n // 4096)
        for i in range(0, n, step):
            if np.isfinite(x[i]):
                known[m] = x[i]
                m += 1
        for f in range(folds):
            out[j, f] = 0.0
        if m < 20:
            continue
        sample = np.sort(known[:m])
        count = 0
        last = sample[0]
        for q in range(1, BINS):
            e = sample[m * q // BINS]
            if e > last:
                edges[count] = e
                count += 1
                last = e
        missing = count + 1
        bins = count + 2
        for f in range(folds):
            for b in range(bins):
                g[f, b] = 0.0
                h[f, b] = 0.0
        for i in range(n):
            v = x[i]
            b = missing
            if v == v:
                lo = 0
                hi = count
                while lo < hi:
                    mid = (lo + hi) >> 1
                    if edges[mid] <= v:
                        lo = mid + 1
                    else:
                        hi = mid
                b = lo
            g[fold[i], b] += residual[i]
            h[fold[i], b] += 1.0
        for b in range(bins):
            gt[b] = 0.0
            ht[b] = 0.0
            for f in range(folds):
                gt[b] += g[f, b]
                ht[b] += h[f, b]
        for f in range(folds):
            for b in range(bins):
                gt[b] -= g[f, b]
                ht[b] -= h[f, b]
            out[j, f] = _replay(gt, ht, g[f], h[f], bins, rate, rounds, leaves, least, patience, work)
            for b in range(bins):
                gt[b] += g[f, b]
                ht[b] += h[f, b]
