"""What profiles of parts need to add up to the profile of the whole.

Exact: rows, nulls, counts behind rates, sums, extremes, moments (Pébay 2008), counts of frequent values where a part
holds all of them. Within a bound: frequent values beyond the ``HEAVY`` that a part keeps (the bound is kept beside
them), distinct values beyond ``HASHES`` (bottom-k sketch, Bar-Yossef and others 2002: standard error 3%), quantiles
(``CENTROIDS`` equal weights a merge: rank error 1 in 500).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from autoprep.profiling import fillers, numeric, vocabulary
from autoprep.profiling.columns import Column

HEAVY, HASHES, CENTROIDS = 1000, 1024, 1000
#: Columns of at most so many cells are sorted by NumPy: a Polars query costs more than that.
FEW = 10_000
#: What a rate is a share of; content unless it stands here.
_OF_ROWS = frozenset(("null_rate", "blank_rate", "missing_rate"))
_OF_FILLED = frozenset(("disguised_null_rate", "padded_rate", "sentinel_rate"))
_LEFT_OUT = frozenset(("distinct_rate", "top_rate", "pattern_rate"))
State = dict[str, Any]


def of(column: Column, series: pl.Series) -> State:
    """The state of one column.

    Args:
        column: described.
        series: its cells.
    """
    filled = series.drop_nulls() if series.null_count() else series
    state: State = {"filled": filled.len(), "heavy": {}, "bound": 0.0, "exact": True}
    if column.row["dtype"] != "other":
        # Polars promises no hash beyond one version, so the version goes along
        state["hash"] = f"polars {pl.__version__}"
        state["hashes"] = _bottom(filled)
    if column.row["dtype"] in ("text", "boolean") and filled.len():
        counts = _often(filled)
        state["heavy"] = {v: float(c) for v, c in counts[:HEAVY]}
        state["bound"] = float(counts[HEAVY][1]) if len(counts) > HEAVY else 0.0
    if column.figures is not None:
        state |= numbers(*column.figures)
    return state


def _often(filled: pl.Series) -> list[tuple[str, int]]:
    """The values by falling count, one more than are kept."""
    texts = filled.cast(pl.String)
    if filled.len() <= FEW:
        return sorted(Counter(texts.to_list()).items(), key=lambda item: (-item[1], item[0]))[: HEAVY + 1]
    counts = texts.alias("v").value_counts(name="c")
    if counts.height > HEAVY + 1:
        # only what is near the end of the list is put in order: most values of a column of many stand once
        last = counts["c"].top_k(HEAVY + 1).min()
        above = counts.filter(pl.col("c") > last)
        equal = counts.filter(pl.col("c") == last).bottom_k(HEAVY + 1 - above.height, by="v")
        counts = pl.concat([above, equal])
    return counts.sort(["c", "v"], descending=[True, False]).rows()


def _bottom(filled: pl.Series) -> list[int]:
    if filled.len() <= FEW:
        return list(np.unique(filled.hash(0).to_numpy())[:HASHES].tolist())
    hashes = filled.hash(0)
    # hashes are spread evenly: of a column of many values enough lie below this bound, and no other need be looked at
    low = hashes.filter(hashes < 2**64 // filled.len() * 4 * HASHES).unique()
    hashes = low if low.len() >= HASHES else hashes.unique()
    if hashes.len() > HASHES:
        hashes = hashes.bottom_k(HASHES)
    return hashes.sort().to_list()


def numbers(clean: numeric.Numbers, sums: list[float]) -> State:
    """The state of a column's numbers: moments and centroids.

    Example:
        >>> numbers(numeric.gather([1.0, 2.0]), [2.0, 1.5, 0.5, 0.0, 0.125])["centroids"]
        [[1.0, 1.0], [2.0, 1.0]]
    """
    return {"moments": sums, "centroids": _thin(np.column_stack([clean.values, clean.counts]))}


def _thin(pairs: Any) -> list[list[float]]:
    """At most ``CENTROIDS`` values with weights, ends kept."""
    if len(pairs) > CENTROIDS:
        order = pairs[np.argsort(pairs[:, 0], kind="stable")]
        reached = np.cumsum(order[:, 1])
        at = np.searchsorted(reached, (np.arange(CENTROIDS) + 0.5) / CENTROIDS * reached[-1])
        at[0], at[-1] = 0, len(order) - 1
        pairs = np.column_stack([order[at, 0], np.full(CENTROIDS, reached[-1] / CENTROIDS)])
    return [[v, w] for v, w in np.asarray(pairs, np.float64).tolist()]


def merge_states(a: Mapping[str, Any], b: Mapping[str, Any]) -> State:
    """The state of both parts together."""
    out: State = {
        "filled": a["filled"] + b["filled"],
        "bound": a["bound"] + b["bound"],
        "exact": a["exact"] and b["exact"],
    }
    heavy = dict(a["heavy"])
    for value, count in b["heavy"].items():
        heavy[value] = heavy.get(value, 0.0) + count
    ranked = sorted(heavy.items(), key=lambda kv: (-kv[1], kv[0]))
    out["heavy"] = dict(ranked[:HEAVY])
    if len(ranked) > HEAVY:
        out["bound"] = max(out["bound"], ranked[HEAVY][1])
    if "hashes" in a and a.get("hash") == b.get("hash"):
        out["hash"] = a["hash"]
        out["hashes"] = sorted({*a["hashes"], *b["hashes"]})[:HASHES]
    if "moments" in a and "moments" in b:
        out["moments"] = numeric.merge_moments(a["moments"], b["moments"])
        out["centroids"] = _thin(np.array([*a["centroids"], *b["centroids"]]))
    else:
        out |= {k: v for part in (a, b) for k, v in part.items() if k in ("moments", "centroids")}
    return out


def distinct(state: Mapping[str, Any]) -> int | None:
    """Distinct values by the sketch: exact below ``HASHES``; None where parts were hashed differently.

    Example:
        >>> distinct({"hashes": [1, 5, 9]})
        3
    """
    hashes = state.get("hashes")
    if hashes is None:
        return None
    return len(hashes) if len(hashes) < HASHES else round((HASHES - 1) / ((hashes[-1] + 1) / 2**64))


def merge(a: Any, b: Any) -> Any:
    """The profile of two parts of a table as one.

    Semantic types, formats and the like are those of the part with more content where they differ. Of pairs, those
    counted row by row (order, sum, product, copy) are added up where both parts have them; keys, dependencies and
    findings on the target need the rows and are left out.
    """

    old = {r["column"]: r for r in a.columns.iter_rows(named=True)}
    new = {r["column"]: r for r in b.columns.iter_rows(named=True)}
    rows: list[dict[str, Any]] = []
    states, details = {}, {}
    n, m = (int(p.tables["rows"][0] or 0) for p in (a, b))
    for name in dict.fromkeys([*old, *new]):
        left, right = old.get(name) or _absent(new[name], n), new.get(name) or _absent(old[name], m)
        one, other = (p.states.get(name) or _nothing() for p in (a, b))
        state = merge_states(one, other)
        more = left if (left["content"] or 0) >= (right["content"] or 0) else right
        states[name] = state
        details[name] = dict((a if more is left else b).details.get(name, {})) | (
            {"top": _top(state)} if state["heavy"] else {}
        )
        rows.append(_row(left, right, more, state) | {"position": len(rows)})
    fillers.mark(rows, details)
    table: dict[str, Any] = {
        "rows": n + m,
        "columns": len(rows),
        "memory_bytes": sum(int(p.tables["memory_bytes"][0] or 0) for p in (a, b)),
    }
    cells = table["rows"] * len(rows)
    table |= {
        "all_null_rows": sum(int(p.tables["all_null_rows"][0] or 0) for p in (a, b)),
        "missing_rate": sum(r["null_count"] for r in rows) / cells if cells else 0.0,
        "empty_columns": sum(r["null_count"] == r["rows"] for r in rows) if table["rows"] else 0,
    }
    return type(a)(
        vocabulary.frame(rows, vocabulary.COLUMNS),
        vocabulary.frame([table], vocabulary.TABLES),
        vocabulary.frame(_pairs(a, b), vocabulary.PAIRS),
        pl.DataFrame(schema=vocabulary.KEYS),
        {},
        details,
        states,
        {},
    )


def _nothing() -> State:
    return {"filled": 0, "heavy": {}, "bound": 0.0, "exact": True}


def _absent(like: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """A column that a part lacks: null in all its rows."""
    out = dict.fromkeys(like)
    return out | {
        "column": like["column"],
        "rows": rows,
        "null_count": rows,
        "null_rate": 1.0,
        "missing_rate": 1.0,
        "content": 0,
    }


def _top(state: Mapping[str, Any]) -> dict[str, float]:
    return dict(list(state["heavy"].items())[:20])


def _row(left: Mapping[str, Any], right: Mapping[str, Any], more: Mapping[str, Any], state: State) -> dict[str, Any]:
    row = dict(more)
    total = left["rows"] + right["rows"]
    filled = total - left["null_count"] - right["null_count"]
    for word, about in vocabulary.COLUMNS.items():
        if about.dtype == "float" and word.endswith("_rate") and word not in _LEFT_OUT:
            row[word] = _added(word, left, right)
        elif about.dtype == "list":
            row[word] = list(dict.fromkeys([*(more[word] or []), *(left[word] or []), *(right[word] or [])]))
    row |= {"rows": total, "null_count": total - filled, "content": (left["content"] or 0) + (right["content"] or 0)}
    for word, pick in (
        ("min", min),
        ("max", max),
        ("min_date", min),
        ("max_date", max),
        ("min_length", min),
        ("max_length", max),
    ):
        said = [r[word] for r in (left, right) if r[word] is not None]
        row[word] = pick(said) if said else None
    if "moments" in state:
        row |= numeric.shape_of(state["moments"])
        pairs = np.array(state["centroids"])
        row |= numeric.quantiles(numeric.gather(pairs[:, 0], pairs[:, 1])) if len(pairs) else {}
    for word in ("mean_length", "mean_words"):
        row[word] = _added(word, left, right)
    kinds = distinct(state)
    kinds = None if kinds is None else min(kinds, filled)
    row["distinct"] = kinds
    row["distinct_rate"] = kinds / filled if kinds is not None and filled else None
    row["is_unique"] = bool(kinds is not None and kinds < HASHES and filled > 1 and kinds == filled)
    row["is_constant"] = kinds == 1
    row["is_monotonic"] = row["is_sequence"] = None
    if state["heavy"] and filled:
        row["top_value"], count = next(iter(state["heavy"].items()))
        row["top_rate"] = count / filled
    return row


def _weight(word: str, row: Mapping[str, Any]) -> float:
    filled = row["rows"] - row["null_count"]
    if word in _OF_ROWS:
        return float(row["rows"])
    if word in _OF_FILLED or word == "mean_length":
        return float(filled)
    return float(row["content"] or 0)


def _added(word: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> float | None:
    parts = [(r[word], _weight(word, r)) for r in (left, right) if r[word] is not None]
    weight = sum(w for _, w in parts)
    if not parts:
        return None
    return float(sum(v * w for v, w in parts) / weight) if weight else float(parts[0][0])


def _pairs(a: Any, b: Any) -> list[dict[str, Any]]:
    kinds = pl.col("kind").is_in(["order", "sum", "product", "copy"])
    there = {(r["left"], r["right"], r["kind"]): r for r in b.pairs.filter(kinds).iter_rows(named=True)}
    out = []
    for one in a.pairs.filter(kinds).iter_rows(named=True):
        other = there.get((one["left"], one["right"], one["kind"]))
        if other is None:
            continue
        support, wrong = one["support"] + other["support"], one["violations"] + other["violations"]
        rate = wrong / support if support else 0.0
        said = {"support": support, "violations": wrong, "violation_rate": rate, "strength": 1 - rate}
        out.append(one | said | {"lift": min(one["lift"] or 0.0, other["lift"] or 0.0) or None})
    return out
