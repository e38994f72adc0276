"""Features over several tables against brute force: nulls, ties in time, unknown entities, empty groups."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.errors import SettingError
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.blocks import Shares, answer_in_blocks, shares_of
from autoprep.synthesis.brute import brute_force
from autoprep.synthesis.feature import parse
from autoprep.synthesis.leaks import leak_report
from autoprep.synthesis.offers import offered
from autoprep.synthesis.schema import Schema
from autoprep.synthesis.tables import TableSynthesizer

pytestmark = pytest.mark.slow

START = datetime(2024, 1, 1)
HOUR_US = 3_600_000_000

event = st.tuples(
    st.sampled_from([1, 2, 3, None]),
    st.integers(0, 60),
    st.one_of(st.none(), st.floats(-100, 100, allow_nan=False).map(lambda v: round(v, 3))),
    st.sampled_from(["a", "b", None]),
)
query = st.tuples(st.sampled_from([1, 2, 4, None]), st.integers(0, 70))


def schema_of(events: list, queries: list, timed: bool = True) -> Schema:
    orders = pl.DataFrame(
        events, schema={"customer": pl.Int64, "hour": pl.Int64, "amount": pl.Float64, "kind": pl.String}, orient="row"
    ).with_columns(at=pl.lit(START) + pl.duration(hours=pl.col("hour")))
    customers = pl.DataFrame(queries, schema={"customer": pl.Int64, "hour": pl.Int64}, orient="row")
    said = (
        f"tables:\n  orders: {{{'time: at' if timed else 'static: true'}}}\n  customers: {{key: [customer]}}\n"
        "references:\n  - {from: orders(customer), to: customers(customer)}\n"
    )
    return Schema.from_yaml(said, {"orders": orders, "customers": customers})


def microseconds(hours: list[int]) -> np.ndarray:
    epoch = int((START - datetime(1970, 1, 1)).total_seconds() * 1e6)
    return np.array([epoch + h * HOUR_US for h in hours], np.int64)


def brute(name: str, values: list, when: list[int], cutoff: int):
    known = [(t, v) for t, v in sorted(zip(when, values, strict=True), key=lambda p: p[0]) if v is not None]
    x = [v for _, v in known]
    if name == "COUNT":
        return len(x)
    if name == "SUM":
        return sum(x)
    if not x:
        return None
    if name == "MEAN":
        return sum(x) / len(x)
    if name == "STD":
        return float(np.std(x, ddof=1)) if len(x) > 1 else None
    if name == "MEDIAN":
        return float(np.median(x))
    return {"MIN": min, "MAX": max, "LAST": lambda x: x[-1]}[name](x)


@pytest.mark.parametrize("over", [None, 12])
@given(events=st.lists(event, max_size=25), queries=st.lists(query, min_size=1, max_size=6))
@settings(deadline=None, max_examples=25)
def test_what_was_known_before_the_cutoff_equals_brute_force(over, events, queries):
    schema = schema_of(events, queries)
    names = ["COUNT", "SUM", "MEAN", "STD", "MIN", "MAX", "LAST", "MEDIAN"]
    span = "" if over is None else f" OVER {over}h"
    definitions = [parse(f"{n}(orders.amount){span} BEFORE cutoff BY customer") for n in names]
    definitions.append(parse(f"ROWS(of='orders'){span} BEFORE cutoff BY customer"))
    definitions.append(parse(f"LAST(orders.kind){span} BEFORE cutoff BY customer"))
    asked = schema.table("customers").frame
    made = answer(definitions, schema, Asked(asked, microseconds([h for _, h in queries])))
    for i, (customer, cutoff) in enumerate(queries):
        seen = [
            (t, a, k) for c, t, a, k in events
            if c is not None and c == customer and t < cutoff and (over is None or t >= cutoff - over)
        ]  # fmt: skip
        for name, definition in zip(names, definitions, strict=False):
            wanted = brute(name, [a for _, a, _ in seen], [t for t, _, _ in seen], cutoff)
            got = made[str(definition)][i]
            if wanted is None:
                assert got is None, (name, got)
            else:
                assert got is not None and math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9), (name, got, wanted)
        assert made[str(definitions[-2])][i] == len(seen)
        assert made[str(definitions[-1])][i] == brute("LAST", [k for *_, k in seen], [t for t, *_ in seen], cutoff)


def test_one_row_is_answered_like_a_million():
    rng = np.random.default_rng(0)
    events = [(int(c), int(h), float(a), "ab"[int(c) % 2]) for c, h, a in zip(
        rng.integers(1, 4, 200), rng.integers(0, 60, 200), rng.normal(size=200), strict=True)]  # fmt: skip
    queries = [(int(c), int(h)) for c, h in zip(rng.integers(1, 5, 40), rng.integers(0, 70, 40), strict=True)]
    schema = schema_of(events, queries)
    definitions = offered(schema, "customers", timed=True, windows_us=(12 * HOUR_US,))
    asked, cutoff = schema.table("customers").frame, microseconds([h for _, h in queries])
    whole = answer(definitions, schema, Asked(asked, cutoff))
    for i in (0, 17, 39):
        assert answer(definitions, schema, Asked(asked[i : i + 1], cutoff[i : i + 1])).equals(whole[i : i + 1])


def test_every_offer_parses_back_and_is_of_the_past():
    schema = schema_of([(1, 2, 1.0, "a"), (2, 3, 2.0, "b")], [(1, 5)])
    found = offered(schema, "customers", timed=True)
    assert found and all(parse(str(d)) == d for d in found)
    assert all(d.before for d in found if d.source == "orders")
    assert not [d for d in offered(schema, "customers", timed=False) if d.source == "orders"]
    assert len(offered(schema, "customers", timed=True, most=7)) == 7


def test_a_timed_table_without_cutoff_is_refused_unless_it_is_declared_static():
    schema = schema_of([(1, 2, 1.0, "a")], [(1, 5)])
    definition = [parse("MEAN(orders.amount) BY customer")]
    with pytest.raises(SettingError, match="declare the table static"):
        answer(definition, schema, Asked(schema.table("customers").frame))
    static = schema_of([(1, 2, 1.0, "a"), (1, 9, 3.0, None)], [(1, 5), (4, 5)], timed=False)
    assert answer(definition, static, Asked(static.table("customers").frame)).to_series().to_list() == [2.0, None]


def test_known_at_time_and_late_columns_are_respected():
    """Flights: the delay of the flight before is known when it lands, not when it leaves."""
    at = [START + timedelta(hours=h) for h in (0, 2, 4)]
    flights = pl.DataFrame({
        "plane": ["x", "x", "x"], "leaves": at, "lands": [START + timedelta(hours=h) for h in (3, 5, 7)],
        "delay": [10.0, 20.0, 30.0],
    })  # fmt: skip
    planes = pl.DataFrame({"plane": ["x"], "seats": [150]})
    said = """
tables:
  flights: {time: leaves, known: lands, late: [delay]}
  planes: {key: [plane]}
references:
  - {from: flights(plane), to: planes(plane)}
"""
    schema = Schema.from_yaml(said, {"flights": flights, "planes": planes})
    found = offered(schema, "flights", timed=True)
    assert "flights.delay" not in {str(d.body) for d in found}
    definition = parse("LAST(flights.delay) BEFORE cutoff BY plane")
    cutoff = np.array([int((t - datetime(1970, 1, 1)).total_seconds() * 1e6) for t in at], np.int64)
    made = answer([definition, parse("planes.seats BY plane")], schema, Asked(flights, cutoff))
    assert made[str(definition)].to_list() == [None, None, 10.0]
    assert made["planes.seats BY plane"].to_list() == [150, 150, 150]


def test_two_steps_away():
    items = pl.DataFrame({"order": [1, 1, 2, 3], "product": ["p", "q", "p", "q"], "price": [1.0, 2.0, 4.0, 8.0]})
    orders = pl.DataFrame({"order": [1, 2, 3], "customer": [7, 7, 8]})
    products = pl.DataFrame({"product": ["p", "q"], "weight": [10.0, 30.0]})
    customers = pl.DataFrame({"customer": [7, 8, 9]})
    said = """
tables: {items: {}, orders: {key: [order]}, products: {key: [product]}, customers: {key: [customer]}}
references:
  - {from: items(order), to: orders(order)}
  - {from: items(product), to: products(product)}
  - {from: orders(customer), to: customers(customer)}
"""
    frames = {"items": items, "orders": orders, "products": products, "customers": customers}
    schema = Schema.from_yaml(said, frames)
    found = {str(d) for d in offered(schema, "customers", timed=False)}
    assert "SUM(items.price) BY customer VIA orders" in found
    made = answer([parse("SUM(items.price) BY customer VIA orders")], schema, Asked(customers))
    assert made.to_series().to_list() == [7.0, 8.0, 0.0]
    looked = answer([parse("MEAN(products.weight) BY order VIA items")], schema, Asked(orders))
    assert looked.to_series().to_list() == [20.0, 10.0, 30.0]


@given(events=st.lists(event, max_size=25))
@settings(deadline=None, max_examples=25)
def test_kernels_and_polars_give_the_same_without_time(events):
    schema = schema_of(events, [(c, 0) for c in (1, 2, 3, 4, None)], timed=False)
    names = ["COUNT", "SUM", "MEAN", "STD", "VARIANCE", "MIN", "MAX", "SKEW", "KURTOSIS", "MEDIAN", "QUANTILE_25",
             "QUANTILE_75", "NUM_UNIQUE", "MODE", "ENTROPY", "FIRST", "LAST", "FIRST_ROW", "LAST_ROW"]  # fmt: skip
    definitions = [parse(f"{n}(orders.amount) BY customer") for n in names]
    definitions.append(parse("TREND(orders.amount, orders.at) BY customer"))
    asked = schema.table("customers").frame
    oracle = answer(definitions, schema, Asked(asked, backend="polars"))
    made = answer(definitions, schema, Asked(asked, backend="kernels"))
    for d in map(str, definitions):
        for got, wanted in zip(made[d], oracle[d], strict=True):
            assert (got is None) == (wanted is None), (d, got, wanted)
            assert got is None or math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-6), (d, got, wanted)


@pytest.mark.parametrize("timed", [False, True])
def test_blocks_within_a_budget_equal_what_is_computed_at_once(timed, tmp_path):
    r = np.random.default_rng(0)
    drawn = zip(r.integers(0, 40, 3_000).tolist(), r.integers(0, 60, 3_000).tolist(), r.normal(size=3_000), strict=True)
    events = [(c or None, h, round(a, 3), "ab"[h % 2]) for c, h, a in drawn]
    queries = [(int(c), int(h)) for c, h in zip(r.integers(0, 45, 500), r.integers(0, 70, 500), strict=True)]
    schema = schema_of(events, queries, timed=timed)
    before = " BEFORE cutoff" if timed else ""
    names = ["COUNT", "SUM", "MEAN", "STD", "MAX", "MEDIAN", "NUM_UNIQUE"]
    definitions = [parse(f"{n}(orders.amount){before} BY customer") for n in names]
    definitions += [parse(f"{n}(orders.kind){before} BY customer") for n in ("LAST", "NUM_UNIQUE")]
    asked = Asked(schema.table("customers").frame, microseconds([h for _, h in queries]))
    budget = 130_000
    assert shares_of(definitions, schema, 500, budget) == Shares(2, 5)
    blocks = answer_in_blocks(definitions, schema, asked, tmp_path, budget)
    assert len(blocks.paths) == 5
    whole = answer(definitions, schema, asked)
    assert blocks.scan().collect().equals(whole)
    written = blocks.write(tmp_path / "wide.parquet", asked.frame, budget)
    assert pl.read_parquet(written).equals(pl.concat([asked.frame, whole], how="horizontal"))
    with pytest.raises(SettingError, match="do not fit"):
        answer_in_blocks(definitions, schema, asked, tmp_path, 10_000)


@given(events=st.lists(event, max_size=25), queries=st.lists(query, min_size=1, max_size=6))
@settings(deadline=None, max_examples=15)
def test_the_sweep_and_polars_give_the_same_before_cutoffs(events, queries):
    schema = schema_of(events, queries)
    names = ["COUNT", "SUM", "MEAN", "STD", "MIN", "MAX", "FIRST", "LAST", "NUM_UNIQUE", "ENTROPY", "TREND", "EWMA"]
    definitions = [
        parse(f"{n}(orders.amount){span} BEFORE cutoff BY customer") for n in names for span in ("", " OVER 9h")
    ]
    definitions += [parse(f"{n}(of='orders') BEFORE cutoff BY customer") for n in ("ROWS", "DAYS_SINCE_LAST")]
    cutoff = microseconds([h for _, h in queries])
    frame = schema.table("customers").frame
    oracle = answer(definitions, schema, Asked(frame, cutoff, backend="polars"))
    made = answer(definitions, schema, Asked(frame, cutoff))
    for d in map(str, definitions):
        for got, wanted in zip(made[d], oracle[d], strict=True):
            assert (got is None) == (wanted is None), (d, got, wanted)
            assert got is None or math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-6), (d, got, wanted)


def test_proposals_say_times_epochs_and_composite_keys():
    """Whole numbers that count from 1970 are a time; a birth is none; two columns may name a row together."""
    ratings = pl.DataFrame({"userId": [1, 1, 2], "movieId": [7, 8, 7], "timestamp": [964982703, 964981247, 965000000]})
    staff = pl.DataFrame({"staffId": [1, 2], "birthDate": [START, START + timedelta(days=9)]})
    orders = pl.DataFrame({
        "orderId": [1, 2], "ordered": [START, START + timedelta(days=2)],
        "shipped": [START + timedelta(days=1), START + timedelta(days=3)],
    })  # fmt: skip
    schema = Schema.infer({"ratings": ratings, "staff": staff, "orders": orders})
    assert schema.tables["ratings"].key == ("userId", "movieId")
    assert schema.tables["ratings"].time == "timestamp"
    assert schema.tables["ratings"].frame["timestamp"][0] == datetime(2000, 7, 30, 18, 45, 3)
    assert schema.tables["staff"].time is None
    assert schema.tables["orders"].time == "ordered" and "'shipped' never earlier" in schema.tables["orders"].why
    again = Schema.from_yaml(schema.to_yaml(), {"ratings": ratings, "staff": staff, "orders": orders})
    assert again.tables["ratings"].frame.equals(schema.tables["ratings"].frame)
    with pytest.raises(SettingError, match=r"no cutoff is given.*give 'staff' a time column"):
        said = schema.to_yaml().replace("references: []", "references:\n- {from: ratings(userId), to: staff(staffId)}")
        from autoprep.synthesis import tables

        tables.TableSynthesizer("staff").fit(
            Schema.from_yaml(said, {"ratings": ratings, "staff": staff, "orders": orders})
        )


def test_files_of_one_stem_are_told_apart(tmp_path):
    from autoprep.pipeline.sources import named_files

    for name in ("u.data", "u.item", "v.user"):
        (tmp_path / name).write_text("a\n1\n")
    assert sorted(named_files(tmp_path)) == ["u_data", "u_item", "v"]


def test_changes_from_row_to_row_stay_within_the_group_and_the_window():
    """Lags and changes are made of the rows that a feature may read, whatever computes the aggregate around them."""
    r = np.random.default_rng(0)
    start = datetime(2024, 1, 1)
    events = pl.DataFrame(
        {"k": r.integers(0, 5, 90), "x": r.integers(0, 9, 90).astype(float),
         "t": [start + timedelta(hours=int(h)) for h in r.integers(0, 400, 90)]}
    )  # fmt: skip
    asked = pl.DataFrame({"k": [0, 1, 2, 3, 4, 9], "at": [start + timedelta(days=9)] * 6})
    said = "tables: {events: {time: t}, asked: {key: [k]}}\nreferences: [{from: events(k), to: asked(k)}]"
    schema = Schema.from_yaml(said, {"events": events, "asked": asked})
    lines = [
        "MAX(CHANGE(events.x)) BEFORE cutoff BY k",
        "LAST(LAG(events.x)) BEFORE cutoff BY k",
        "MEAN(ROLLING_MEAN(events.x)) OVER 3d BEFORE cutoff BY k",
        "NUM_UNIQUE(CUM_SUM(events.x)) OVER 5d BEFORE cutoff BY k",
    ]
    made = TableSynthesizer("asked", cutoff="at", windows=(), most=1, features=lines).fit(schema)
    got = made.transform(asked, schema)
    brute = brute_force(made.definitions_, schema, asked, asked["at"].dt.timestamp("us").to_numpy())
    for line in lines:
        assert got[line].to_list() == pytest.approx(brute[line], nan_ok=True), line
    still = Schema.from_yaml(said.replace("{time: t}", "{}"), {"events": events, "asked": asked})
    line = "MAX(CHANGE(events.x)) BY k"
    plain = TableSynthesizer("asked", most=1, features=[line]).fit(still).transform(asked, still)[line]
    assert plain.to_list() == brute_force([parse(line)], still, asked, None)[line]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("MEAN(events.y) BEFORE cutoff BY k", "'events' has no column 'y'"),
        ("MEAN(event.x) BEFORE cutoff BY k", "did you mean 'events'"),
        ("MEAN(x) BEFORE cutoff BY k", "of no table"),
        ("MEAN(events.x) BEFORE cutoff", "does not say by what"),
        ("LAG(events.x) BY k", "no row before it"),
        ("ROWS_PER_DAY(of='events') BY k", "counts up to a cutoff"),
    ],
)
def test_a_wrong_line_of_a_feature_is_told(line, message):
    events, asked = pl.DataFrame({"k": [1], "x": [2.0]}), pl.DataFrame({"k": [1]})
    said = "tables: {events: {static: true}, asked: {key: [k]}}\nreferences: [{from: events(k), to: asked(k)}]"
    schema = Schema.from_yaml(said, {"events": events, "asked": asked})
    with pytest.raises(SettingError, match=message):
        TableSynthesizer("asked", features=[line]).fit(schema).transform(asked, schema)


def test_the_leak_report_passes_by_what_has_no_mean():
    start = datetime(2024, 1, 1)
    events = pl.DataFrame(
        {"k": [i % 20 for i in range(200)], "status": ["paid", "open"] * 100, "x": [float(i % 7) for i in range(200)],
         "t": [start + timedelta(hours=i) for i in range(200)]}
    )  # fmt: skip
    asked = pl.DataFrame({"k": range(20), "at": [start + timedelta(days=5)] * 20})
    said = "tables: {events: {time: t}, asked: {key: [k]}}\nreferences: [{from: events(k), to: asked(k)}]"
    schema = Schema.from_yaml(said, {"events": events, "asked": asked})
    lines = ["SUM_PER_DAY(events.x) BEFORE cutoff BY k", "LAST(events.status) BEFORE cutoff BY k"]
    made = TableSynthesizer("asked", cutoff="at", features=lines).fit(schema)
    cutoff = asked["at"].dt.timestamp("us").to_numpy()
    report = leak_report(made.definitions_, schema, Asked(asked, cutoff), np.arange(20) % 2, "binary")
    assert "MEAN(events.x) BEFORE cutoff BY k" in report["feature"].to_list()
    assert not {*lines} & {*report["feature"]}


def _frames() -> dict[str, pl.DataFrame]:
    """Labels and orders of customers, accounts with transactions, items that belong to orders."""
    r = np.random.default_rng(0)
    start = datetime(2024, 1, 1)

    def hours(n: int, most: int) -> list[datetime]:
        return [start + timedelta(hours=int(h)) for h in r.integers(0, most, n)]

    return {
        "labels": pl.DataFrame({"cust": r.integers(0, 9, 40), "at": hours(40, 900), "y": r.integers(0, 2, 40)}),
        "customers": pl.DataFrame({"cust": range(9), "seg": r.choice(["a", "b"], 9)}),
        "orders": pl.DataFrame(
            {"order": range(90), "cust": r.integers(0, 9, 90), "day": hours(90, 900), "amt": r.normal(size=90)}
        ),
        "items": pl.DataFrame(
            {"order": r.integers(0, 90, 99), "cust": r.integers(0, 9, 99), "n": r.integers(1, 5, 99)}
        ),
        "calls": pl.DataFrame({"cust": r.integers(0, 9, 50), "len": r.normal(size=50)}),
    }


SHARED = """
tables:
  labels: {time: at, late: [y]}
  customers: {key: [cust]}
  orders: {key: [order], time: day}
  items: {}
  calls: {}
references:
  - {from: labels(cust), to: customers(cust)}
  - {from: orders(cust), to: customers(cust)}
  - {from: items(cust), to: customers(cust)}
  - {from: items(order), to: orders(order)}
  - {from: calls(cust), to: customers(cust)}
"""


def test_tables_that_share_a_parent_are_offered_as_of_the_cutoff_and_equal_brute_force():
    schema = Schema.from_yaml(SHARED, _frames())
    found = offered(schema, "labels", timed=True, windows_us=(240 * HOUR_US,))
    lines = {str(d) for d in found}
    assert {"MEAN(orders.amt) BEFORE cutoff BY cust", "MEAN(calls.len) BY cust"} <= lines
    assert all(d.before for d in found if d.source == "orders")
    assert not [d for d in found if d.source == "items"], "items have no time, their orders do: they tell the future"
    assert not [d for d in offered(schema, "labels", timed=False) if d.source in ("orders", "items")]
    assert not [d for d in offered(schema, "labels", timed=True, depth=1) if d.source in ("orders", "calls")]
    rows = schema.table("labels").frame
    cutoff = rows["at"].dt.timestamp("us").to_numpy()
    shared = [d for d in found if d.source in ("orders", "calls")]
    made, brute = answer(shared, schema, Asked(rows, cutoff)), brute_force(shared, schema, rows, cutoff)
    for d in map(str, shared):
        for got, wanted in zip(made[d], brute[d], strict=True):
            assert got == wanted or got == pytest.approx(wanted, rel=1e-9, abs=1e-9), d


def test_events_below_a_child_without_time_are_offered():
    frames = {
        "customers": pl.DataFrame({"cust": [1, 2], "at": [START + timedelta(days=2)] * 2}),
        "accounts": pl.DataFrame({"acc": [1, 2, 3], "cust": [1, 1, 2]}),
        "transactions": pl.DataFrame(
            {
                "acc": [1, 2, 3, 3],
                "when": [START + timedelta(days=d) for d in (0, 1, 1, 3)],
                "amt": [1.0, 3.0, 5.0, 9.0],
            }
        ),
    }
    said = """
tables: {customers: {key: [cust]}, accounts: {key: [acc]}, transactions: {time: when}}
references: [{from: accounts(cust), to: customers(cust)}, {from: transactions(acc), to: accounts(acc)}]
"""
    line = "MEAN(transactions.amt) BEFORE cutoff BY cust VIA accounts"
    for static in ("", "static: true, "):
        schema = Schema.from_yaml(said.replace("accounts: {", f"accounts: {{{static}"), frames)
        made = TableSynthesizer("customers", cutoff="at", windows=("36h",)).fit(schema)
        assert {line, line.replace(" BEFORE", " OVER 36h BEFORE")} <= {str(d) for d in made.definitions_}
        assert made.transform(frames["customers"], schema)[line].to_list() == [2.0, 5.0]


def test_without_a_cutoff_a_table_that_has_a_time_is_named_its_own_rows_too():
    frames = _frames()
    schema = Schema.from_yaml(SHARED, frames)
    with pytest.raises(SettingError, match=r"'labels' \(at\), 'orders' \(day\) have a time.*--cutoff at.*'none'"):
        TableSynthesizer("labels").fit(schema)
    made = TableSynthesizer("labels", cutoff="none").fit(schema)
    assert "customers.seg BY cust" in {str(d) for d in made.definitions_}
    assert not [d for d in made.definitions_ if d.before or d.source == "orders"]
    staff = pl.DataFrame({"id": [1, 2], "boss": [None, 1], "pay": [1.0, 2.0], "at": [START, START]})
    said = "tables: {staff: {key: [id], time: at}}\nreferences: [{from: staff(boss), to: staff(id)}]\n"
    with pytest.raises(SettingError, match=r"'staff' \(at\) has a time and no cutoff is given"):
        TableSynthesizer("staff").fit(Schema.from_yaml(said, {"staff": staff}))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("static: 'false'", "table orders, static: is 'false', not true or false"),
        ("static: ja", "not true or false"),
        ("static: 1", "not true or false"),
        ("late: 3", "table orders, late: is 3, not a name"),
        ("late: {amt: 1}", "not a name"),
        ("key: [[order]]", "not a name"),
        ("time: true", "table orders, time: is true, not a name"),
        ("time: [day]", "not a name"),
        ("tim: day", "unknown key 'tim'"),
    ],
)
def test_what_a_schema_says_of_a_table_is_read_strictly(said, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        Schema.from_yaml(f"tables:\n  orders: {{{said}}}\n", {"orders": _frames()["orders"]})


@pytest.mark.parametrize(
    "text",
    ["tables: {orders: 3}\n", "tables: {orders: {}}\nreferences: {a: b}\n", "tables: {orders: {}}\nreferences: [a]\n",
     "tables: {orders: {}\n"],
)  # fmt: skip
def test_a_schema_of_another_shape_is_one_line(text):
    with pytest.raises(SettingError) as caught:
        Schema.from_yaml(text, {"orders": _frames()["orders"]})
    assert len(str(caught.value).splitlines()) == 1


def test_keys_name_single_rows():
    frames = _frames()
    frames["customers"] = pl.concat([frames["customers"], pl.DataFrame({"cust": [3], "seg": ["z"]})])
    schema = Schema.from_yaml(SHARED, frames)
    with pytest.raises(SettingError, match=r"'customers' has 10 rows and 9 values of its key \(cust\): cust 3 stands"):
        schema.check_keys("labels")
    undeclared = SHARED.replace("customers: {key: [cust]}", "customers: {}")
    with pytest.raises(SettingError, match="cust 3 stands in several rows"):
        Schema.from_yaml(undeclared, frames).check_keys("labels")
    Schema.from_yaml(undeclared, frames).check_keys("customers")  # rows asked for at several cutoffs
    versions = {**frames, "customers": frames["customers"].with_columns(since=pl.lit(START))}
    Schema.from_yaml(undeclared.replace("customers: {}", "customers: {time: since}"), versions).check_keys("labels")
