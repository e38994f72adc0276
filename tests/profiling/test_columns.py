"""One column at a time: what it is, and what is wrong with it."""

import polars as pl
import pytest

from autoprep.profiling import profile


def _row(values, name="x"):
    return profile(pl.DataFrame({name: values}, strict=False)).columns.row(0, named=True)


def test_numbers_with_a_decimal_comma_and_a_unit():
    row = _row(["11,16 kg", "3,5 kg", "7,25 kg", "12 kg"] * 5)
    assert (row["semantic"], row["decimal"], row["unit"], row["junk_rate"]) == ("quantity", ",", "kg", 0.0)
    assert row["mean"] == pytest.approx((11.16 + 3.5 + 7.25 + 12) / 4)


@pytest.mark.parametrize(
    ("values", "mean"),
    [(["1.234,50 kg", "3,5 kg"], 619.0), (["1,234.50 kg", "3.5 kg"], 619.0), (["1,234 lb", "3.5 lb"], 618.75)],
)
def test_thousands_with_a_unit(values, mean):
    row = _row(values * 10)
    assert row["semantic"] == "quantity"
    assert row["mean"] == pytest.approx(mean)


def test_eight_digits_among_numbers_are_no_dates():
    row = _row(["38372662", "102515793", "20011231", "1054", "77"] * 4, "gross")
    assert (row["semantic"], row["date_rate"], row["date_formats"]) == ("integer", 0.0, [])


def test_eight_digits_throughout_are_dates():
    row = _row([f"2001{m:02}{d:02}" for m in range(1, 13) for d in (1, 15)], "order_date")
    assert (row["semantic"], row["date_rate"]) == ("date", 1.0)


@pytest.mark.parametrize(
    ("values", "semantic"),
    [
        (["$1,200.50", "$3.00", "$17.25"], "amount"),
        (["5%", "12.5%", "80%"], "percent"),
        (["yes", "no", "yes"], "boolean"),
        (["2024-01-05", "2024-02-06", "2023-12-31"], "date"),
        (["2024-01-05 10:00", "2024-02-06 11:30", "2023-12-31 23:59"], "datetime"),
        (["10-20", "20-30", "30-40"], "range"),
        (["a@x.org", "b@y.com", "c@z.net"], "email"),
        (["https://x.org/a", "https://y.com", "http://z.net"], "url"),
        (["192.168.0.1", "10.0.0.7", "172.16.3.4"], "ip"),
        (["2001:db8:0:1:1:1:1:1", "fe80::1", "::ffff:7"], "ip"),
        (["00:1A:2B:3C:4D:5E", "00:1a:2b:3c:4d:5f", "02:00:00:00:00:01"], "ip"),
        (["0:44:00", "1:05:30", "12:00:15"], "time"),
        (["22:44:00", "31:05:30", "26:00:15"], "duration"),
        (["low", "high", "medium"], "ordinal"),
        (["007", "012", "311"], "code"),
        (["1.5", "2.25", "3"], "number"),
        (["1", "2", "30"], "integer"),
        ([None, None, None], "empty"),
    ],
)
def test_semantic_types(values, semantic):
    assert _row(values * 4)["semantic"] == semantic


@pytest.mark.parametrize("word", ["N/A", "null", "-", "?", "NaN", "None", "#N/A"])
def test_words_for_nothing(word):
    row = _row(["12", "15", "20", word] * 5)
    assert row["disguised_null_rate"] == pytest.approx(0.25)
    assert row["null_words"] == [word]
    assert row["semantic"] == "integer"


def test_a_sentinel_far_from_the_rest():
    row = _row(list(range(20, 80)) * 3 + [-999] * 9)
    assert row["sentinel_values"] == ["-999"]
    assert row["min"] == 20.0


def test_a_word_that_fills_numbers_and_dates_is_a_filler_elsewhere_too() -> None:
    rows = {
        "quantity": ["1", "UNKNOWN", "3", "2", "ERROR", "4"],
        "day": ["2024-01-02", "2024-03-01", "ERROR", "UNKNOWN", "2024-05-09", "2024-06-01"],
        "paid_by": ["Cash", "Card", "UNKNOWN", "Cash", "Error", "Card"],
        "state": ["ok", "ok", "failed", "ok", "failed", "ok"],
    }
    found = profile(pl.DataFrame(rows))
    assert found.column("paid_by")["filler_words"] == ["Error", "UNKNOWN"]
    assert found.column("paid_by")["filler_rate"] == pytest.approx(2 / 6)
    assert found.column("state")["filler_rate"] == 0
    without = profile(pl.DataFrame(rows).drop("day"))
    assert without.column("paid_by")["filler_rate"] == 0, "one column of numbers is no witness enough"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["34 reviews", "1 review", "207 reviews", "9 reviews", "12"], ["reviews", "review"]),
        (["4 ★", "5 ★", "1 ★", "3 ★", "2 ★"], ["★"]),
        (["1st", "2nd", "3rd", "4th", "5th", "6th", "7th"], []),
        (["12 Main", "7 High", "33 Park", "2 Mill", "9 Oak"], []),
        (["500 BC", "320 BC", "44 BC", "27 BC", "753 BC"], []),
        (["12A", "7A", "33A", "2A", "9A"], []),
    ],
)
def test_what_is_counted_is_a_number(cells: list[str], words: list[str]) -> None:
    row = profile(pl.DataFrame({"x": cells * 4})).column("x")
    assert (row["counted_words"] or []) == words
    assert (row["semantic"] == "quantity") == bool(words)


def test_numbered_months_are_no_range():
    months = [f"{year}-{month:02}" for year in (1, 2, 3) for month in range(1, 13)]
    row = _row(months, "month")
    assert row["semantic"] != "range"
    assert row["junk_rate"] == 0.0
    assert _row(["00-04", "05-09", "10-14", "15-19"] * 5, "age")["semantic"] == "range"


def test_names_with_figures_are_products_and_not_persons():
    cars = [f"Maker{n % 7} X{n}00 W{n % 9}" for n in range(60)]
    people = [f"Ada{chr(97 + n % 26)} Love{chr(97 + n // 26)}" for n in range(60)]
    found = profile(pl.DataFrame({"Name": cars})).columns["pii"].item()
    assert (found, profile(pl.DataFrame({"Name": people})).columns["pii"].item()) == (None, "name")
