"""Rows that sum up the rows above them: told by their label, proven by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autoprep.checks.table import label
from autoprep.cleaning.families.base import LEARNERS, Proposal, State
from autoprep.reading.footer import is_total

#: Rows there must be; share of them that may be totals of parts; terms that a sum must have to prove anything.
MIN_ROWS, MAX_SHARE, MIN_TERMS = 4, 0.45, 2
#: How far a printed total may be from the sum of its printed parts, as a share of the parts' magnitudes.
TOLERANCE = 1e-4
_SUM = r"^(grand\s+|sub[- ]?)?totals?\b|\btotals?$"
_MEAN = r"^(average|mean|avg\.?|durchschnitt|mittelwert|moyenne|media|promedio|gemiddelde)$"


@LEARNERS.add("drop_total_rows")
def learn(state: State, row: Mapping[str, Any], given: Mapping[str, Any]) -> list[Proposal]:
    """Propose to set aside rows that are labelled as totals or means.

    Proof without labels: in most of its number columns such a row equals the sum (or mean) of the rows since the total
    before it, or of all rows that are no totals. A label alone, on the last row, is asked about.
    """
    raw = state.raw
    if raw is None or raw.height < MIN_ROWS:
        return []
    numbers = state.frame.select(
        pl.col(n).cast(pl.Float64) for n, t in state.frame.schema.items() if t.is_numeric() and n != state.target
    )
    for column in [n for n, t in raw.schema.items() if t == pl.String()]:
        if made := _judge(raw, column, numbers.drop(column, strict=False)):
            return [made]
    return []


def _judge(raw: pl.DataFrame, column: str, numbers: pl.DataFrame) -> Proposal | None:
    said = raw.select(label(pl.col(column)).alias("label")).with_row_index("row")
    found = said.filter(pl.col("label").str.contains(f"{_SUM}|{_MEAN}") | pl.col("label").is_in(_named(said["label"])))
    if found.is_empty() or found.height > max(1, MAX_SHARE * raw.height):
        return None
    rows = [int(i) for i in found["row"]]
    proofs = {i: _proof(numbers, i, rows) for i in rows}
    labels = dict(found.select("row", "label").rows())
    unproven = [i for i in rows if not proofs[i]]
    if any(labels[i] in {labels[j] for j in rows if proofs[j]} for i in unproven):
        # the label also stands where nothing adds up: it is a value of the column
        return None
    kept = sorted({labels[i] for i in rows if proofs[i]})
    if kept:
        columns = sorted({name for proof in proofs.values() for name in proof})
        evidence = {"rows": sum(bool(p) for p in proofs.values()), "proven_in": columns[:10]}
        return Proposal((), {"column": column, "labels": kept}, 0.99, evidence)
    last = rows[-1]
    if len(rows) == 1 and is_total(labels[last]) and last == _last_filled(raw):
        why = (
            f"the last row says '{labels[last]}', but no number in it is the sum of those above: "
            "it stays among the rows until this step is approved"
        )
        return Proposal((), {"column": column, "labels": [labels[last]]}, 0.6, {"rows": 1}, gate="review", why=why)
    return None


def _named(labels: pl.Series) -> list[str]:
    """Labels of the column that are a word for a total in some language."""
    short = labels.drop_nulls().unique()
    return [text for text in short.filter(short.str.len_chars() <= 20) if is_total(text)]


def _last_filled(raw: pl.DataFrame) -> int:
    filled = raw.select(pl.any_horizontal(pl.all().is_not_null()).alias("filled"))["filled"].arg_true()
    return int(filled[-1]) if filled.len() else -1


def _proof(numbers: pl.DataFrame, row: int, totals: list[int]) -> list[str]:
    """Columns in which a row is the sum or the mean of others; none unless most of its numbers are."""
    parts = pl.Series("part", range(numbers.height)).is_in(totals).not_()
    before = max([i for i in totals if i < row], default=-1)
    spans = [
        numbers.filter(parts),
        numbers.slice(before + 1, row - before - 1),
        numbers.head(row).filter(parts.head(row)),
    ]
    summed, averaged, filled = [], [], 0
    for name in numbers.columns:
        value = numbers[name][row]
        if value is None or not value:
            continue
        filled += 1
        terms = [
            cells for span in spans if (cells := span[name].drop_nulls().filter(span[name].drop_nulls() != 0)).len()
        ]
        terms = [cells for cells in terms if cells.len() >= MIN_TERMS and float(cells.abs().sum()) < float("inf")]
        if any(abs(float(cells.sum()) - value) <= TOLERANCE * float(cells.abs().sum()) for cells in terms):
            summed.append(name)
        elif any(abs(float(cells.sum()) / cells.len() - value) <= 0.01 * abs(value) for cells in terms):
            averaged.append(name)
    proven = summed or (averaged if len(averaged) >= 2 else [])
    return proven if proven and len(summed) + len(averaged) >= 0.5 * filled else []
