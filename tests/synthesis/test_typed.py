"""Lines that do not fit the columns they name are one line of error, and moments are moments everywhere."""

from __future__ import annotations

import gc
from datetime import date, datetime, timedelta

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import SettingError
from autoprep.pipeline.verifying import verify_features
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import checked

SCHEMA = """
tables: {o: {key: [oid], time: at}, c: {key: [cust], static: true}}
references: [{from: o(cust), to: c(cust)}]
"""
START = datetime(2024, 1, 20)
TIMES = [START + timedelta(hours=13 * i) for i in range(40)]
MOMENTS = pl.Enum(["a", "b"])


def frames() -> dict[str, pl.DataFrame]:
    orders = pl.DataFrame({
        "oid": range(40), "cust": [i % 5 for i in range(40)], "at": TIMES, "day": [t.date() for t in TIMES],
        "amt": [float(i % 7) for i in range(40)], "y": [i % 2 for i in range(40)],
        "paid": [i % 3 == 0 for i in range(40)],
        "kind": pl.Series(["a", "b"] * 20, dtype=MOMENTS),
    })  # fmt: skip
    return {"o": orders, "c": pl.DataFrame({"cust": range(5), "seg": list("aabbc")})}


def made_of(line: str, tables=None):
    made = ap.synthesize(tables or frames(), table="o", schema=SCHEMA, cutoff="at", features=[line], max_features=1)
    return made.frame[made.definitions[-1].definition], made


@pytest.mark.parametrize("line, said", [
    ("MEAN(o.amt) WHERE c.seg = 'a' BEFORE cutoff BY cust", "'c.seg' is of another table than 'o'"),
    ("MEAN(c.seg) BY cust", "MEAN takes a number, and 'c.seg' is text"),
    ("SUM(o.amt) WHERE o.amt > 'x' BEFORE cutoff BY cust", "o.amt is a number, and is compared with 'x'"),
    ("SUM(o.amt) WHERE o.y IN (1, 'x') BEFORE cutoff BY cust", "o.y is a number, and is compared with 'x'"),
    ("SUM(o.amt) WHERE o.kind = 3 BEFORE cutoff BY cust", "o.kind is text, and is compared with 3"),
    ("SUM(o.amt) WHERE o.at > 'soon' BEFORE cutoff BY cust", "o.at is a time.*write '2024-02-01'"),
    ("SUM(o.amt) WHERE o.paid = 'yes' BEFORE cutoff BY cust", "write TRUE or FALSE"),
    ("SUM(o.amt) WHERE o.y = NULL BEFORE cutoff BY cust", "write o.y IS NULL"),
    ("SUM(o.at) BEFORE cutoff BY cust", "SUM takes a number, and 'o.at' is a time; .*DAYS_SINCE_LAST"),
    ("MAX(o.day) BEFORE cutoff BY cust", "MAX takes a number, and 'o.day' is a time"),
    ("NUM_TRUE(o.y) BEFORE cutoff BY cust", "compare it"),
    ("YEAR(c.seg) BY cust", "YEAR takes a time, and 'c.seg' is text"),
    ("NUM_UNIQUE(o.cust, o.y) BEFORE cutoff BY cust", "NUM_UNIQUE takes 1 input, not 2"),
    ("LAST(SUM(o.amt)) BEFORE cutoff BY cust", "SUM aggregates, and stands only outermost"),
    ("COUNT_GREATER_THAN(o.amt, than='x') BEFORE cutoff BY cust", "than='x' of COUNT_GREATER_THAN is no number"),
    ("COUNT_GREATER_THAN(o.amt, tham=1) BEFORE cutoff BY cust", "no parameter 'tham'; did you mean 'than'"),
    ("GROUP_MEAN(o.amt, o.y) BEFORE cutoff BY cust", "is learnt of the rows of one table"),
    ("SUM(o.amt) BEFORE cutoff BY cust = seg VIA c", "'o.cust' is a number, 'c.seg' is text: they never match"),
])  # fmt: skip
def test_what_does_not_fit_is_one_line_before_anything_is_computed(line, said):
    with pytest.raises(SettingError, match=said) as told:
        checked(line, Schema.from_yaml(SCHEMA, frames()), "o")
    assert str(told.value).startswith(f"feature '{line}'")


@pytest.mark.parametrize("line", [
    "SUM(o.amt) WHERE o.at > '2024-01-25' BEFORE cutoff BY cust",
    "SUM(o.amt) WHERE o.at <= '2024-01-25T13:00:00' AND o.day <> '2024-01-24' BEFORE cutoff BY cust",
    "ROWS(of='o') WHERE o.day IN ('2024-01-21', '2024-01-24') BEFORE cutoff BY cust",
    "SUM(o.amt) WHERE o.paid = 1 BEFORE cutoff BY cust",
    "SUM(o.amt) WHERE o.kind = 'a' BEFORE cutoff BY cust",
    "SUM(o.amt) WHERE o.kind = 'none of them' BEFORE cutoff BY cust",
    "NUM_TRUE(EQUAL_TO(o.y, than=1)) BEFORE cutoff BY cust",
])  # fmt: skip
def test_conditions_are_read_as_their_columns_are_and_proved_everywhere(tmp_path, line):
    column, made = made_of(line)
    orders = frames()["o"]
    line = made.definitions[-1].definition
    assert str(checked(line, Schema.from_yaml(SCHEMA, frames()), "o")) == line
    proved = verify_features(made.save(tmp_path / "f.json"), frames(), rows=40)
    assert proved.ok and proved.compared["sql"] == proved.compared["polars"] == proved.features, proved
    if "2024-01-25'" in line and "SUM" in line and ">" in line and "<" not in line:
        wanted = [
            sum(a for c, t, a in orders.select("cust", "at", "amt").iter_rows()
                if c == row["cust"] and t < row["at"] and t > datetime(2024, 1, 25))
            for row in orders.iter_rows(named=True)
        ]  # fmt: skip
        assert column.to_list() == wanted and any(wanted)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_the_last_time_is_a_time(tmp_path, unit, zone):
    tables = frames()
    tables["o"] = tables["o"].with_columns(pl.col("at").dt.replace_time_zone(zone).dt.cast_time_unit(unit))
    for name in ("LAST", "FIRST", "FIRST_ROW", "MODE"):
        column, made = made_of(f"{name}(o.at) BEFORE cutoff BY cust", tables)
        last = tables["o"]["at"][34 if name == "LAST" else 4]
        assert isinstance(column.dtype, pl.Datetime) and column[39] == last
    column, made = made_of("LAST(o.day) BEFORE cutoff BY cust", tables)
    assert column.dtype == pl.Date and column[39] == date(2024, 2, 7)
    if zone is None:
        assert verify_features(made.save(tmp_path / "f.json"), tables, rows=40).ok


@pytest.mark.parametrize("zoned", ["at", "known", "cutoff", "date"])
def test_times_with_and_without_a_zone_are_not_compared(zoned):
    tables = frames()
    schema = "tables: {o: {key: [oid], time: at, known: known}, c: {key: [cust], time: since}}\n"
    schema += "references: [{from: o(cust), to: c(cust)}]"
    tables["o"] = tables["o"].with_columns(known=pl.col("at") + pl.duration(hours=1))
    tables["c"] = tables["c"].with_columns(since=pl.lit(datetime(2024, 2, 1)))
    name, column = ("c", "since") if zoned == "cutoff" else ("o", "known" if zoned == "date" else zoned)
    if zoned == "date":  # a date begins at midnight of no zone
        tables["c"] = tables["c"].with_columns(pl.col("since").dt.date())
    tables[name] = tables[name].with_columns(pl.col(column).dt.replace_time_zone("Europe/Berlin"))
    if zoned == "at":  # rows count by when they are known
        assert ap.synthesize(tables, table="c", schema=schema, cutoff="since").frame.height == 5
        return
    with pytest.raises(SettingError, match=r"'\w\.\w+' has a zone \(Europe/Berlin\) and '\w\.\w+' has none"):
        ap.synthesize(tables, table="c", schema=schema, cutoff="since")
    both = {k: f.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None)) for k, f in tables.items()}
    assert ap.synthesize(both, table="c", schema=schema, cutoff="since").frame.height == 5


def test_verify_names_a_saved_feature_that_does_not_fit(tmp_path):
    _, made = made_of("SUM(o.amt) BEFORE cutoff BY cust")
    path = made.save(tmp_path / "f.json")
    path.write_text(path.read_text().replace("SUM(o.amt)", "SUM(o.at)"))
    with pytest.raises(SettingError, match=r"SUM takes a number, and 'o\.at' is a time"):
        verify_features(path, frames())


def test_blocks_stay_as_long_as_a_lazy_frame_may_read_them():
    gc.collect()
    lazy = ap.synthesize(frames(), table="o", schema=SCHEMA, cutoff="at", memory_budget="1MB").frame.head(7)
    gc.collect()
    assert lazy.collect().height == 7


def test_what_is_written_otherwise_is_read_or_answered():
    lines = {"SUM(o.amt) WHERE o.y != 1 BEFORE cutoff BY cust": "SUM(o.amt) WHERE o.y <> 1 BEFORE cutoff BY cust"}
    for said, read in lines.items():
        assert str(checked(said, Schema.from_yaml(SCHEMA, frames()), "o")) == read
    with pytest.raises(SettingError, match=r"expected , or [)] at its end"):
        checked("MEAN(o.amt", Schema.from_yaml(SCHEMA, frames()), "o")
    with pytest.raises(SettingError, match=r"expected , or [)] at character 12"):
        checked("MEAN(o.amt BY cust", Schema.from_yaml(SCHEMA, frames()), "o")
    with pytest.raises(SettingError, match="'1parsec' is no span of time"):
        ap.synthesize(frames(), table="o", schema=SCHEMA, cutoff="at - 1parsec")
    with pytest.raises(SettingError, match=r"rows do not fit into 10 B; give at least [\d.]+ kB"):
        ap.synthesize(frames(), table="o", schema=SCHEMA, cutoff="at", memory_budget=10)
    made = ap.synthesize(frames(), table="o", schema=SCHEMA, cutoff="at", windows="7d")
    assert made.synthesizer.windows == ("7d",) and any("OVER 7d" in f.definition for f in made.definitions)
