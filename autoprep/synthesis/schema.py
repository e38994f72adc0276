"""Tables, their keys and their times: given in YAML, or proposed with the evidence for each guess."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl
import yaml

from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.types import load_yaml

TABLE_KEYS = ("file", "key", "time", "known", "static", "late", "ignore", "why")
REFERENCE_KEYS = ("from", "to", "why")
#: Stands above a schema that a person is to read.
LEGEND = """\
# key: columns that name a row.       time: when a row happened.       known: from when it is known, if later.
# late: [columns] known only then, what is to be predicted among them. ignore: [columns] that no feature may read.
# static: true, for a table that has a time and may be read regardless of it.
"""
REFERENCE_HINT = "write - {from: orders(customer), to: customers(customer)}"


@dataclass(frozen=True)
class TableSpec:
    """One table.

    Attributes:
        name: as it stands in definitions. frame: its rows; NaN counts as missing.
        key: columns that name a row, or (). time: column of the event's time, or None.
        known: column of the time from which the row is known, when later than ``time``; then it rules cutoffs.
        static: whether the table may be used without regard to time.
        late: columns that are filled only at the known-at time (outcomes): never given for the row itself.
        ignore: columns that no feature may read.
        why: the evidence, when guessed.
    """

    name: str
    frame: pl.DataFrame
    key: tuple[str, ...] = ()
    time: str | None = None
    known: str | None = None
    static: bool = False
    late: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    why: str = ""

    @property
    def as_of(self) -> str | None:
        """The column that decides what was known when; None for a table without time or declared static."""
        return None if self.static else self.known or self.time


@dataclass(frozen=True)
class Reference:
    """Rows of ``child`` name a row of ``parent``: a foreign key, of one column or several."""

    child: str
    columns: tuple[str, ...]
    parent: str
    key: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class Schema:
    """Tables and references between them.

    Example:
        >>> orders = pl.DataFrame({"order_id": [1, 2, 3], "customer_id": [7, 7, 8]})
        >>> customers = pl.DataFrame({"customer_id": [7, 8, 9]})
        >>> schema = Schema.infer({"orders": orders, "customers": customers})
        >>> [(r.child, r.columns, r.parent) for r in schema.references]
        [('orders', ('customer_id',), 'customers')]
    """

    tables: Mapping[str, TableSpec] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    def table(self, name: str) -> TableSpec:
        """The table of that name.

        Raises:
            SettingError: there is none; names the nearest.
        """
        if name not in self.tables:
            raise SettingError(f"unknown table '{name}'", hint=did_you_mean(name, self.tables))
        return self.tables[name]

    def with_frames(self, frames: Mapping[str, pl.DataFrame]) -> Schema:
        """The same schema over other rows."""
        made = {
            n: replace(t, frame=_dated(_clean(frames[n]), (t.time, t.known)) if n in frames else t.frame)
            for n, t in self.tables.items()
        }
        return Schema(_aligned(made, self.references), self.references)

    def check_keys(self, table: str) -> None:
        """See that keys name single rows: those that are declared, and those by which rows are looked up.

        Args:
            table: whose rows get features; several of one entity (at several cutoffs) may stand in it.

        Raises:
            SettingError: rows share a key; says how many, and one that several rows have.
        """
        keys = {(t.name, frozenset(t.key)): t.key for t in self.tables.values() if t.key}
        for r in self.references:
            # rows with a time may be versions of one thing, of which the last is read
            if self.tables[r.parent].as_of is None and (r.parent != table or r.child == table):
                keys.setdefault((r.parent, frozenset(r.key)), r.key)
        for (name, _), key in keys.items():
            _check_key(self.tables[name], key)

    def link(self, child: str, parent: str) -> Reference | None:
        """The first reference between two tables."""
        return next((r for r in self.references if r.child == child and r.parent == parent), None)

    @classmethod
    def infer(cls, frames: Mapping[str, pl.DataFrame]) -> Self:
        """Propose keys, references and times from names, uniqueness and inclusion, each with its evidence."""
        tables = {}
        for name, frame in frames.items():
            clean = _clean(frame)
            key, why = _guess_key(name, clean)
            time, said = guess_time(clean, key)
            why = "; ".join(part for part in (why, said) if part)
            tables[name] = TableSpec(name, _dated(clean, (time,)), key, time, why=why)
        references = tuple(r for child in tables for r in _guess_references(child, tables))
        return cls(tables, references)

    def to_yaml(self) -> str:
        """Text that a person confirms or corrects and that ``from_yaml`` reads."""
        tables: dict[str, Any] = {}
        for t in self.tables.values():
            said: dict[str, Any] = {"key": list(t.key)} if t.key else {}
            said |= {k: getattr(t, k) for k in ("time", "known", "why") if getattr(t, k)}
            said |= {k: list(getattr(t, k)) for k in ("late", "ignore") if getattr(t, k)}
            tables[t.name] = said | ({"static": True} if t.static else {})
        references = [
            {"from": f"{r.child}({', '.join(r.columns)})", "to": f"{r.parent}({', '.join(r.key)})"}
            | ({"why": r.why} if r.why else {})
            for r in self.references
        ]
        said_all = {"tables": tables, "references": references}
        return LEGEND + yaml.safe_dump(said_all, sort_keys=False, allow_unicode=True, width=120)

    @classmethod
    def from_yaml(cls, source: str | Path, frames: Mapping[str, pl.DataFrame] | None = None) -> Self:
        """Read a schema; tables come from ``frames`` or from the files it names, relative to its folder.

        Raises:
            SettingError: a key, column or table is unknown; names the nearest.
        """
        text = isinstance(source, str) and "\n" in source
        where = "schema" if text else str(source)
        values = _parsed(str(source)) if text else load_yaml(source)
        if not isinstance(values, dict) or not isinstance(values.get("tables"), dict):
            raise SettingError("has no mapping 'tables'", where=where)
        tables = {}
        for name, said in ((str(name), said) for name, said in values["tables"].items()):
            said = _mapping(said, f"{where}, table {name}")
            _refuse(said, TABLE_KEYS, f"{where}, table {name}")
            if frames is not None and name in frames:
                frame = frames[name]
            elif "file" in said and not text:
                frame = _read(Path(source).parent / (_name(said["file"], f"{where}, table {name}, file") or ""))
            else:
                raise SettingError(f"no rows for table '{name}'", where=where, hint="give file: or pass the frame")
            tables[name] = _table(name, _clean(frame), said, where)
        listed = values.get("references") or []
        if not isinstance(listed, list):
            raise SettingError(f"is {_shown(listed)}, not a list", where=f"{where}, references", hint=REFERENCE_HINT)
        references = tuple(_reference(r, tables, where) for r in listed)
        return cls(_aligned(tables, references), references)


def _check_key(spec: TableSpec, key: Sequence[str]) -> None:
    known = spec.frame.select(key).drop_nulls()
    kinds = known.n_unique() if known.height else 0
    if kinds == known.height:
        return
    row = known.filter(known.is_duplicated()).row(0)
    shown = ", ".join(f"{c} {v!r}" for c, v in zip(key, row, strict=True))
    raise SettingError(
        f"'{spec.name}' has {known.height:,} rows and {kinds:,} values of its key ({', '.join(key)}): "
        f"{shown} stands in several rows",
        hint="leave the spare rows out, correct the key, or give time: where rows are versions of one thing",
    )


def _aligned(tables: Mapping[str, TableSpec], references: Sequence[Reference]) -> dict[str, TableSpec]:
    """Columns that are matched get one type: text where one side is text, else the wider number."""
    made = dict(tables)
    for r in references:
        for here, there in zip(r.columns, r.key, strict=True):
            left, right = made[r.child].frame.schema[here], made[r.parent].frame.schema[there]
            if left == right:
                continue
            if left.is_numeric() and right.is_numeric():
                common: pl.DataType = pl.Int64() if left.is_integer() and right.is_integer() else pl.Float64()
            elif pl.String in (left, right) and (left.is_integer() or right.is_integer()):
                common = pl.String()
            elif left.is_temporal() and right.is_temporal():
                common = pl.Datetime("us")
            else:
                raise SettingError(
                    f"'{r.child}.{here}' is {left} and '{r.parent}.{there}' {right}: they cannot be matched",
                    hint="correct the reference, or make both of one type",
                )
            for table, column in ((r.child, here), (r.parent, there)):
                frame = made[table].frame.with_columns(pl.col(column).cast(common))
                made[table] = replace(made[table], frame=frame)
    return made


def _table(name: str, frame: pl.DataFrame, said: Mapping[str, Any], where: str) -> TableSpec:
    at = f"{where}, table {name}"
    lists = {k: _names(said.get(k), f"{at}, {k}") for k in ("key", "late", "ignore")}
    single = {k: _name(said.get(k), f"{at}, {k}") for k in ("time", "known")}
    for column in (*lists["key"], *lists["late"], *lists["ignore"], *single.values()):
        if column is not None and column not in frame.columns:
            hint = did_you_mean(column, frame.columns)
            raise SettingError(f"table '{name}' has no column '{column}'", where=where, hint=hint)
    static = said.get("static", False)
    if not isinstance(static, bool):
        raise SettingError(f"is {_shown(static)}, not true or false", where=f"{at}, static")
    frame = _dated(frame, tuple(single.values()))
    return TableSpec(
        name, frame, lists["key"], single["time"], single["known"], static, lists["late"], lists["ignore"],
        str(said.get("why") or ""),
    )  # fmt: skip


def _reference(said: Any, tables: Mapping[str, TableSpec], where: str) -> Reference:
    said = _mapping(said, f"{where}, references")
    _refuse(said, REFERENCE_KEYS, f"{where}, references")
    ends = []
    for end in ("from", "to"):
        found = re.fullmatch(r"\s*([^()]+?)\s*\(([^()]+)\)\s*", str(said.get(end, "")))
        if found is None:
            raise SettingError(f"'{said.get(end)}' is not table(column, ...)", where=f"{where}, references")
        table, columns = found.group(1), tuple(c.strip() for c in found.group(2).split(","))
        if table not in tables:
            raise SettingError(f"unknown table '{table}'", where=where, hint=did_you_mean(table, tables))
        for c in columns:
            if c not in tables[table].frame.columns:
                hint = did_you_mean(c, tables[table].frame.columns)
                raise SettingError(f"table '{table}' has no column '{c}'", where=where, hint=hint)
        ends.append((table, columns))
    if len(ends[0][1]) != len(ends[1][1]):
        raise SettingError(f"'{said['from']}' and '{said['to']}' differ in columns", where=where)
    return Reference(ends[0][0], ends[0][1], ends[1][0], ends[1][1], str(said.get("why", "")))


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"schema, line {mark.line + 1}" if mark else "schema"
        raise SettingError(f"not valid YAML ({getattr(error, 'problem', error)})", where=where) from error


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        hint = REFERENCE_HINT if where.endswith("references") else f"write {', '.join(f'{k}:' for k in TABLE_KEYS)}"
        raise SettingError(f"is {_shown(value)}, not a mapping", where=where, hint=hint)
    return dict(value)


def _name(value: Any, where: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    hint = "in quotation marks if it is called so" if isinstance(value, int | float) else ""
    raise SettingError(f"is {_shown(value)}, not a name", where=where, hint=hint)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        value = [value]
    return tuple(name for one in value if (name := _name(one, where)) is not None)


def _shown(value: Any) -> str:
    """A value of YAML as it is written there."""
    return str(yaml.safe_dump(value, default_flow_style=True, width=60)).splitlines()[0]


def _refuse(said: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in said:
        if key not in known:
            raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), known))


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    floats = [c for c, d in frame.schema.items() if d.is_float()]
    texts = [c for c, d in frame.schema.items() if isinstance(d, pl.Categorical | pl.Enum)]
    return frame.with_columns(pl.col(floats).fill_nan(None), pl.col(texts).cast(pl.String))


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_csv(path, try_parse_dates=True, infer_schema_length=10_000, null_values=["", "NA"])


#: Names of dates that say something of a thing, not when its row came to be known.
_NO_EVENT = re.compile(r"birth|born|dob|expir|valid|due|required|deadline|until|(?<![a-z])end", re.IGNORECASE)
_EPOCH = re.compile(r"(?i:time|stamp|date|epoch|(?<![a-z])(?:ts|at|on)$)|[a-z](?:Ts|At|On)$")
#: Whole numbers that are moments of 1990 to 2050, by unit.
_EPOCHS = {
    "s": (631_152_000, 2_524_608_000), "ms": (631_152_000_000, 2_524_608_000_000),
    "us": (631_152_000_000_000, 2_524_608_000_000_000),
}  # fmt: skip
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}


def epoch_unit(column: pl.Series) -> Literal["s", "ms", "us"] | None:
    """ "s", "ms" or "us" when every known whole number of a column is a moment of 1990 to 2050 in that unit, else None.

    Example:
        >>> epoch_unit(pl.Series([964982703, 1493846352])), epoch_unit(pl.Series([1, 2]))
        ('s', None)
    """
    low, high = column.min(), column.max()
    if not column.dtype.is_integer() or not isinstance(low, int) or not isinstance(high, int):
        return None
    units: tuple[Literal["s", "ms", "us"], ...] = ("s", "ms", "us")
    return next((unit for unit in units if _EPOCHS[unit][0] <= low and high <= _EPOCHS[unit][1]), None)


def _dated(frame: pl.DataFrame, columns: Sequence[str | None]) -> pl.DataFrame:
    """Columns of whole numbers that count seconds or milliseconds from 1970 as moments."""
    made = []
    for name in columns:
        unit = epoch_unit(frame[name]) if name is not None and name in frame.columns else None
        if unit is not None and name is not None:
            made.append(pl.from_epoch(pl.col(name), time_unit=unit).cast(pl.Datetime("us")))
    return frame.with_columns(made)


def guess_time(frame: pl.DataFrame, key: tuple[str, ...]) -> tuple[str | None, str]:
    """The column that says when a row happened, and why; dates of birth, expiry and the like are passed over.

    Example:
        >>> guess_time(pl.DataFrame({"user": [1, 2], "timestamp": [964982703, 964981247]}), ())
        ('timestamp', "'timestamp' counts seconds from 1970")
    """
    known = {c: f"'{c}' is when" for c, d in frame.schema.items() if isinstance(d, pl.Datetime)}
    if not _events(known, key):
        known |= {c: f"'{c}' is when" for c, d in frame.schema.items() if d == pl.Date}
    if not _events(known, key):
        for c in frame.columns:
            unit = epoch_unit(frame[c]) if _EPOCH.search(c) else None
            if unit is not None:
                known[c] = f"'{c}' counts {_UNITS[unit]} from 1970"
    events = _events(known, key)
    if not events:
        return None, ""
    time = events[0]
    rest = [c for c in known if c != time and frame[c].dtype == frame[time].dtype]
    later = [c for c in rest if frame.select((pl.col(c) >= pl.col(time)).all()).item() and c != time]
    if len(events) == 1 and not later:
        return time, known[time] if known[time].endswith("1970") else ""
    said = f"'{time}' is the first of {len(events)} times"
    if later:
        names = ", ".join(f"'{c}'" for c in later)
        said = f"'{time}' is when; {names} never earlier: what is known only then belongs in late:"
    return time, said


def _events(known: Mapping[str, str], key: tuple[str, ...]) -> list[str]:
    """Columns of times that say when a row happened."""
    return [c for c in known if not _NO_EVENT.search(c) and (c,) != key]


def _guess_key(name: str, frame: pl.DataFrame) -> tuple[tuple[str, ...], str]:
    if frame.height == 0:
        return (), ""
    fit = [c for c, d in frame.schema.items() if d == pl.String or d.is_integer()]
    unique = [c for c in fit if frame[c].null_count() == 0 and frame[c].n_unique() == frame.height]
    stem = name.rstrip("s").casefold()
    ranked = sorted(unique, key=lambda c: (not _looks_like_key(c, stem), frame.columns.index(c)))
    if ranked and (_looks_like_key(ranked[0], stem) or frame.columns.index(ranked[0]) == 0):
        return (ranked[0],), f"'{ranked[0]}' is unique over {frame.height:,} rows"
    named = [c for c in fit if _looks_like_key(c, stem) and frame[c].null_count() == 0][:6]
    for pair in combinations(named, 2):
        if frame.select(pl.struct(pair).n_unique()).item() == frame.height and frame.height > 1:
            return pair, f"'{pair[0]}' and '{pair[1]}' together are unique over {frame.height:,} rows"
    return (), ""


def _looks_like_key(column: str, stem: str) -> bool:
    folded = column.casefold()
    return (
        folded in ("id", "key", "code") or folded.endswith(("id", "key", "code", "num")) or folded.rstrip("s") == stem
    )


def _guess_references(child: str, tables: Mapping[str, TableSpec]) -> list[Reference]:
    found = []
    frame = tables[child].frame
    for parent in tables.values():
        if parent.name == child or len(parent.key) != 1:
            continue
        key = parent.key[0]
        wanted = parent.frame[key].cast(pl.String)
        for column in frame.columns:
            if (column,) == tables[child].key or frame.schema[column] != parent.frame.schema[key]:
                continue
            same = column.casefold() == key.casefold() or column.casefold() in (
                f"{parent.name.rstrip('s')}_{key}".casefold(), f"{parent.name.rstrip('s')}id".casefold(),
            )  # fmt: skip
            values = frame[column].drop_nulls().unique().cast(pl.String)
            if values.len() == 0 or (not same and frame.schema[column].is_integer()):
                continue
            share = int(values.is_in(wanted.implode()).sum()) / values.len()
            if share >= (0.7 if same else 0.95) and (same or values.len() >= 3):
                why = f"{share:.1%} of {values.len():,} values are in {parent.name}.{key}" + (
                    ", same name" if same else ""
                )
                found.append(Reference(child, (column,), parent.name, (key,), why))
    return found


__all__ = ["Reference", "Schema", "TableSpec"]
