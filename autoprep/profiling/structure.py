"""How a table is built: copies of columns, columns missing together, conditions, the column of time, groups of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep.profiling import calendar, entities, keys, names
from autoprep.profiling.columns import Column
from autoprep.profiling.encode import Encoded
from autoprep.profiling.profiles import KEYS

Row = dict[str, Any]
#: Columns looked at for gaps that coincide, for keys and for conditions.
MASKED, KEYED, CONDITIONED = 200, 60, 30
_KEYLIKE = ("identifier", "code", "category", "postal_code", "integer", "date", "datetime", "uuid", "email", "country")


def candidate_keys(whole: pl.DataFrame, found: Sequence[Column]) -> pl.DataFrame:
    """Rows of ``KEYS``: single columns, and pairs or triples that tell rows apart against chance.

    Example:
        >>> from autoprep.profiling.profiler import profile
        >>> frame = pl.DataFrame({"shop": ["a", "b", "c"] * 40, "day": [d for d in range(40) for _ in range(3)]})
        >>> profile(frame).keys.select("columns", "primary").rows()
        [('shop + day', True)]
    """
    able = [c for c in found if may_be_of_key(c.row)]
    made = keys.find(whole, [c.name for c in able[:KEYED]])
    by_name = {c.name: c for c in found}

    def rank(key: keys.Key) -> tuple[int, float, int]:
        says = min(float(names.says(c, "id")) for c in key.columns)
        return len(key.columns), -says, by_name[key.columns[0]].position

    rows = [
        {"columns": " + ".join(k.columns), "distinct_rate": k.distinct_rate, "nulls": k.nulls, "primary": i == 0}
        for i, k in enumerate(sorted(made, key=rank))
    ]
    return pl.DataFrame(rows, schema=KEYS)


def may_be_of_key(row: Row) -> bool:
    """Whether a column, by its words of the vocabulary, may be part of a key."""
    return row["semantic"] in (*_KEYLIKE, "ordinal", "boolean") and row["dtype"] != "float"


def copies(whole: pl.DataFrame, found: Sequence[Column]) -> list[Row]:
    """Columns with the content of an earlier one; ``duplicate_of`` is set on them.

    Example:
        >>> from autoprep.profiling.profiler import profile
        >>> made = profile(pl.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1], "c": [1, 2, 3]}))
        >>> made.column("c")["duplicate_of"], made.pairs["kind"].to_list()
        ('a', ['copy'])
    """
    seen: dict[tuple[Any, ...], list[str]] = {}
    out = []
    for column in found:
        row = column.row
        if row["dtype"] == "other" or row["semantic"] in ("constant", "empty"):
            continue
        series = whole.get_column(column.name)
        mark = (row["dtype"], row["null_count"], row["distinct"], str(series.head(20).to_list()))
        for other in seen.get(mark, ()):
            if series.equals(whole.get_column(other), check_dtypes=False):
                row["duplicate_of"] = other
                said = f"{column.name} has the content of {other} in every row"
                out.append(_row(other, column.name, "copy", 1.0, whole.height, said))
                break
        else:
            seen.setdefault(mark, []).append(column.name)
    return out


def _row(left: str, right: str, kind: str, strength: float, support: int, said: str, lift: float | None = None) -> Row:
    wrong = round((1 - strength) * support)
    figures = {"support": support, "violations": wrong, "violation_rate": wrong / support if support else 0.0}
    return {"left": left, "right": right, "kind": kind, "strength": strength, "lift": lift, "detail": said, **figures}


def missing_together(made: Sequence[Encoded]) -> list[Row]:
    """Columns whose gaps coincide (Jaccard of 0.9 or more), each beside the first of its group.

    Example:
        >>> gone = np.arange(100) < 20
        >>> made = [Encoded(n, np.zeros(100, np.int64), 2, None, "word", gone) for n in "ab"]
        >>> [row["detail"] for row in missing_together(made)]
        ['a and b are missing in the same rows (20 of 100)']
    """
    some = [one for one in made if 0.005 <= one.missing.mean() <= 0.97 and one.missing.sum() >= 5][:MASKED]
    if len(some) < 2:
        return []
    mask = np.column_stack([one.missing for one in some]).astype(np.float32)
    both = mask.T @ mask
    n = mask.shape[0]
    alone = np.diag(both)
    jaccard = both / np.maximum(1.0, alone[:, None] + alone[None, :] - both)
    lift = both * n / np.maximum(1.0, alone[:, None] * alone[None, :])
    out = []
    taken: set[int] = set()
    for i, one in enumerate(some):
        if i in taken:
            continue
        for j in range(i + 1, len(some)):
            if jaccard[i, j] >= 0.9 and lift[i, j] >= 1.3 and j not in taken:
                taken.add(j)
                same = "the same rows" if jaccard[i, j] == 1 else f"{jaccard[i, j]:.1%} the same rows"
                said = f"{one.name} and {some[j].name} are missing in {same} ({int(both[i, j]):,} of {n:,})"
                strength, support = float(jaccard[i, j]), int(alone[i] + alone[j] - both[i, j])
                out.append(_row(one.name, some[j].name, "missing_together", strength, support, said, float(lift[i, j])))
    return out


def conditions(made: Sequence[Encoded], labels: dict[str, list[str]], exact: set[tuple[str, str]]) -> list[Row]:
    """Association rules between levels: "where plan is basic, discount is missing".

    A rule holds in 98% of at least 20 rows (and 1% of them), is at least 1.5 times as frequent as elsewhere, and its
    chi-squared p-value stays below 0.01 after Bonferroni's correction for every rule that was tried.

    Args:
        made: encoded columns.
        labels: column -> its levels' words, in the order of the codes.
        exact: pairs that depend on each other as a whole, which no rule need repeat.
    """
    some = [one for one in made if one.name in labels][:CONDITIONED]
    n = made[0].codes.size if made else 0
    if n < 50 or len(some) < 2:
        return []
    coded = [np.where(one.codes < 0, len(labels[one.name]), one.codes) for one in some]
    sizes = [len(labels[one.name]) + 1 for one in some]
    tried = sum(a * b for i, a in enumerate(sizes) for j, b in enumerate(sizes) if i != j)
    found: list[tuple[float, Row]] = []
    for i, a in enumerate(some):
        for j, b in enumerate(some):
            if i == j or (a.name, b.name) in exact:
                continue
            table = np.bincount(coded[i] * sizes[j] + coded[j], minlength=sizes[i] * sizes[j])
            table = table.reshape(sizes[i], sizes[j]).astype(np.float64)
            left, right = table.sum(axis=1), table.sum(axis=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                holds, base = table / left[:, None], right / n
                lift = holds / base
                z = (holds - base) / np.sqrt(base * (1 - base) * (1 / left[:, None] - 1 / n))
            good = (holds >= 0.98) & (left[:, None] >= max(20.0, 0.01 * n)) & (lift >= 1.5) & (left[:, None] < 0.95 * n)
            for x, y in zip(*np.nonzero(good), strict=True):
                p = math.erfc(float(z[x, y]) / math.sqrt(2)) * tried
                if p < 0.01:
                    said = f"where {_is(a.name, labels, x)}, {_is(b.name, labels, y)}"
                    row = _row(a.name, b.name, "when_then", float(holds[x, y]), int(left[x]), said, float(lift[x, y]))
                    found.append((-float(z[x, y]), row))
    found.sort(key=lambda f: (f[0], f[1]["detail"]))
    return [row for _, row in found[:60]]


def _is(name: str, labels: dict[str, list[str]], level: int) -> str:
    words = labels[name]
    return f"{name} is {words[level]}" if level < len(words) else f"{name} is missing"


def time_and_groups(whole: pl.DataFrame, found: Sequence[Column], target: str | None = None) -> Row:
    """Words of ``vocabulary.TABLES``: ``time_column``, ``time_gaps``, ``time_parts``, ``group_column``.

    The column of time is the date that the rows are sorted by, else the one whose header speaks of time. Gaps are
    counted where nine in ten steps between its distinct values are alike.
    """
    out: Row = {}
    dates = [c for c in found if c.row["semantic"] in ("date", "datetime") and c.name != target]
    dates = [c for c in dates if (c.row["missing_rate"] or 0) < 0.2 and (c.row["distinct"] or 0) >= 3]
    if dates:
        best = min(dates, key=lambda c: (not _rising(c), not names.says(c.name, "date"), c.position))
        out["time_column"] = best.name
        known = best.numbers is not None and best.numbers.whole is None and not best.row.get("sampled")
        days = best.numbers.values if known and best.numbers is not None else np.zeros(0)
        if days.size >= 10:
            steps = np.diff(days)
            usual = float(np.median(steps))
            if usual > 0 and float((np.abs(steps - usual) <= 0.01 * usual).mean()) >= 0.9:
                out["time_gaps"] = int((steps > 1.5 * usual).sum())
    if parts := calendar.parts([c for c in found if c.name != target]):
        out["time_parts"] = parts
    if (group := entities.by_header(found, whole.height, target)) is not None:
        out["group_column"] = group
    elif (panel := entities.by_panel(whole, found, target)) is not None:
        out["group_column"] = panel[0]
        out.setdefault("time_column", panel[1])
    return out


def _rising(column: Column) -> bool:
    x = column.numbers
    return bool(column.row.get("is_monotonic")) and x is not None and x.values.size > 1
