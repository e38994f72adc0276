"""Numbers that give a numeric target away only together: with a remainder, or by a factor of each group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from autoprep.profiling.encode import Encoded, Floats, Ints

#: Rows from which numbers are held against the target together, columns of them at most, and those that are named.
MIN_ROWS, MAX_COLUMNS, NAMED = 50, 50, 6
#: Share of the target that they explain together, and one alone at most.
TOGETHER, ALONE = 0.98, 0.95
#: A column is named when its standardised weight is this share of the largest.
WEIGHTY = 0.1
#: Rows whose ratio to the target is their group's within ``SAME``, and what shuffled groups reach of that at most.
OF_GROUP, SAME, BY_CHANCE = 0.9, 0.005, 0.5
#: Levels that may hold a factor each, rows of each on average, columns that are paired, and rows tried first.
MAX_LEVELS, PER_LEVEL, MAX_GROUPS, PROBE = 100, 5, 6, 1_000


def explained(columns: Sequence[Encoded], y: Floats) -> tuple[tuple[str, ...], float]:
    """Columns whose weighted sum is almost the target, and the share of unseen rows' target that it explains.

    Half of the rows give the weights, the other half judges. () where a column alone does nearly as well.

    Args:
        columns: encoded; those of numbers are looked at, gaps filled with the mean.
        y: the target, finite.

    Example:
        >>> from autoprep.profiling.encode import of_values
        >>> rng = np.random.default_rng(0)
        >>> fare, extra, tip = rng.gamma(3, 5, 400), rng.gamma(2, 1, 400), rng.gamma(2, 2, 400)
        >>> table = {"fare": fare, "total": fare + extra / 9 + tip, "age": rng.random(400)}
        >>> explained([of_values(name, values, "number") for name, values in table.items()], tip)[0]
        ('total', 'fare')
    """
    numbers = [one for one in columns if one.kind == "number" and one.values is not None and one.levels > 2]
    numbers = numbers[:MAX_COLUMNS]
    if len(numbers) < 2 or y.size < max(MIN_ROWS, 4 * len(numbers)) or not np.isfinite(y).all() or y.std() == 0:
        return (), 0.0
    matrix = np.column_stack([_standard(one.values, one.missing) for one in numbers if one.values is not None])
    target = (y - y.mean()) / y.std()
    if float(((matrix.T @ target / y.size) ** 2).max()) > ALONE:
        return (), 0.0
    half = np.random.default_rng(0).permutation(y.size) < y.size // 2
    left = []
    for learn in (half, ~half):
        weights = _weights(matrix[learn], target[learn])
        left.append(float(((target[~learn] - matrix[~learn] @ weights) ** 2).mean()))
    share = 1.0 - float(np.mean(left))
    if share < TOGETHER:
        return (), share
    weights = np.abs(_weights(matrix, target))
    order = [int(i) for i in np.argsort(-weights, kind="stable") if weights[i] >= WEIGHTY * weights.max()]
    names = tuple(numbers[i].name for i in order[:NAMED])
    return (names, share) if len(names) > 1 else ((), share)


def factors(columns: Sequence[Encoded], y: Floats) -> dict[str, tuple[str, float]]:
    """Numbers that are the target times a factor of a group: column -> what groups them, and the share of rows.

    A salary in the currency of the country beside one in dollars: no line and no order goes through both.

    Args:
        columns: encoded. y: the target, finite.

    Example:
        >>> from autoprep.profiling.encode import of_values
        >>> rng = np.random.default_rng(0)
        >>> dollars, currency = rng.gamma(3, 9, 400), rng.integers(0, 4, 400)
        >>> local = of_values("local", dollars * np.array([1.0, 0.9, 83.0, 150.0])[currency], "number")
        >>> factors([local, Encoded("currency", currency, 4, None, "word", currency < 0)], dollars)
        {'local': ("'currency'", 1.0)}
    """
    if y.size < MIN_ROWS:
        return {}
    grouped, step = _grouped(columns, min(MAX_LEVELS, y.size // PER_LEVEL)), max(1, y.size // PROBE)
    found: dict[str, tuple[str, float]] = {}
    for one in columns:
        if one.kind != "number" or one.values is None or one.levels <= 10:
            continue
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.log(np.abs(one.values / y)) + 1000.0 * (np.sign(one.values) != np.sign(y))
        if np.isfinite(ratio).sum() < max(MIN_ROWS, 0.5 * y.size) or not _few_steps(ratio):
            continue
        for said, codes, levels in grouped:
            if said == f"'{one.name}'" or _shared(ratio[::step], codes[::step], levels) < OF_GROUP:
                continue
            share = _shared(ratio, codes, levels)
            moved = np.random.default_rng(0).permutation(y.size)
            if share >= OF_GROUP and _shared(ratio, codes[moved], levels) <= BY_CHANCE * share:
                found[one.name] = (said, share)
                break
    return found


def _grouped(columns: Sequence[Encoded], most: int) -> list[tuple[str, Ints, int]]:
    """Names, codes and levels of the columns of few levels, and of two of them together: a currency and a year."""
    few = [one for one in columns if 2 <= one.levels <= most]
    alone = [(f"'{one.name}'", one.codes, one.levels) for one in few]
    pairs = [
        (f"{a} and {b}", np.where((x < 0) | (z < 0), -1, x * n + z), m * n)
        for (a, x, m), (b, z, n) in combinations(alone[:MAX_GROUPS], 2)
        if m * n <= most
    ]
    return alone + pairs


def _standard(values: Floats, missing: np.ndarray) -> Floats:
    filled = np.where(missing, float(values[~missing].mean()), values)
    spread = float(filled.std())
    made = (filled - filled.mean()) / (spread if np.isfinite(spread) and spread > 0 else np.inf)
    return np.nan_to_num(np.asarray(made, dtype=np.float64))


def _weights(matrix: Floats, target: Floats) -> Floats:
    """Least squares by the columns' products: they are few, the rows many; a trace of ridge where columns repeat."""
    products = matrix.T @ matrix
    products[np.diag_indices_from(products)] += 1e-8 * matrix.shape[0]
    return np.asarray(np.linalg.solve(products, matrix.T @ target), dtype=np.float64)


def _few_steps(ratio: Floats) -> bool:
    """Whether most ratios of some rows lie at a few places."""
    part = ratio[:: max(1, ratio.size // PROBE)]
    places = np.unique(np.round(part[np.isfinite(part)] / (2 * SAME)), return_counts=True)[1]
    return bool(np.sort(places)[::-1][:MAX_LEVELS].sum() >= 0.8 * places.sum())


def _shared(ratio: Floats, codes: Ints, levels: int) -> float:
    """Share of rows whose ratio is the median of their group."""
    keep = np.isfinite(ratio) & (codes >= 0)
    order = np.lexsort((ratio[keep], codes[keep]))
    sorted_ratio, sorted_codes = ratio[keep][order], codes[keep][order]
    if not sorted_codes.size:
        return 0.0
    first = np.searchsorted(sorted_codes, np.arange(levels + 1))
    middle = sorted_ratio[np.minimum((first[:-1] + first[1:]) // 2, sorted_codes.size - 1)]
    return float((np.abs(sorted_ratio - middle[sorted_codes]) <= SAME).mean())
