"""What a plan would do to the rows at hand, measured by doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from autoprep.checks import VERBS
from autoprep.cleaning import notation
from autoprep.cleaning.compile import ROW, Compiled, compile_steps
from autoprep.cleaning.distinct import Batch
from autoprep.cleaning.forms import best_form
from autoprep.cleaning.ledger import cell_entries
from autoprep.cleaning.parts import keys_of, split, told, unread
from autoprep.parsing.number import NumberFormat, parse_words
from autoprep.profiling.columns import parsed
from autoprep.store import Store, key_of
from autoprep.types import Plan

SAMPLES = 3
#: A column of more distinct cells than this is no list of classes.
MAX_CLASSES = 30
#: Left-over words are kept as a category when so few of them make up so much of what is left over.
MAX_STATUS_WORDS, MIN_STATUS_COVER, MIN_STATUS_SHARE = 12, 0.6, 0.01
#: What a repair reads must be this share of the cells, or so many times as many values as words are left over.
MIN_READ, VALUES_A_WORD = 0.5, 4
_OPEN_WORD = r"(?i)^\s*(\p{L}+)(?:\s*\+|\s+(?:or|and)\s+(?:more|less|over|under|fewer|above|below|up))\s*$"
#: A word of more of the cells that hold something is kept whatever else is left over.
STATUS_SHARE = 0.05


def measure(frame: pl.DataFrame, plan: Plan) -> dict[str, dict[str, Any]]:
    """Run every action of a plan that is applied or asked about, and count.

    Returns:
        Action id -> ``changed`` (cells), ``share`` (of the rows), ``samples`` ([before, after] pairs), for repairs that
        may leave text over ``residue`` (cells) and ``residue_share``, for numbers ``form``, for rows ``changed`` rows.
    """
    tried = replace(plan, actions=tuple(replace(a, status="apply") for a in plan.actions if _tried(plan, a.id)))
    compiled = compile_steps(tried, frame.schema)
    index = pl.int_range(frame.height, eager=True, dtype=pl.Int64).alias(ROW)
    wide = compiled.work(frame.with_columns(index))
    forms = {
        s.action.id: best_form(wide[s.before], wide[s.after])
        for s in compiled.steps
        if s.dtype_before == pl.String() and s.dtype_after == pl.Float64()
    }
    formed = tuple(
        replace(a, evidence={**a.evidence, "form": forms[a.id]}) if a.id in forms else a for a in tried.actions
    )
    if forms:
        compiled = compile_steps(replace(tried, actions=formed), frame.schema)
    entries = cell_entries(compiled, Batch(wide))
    said: dict[str, dict[str, Any]] = {}
    grouped = entries.group_by("action", maintain_order=True).agg(
        pl.len().alias("changed"),
        pl.struct("before", "after").unique(maintain_order=True).head(SAMPLES).alias("samples"),
    )
    counts = {row["action"]: row for row in grouped.iter_rows(named=True)}
    for step in compiled.steps:
        name = step.action.id
        row = counts.get(name)
        said[name] = {
            "changed": int(row["changed"]) if row else 0,
            "share": round(row["changed"] / frame.height, 6) if row else 0.0,
            "samples": [[_cut(s["before"]), _cut(s["after"])] for s in row["samples"]] if row else [],
        }
        if step.residue:
            left = int(wide.select(unread(step).sum()).item() or 0)
            filled = frame.height - int(wide[step.before].null_count())
            said[name] |= {"residue": left, "residue_share": round(left / filled, 6) if filled else 0.0}
            if left:
                texts = wide.filter(unread(step))[step.before].cast(pl.String)
                said[name]["residue_samples"] = [_cut(t) for t in texts.unique(maintain_order=True).head(SAMPLES)]
                if top := open_class(wide[step.before].cast(pl.String), texts):
                    said[name]["open_class"] = top
        if name in forms:
            said[name]["form"] = forms[name]
        if how := notation.learn(step.action, wide[step.before], wide[step.after]):
            said[name]["notation"] = how
    for step in compiled.steps:
        if step.action.verb == "nullify":
            own = _notation_of(said, compiled, step.column)
            if words := notation.keep_words(own, step.action.parameters["words"], wide[step.before].cast(pl.String)):
                said[step.action.id]["notation"] = {"kind": "kept", "words": words}
    final = wide.select(ROW, *compiled.final(), *compiled.marks)
    for action, keep in compiled.filters:
        kept = final.select(keep.alias("keep")).to_series().fill_null(False)
        lost = int((~kept).sum())
        said[action.id] = {"changed": lost, "share": round(lost / max(frame.height, 1), 6), "samples": []}
        final = final.filter(kept)
    return said


def _notation_of(said: Mapping[str, Mapping[str, Any]], compiled: Compiled, column: str) -> Mapping[str, Any]:
    """The notation of the step that reads a column as something else than text; {} when none does."""
    read = [s for s in compiled.steps if s.column == column and s.dtype_after != s.dtype_before]
    return said[read[0].action.id].get("notation", {}) if read else {}


def measure_by_parts(frame: pl.DataFrame, plan: Plan, store: Store | None) -> dict[str, dict[str, Any]]:
    """The same as ``measure``, part by part of the plan, so that a part that a store knows is not run again."""
    if store is None:
        return measure(frame, plan)
    actions = [a for a in plan.actions if _tried(plan, a.id)]
    levels = {a.id: VERBS[a.verb].level if a.verb in VERBS else "cell" for a in actions}
    cells = [a for a in actions if levels[a.id] == "cell"]
    keys = keys_of(frame)
    said: dict[str, dict[str, Any]] = {}
    for columns, own in split(cells, frame.columns):
        if own:
            key = key_of("evidence", [(told(a), a.status, a.evidence) for a in own], [(c, keys[c]) for c in columns])
            said |= store.value("evidence", key, _measured(frame.select(columns), Plan(tuple(own))))
    if any(level in ("row", "table") for level in levels.values()):
        key = key_of("rows", [(told(a), a.status) for a in actions], list(keys.items()))
        rows = store.value("evidence", key, _measured(frame, plan))
        said |= {name: one for name, one in rows.items() if levels[name] in ("row", "table")}
    return said


def _measured(frame: pl.DataFrame, plan: Plan) -> Callable[[], dict[str, dict[str, Any]]]:
    return lambda: measure(frame, plan)


def open_class(cells: pl.Series, left: pl.Series) -> str:
    """An open class among few numbers ("3+" beside 0, 1, 2), which no number can stand for; "" when there is none.

    Beside words for numbers ("Nine or more") one cell is enough: such levels are those of a form.

    Args:
        cells: text of the column. left: those cells that were not read as numbers.

    Example:
        >>> cells = pl.Series(["0", "1", "2", "3+"] * 5)
        >>> open_class(cells, cells.filter(cells == "3+")), open_class(cells, pl.Series(["x"]))
        ('3+', '')
    """
    if cells.n_unique() > MAX_CLASSES:
        return ""
    word = pl.col("v").str.extract(_OPEN_WORD, 1)
    spelt = left.drop_nulls().alias("v").to_frame().filter(parse_words(word).is_not_null())["v"]
    if spelt.len():
        return str(spelt[0])
    open_ended = left.filter(left.str.contains(r"^\s*([<>≤≥]=?\s*\d+|\d+\s*(\+|or (more|less|over|under)))\s*$"))
    counts = open_ended.drop_nulls().alias("v").value_counts(sort=True).rows()
    return str(counts[0][0]) if counts and counts[0][1] >= max(3, 0.01 * cells.len()) else ""


def _tried(plan: Plan, action_id: str) -> bool:
    action = next(a for a in plan.actions if a.id == action_id)
    return action.status == "apply" or (action.status == "ask" and "declined" not in action.evidence)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= 60 else f"{text[:57]}..."


def sentinel_cells(cells: pl.Series, values: Sequence[str], row: Mapping[str, Any]) -> list[str]:
    """Placeholder numbers as the cells of a text column write them ("-999", "$-999.00", "-999 kg"), themselves first.

    Args:
        cells: of the column. values: its placeholders. row: what the profile says of the column.

    Example:
        >>> cells = pl.Series(["$1,200.00", "-$999.00", "-999", "$999.00"])
        >>> sentinel_cells(cells, ["-999"], {"semantic": "amount", "decimal": ".", "thousands": ","})
        ['-999', '-$999.00']
    """
    if cells.dtype != pl.String or row.get("semantic") not in ("number", "integer", "amount", "percent", "quantity"):
        return list(values)
    numbers = [float(value) for value in values]
    digits = "|".join(str(value).lstrip("-").removesuffix(".0") for value in values)
    some = cells.drop_nulls().unique(maintain_order=True).alias("v")
    some = some.filter(some.str.contains(rf"\b(?:{digits})\b"))
    fmt = NumberFormat(row.get("decimal") or ".", row.get("thousands") or "")
    read = some.to_frame().select(parsed(str(row["semantic"]), fmt)).to_series()
    written = some.filter(read.is_in(numbers).fill_null(False)).str.strip_chars().to_list()
    return [*values, *dict.fromkeys(cell for cell in written if cell not in values)]


def status_words(frame: pl.DataFrame, column: str, verb: str, parameters: Mapping[str, Any]) -> list[str]:
    """Words left over by a repair that recur so much that they say something: they are kept as a category.

    Args:
        frame: the rows as they stand before the repair.
        column: the column.
        verb: name of a cell verb.
        parameters: the verb's.

    Example:
        >>> days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
        >>> frame = pl.DataFrame({"d": [*days, "pending", "tbd", "pending", "tbd"]})
        >>> status_words(frame, "d", "parse_date", {"formats": ["%Y-%m-%d"]})
        ['pending', 'tbd']
    """
    if frame.schema[column] != pl.String() or frame.is_empty():
        return []
    known = VERBS[verb]
    if any(name in known.columns for name in parameters) or any(n not in parameters for n in known.required):
        return []
    repair = known.function(pl.col(column), **parameters)
    if repair.residue is None:
        return []
    values = frame.lazy().select(column).drop_nulls().group_by(column).len("__n").collect()
    judged = values.with_columns(repair.residue.fill_null(False).alias("__left"))
    left = judged.filter("__left").select(pl.col(column).str.strip_chars().str.to_lowercase().alias("word"), "__n")
    counts = left.group_by("word").agg(pl.col("__n").sum().alias("n")).sort("n", "word", descending=[True, False])
    total, filled = int(counts["n"].sum()), int(values["__n"].sum())
    if not total or total < MIN_STATUS_SHARE * filled or total > frame.height * 0.9:
        return []
    read, words = filled - total, counts.height
    if read < MIN_READ * filled and values.height - words < VALUES_A_WORD * words:
        return []  # what the column says is the words: a repair that reads a few cells would set nearly all aside
    often = counts.filter(pl.col("n") >= max(2, 0.002 * filled)).head(MAX_STATUS_WORDS)
    if int(often["n"].sum()) < MIN_STATUS_COVER * total:
        often = often.filter(pl.col("n") > STATUS_SHARE * filled)
    return sorted(str(word) for word in often["word"] if any(c.isalpha() for c in str(word)))


def without_codes(frame: pl.DataFrame, column: str, words: Sequence[str]) -> list[str]:
    """Words for nothing that are no code of the column: "NC" among two-letter codes is a place, "N/A" is nothing.

    Example:
        >>> states = pl.DataFrame({"s": ["OR", "WA", "CA", "NC", "TX", "NY", "VT", "ME", "OH", "IA", "N/A"]})
        >>> without_codes(states, "s", ["NC", "N/A"])
        ['N/A']
    """
    if frame.schema[column] != pl.String():
        return list(words)
    texts = frame[column].drop_nulls().unique()
    kept = []
    for word in words:
        bare = word.strip()
        if bare.isalpha() and bare.isupper() and len(bare) <= 3:
            alike = texts.str.contains(f"^[A-Z]{{{len(bare)}}}$")
            if texts.len() >= 8 and int(alike.sum()) >= 0.6 * texts.len():
                continue
        kept.append(word)
    return kept
