"""featuretools as an oracle: every shared aggregation on random small EntitySets, paths, conditions, windows."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import SettingError
from autoprep.primitives import AGGREGATIONS
from autoprep.primitives.equals import pairs
from autoprep.synthesis.answers import Asked, answer
from autoprep.synthesis.entity_sets import schema_of, to_featuretools
from autoprep.synthesis.feature import Call, Column, Definition, parse

ft = pytest.importorskip("featuretools")
pd = pytest.importorskip("pandas")

START = datetime(2023, 12, 28)
CUTOFF = START + timedelta(hours=1500)
CUSTOMERS = list(range(6))


def entity_set(seed: int):
    rng = random.Random(seed)

    def maybe(value):
        return None if rng.random() < 0.2 else value

    orders = [
        {
            "id": i, "k": rng.randrange(5), "x": maybe(rng.choice([-2.0, 0.0, 1.0, 3.0, 12.5])),
            "b": rng.random() < 0.5, "c": maybe(rng.choice("abc")), "shop": rng.choice("pq"),
            "t": START + timedelta(hours=rng.randrange(2000)), "u": START + timedelta(hours=rng.randrange(9000)),
        }
        for i in range(60)
    ]  # fmt: skip
    orders.append(orders[0] | {"id": 60, "t": CUTOFF})
    items = [{"item": i, "id": rng.randrange(61), "price": rng.choice([1.0, 2.5, 9.0])} for i in range(150)]
    made = ft.EntitySet("shop")
    made.add_dataframe(pd.DataFrame({"k": CUSTOMERS, "age": [30, 41, 25, 60, 18, 77]}), "customers", index="k")
    made.add_dataframe(pd.DataFrame({"shop": ["p", "q"], "size": [10.0, 30.0]}), "shops", index="shop")
    made.add_dataframe(
        pd.DataFrame(orders).sort_values("t", kind="stable"), "orders", index="id", time_index="t",
        logical_types={"x": "Double", "b": "Boolean", "c": "Categorical", "shop": "Categorical"},
    )  # fmt: skip
    made.add_dataframe(pd.DataFrame(items), "items", index="item")
    made.add_relationship("customers", "k", "orders", "k")
    made.add_relationship("shops", "shop", "orders", "shop")
    made.add_relationship("orders", "id", "items", "id")
    return made


def shared() -> list[Definition]:
    kinds = {"number": "x", "boolean": "b", "any": "c"}
    found = []
    for name, primitive in AGGREGATIONS.items():
        if not primitive.equals:
            continue
        kinds["time"] = "u" if name.startswith("UNIQUE_") else "t"
        told = [k for k in primitive.inputs if k != "cutoff"]
        told = told if told == ["time"] and name not in ("DAYS_SINCE_LAST", "DAYS_SINCE_FIRST") else [
            k for k in told if k != "time"
        ]  # fmt: skip
        arguments = tuple(Column("orders", kinds[k]) for k in told)
        body = Call(name, arguments, () if arguments else (("of", "orders"),))
        found.append(Definition(body, before=True, by=(("k", "k"),)))
    return found


def compared(es, definitions: list[Definition]) -> list[tuple[Definition, int, object, object]]:
    """(definition, customer, ours, theirs) of each value that is not the same."""
    schema = schema_of(es)
    asked = pl.DataFrame({"k": CUSTOMERS})
    moments = np.full(len(CUSTOMERS), int((CUTOFF - datetime(1970, 1, 1)).total_seconds() * 1e6), np.int64)
    ours = answer(definitions, schema, Asked(asked, moments))
    said = to_featuretools(definitions, es, "customers")
    assert not said.without
    found = []
    for window, features in said.features.items():
        times = pd.DataFrame({"k": CUSTOMERS, "time": [CUTOFF] * len(CUSTOMERS)})
        whole = [
            getattr(f, "base_feature", f) for f in features.values()
        ]  # a slice of n_most_common alone breaks there
        matrix = ft.calculate_feature_matrix(
            whole, es, cutoff_time=times, include_cutoff_time=False, training_window=window
        ).loc[CUSTOMERS]
        for d in definitions:
            if str(d) not in features:
                continue
            theirs = matrix[features[str(d)].get_name()].tolist()
            for customer, a, b in zip(CUSTOMERS, ours[str(d)].to_list(), theirs, strict=True):
                value = None if pd.isna(b) else b
                if isinstance(value, pd.Timedelta):
                    value = value.total_seconds()
                if isinstance(value, int | float | np.bool_):
                    value = float(value) * said.times.get(str(d), 1.0)
                if not same(a, value):
                    found.append((d, customer, a, value))
    return found


def same(a, b) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return a == b


@pytest.mark.parametrize("seed", range(4))
def test_every_shared_aggregation_on_random_entity_sets(seed):
    es = entity_set(seed)
    definitions = shared()
    names = {d.body.primitive for d in definitions}
    assert names == {n for n, p in AGGREGATIONS.items() if p.equals}
    orders = es["orders"]
    wrong = []
    for d, customer, ours, theirs in compared(es, definitions):
        group = orders[(orders["k"] == customer) & (orders["t"] < CUTOFF)]
        x, name = group["x"].dropna(), d.body.primitive
        if not len(group) or (d.body.arguments and not len(group[d.body.arguments[0].name].dropna())):
            assert ours in (None, 0.0), d  # EMPTY_GROUP
        elif name == "TREND":
            first = group.dropna(subset=["x"])["t"].iloc[0].value // 1_000_000_000
            unit = next((u for u in (86_400, 3_600, 60) if first % u == 0), 1)
            assert len(x) <= 2 or same(ours, theirs * 86_400 / unit)
        elif name in ("COUNT_INSIDE_STDS", "COUNT_OUTSIDE_STDS"):
            inside = int(((x - x.mean()).abs() <= x.std(ddof=1)).sum())
            assert ours == (inside if "INSIDE" in name else len(x) - inside) or len(x) == 1
        elif name == "UNIQUE_SHARE":
            assert same(ours, theirs * len(group) / group["c"].count())
        elif name == "ROWS_PER_UNIQUE":
            assert same(ours, group["c"].count() / group["c"].nunique())
        elif name == "PEAKS":
            assert group["x"].isna().any()
        elif name in ("SKEW", "KURTOSIS"):
            assert ours is None and (x.nunique() == 1 or len(x) < 3)
        elif name == "N_MOST_COMMON":
            counts = group["c"].value_counts()
            assert ours == min(counts[counts == counts.max()].index)
        else:
            wrong.append((str(d), customer, ours, theirs))
    assert not wrong
    assert all(pairs()[AGGREGATIONS[n].equals[0]][1].differs for n in ("TREND", "PEAKS", "UNIQUE_SHARE", "SKEW"))


def test_the_row_at_the_cutoff_is_the_future():
    """The last order stands at the cutoff itself: theirs counts it by default, ours never."""
    es = entity_set(0)
    definition = parse("ROWS(of='orders') BEFORE cutoff BY k")
    feature = to_featuretools([definition], es, "customers").features[None][str(definition)]
    times = pd.DataFrame({"k": CUSTOMERS, "time": [CUTOFF] * 6})
    within = ft.calculate_feature_matrix([feature], es, cutoff_time=times).loc[CUSTOMERS]
    customer = int(es["orders"].loc[60, "k"])
    strict = answer([definition], schema_of(es), Asked(
        pl.DataFrame({"k": CUSTOMERS}), np.full(6, int((CUTOFF - datetime(1970, 1, 1)).total_seconds() * 1e6), np.int64)
    )).to_series()  # fmt: skip
    assert within.iloc[customer, 0] == strict[customer] + 1


def test_paths_conditions_transforms_and_windows():
    es = entity_set(5)
    said = [
        "SUM(items.price) BEFORE cutoff BY k VIA orders",
        "MEAN(shops.size) BEFORE cutoff BY k VIA orders",
        "COUNT_GREATER_THAN(orders.x, than=0.5) BEFORE cutoff BY k",
        "MEAN(ABSOLUTE(orders.x)) BEFORE cutoff BY k",
        "SUM(orders.x) WHERE orders.c = 'a' BEFORE cutoff BY k",
        "ROWS(of='orders') WHERE orders.c IN ('a', 'b') AND orders.x > 0.5 BEFORE cutoff BY k",
        "MAX(orders.x) OVER 20d BEFORE cutoff BY k",
        "MIN(orders.x) OVER 36h BEFORE cutoff BY k",
    ]
    wrong = [w for w in compared(es, [parse(s) for s in said]) if w[2] not in (None, 0.0) or w[3] not in (None, 0.0)]
    assert not wrong


def test_what_featuretools_cannot_say_is_left_out_with_the_reason():
    es = entity_set(1)
    lines = ("EWMA(orders.x) BEFORE cutoff BY k", "MEAN(orders.x) BEFORE cutoff BY k, shop")
    said = to_featuretools([parse(line) for line in lines], es, "customers")
    assert not said.features
    assert list(said.without.values()) == [
        "featuretools has no equal of EWMA", "featuretools knows keys of one column only",
    ]  # fmt: skip


def test_an_entity_set_is_a_source():
    es = entity_set(2)
    schema = ap.schema_of(es)
    assert schema.tables["orders"].time == "t" and len(schema.references) == 3
    assert ap.schema_of(es).to_yaml() == schema.to_yaml()
    for frame in es.dataframes:
        assert schema.tables[frame.ww.name].frame.height == len(frame)
    with pytest.raises(SettingError, match="no cutoff is given"):
        ap.synthesize(es, table="shops", max_features=20)
    dated = ft.EntitySet("dated")
    dated.add_dataframe(pd.DataFrame({"k": [1, 2], "at": [START, CUTOFF]}), "customers", index="k", time_index="at")
    dated.add_dataframe(es["orders"], "orders", index="id", time_index="t")
    dated.add_relationship("customers", "k", "orders", "k")
    made = ap.synthesize(dated, table="customers", cutoff="at", windows=["7d"], max_features=30)
    definitions = [parse(f.definition) for f in made.definitions]
    back = made.to_featuretools(dated)
    assert sum(map(len, back.features.values())) + len(back.without) == len(definitions)
    assert None in back.features and "7 days" in back.features
