"""Links of a table as read, as plain data: clusters, the evidence of each link, and the proof."""

from __future__ import annotations

from typing import Any

import polars as pl

from autoprep.cleaning.linkage.link import link

#: A zero before other digits: such text is a code and stays one.
_LED = r"^\s*[+-]?0\d"


def find_clusters(frame: pl.DataFrame) -> dict[str, Any]:
    """Clusters of rows that speak of the same thing; equal rows count once.

    Example:
        >>> find_clusters(pl.DataFrame({"a": ["x", "x"]}))["equal"]
        1
    """
    flat = frame.select(n for n, t in frame.schema.items() if not t.is_nested() and t != pl.Binary())
    whole = pl.struct(pl.all()).is_first_distinct() if flat.width else pl.lit(value=True)
    first = flat.select(whole.alias("first")).to_series().head(flat.height)
    places = first.arg_true().to_numpy()
    found = link(typed(flat).filter(first)) if flat.width else link(flat)
    clusters: dict[int, dict[str, Any]] = {}
    for place, (keep, drop, likely) in enumerate(found.pairs.select("keep", "drop", "probability").iter_rows()):
        own = clusters.setdefault(keep, {"row": int(places[keep]), "others": []})
        one = {"row": int(places[drop]), "probability": round(likely, 4), "bits": found.waterfall(place)}
        own["others"].append(one)
    return {
        "rows": frame.height,
        "equal": frame.height - len(places) if flat.width else 0,
        "compared": found.compared,
        "left_out": found.left_out,
        "planted": found.proof.planted,
        "found": found.proof.right,
        "wrong": found.proof.wrong,
        "expected_false": found.proof.chance,
        "declined": found.declined,
        "clusters": list(clusters.values()),
    }


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with blank cells empty, and text columns of nothing but numbers or ISO dates as such.

    Example:
        >>> typed(pl.DataFrame({"a": ["1.5", " "], "zip": ["01", "20"], "on": ["2024-01-31", None]})).dtypes
        [Float64, String, Date]
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String()]
    bare = frame.with_columns(
        pl.when(pl.col(n).str.strip_chars() != "").then(pl.col(n).str.strip_chars()).alias(n) for n in texts
    )
    made = []
    for name in texts:
        cell = pl.col(name)
        number, day = cell.cast(pl.Float64, strict=False), cell.str.to_date("%Y-%m-%d", strict=False)
        facts = [cell.count(), number.count(), day.count(), cell.str.contains(_LED).any()]
        filled, numbers, days, led = bare.select(f.alias(str(i)) for i, f in enumerate(facts)).row(0)
        if filled and numbers == filled and not led:
            made.append(number)
        elif filled and days == filled:
            made.append(day)
    return bare.with_columns(made)
