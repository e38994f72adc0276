"""Why a row was predicted as it was: what was cleaned in it, what the contract says, and what each raw column did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import InputError
from autoprep.serving.predictor import Scorer

#: Rows that one explanation may predict.
MOST_ROWS = 20_000
ORDERS = 16


@dataclass(frozen=True)
class Explanation:
    """One row explained.

    Attributes:
        prediction: the prediction's columns by name.
        changes: the cells that cleaning altered: column, before, after, the rules that altered them, why.
        events: what the scoring contract says of the row: column, rule, reason, policy.
        effects: (raw column, effect), largest first: how far its value moves the prediction (the probability of the
            predicted class, or the value) away from that of typical rows; they add up to ``value - typical``.
        value: the prediction as a number.
        typical: the mean of the same number over the typical rows.
        of: what the number is.
    """

    prediction: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    effects: tuple[tuple[str, float], ...] = ()
    value: float | None = None
    typical: float | None = None
    of: str = ""
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "prediction": dict(self.prediction),
            "changes": [dict(change) for change in self.changes],
            "events": [dict(event) for event in self.events],
            "effects": [{"column": column, "effect": effect} for column, effect in self.effects],
            "value": self.value,
            "typical": self.typical,
            "of": self.of,
            "notes": list(self.notes),
        }


def explain(scorer: Scorer, frame: pl.DataFrame, typical: pl.DataFrame, *, seed: int = 0) -> list[Explanation]:
    """Explain each of a few raw rows.

    The effect of a column is its Shapley value by sampled orders (Štrumbelj and Kononenko, 2014, "Explaining prediction
    models and individual predictions with feature contributions"): walking from a typical row to this one, one column
    after the other, in ``ORDERS`` random orders and their reverses.

    Args:
        scorer: the model.
        frame: raw rows.
        typical: raw rows to compare with; without any, there are no effects.
        seed: decides the orders.

    Raises:
        InputError: no column is one that the model knows.
    """
    predicted, cleaned, events = scorer.explain(frame)
    writers = scorer.writers(frame)
    found = []
    for number in range(frame.height):
        wrote = [(column, action) for at, column, action in writers if at == number]
        said = events.filter(pl.col("row").is_null() | (pl.col("row") == number)).drop("row")
        row = predicted.row(number, named=True)
        of, read = _number(scorer, row)
        effects, value, base, notes = _effects(scorer, frame[number], typical, read, seed)
        found.append(
            Explanation(
                prediction=row,
                changes=_changes(scorer, frame[number], cleaned[number], wrote, said),
                events=tuple(said.to_dicts()),
                effects=effects,
                value=value,
                typical=base,
                of=of,
                notes=notes,
            )
        )
    return found


def _number(scorer: Scorer, row: Mapping[str, Any]) -> tuple[str, str]:
    """What is explained, in words, and the column that holds it."""
    if scorer.task == "regression":
        return "the predicted value", "prediction"
    if row["prediction"] is None:
        return "", ""
    return f"the probability of '{row['prediction']}'", f"probability_{row['prediction']}"


def _effects(
    scorer: Scorer, row: pl.DataFrame, typical: pl.DataFrame, read: str, seed: int
) -> tuple[tuple[tuple[str, float], ...], float | None, float | None, tuple[str, ...]]:
    names = [c for c in scorer.plan.inputs if c != scorer.plan.target and (c in row.columns or c in typical.columns)]
    if not typical.height or not read or not names:
        return (), None, None, ("no typical rows are kept, so there are no effects",) if not typical.height else ()
    orders = max(1, min(ORDERS, MOST_ROWS // (2 * (len(names) + 1))))
    rng = np.random.default_rng(seed)
    own = scorer.raw(row)
    other = scorer.raw(typical)
    walks: list[np.ndarray] = []
    for _ in range(orders):
        order = rng.permutation(len(names))
        walks += [order, order[::-1]]
    starts = np.repeat(rng.choice(other.height, size=orders, replace=other.height < orders), 2)
    # replaced[w, s, c]: whether column c is this row's own after s steps of walk w
    place = np.empty((len(walks), len(names)), dtype=np.int64)
    for number, walk in enumerate(walks):
        place[number, walk] = np.arange(len(names))
    replaced = place[:, None, :] < np.arange(len(names) + 1)[None, :, None]
    flat = replaced.reshape(-1, len(names))
    base_rows = other[np.repeat(starts, len(names) + 1)]
    columns = []
    for at, name in enumerate(names):
        if name not in own.columns:
            continue
        mine = own.get_column(name)
        theirs = base_rows.get_column(name) if name in base_rows.columns else pl.Series(name, [None] * len(flat))
        if mine.dtype != theirs.dtype:
            mine, theirs = mine.cast(pl.String), theirs.cast(pl.String)
        columns.append(
            pl.select(
                pl.when(pl.Series(flat[:, at])).then(pl.lit(mine[0], mine.dtype)).otherwise(theirs).alias(name)
            ).to_series()
        )
    missing = [name for name in names if name not in own.columns]
    said = scorer.predict(pl.DataFrame(columns), reasons=False).get_column(read).cast(pl.Float64)
    if said.null_count():
        return (), None, None, ("some rows on the way are rejected by the contract, so there are no effects",)
    values = said.to_numpy().reshape(len(walks), len(names) + 1)
    steps = np.diff(values, axis=1)
    effect = np.zeros(len(names))
    for number, walk in enumerate(walks):
        effect[walk] += steps[number]
    effect /= len(walks)
    ranked = sorted(zip(names, effect.tolist(), strict=True), key=lambda pair: (-abs(pair[1]), pair[0]))
    notes = (f"not there, and so not compared: {', '.join(missing[:8])}",) if missing else ()
    return tuple(ranked), float(values[0, -1]), float(values[:, 0].mean()), notes


def _changes(
    scorer: Scorer, row: pl.DataFrame, cleaned: pl.DataFrame, writers: Sequence[tuple[str, str]], events: pl.DataFrame
) -> tuple[dict[str, Any], ...]:
    """Each raw cell whose value cleaning altered: its text before, its value after, the rules that altered it.

    Args:
        row, cleaned: one raw row, and what became of it.
        writers: (raw column, action id) of the steps that altered a cell of it.
        events: what the contract says of it: why a cell counts as missing that no step has emptied.
    """
    raw = scorer.raw(row)
    by_source: dict[str, list[str]] = {}
    for spec in scorer.plan.outputs:
        by_source.setdefault(spec.source, []).append(spec.name)
    dropped = {spec.name for spec in scorer.plan.outputs if spec.role in ("excluded", "constant")}
    wrote = set(writers)
    changes = []
    for name in raw.columns:
        before = raw.get_column(name)[0]
        actions = [a for a in scorer.plan.applied() if name in a.columns]
        if name not in by_source or name in dropped:
            reason = next((a for a in actions if a.verb.startswith(("exclude", "drop"))), None)
            if reason is not None:
                changes.append(_change(name, before, None, [(reason.rule, _reason(reason.why))], "not used"))
            continue
        if before is None or (name in cleaned.columns and _same(before, cleaned.get_column(name)[0])):
            continue
        own = cleaned.get_column(name)[0] if name in cleaned.columns else None
        said = [(a.rule, _reason(a.why)) for a in actions if (name, a.id) in wrote]
        said = said or list(events.filter(pl.col("column") == name).select("rule", "reason").unique().rows())
        if said:
            changes.append(_change(name, before, own, said, "read" if own is not None else "counts as missing"))
    return tuple(changes)


def _same(before: Any, after: Any) -> bool:
    """Whether a cell stands for the value that it stood for, whatever its type.

    Example:
        >>> _same("40", 40.0), _same("40.0", 40), _same("50,0", 50.0), _same("n/a", None)
        (True, True, False, False)
    """
    if isinstance(before, str) and isinstance(after, int | float) and not isinstance(after, bool):
        try:
            return float(before) == after
        except ValueError:
            return False
    return _text(before) == _text(after)


def _change(name: str, before: Any, after: Any, said: Sequence[tuple[str, str]], effect: str) -> dict[str, Any]:
    """One change as plain values; ``said``: rule and reason of each that made it."""
    return {
        "column": name,
        "before": _text(before),
        "after": _text(after),
        "effect": effect,
        "rules": [rule for rule, _ in said],
        "why": "; ".join(reason for _, reason in said if reason),
    }


def _reason(why: str) -> str:
    """The sentence of a step without the column it begins with and the counts of training it ends with."""
    text = why.split(": ", 1)[-1]
    return text.rsplit(" (", 1)[0] if text.endswith(")") else text


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def check_rows(frame: pl.DataFrame, most: int) -> None:
    """Refuse to explain more rows than asked for.

    Raises:
        InputError: more than ``most`` rows.
    """
    if frame.height > most:
        raise InputError(f"{frame.height:,} rows to explain", hint=f"at most {most}; choose some with --rows")
