"""What is written in a known way is read back as what it was; Python and dateutil are the oracles."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest
from dateutil import parser as dateutil_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.parsing import boolean, date, epoch, null, number, quantity
from autoprep.parsing import range as ranges
from autoprep.parsing.number import NumberFormat

few = settings(deadline=None, max_examples=25)
FORMATS = [(".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'")]
finite = st.decimals(min_value=-(10**12), max_value=10**12, places=3, allow_nan=False, allow_infinity=False)
days = st.dates(dt.date(1600, 1, 1), dt.date(2400, 12, 31))


def read(expr: pl.Expr, cells: list[str | None]) -> list[object]:
    return pl.DataFrame({"x": cells}, schema={"x": pl.String}).select(expr).to_series().to_list()


def written(value: object, decimal: str, thousands: str) -> str:
    """A number with separators of one's choice, by Python's own grouping."""
    return f"{value:,}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


@few
@given(st.lists(finite, min_size=1, max_size=8), st.sampled_from(FORMATS))
def test_numbers_come_back_in_every_format(values: list[object], separators: tuple[str, str]) -> None:
    fmt = NumberFormat(*separators)
    made = read(number.parse(pl.col("x"), fmt), [written(v, *separators) for v in values])
    assert made == [float(v) for v in values]  # type: ignore[arg-type]


@few
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_float_that_python_prints_is_read(values: list[float]) -> None:
    assert read(number.parse(pl.col("x")), [repr(v) for v in values]) == values


@few
@given(finite.filter(bool), st.sampled_from(["${}", "{} USD", "EUR {}", "€{}", " {} ", "{}%"]))
def test_signs_around_a_number_do_not_change_it(value: object, around: str) -> None:
    assert read(number.parse(pl.col("x"), NumberFormat()), [around.format(value)]) == [float(value)]  # type: ignore[arg-type]


@few
@given(st.integers(1, 10**9))
def test_accounting_negatives(value: int) -> None:
    cells = [f"({value:,})", f"{value:,}-", f"-{value:,}", f"{value:,} CR"]
    assert read(number.parse(pl.col("x"), NumberFormat(thousands=",", credit=True)), list(cells)) == [-float(value)] * 4


@few
@given(st.text(max_size=20))
def test_what_python_reads_as_a_plain_number_is_read_alike_and_nothing_raises(text: str) -> None:
    (made,) = read(number.parse(pl.col("x")), [text])
    if made is not None:
        assert isinstance(made, float)
        bare = text.replace("−", "-").strip()
        if bare.isascii() and not math.isinf(made):
            assert made == float("".join(bare.split()))


NUMERIC = [f for f in date.FORMATS if "%b" not in f and "%a" not in f and "%z" not in f]


@settings(deadline=None, max_examples=5)
@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 12, 31)))
def test_moments_in_every_numeric_format_come_back(moment: dt.datetime) -> None:
    cells = {f: moment.strftime(f) for f in NUMERIC}
    made = pl.select(date.parse(pl.lit(cell), [f], dtype="datetime").alias(f) for f, cell in cells.items()).row(0)
    assert dict(zip(NUMERIC, made, strict=True)) == {f: dt.datetime.strptime(c, f) for f, c in cells.items()}


@settings(deadline=None, max_examples=20)
@given(
    st.lists(days, min_size=1, max_size=6), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d"])
)
def test_days_come_back(values: list[dt.date], fmt: str) -> None:
    assert read(date.parse(pl.col("x"), [fmt]), [v.strftime(fmt) for v in values]) == values


@settings(deadline=None, max_examples=20)
@given(days, st.sampled_from(["%d %B %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y"]))
def test_names_of_months_as_dateutil_reads_them(day: dt.date, fmt: str) -> None:
    cell = day.strftime(fmt)
    (made,) = read(date.parse(pl.col("x"), [fmt.replace("%B", "%b")]), [cell])
    assert made == dateutil_parser.parse(cell).date()


@few
@given(st.integers(1, 9999), st.integers(0, 99), st.integers(0, 99))
def test_days_that_no_calendar_has_are_null(year: int, month: int, day: int) -> None:
    (made,) = read(date.parse(pl.col("x"), ["%Y-%m-%d"]), [f"{year:04}-{month:02}-{day:02}"])
    try:
        meant = dt.date(year, month, day)
    except ValueError:
        meant = None
    assert made == (meant if 1000 <= year < 3000 else None)


@few
@given(st.integers(0, 2**33))
def test_seconds_since_1970(seconds: int) -> None:
    meant = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=seconds)
    assert read(epoch.parse(pl.col("x")), [str(seconds)]) == [meant]


@few
@given(
    st.integers(1, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(["{}-{}", "{} - {}", "{}–{}", "{} to {}", "between {} and {}"]),
)
def test_ranges_give_both_ends(low: int, more: int, how: str) -> None:
    cells: list[str | None] = [how.format(low, low + more)]
    assert [read(end, cells)[0] for end in ranges.parse(pl.col("x"))] == [low, low + more]


@few
@given(st.integers(1, 10**6), st.sampled_from(["<{}", "under {}", "up to {}", ">{}", "{}+", "at least {}", "over {}"]))
def test_inequalities_give_one_end(value: int, how: str) -> None:
    low, high = (read(end, [how.format(value)])[0] for end in ranges.parse(pl.col("x")))
    meant = (None, value) if how[0] in "<u" else (value, None)
    assert (low, high) == meant


#: Factors of the SI and of the international yard and pound.
FACTORS = {("kg", "g"): 1000.0, ("km", "m"): 1000.0, ("lb", "g"): 453.59237, ("in", "cm"): 2.54, ("h", "min"): 60.0}


@few
@given(st.integers(1, 10**6), st.sampled_from(sorted(FACTORS)), st.booleans())
def test_quantities_convert_by_the_known_factor(value: int, units: tuple[str, str], spaced: bool) -> None:
    cell = f"{value}{' ' if spaced else ''}{units[0]}"
    made = read(quantity.parse(pl.col("x"), to=units[1])[0], [cell])[0]
    assert made == pytest.approx(value * FACTORS[units], rel=1e-11)
    amount, unit = (read(part, [cell])[0] for part in quantity.parse(pl.col("x")))
    assert (amount, unit) == (value, units[0])


@few
@given(
    st.sampled_from(boolean.PAIRS), st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from(["{}", " {} "])
)
def test_booleans_without_regard_to_case(pair: tuple[str, str], case: object, around: str) -> None:
    cells: list[str | None] = [around.format(case(word)) for word in pair]  # type: ignore[operator]
    assert read(boolean.parse(pl.col("x"), [pair[0]], [pair[1]]), cells) == [True, False]


@few
@given(st.sampled_from(null.NULL_WORDS), st.sampled_from(["{}", " {} "]))
def test_null_words_are_no_booleans_and_no_numbers(word: str, around: str) -> None:
    cell: list[str | None] = [around.format(word)]
    assert read(null.is_null_word(pl.col("x")), cell) == [True]
    assert read(number.parse(pl.col("x")), cell) == [None]
    if word != "无":  # "none" and "no" in Chinese: which of them is for the column to say
        assert read(boolean.parse(pl.col("x")), cell) == [None]
