"""Features written for other databases: run by SQLite and PostgreSQL; elsewhere every function is known."""

from __future__ import annotations

import math
import re
import sqlite3
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.pipeline.verifying import Saved
from autoprep.primitives import TRANSFORMS
from autoprep.synthesis.brute import brute_force
from autoprep.synthesis.export.dialects import DIALECTS
from autoprep.synthesis.feature import parse
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import cutoff_of
from tests.synthesis.test_export import WITHOUT_SQL, all_aggregations, tables, written_to

pytestmark = pytest.mark.slow
MORE = [
    "shops.size BY country, shop",
    "MEAN(sales.x) WHERE sales.c = 'it''s' AND sales.n >= 1 OVER 36h BEFORE cutoff BY country, shop",
    "COUNT(sales.x) WHERE sales.b IS NULL OVER 5d BEFORE cutoff BY country, shop",
    "MAX(RATIO(sales.x, sales.n)) OVER 2d BEFORE cutoff BY country, shop",
    "SUM(lines.price) OVER 90m BEFORE cutoff BY country, shop VIA sales",
    "LAST(sales.c) WHERE sales.x > 0.5 OVER 4d BEFORE cutoff BY shop",
    "MODE(sales.c) OVER 10d BEFORE cutoff BY shop",
    "LAST(DAYS_BETWEEN(sales.at, sales.u)) BEFORE cutoff BY shop",
    "SUM(sales.n) WHERE sales.at > DATE '2023-12-31' AND sales.at <= TIMESTAMP '2024-01-04 05:00:00' "
    "BEFORE cutoff BY shop",
    "DAYS_SINCE_LAST(of='sales') WHERE sales.c <> 'a' BEFORE cutoff BY country, shop",
]
#: What SQLite has no function for, beside what has no SQL at all.
NOT_IN_SQLITE = {
    "SKEW", "KURTOSIS", "MEDIAN", "QUANTILE_25", "QUANTILE_75", "TREND", "FIRST_TIME", "STD_GAP", "COUNT_INSIDE_STDS",
    "COUNT_OUTSIDE_STDS", "UNIQUE_MONTHS", "UNIQUE_WEEKS", "QUARTER", "WEEK",
}  # fmt: skip
#: What takes texts apart by patterns or tries to read them.
PATTERNS = {"DIGITS", "EXCLAMATIONS", "PUNCTUATION", "QUESTIONS", "UPPER_CASE", "UPPER_CASE_SHARE", "WHITESPACE",
            "WORDS", "PREFIX_NUMBER", "IS_LEAP_YEAR"}  # fmt: skip
TYPES = {pl.Int64: "bigint", pl.Float64: "double precision", pl.Boolean: "boolean", pl.String: "text",
         pl.Datetime("us"): "timestamp"}  # fmt: skip


def transforms() -> list[str]:
    """The last value of each, of columns of its kinds; values that are compared among texts are in MORE."""
    told = {"number": "sales.x", "boolean": "sales.b", "time": "sales.u", "text": "sales.c", "category": "sales.c",
            "any": "sales.c"}  # fmt: skip
    return [
        f"LAST({n}({', '.join(told[k] for k in p.inputs)})) BEFORE cutoff BY shop"
        for n, p in TRANSFORMS.items()
        if n not in ("IS_IN", "EQUAL_TO", "NOT_EQUAL_TO") and p.order == "none" and p.sql
    ]


def exported(tmp_path, frames, dialect: str, cutoff: str = "at - 6h"):
    path = written_to(tmp_path / f"{dialect}.json", frames, all_aggregations() + MORE + transforms(), cutoff)
    return path, api.export_features(path, "sql", frames, dialect=dialect)


def by_hand(path, frames) -> dict[str, list]:
    saved = Saved.load(path)
    schema = Schema.from_yaml(saved.schema, frames)
    asked = frames["visits"]
    return brute_force(saved.synthesizer.definitions_, schema, asked, cutoff_of(asked, saved.synthesizer.cutoff))


def same(got, wanted) -> bool:
    if isinstance(wanted, int | float) and not isinstance(got, datetime) and got is not None:
        return math.isclose(float(got), float(wanted), rel_tol=1e-6, abs_tol=1e-6)
    return got == wanted


def compare(rows: list[tuple], path, frames, without) -> set[str]:
    wanted = by_hand(path, frames)
    names = [n for n in wanted if n not in without]
    own = frames["visits"].width
    assert rows and len(rows) == frames["visits"].height and len(rows[0]) == own + len(names)
    for i, name in enumerate(names):
        got = [row[own + i] for row in rows]
        wrong = [(j, a, b) for j, (a, b) in enumerate(zip(got, wanted[name], strict=True)) if not same(a, b)]
        assert not wrong, (name, wrong[:3])
    return primitives(without)


def primitives(definitions) -> set[str]:
    """The innermost of each."""
    bodies = [parse(d).body for d in definitions]
    return {next((a for a in b.arguments if not hasattr(a, "table")), b).primitive for b in bodies}


@pytest.mark.parametrize("seed", [0, 6])
def test_sqlite_gives_what_brute_force_gives(tmp_path, seed):
    frames = tables(seed)
    path, made = exported(tmp_path, frames, "sqlite")
    with sqlite3.connect(":memory:") as base:
        for name, frame in frames.items():
            base.execute(f"CREATE TABLE {name} ({', '.join(frame.columns)})")
            texts = frame.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))
            base.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * frame.width)})", texts.rows())
        rows = base.execute(made.text).fetchall()
    assert compare(rows, path, frames, made.without) == WITHOUT_SQL | NOT_IN_SQLITE | PATTERNS
    assert "SQLite has no SKEWNESS" in made.without.values()


@pytest.mark.postgres
def test_postgresql_gives_what_brute_force_gives(tmp_path, postgres):
    psycopg = pytest.importorskip("psycopg")
    frames = tables(1)
    path, made = exported(tmp_path, frames, "postgres")
    with psycopg.connect(postgres) as base:
        for name, frame in frames.items():
            columns = ", ".join(f"{c} {TYPES[d]}" for c, d in frame.schema.items())
            base.execute(f"CREATE TEMP TABLE {name} ({columns})")
            with base.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * frame.width)})", frame.rows())
        with base.cursor() as cursor:
            cursor.execute(made.text)
            rows, names = cursor.fetchall(), [c.name for c in cursor.description]
    assert compare(rows, path, frames, made.without) == WITHOUT_SQL | PATTERNS | {"SKEW", "KURTOSIS"}
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d not in ("duckdb", "sqlite", "postgres")])
def test_every_function_is_one_that_the_database_has(tmp_path, dialect):
    import sqlglot
    from sqlglot import exp

    _, made = exported(tmp_path, tables(2), dialect)
    tree = sqlglot.parse_one(made.text, read=dialect)
    assert len(tree.find(exp.Select).expressions) > 20
    quoted = ("IDENTIFIER", "STRING")
    tokens = sqlglot.tokenize(made.text, read=dialect)
    body = " ".join(t.text.upper() for t in tokens if t.token_type.name not in quoted).replace(" (", "(")
    for word in ("TIME_TO_UNIX", "SKEWNESS(", "KURTOSIS_POP(", "ARRAY_AGG", "ENTROPY(", "LIST_", "EPOCH("):
        assert word not in body
    lacks = {"mysql": ("FILTER", "PERCENTILE_CONT", "REGR_SLOPE", "NULLS LAST"),
             "bigquery": ("MEDIAN", "REGR_SLOPE", "PERCENTILE_CONT"), "tsql": ("USING", "INTERVAL", "FILTER", "TRUE"),
             "spark": ("UNIX_TIMESTAMP",), "snowflake": ("FILTER",)}[dialect]  # fmt: skip
    assert not [word for word in lacks if word in body]
    assert primitives(made.without) >= WITHOUT_SQL | {"SKEW", "KURTOSIS"}


def test_names_that_a_database_cannot_have_are_told_in_comments(tmp_path):
    _, made = exported(tmp_path, tables(2), "bigquery")
    told = dict(re.findall(r"^-- (\w+): (.*)$", made.text, re.MULTILINE))
    assert len(told) == len(all_aggregations() + MORE + transforms()) - len(made.without)
    assert "SUM(sales.x) BEFORE cutoff BY country, shop" in told.values()
    assert all(f"`{name}`" in made.text for name in told)


def test_features_of_one_table_leave_out_what_a_database_has_not(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80), "t": ["some words"] * 80})
    made = ap.synthesize(frame, features=["RATIO(a, b)", "SQUARE_ROOT(a)", "WORDS(t)", "LARGER(a, b)"], max_features=4)
    path = made.save(tmp_path / "f.json")
    said = api.export_features(path, "sql", dialect="sqlite")
    assert [d for d in said.without if d == "WORDS(t)"] and "SQLite has no" in said.without["WORDS(t)"]
    with sqlite3.connect(":memory:") as base:
        found = re.search(r'FROM\s+"([^"]+)"', said.text)
        assert found is not None
        base.execute(f'CREATE TABLE "{found.group(1)}" (a, b, t)')
        base.executemany(f'INSERT INTO "{found.group(1)}" VALUES (?, ?, ?)', frame.rows())
        cursor = base.execute(said.text)
        names, rows = [c[0] for c in cursor.description], cursor.fetchall()
    place = names.index("RATIO(a, b)")
    assert [r[place] for r in rows] == pytest.approx((frame["a"] / frame["b"]).to_list())
