"""A contract written as SQL or as plain Polars gives the counts and verdicts that the native evaluation gives."""

from __future__ import annotations

import ast
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.__main__ import main
from autoprep.errors import SettingError
from autoprep.validation import Contract, evaluate, validate
from autoprep.validation.export import to_polars, to_sql
from tests.validation.gx_frames import expectations, frames

FRAMES = {
    kind: (frame.with_columns(pl.col(pl.Datetime("ns")).cast(pl.Datetime("us"))) if kind != "all_nan" else frame)
    for kind, frame in frames().items()
}


def asked_of_polars(contract: Contract, frame: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> dict[int, Any]:
    text = to_polars(contract, schema=frame.schema).text
    imported = {n.module if isinstance(n, ast.ImportFrom) else n.names[0].name for n in ast.walk(ast.parse(text))
                if isinstance(n, ast.Import | ast.ImportFrom)}  # fmt: skip
    assert imported <= {"__future__", "datetime", "polars", "polars.selectors"}
    module: dict[str, Any] = {}
    exec(compile(text, "contract.py", "exec"), module)
    return answers(module["validate"](frame, {name: t.lazy() for name, t in tables.items()}))


def asked_of_duckdb(contract: Contract, frame: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> dict[int, Any]:
    connection = duckdb.connect()
    for name, table in {"under_test": frame, **tables}.items():
        connection.register(name, table.to_arrow())
    text = to_sql(contract, table="under_test", schema=frame.schema).text
    made = connection.execute(text).fetchall()
    return {row[0]: (row[3], row[4], row[5]) for row in made}


def answers(frame: pl.DataFrame) -> dict[int, Any]:
    return {row[0]: (row[3], row[4], row[5]) for row in frame.rows()}


def agree(
    contract: Contract, frame: pl.DataFrame, tables: dict[str, pl.DataFrame], doors: Any = None
) -> dict[str, int]:
    """How many expectations each door answered; each answer equals the native one."""
    native = evaluate(frame, contract.expectations, tables=tables)
    answered = {}
    for door in (asked_of_polars, asked_of_duckdb):
        found = door(contract, frame, tables)
        answered[door.__name__] = len(found)
        for number, (looked, failing, success) in found.items():
            outcome = native[number - 1]
            assert success == outcome.success, (door.__name__, outcome)
            if outcome.mask is not None and looked is not None:
                assert failing == outcome.unexpected_count, (door.__name__, outcome)
                assert looked == outcome.element_count - (outcome.missing_count or 0), (door.__name__, outcome)
    return answered


@pytest.mark.parametrize("kind", sorted(FRAMES))
def test_every_door_gives_the_native_answers(kind: str) -> None:
    frame = FRAMES[kind]
    configs = [dict(c, severity="error", meta={}) for c in expectations(kind)]
    native = evaluate(frame, configs)
    sound = [c for c, outcome in zip(configs, native, strict=True) if not outcome.error]
    agree(Contract(tuple(sound)), frame, {})


def test_how_much_can_be_said_elsewhere() -> None:
    names: dict[str, set[str]] = {"sql": set(), "polars": set()}
    for kind in ("ints", "strings"):
        for config in expectations(kind):
            contract = Contract((dict(config, severity="error", meta={}),))
            for door, write in (("sql", to_sql), ("polars", to_polars)):
                if not write(contract, schema=FRAMES[kind].schema).declined:
                    names[door].add(config["type"])
    assert len(names["polars"]) >= 38 and len(names["sql"]) >= 33


SENTENCES = [
    {"key": ["shop", "n"]},
    {"column": "n", "between": [0, 50], "mostly": 0.7, "where": "shop = 'a' OR price > 2"},
    {"column": "shop", "in": ["a", "b"], "not_null": True},
    {"column": "shop", "references": "shops.name"},
    {"column": "day", "between": ["2024-01-10", None]},
    {"column": "price", "mean": [0, 10], "full": [0.5, 1]},
    {"holds": "n * 2 + 1 <= 100"},
    {"rows": [1, 40], "where": "n IS NOT NULL"},
    {"has_columns": ["shop", "n"]},
    {"column": "shop", "matches": "^[a-c]$", "length": [1, 2]},
    {"column": "n", "unique": True, "where": "shop IN ('a', 'b') AND NOT (n BETWEEN 3 AND 5)"},
]
cells = st.fixed_dictionaries(
    {
        "shop": st.sampled_from(["a", "b", "c", "dd", "", None]),
        "n": st.one_of(st.none(), st.integers(-5, 60)),
        "price": st.one_of(st.none(), st.sampled_from([math.nan, 0.5, 2.5, 1e3])),
        "day": st.one_of(st.none(), st.dates(max_value=date(2030, 1, 1))),
    }
)


@settings(deadline=None, max_examples=15)
@given(st.lists(cells, max_size=12))
def test_business_sentences_agree(rows: list[dict[str, Any]]) -> None:
    schema = {"shop": pl.String, "n": pl.Int64, "price": pl.Float64, "day": pl.Date}
    frame = pl.DataFrame(rows, schema=schema).with_columns(pl.col("price").fill_nan(None))
    shops = {"shops": pl.DataFrame({"name": ["a", "b"]})}
    answered = agree(Contract.from_dict({"expect": SENTENCES}), frame, shops)
    count = len(Contract.from_dict({"expect": SENTENCES}))
    assert answered == {"asked_of_polars": count, "asked_of_duckdb": count - 1}


def test_what_cannot_be_said_is_said_to_be_missing() -> None:
    contract = Contract.from_dict({"expect": [{"column": "a", "matches": "a(?=b)"}, {"column": "a", "max": 3}]})
    for made in (to_sql(contract), to_polars(contract)):
        assert len(made.declined) == 1 and "a(?=b)" in made.declined[0][1]
        assert "ot here: a values to match regex" in made.text
    with pytest.raises(SettingError, match="duckdb"):
        to_sql(contract, dialect="duckdbb")


def test_other_dialects_and_hostile_names() -> None:
    name = 'x"; DROP TABLE t; --\n\\'
    contract = Contract.from_dict({"contract": 'a"""\nimport os', "expect": [{"column": name, "in": ["it's", "\\"]}]})
    frame = pl.DataFrame({name: ["it's", "no", "\\"]})
    assert asked_of_polars(contract, frame, {}) == asked_of_duckdb(contract, frame, {}) == {1: (3, 1, False)}
    for dialect in ("postgres", "snowflake", "bigquery", "spark", "tsql", "mysql"):
        assert "SELECT" in to_sql(contract, dialect=dialect).text


def test_the_command_writes_what_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, contract = tmp_path / "people.csv", tmp_path / "contract.yaml"
    pl.DataFrame({"city": ["Oslo", "Moss"] * 30}).write_csv(data)
    assert main(["contract", str(data), "-o", str(contract)]) == 0
    assert main(["contract", str(contract), "--to", "sql", "--table", str(data), "-o", str(tmp_path / "c.sql")]) == 0
    rows = duckdb.sql((tmp_path / "c.sql").read_text()).fetchall()
    assert rows and all(row[5] for row in rows)
    capsys.readouterr()
    assert main(["contract", str(contract), "--to", "polars", "--like", str(data)]) == 0
    assert "def validate(" in capsys.readouterr().out
    assert main(["contract", str(contract), "--to", "sqll"]) == 2


@pytest.mark.parametrize(("said", "holds"), [("2 days", True), ("3 hours", False)])
def test_freshness_is_asked_of_the_clock(said: str, holds: bool) -> None:
    yesterday = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=1)
    frame = pl.DataFrame({"at": [yesterday, yesterday - timedelta(days=9)]})
    contract = Contract.from_dict({"expect": [{"column": "at", "within": said}]})
    assert validate(frame, contract).success is holds
    for door in (asked_of_polars, asked_of_duckdb):
        assert door(contract, frame, {}) == {1: (None, None, holds)}
