"""Whatever the cells contain, nothing crashes, nothing is lost, and clean cells keep their meaning."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from autoprep.cleaning import apply, plan, transform, undo

pytestmark = pytest.mark.slow

NASTY = [
    "\x00", "\x07\x1b[31mred", "\u200f\u202e123", "\u202eabc\u202c", "مرحبا", "שלום 12", "=1+1", "=cmd|' /C calc'!A0",
    "@SUM(A1)", "+1", "-", "- -", "NaN", "nan", "-inf", "Infinity", "1e400", "-1e-400", "9" * 400, "0x1F", "1_000",
    "٣٤", "１２", "½", "1.2.3", "--5", "$", "%", "1,2,3,4", "'", '"', "a\nb", "a\r\nb", "\ufeff", "\ufffd", "🙂👩‍👩‍👧",
    "e\u0301", "null", "None", "#N/A", "?", ".", " ", "\u00a0", "\t", "true", "31/02/2023", "0000-00-00", "9999-12-31",
    "99999999999999999999", "-9223372036854775808", "18446744073709551615", "\x1frow", " + ", "{}", "[1,", "</td>",
]  # fmt: skip
TYPED = st.sampled_from(["text", "float", "integer", "boolean", "date", "datetime"])
BY_TYPE: dict[str, tuple[pl.DataType, st.SearchStrategy[object]]] = {
    "text": (pl.String(), st.one_of(st.sampled_from(NASTY), st.text(max_size=8))),
    "float": (pl.Float64(), st.floats(allow_nan=True, allow_infinity=True)),
    "integer": (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    "boolean": (pl.Boolean(), st.booleans()),
    "date": (pl.Date(), st.dates(dt.date(1, 1, 2), dt.date(9999, 12, 30))),
    "datetime": (pl.Datetime("us"), st.datetimes(dt.datetime(1500, 1, 1), dt.datetime(2400, 1, 1))),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    height = draw(st.integers(1, 16))
    columns = {}
    for i, kind in enumerate(draw(st.lists(TYPED, min_size=1, max_size=4))):
        dtype, cells = BY_TYPE[kind]
        values = draw(st.lists(st.one_of(st.none(), cells), min_size=height, max_size=height))
        columns[f"c{i}"] = pl.Series(values, dtype=dtype)
    return pl.DataFrame(columns)


#: A plan is costly, so a failing example is shown as it was found.
UNSHRUNK = tuple(phase for phase in Phase if phase is not Phase.shrink and phase is not Phase.explain)


@settings(max_examples=12, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(frames())
def test_nothing_crashes_and_nothing_is_lost(raw: pl.DataFrame) -> None:
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    every = made.with_status("apply", [a.id for a in made.actions if a.status == "ask"])
    for steps in (made, every):
        once = apply(raw, steps)
        assert undo(once.frame, once.ledger).equals(raw)
        assert apply(once.frame, steps).frame.equals(once.frame)
    assert apply(raw, made.with_status("skip")).frame.equals(raw)
    frame, _ = transform(raw, made)
    assert frame.height == raw.height


def test_cells_of_a_megabyte() -> None:
    big = ["x" * 1_000_000, "1" * 1_000_000, " " * 1_000_000, "é\u202e" * 300_000, None, "12", "N/A", "yes"]
    raw = pl.DataFrame({"a": big, "b": ["1", "2", "x" * 1_000_000, "4", "5", "6", "7", None]})
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    once = apply(raw, made)
    assert undo(once.frame, once.ledger).equals(raw)
    assert len(made.to_yaml()) < 200_000, "a plan shows samples, not whole cells"


NUMBERS = st.lists(st.decimals(-(10**9), 10**9, allow_nan=False, places=3), min_size=12, max_size=16)


@settings(max_examples=12, deadline=None, phases=UNSHRUNK)
@given(NUMBERS, st.integers(0, 3))
def test_a_lossless_parse_keeps_every_number(values: list[Decimal], places: int) -> None:
    texts = [f"{value:.{places}f}" for value in values]
    raw = pl.DataFrame({"n": texts})
    done = apply(raw, plan(raw))
    if "n" not in done.frame.columns:
        assert len(set(texts)) == 1
        return
    emptied = {row for row, after in done.ledger.select("row", "after").rows() if after is None}
    for row, value in zip(done.rows.to_list(), done.frame["n"].to_list(), strict=True):
        assert row in emptied if value is None else float(value) == float(texts[row])


PROGRAM = """
import polars as pl, io, sys
from autoprep.cleaning import apply, plan
cells = ["$1.50", "2,000.00", "free", None, "N/A", "7%"] * 20
raw = pl.DataFrame({"p": cells, "c": ["Rome", "rome", "Oslo ", "Rxme", "Oslo", "Rome"] * 20,
                    "d": ["25/01/2023", "3/2/2023", "tbd", "4/5/2023", None, "6/7/2023"] * 20})
made = plan(raw)
file = io.BytesIO()
apply(raw, made).ledger.write_parquet(file)
sys.stdout.buffer.write(made.to_yaml().encode() + file.getvalue())
"""


def test_another_process_gives_the_same_bytes() -> None:
    digests = set()
    for seed, threads in (("1", "1"), ("2", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("cells", [["1", "2", "3"], ["a b", "c d", "e f"], ["2024-01-02", "2024-01-03", "2024-02-01"]])
def test_typed_output_needs_no_ledger_line_per_clean_cell(cells: list[str]) -> None:
    raw = pl.DataFrame({"c": cells * 10, "k": [f"row {i}" for i in range(30)]})
    done = apply(raw, plan(raw))
    assert done.ledger.filter(pl.col("row").is_not_null() & (pl.col("column") == "c")).is_empty()


NAMES = [
    "n",
    "key",
    "value",
    "row",
    "len",
    "count",
    "l",
    "r",
    "e",
    "text",
    "before",
    "after",
    "word",
    "column",
    "v",
    "c",
]
NAMES += [
    "literal",
    "index",
    "name",
    "own",
    "said",
    "chosen",
    "a b",
    'say "x"',
    "x|y",
    "x + y",
    "x",
    "field_0",
    "n__low",
]


@pytest.mark.parametrize("first", range(0, len(NAMES) - 5, 6))
def test_columns_may_be_called_anything(first: int) -> None:
    names = NAMES[first : first + 6]
    cells = [
        ["$1.50", "2,000.00", "free", None, "N/A", "7%"],
        ["Rome", "rome", "Oslo ", "Rxme", "Oslo", "Rome"],
        ["25/01/2023", "3/2/2023", "tbd", "4/5/2023", None, "6/7/2023"],
        ["1-2", "3-4", "10", "5-9", "7-8", None],
        ["-0", "0", "1", "2", "x", "4"],
        ["yes", "no", "Yes", "N", "maybe", None],
    ]
    raw = pl.DataFrame({name: cells[(i + first) % 6] * 20 for i, name in enumerate(names)})
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    done = apply(raw, made)
    assert undo(done.frame, done.ledger).equals(raw)
