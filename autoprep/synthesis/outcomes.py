"""What no feature may tell of a row: its own outcome, from the table's history or by what is grouped by."""

from __future__ import annotations

import polars as pl

from autoprep.synthesis.feature import Definition
from autoprep.synthesis.schema import TableSpec
from autoprep.synthesis.sources import microseconds
from autoprep.synthesis.tables import cutoff_of


def known_before(rows: pl.DataFrame, spec: TableSpec, cutoff: str | None) -> int:
    """How many rows count as known before their own cutoff, so that their table's history holds themselves.

    Args:
        rows: (n, columns) of the table. spec: says from when a row is known. cutoff: as of ``TableSynthesizer``.

    Example:
        >>> rows = pl.DataFrame({"at": [1, 2]}).with_columns(pl.from_epoch("at", time_unit="d"))
        >>> spec = TableSpec("orders", rows, time="at")
        >>> known_before(rows, spec, "at"), known_before(rows, spec, "at + 1h")
        (0, 2)
    """
    if cutoff is None or spec.as_of is None or spec.as_of not in rows.columns:
        return 0
    when = rows.select(microseconds(pl.col(spec.as_of), rows.schema[spec.as_of])).to_series()
    return int((when < pl.Series(cutoff_of(rows, cutoff))).sum())


def tells_outcome(d: Definition, spec: TableSpec, target: str | None, before: int) -> str:
    """Why a feature tells what is known of its own row only later; "" when it does not.

    Args:
        d: the feature. spec: the table of the rows that are asked for. target: its column to predict, if any.
        before: rows that count as known before their own cutoff (``known_before``).

    Example:
        >>> from autoprep.synthesis.feature import parse
        >>> spec = TableSpec("orders", pl.DataFrame(), time="at", late=("returned",))
        >>> tells_outcome(parse("MEAN(orders.amount) BEFORE cutoff BY returned"), spec, None, 0)
        "groups by 'returned', which is known only later"
        >>> tells_outcome(parse("MEAN(orders.returned) BEFORE cutoff BY customer"), spec, None, 0)
        ''
        >>> tells_outcome(parse("MEAN(orders.returned) BEFORE cutoff BY customer"), spec, None, 9)
        "would read 'returned' of the row itself: 9 rows count as known at their 'at', before their cutoff"
    """
    late = {*spec.late, target}
    for here, _ in d.by:
        if here in late:
            return f"groups by '{here}', " + ("the target" if here == target else "which is known only later")
    read = [c.name for c in d.columns() if c.name in late]
    if d.source != spec.name or not read:
        return ""
    if not d.before:
        return f"reads '{read[0]}' of rows regardless of time, the row itself among them"
    if before:
        count = "1 row counts" if before == 1 else f"{before:,} rows count"
        own = "its" if before == 1 else "their"
        return (
            f"would read '{read[0]}' of the row itself: {count} as known at {own} '{spec.as_of}', before {own} cutoff"
        )
    return ""
