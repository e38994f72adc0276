"""Rows of one person, or device are seen by the header or by the rows themselves, ordinary categories are not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from autoprep.profiling import profile

RNG = np.random.default_rng(3)


def group(frame: pl.DataFrame, target: str | None = None) -> str | None:
    found: str | None = profile(frame, target=target).tables["group_column"][0]
    return found


def repeated(name: str, spread: float = 0.05, people: int = 60, each: int = 8) -> pl.DataFrame:
    """Rows of people who hardly change and whose outcome is their own."""
    who = np.repeat(np.arange(people), each)
    traits = RNG.normal(size=(people, 4))[who] + spread * RNG.normal(size=(who.size, 4))
    frame = pl.DataFrame({name: [f"K{i:04d}" for i in who]} | {c: traits[:, i] for i, c in enumerate("abcd")})
    return frame.with_columns(y=pl.Series(RNG.integers(0, 2, people)[who])).sample(fraction=1, shuffle=True, seed=0)


@pytest.mark.parametrize(
    "name",
    ["person", "Patient", "subject", "household", "employee_no", "KundenNr", "cliente", "userId"],
)
def test_a_header_that_names_somebody_makes_a_group(name: str) -> None:
    assert group(repeated(name, spread=5.0).drop("y")) == name


def test_a_column_that_fixes_the_target_and_recurs_is_a_group() -> None:
    assert group(repeated("thing", spread=5.0), "y") == "thing"


def test_a_column_within_which_numbers_hardly_change_is_a_group() -> None:
    frame = repeated("thing").with_columns(y=pl.Series(RNG.integers(0, 2, 480)))
    assert group(frame, "y") == group(frame.drop("y")) == "thing"


def test_an_entity_is_preferred_to_an_id_of_something_else() -> None:
    frame = repeated("patient").with_columns(visit_id=pl.Series([f"v{i % 300}" for i in range(480)]))
    assert group(frame, "y") == "patient"


@pytest.mark.parametrize("name", ["city", "product", "brand", "members", "client_type", "subject_area"])
def test_an_ordinary_category_is_no_group(name: str) -> None:
    at = RNG.integers(0, 40, 800)
    words = np.array([f"Town {chr(65 + i % 26)}{chr(97 + i // 26)}" for i in range(40)])
    frame = pl.DataFrame(
        {
            name: words[at],
            "price": RNG.uniform(1, 90, 40)[at] * RNG.choice([1.0, 0.9], 800),
            "size": RNG.normal(size=800),
            "count": RNG.poisson(20, 800),
            "y": RNG.integers(0, 2, 800),
        }
    )
    assert group(frame, "y") is None


def _panel(seed: int = 0, towns: int = 40, years: int = 12) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "town": np.repeat([f"Town {n}" for n in range(towns)], years),
            "Year": np.tile(np.arange(2000, 2000 + years), towns),
            "kind": rng.choice(["a", "b"], towns * years),
            "rain": rng.normal(size=towns * years),
            "y": rng.normal(size=towns * years),
        }
    )
    return frame[rng.permutation(frame.height)]


def test_a_panel_is_grouped_by_its_entity_and_ordered_by_its_time() -> None:
    row = profile(_panel(), target="y").tables.row(0, named=True)
    assert (row["group_column"], row["time_column"]) == ("town", "Year")


def test_years_and_towns_drawn_apart_from_each_other_are_no_panel() -> None:
    rng = np.random.default_rng(1)
    frame = _panel().with_columns(pl.Series("Year", rng.integers(2000, 2012, 480)))
    row = profile(frame, target="y").tables.row(0, named=True)
    assert (row["group_column"], row["time_column"]) == (None, None)
    stamped = frame.with_columns(at=pl.datetime(2020, 1, 1) + pl.duration(minutes=pl.int_range(480) * 37)).drop("Year")
    assert profile(stamped, target="y").tables.row(0, named=True)["group_column"] is None


def _persons(rng: np.random.Generator, count: int, each: int) -> pl.DataFrame:
    who = np.repeat(np.arange(1, count + 1), each)
    traits = {"born": rng.integers(40, 55, count), "group": rng.integers(1, 4, count)}
    own = rng.normal(0, 0.8, count)
    frame = pl.DataFrame({"key": who, **{name: values[who - 1] for name, values in traits.items()}})
    frame = frame.with_columns(x=rng.normal(size=who.size), y=own[who - 1] + rng.normal(0, 0.3, who.size))
    return frame.sample(fraction=1.0, shuffle=True, seed=1)


def test_numbers_of_persons_are_told_by_what_their_rows_share_whatever_the_header() -> None:
    frame = _persons(np.random.default_rng(2), 400, 6)
    assert profile(frame, target="y").tables["group_column"].item() == "key"
    assert profile(frame.drop("y")).tables["group_column"].item() == "key"  # by traits that never differ within
    loose = frame.with_columns(pl.col("key").shuffle(seed=3))
    assert profile(loose, target="y").tables["group_column"].item() is None


def test_names_that_share_the_target_are_told_and_a_measure_that_tells_it_is_not() -> None:
    rng = np.random.default_rng(3)
    shop = rng.integers(0, 200, 2_000)
    score = 90 + rng.normal(0, 4, 200)[shop] + rng.normal(0, 2, 2_000)
    frame = pl.DataFrame({"place": [f"SHOP {n * 7919 % 10007}" for n in shop], "x": rng.normal(size=2_000), "y": score})
    assert profile(frame, target="y").tables["group_column"].item() == "place"
    length = rng.integers(0, 300, 2_000)
    grown = pl.DataFrame({"length": length, "x": rng.normal(size=2_000), "y": 0.1 * length + rng.normal(0, 3, 2_000)})
    assert profile(grown, target="y").tables["group_column"].item() is None


def test_ids_of_somebody_may_recur_seldom_and_first_names_name_nobody() -> None:
    rng = np.random.default_rng(4)
    frame = pl.DataFrame({"subject_id": rng.choice(3_000, 1_000) + 10_000, "x": rng.normal(size=1_000)})
    assert profile(frame).tables["group_column"].item() == "subject_id"
    often = 1 / (1 + np.arange(300)) ** 1.2
    names = [f"Na{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in rng.choice(300, 2_000, p=often / often.sum())]
    pets = pl.DataFrame({"animal_name": names, "x": rng.normal(size=2_000)})
    assert profile(pets).tables["group_column"].item() is None


def test_a_measure_beside_itself_in_other_units_is_no_entity() -> None:
    area = np.random.default_rng(6).integers(100, 900, 1_500)
    frame = pl.DataFrame({"area": area, "side": np.sqrt(area), "volume": area**1.5, "x": np.arange(1_500) % 7})
    assert profile(frame).tables["group_column"].item() is None


def test_a_column_that_names_an_entity_in_one_year_each_stands_for_the_entity() -> None:
    rng = np.random.default_rng(7)
    rows = [
        (f"Land{c}", year, sex, int(1_000 * (1 + c) + year), f"Land{c}-{year}", float(rng.normal(10 * c, 1)))
        for c in range(25)
        for year in range(1990, 2005)
        for sex in ("m", "f", "x")
    ]
    frame = pl.DataFrame(rows, schema=["land", "year", "sex", "people", "land-year", "y"], orient="row")
    row = profile(frame, target="y").tables.row(0, named=True)
    assert (row["group_column"], row["time_column"]) == ("land", "year")


def test_rows_that_are_there_twice_make_no_entity_of_a_measure() -> None:
    rng = np.random.default_rng(10)
    spent = rng.integers(0, 1_200, 1_200)
    y = (rng.random(1_200) < 0.15).astype(int)
    frame = pl.DataFrame({"spent": spent, "x": rng.normal(size=1_200), "kids": rng.integers(0, 3, 1_200), "y": y})
    twice = pl.concat([frame, frame.head(400)]).with_row_index("n").sample(fraction=1.0, shuffle=True, seed=0)
    assert profile(twice, target="y").tables["group_column"].item() is None


def test_long_numbers_that_come_again_each_day_are_somebody() -> None:
    rng = np.random.default_rng(11)
    days = pl.date_range(pl.date(2016, 4, 1), pl.date(2016, 4, 30), eager=True)
    who = rng.integers(10**9, 9 * 10**9, 18)
    frame = pl.DataFrame({"tracker_no": np.repeat(who, 30), "day": pl.concat([days] * 18)})
    frame = frame.with_columns(steps=rng.integers(0, 20_000, 540), y=rng.normal(size=540))
    frame = frame.sample(fraction=0.9, shuffle=True, seed=0)
    row = profile(frame, target="y").tables.row(0, named=True)
    assert (row["group_column"], row["time_column"]) == ("tracker_no", "day")
    assert profile(frame.drop("tracker_no"), target="y").tables["group_column"].item() is None
