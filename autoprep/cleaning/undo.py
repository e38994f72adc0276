"""The way back: a ledger read from the end."""

from __future__ import annotations

import json

import polars as pl

from autoprep.cleaning.forms import dtype_from, text_of, value_of
from autoprep.cleaning.ledger import stand_in
from autoprep.errors import InputError, did_you_mean
from autoprep.types import Plan

_AT = "\x1frow"


def undo(
    clean_frame: pl.DataFrame,
    ledger: pl.DataFrame,
    *,
    plan: Plan | None = None,
    action: str | None = None,
    column: str | None = None,
    row: int | None = None,
) -> pl.DataFrame:
    """Take back what a ledger says was done: all of it, or what one action, column or input row was subject to.

    A cell goes back to what it was before the earliest change that is taken back; later changes of the same cell go
    with it. A typed column of which only some cells go back to text that its type cannot hold becomes text.

    Args:
        clean_frame: the cleaned rows, in the order that cleaning gave.
        ledger: the ledger of that cleaning.
        plan: only used to name actions in messages.
        action: id of an action.
        column: input name of a column.
        row: 0-based row of the input.

    Raises:
        InputError: the ledger knows no such action or column, or does not belong to this frame.

    Example:
        >>> from autoprep.cleaning.apply import apply
        >>> from autoprep.types import Action
        >>> plan = Plan((Action("n:x", "missing.word", ("x",), "nullify", {"words": ["n/a"]}),))
        >>> raw = pl.DataFrame({"x": ["1", "N/A"]})
        >>> done = apply(raw, plan)
        >>> undo(done.frame, done.ledger).equals(raw)
        True
    """
    _refuse_unknown(ledger, plan, action, column)
    chosen = pl.lit(True)
    for name, wanted in (("action", action), ("column", column), ("row", row)):
        if wanted is not None:
            chosen = chosen & (pl.col(name) == wanted).fill_null(False)
    if column is not None and row is None and action is None:
        beside = ledger.filter(pl.col("column") == column)["action"].unique()
        added = pl.col("row").is_null() & pl.col("before").is_null() & pl.col("action").is_in(beside.implode())
        chosen = chosen | added
    marked = ledger.with_columns(chosen.alias("chosen"))
    frame = _with_rows(clean_frame, marked)
    headers = marked.filter(pl.col("row").is_null() & pl.col("chosen"))
    frame = _with_dropped_columns(frame, headers)
    frame = _with_cells(frame, marked)
    gone = headers.filter(pl.col("before").is_null())["column"].to_list()
    return frame.drop(_AT, *[name for name in gone if name in frame.columns])


def _refuse_unknown(ledger: pl.DataFrame, plan: Plan | None, action: str | None, column: str | None) -> None:
    for name, wanted in (("action", action), ("column", column)):
        known = set(ledger[name].unique().to_list())
        if plan is not None:
            known |= {a.id for a in plan.actions} if name == "action" else set(plan.inputs)
        if wanted is not None and wanted not in known:
            raise InputError(f"the ledger knows no {name} '{wanted}'", hint=did_you_mean(wanted, known - {""}))


def _with_rows(frame: pl.DataFrame, marked: pl.DataFrame) -> pl.DataFrame:
    """The frame with its input rows in ``_AT``, and with the dropped rows that are taken back."""
    dropped = marked.filter((pl.col("column") == "") & pl.col("row").is_not_null())
    total = frame.height + dropped.height
    kept = pl.int_range(total, eager=True).alias(_AT)
    if dropped.height:
        kept = kept.filter(~kept.is_in(dropped["row"].implode()))
    if kept.len() != frame.height:
        raise InputError("the ledger does not belong to these rows: their number differs")
    out = frame.with_columns(kept)
    back = dropped.filter(pl.col("chosen"))
    if back.is_empty():
        return out
    dtype = pl.Struct({name: pl.String for name in frame.columns})
    cells = back.select(pl.col("row").alias(_AT), pl.col("before").str.json_decode(dtype).alias("c"))
    restored = cells.select(
        pl.col(_AT), *[value_of(pl.col("c").struct.field(n), t).alias(n) for n, t in frame.schema.items()]
    )
    return pl.concat([out, restored.select(out.columns)]).sort(_AT)


def _with_dropped_columns(frame: pl.DataFrame, headers: pl.DataFrame) -> pl.DataFrame:
    dropped = headers.filter(pl.col("after").is_null() & pl.col("before").is_not_null())
    said = [(name, json.loads(before)) for name, before in dropped.select("column", "before").rows()]
    added = set(headers.filter(pl.col("before").is_null())["column"].to_list())
    for name, how in sorted(said, key=lambda item: int(item[1]["position"])):
        dtype = dtype_from(how["dtype"])
        twin = str(how.get("copy_of") or "")
        cells = stand_in(how, dtype, pl.col(twin), frame.schema.get(twin, dtype)).alias(name)
        order = frame.columns
        place, inputs = len(order), 0
        for i, other in enumerate(order):
            if inputs == how["position"] and other not in added:
                place = i
                break
            inputs += other not in added and other != _AT
        frame = frame.with_columns(cells).select([*order[:place], name, *order[place:]])
    return frame


def _with_cells(frame: pl.DataFrame, marked: pl.DataFrame) -> pl.DataFrame:
    cells = marked.filter(pl.col("row").is_not_null() & (pl.col("column") != ""))
    retyped = marked.filter(pl.col("row").is_null() & pl.col("before").is_not_null() & pl.col("after").is_not_null())
    names = set(cells.filter("chosen")["column"].to_list()) | set(retyped.filter("chosen")["column"].to_list())
    for name in [c for c in frame.columns if c in names]:
        frame = _with_cells_of(
            frame, name, cells.filter(pl.col("column") == name), retyped.filter(pl.col("column") == name)
        )
    return frame


def _with_cells_of(frame: pl.DataFrame, name: str, cells: pl.DataFrame, retyped: pl.DataFrame) -> pl.DataFrame:
    dtype = frame.schema[name]
    form, goal, whole = "plain", dtype, False
    if retyped.height:
        form = json.loads(retyped["after"][-1]).get("form", "plain")
        whole = bool(retyped["chosen"].any())
        goal = dtype_from(json.loads(retyped["before"][0])["dtype"]) if whole else dtype
    first = cells.filter("chosen").unique("row", keep="first", maintain_order=True)
    if whole:
        # what stands between the choice and the end of the column goes back too: the text before it was parsed
        typing = retyped.filter("chosen")["action"].to_list()
        parsed = cells.filter(pl.col("action").is_in(typing) & ~pl.col("row").is_in(first["row"].implode()))
        first = pl.concat([first, parsed.unique("row", keep="first", maintain_order=True)])
    back = first.select(pl.col("row").alias(_AT), pl.col("before").alias("\x1fback"), pl.lit(True).alias("\x1fhit"))
    joined = frame.select(_AT, name).join(back, on=_AT, how="left", maintain_order="left")
    hit, text = pl.col("\x1fhit").fill_null(False), pl.col("\x1fback")
    if not whole and dtype != pl.String():
        lost = joined.select((hit & text.is_not_null() & value_of(text, dtype).is_null()).any()).item()
        goal = pl.String() if lost else dtype
    if goal == dtype and dtype != pl.String():
        made = pl.when(hit).then(value_of(text, dtype)).otherwise(pl.col(name))
    else:
        said = pl.when(hit).then(text).otherwise(text_of(pl.col(name), dtype, form))
        made = value_of(said, goal)
    return frame.with_columns(joined.select(made.alias(name)).to_series())
