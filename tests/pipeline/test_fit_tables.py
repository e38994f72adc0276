"""A model over several tables: point in time, saved, loaded, asked for new rows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.__main__ import main

SCHEMA = """
tables:
  orders: {time: placed, known: settled, late: [returned]}
  customers: {key: [customer]}
references:
  - {from: orders(customer), to: customers(customer)}
"""


def shop(rows: int = 500) -> dict[str, pl.DataFrame]:
    r = np.random.default_rng(0)
    customer, habit = r.integers(0, 20, rows), r.normal(size=20)
    orders = pl.DataFrame(
        {
            "customer": [f"c{c}" for c in customer],
            "items": r.integers(1, 9, rows),
            "returned": np.where(habit[customer] + 0.3 * r.normal(size=rows) > 0, "yes", "no"),
            "hour": np.sort(r.integers(0, 200 * 24, rows)),
        }
    )
    placed = pl.lit(datetime(2024, 1, 1)) + pl.duration(hours=pl.col("hour"))
    orders = orders.with_columns(placed=placed).with_columns(settled=pl.col("placed") + pl.duration(days=3))
    people = pl.DataFrame({"customer": [f"c{c}" for c in range(20)], "age": r.integers(18, 80, 20)})
    return {"orders": orders.drop("hour"), "customers": people}


def test_a_model_over_tables_predicts_new_rows_given_the_tables(tmp_path):
    tables = shop()
    model = ap.fit(
        tables, "returned", table="orders", schema=SCHEMA, cutoff="placed", time_budget_s=None, work_budget=1
    )
    assert model.facts["scores"]["cross_validated"] > 0.75
    assert all("settled" not in f.inputs for f in model.features)
    loaded = ap.load(model.save(tmp_path / "model"))
    every = loaded.predict_frame(tables)
    assert every.height == tables["orders"].height
    new = tables["orders"].tail(3).drop("returned", "settled")
    new.write_csv(tmp_path / "new.csv")
    asked = loaded.predict_frame(tables, tmp_path / "new.csv")
    assert asked["probability_yes"].to_list() == pytest.approx(every["probability_yes"].tail(3).to_list(), abs=1e-12)
    assert ap.evaluate(loaded, tables)["rows"] == tables["orders"].height


def test_a_model_over_tables_is_explained_watched_and_validated(tmp_path, capsys):
    tables = shop()
    model = ap.fit(
        tables, "returned", table="orders", schema=SCHEMA, cutoff="placed", time_budget_s=None, work_budget=1
    )
    folder = model.save(tmp_path / "model")
    (tmp_path / "shop").mkdir()
    for name, frame in tables.items():
        frame.write_csv(tmp_path / "shop" / f"{name}.csv")
    new = tables["orders"].tail(120).drop("returned", "settled")
    new.write_csv(tmp_path / "new.csv")
    source, rows = str(tmp_path / "shop"), str(tmp_path / "new.csv")
    one, other = ap.explain(folder, source, [1, 3], of=rows)
    said = model.predict_frame(tables, rows)["probability_yes"]
    for found, expected in zip((one, other), (said[1], said[3]), strict=True):
        assert found["prediction"]["probability_yes"] == pytest.approx(expected)
    assert ap.api.drift(folder, source, rows).rows[1] == 120
    assert ap.api.drift(folder, source).worst is None
    assert ap.validate(source, folder).success
    assert main(["explain", str(folder), source, "--rows", rows, "--row", "0"]) == 0
    assert main(["drift", str(folder), source, "--rows", rows, "--time", "placed"]) in (0, 1)
    assert "2024-07" in capsys.readouterr().out


def test_a_target_that_is_not_late_is_refused():
    with pytest.raises(ap.SettingError, match="late"):
        ap.fit(shop(60), "items", table="orders", schema=SCHEMA, cutoff="placed", time_budget_s=None, work_budget=1)
    with pytest.raises(ap.InputError, match="schema"):
        ap.fit(shop(60), "returned", table="orders", cutoff="placed")


@pytest.mark.parametrize("verb", ["synthesize", "select"])
def test_features_for_a_target_want_it_declared_late(verb):
    with pytest.raises(ap.SettingError, match=r"write late: \[returned, items\] there, under tables: orders:"):
        getattr(ap, verb)(shop(60), "items", table="orders", schema=SCHEMA, cutoff="placed")


def test_a_rows_own_outcome_stays_out_of_its_features():
    """An order counts as known when it is placed, and the cutoff lies an hour later: history would hold the order."""
    r = np.random.default_rng(7)
    tables = shop(300)
    tables["orders"] = tables["orders"].with_columns(y=pl.Series(r.integers(0, 2, 300)))
    schema = SCHEMA.replace("known: settled, late: [returned]", "late: [returned, y]")
    heard: list[str] = []
    call = {"table": "orders", "schema": schema, "listener": lambda event: heard.append(event.message)}
    made = ap.synthesize(tables, "y", cutoff="placed + 1h", **call)
    assert not [d for d in made.definitions if "orders.y" in d.inputs or "orders.returned" in d.inputs]
    assert any("would read 'y' of the row itself: 300 rows count as known at their 'placed'" in line for line in heard)
    assert made.leaks is not None
    assert made.leaks["in_time"].max() < 0.65, "nothing tells a random outcome"
    assert "MEAN(orders.y) BEFORE cutoff BY customer" in {
        d.definition for d in ap.synthesize(tables, "y", cutoff="placed", **call).definitions
    }
    asked = {
        "MEAN(orders.y) BEFORE cutoff BY customer": "of the row itself",
        "MEAN(orders.items) BEFORE cutoff BY y": "by 'y', the target",
    }
    for line, message in asked.items():
        with pytest.raises(ap.SettingError, match=message):
            ap.synthesize(tables, "y", cutoff="placed + 1h", features=[line], **call)
    still = {**call, "schema": schema.replace("time: placed,", "static: true,")}
    with pytest.raises(ap.SettingError, match="regardless of time, the row itself among them"):
        ap.synthesize(tables, "y", features=["MEAN(orders.y) BY customer"], **still)


def test_earlier_rows_that_cannot_be_read_are_named():
    heard: list[str] = []
    ap.synthesize(
        shop(60), table="orders", schema=SCHEMA.replace("time: placed, known: settled, ", ""), cutoff="placed",
        listener=lambda event: heard.append(event.message),
    )  # fmt: skip
    assert any("Nothing is read from earlier rows of 'orders'" in line for line in heard)


def test_a_key_of_several_rows_is_refused():
    tables = shop(60)
    tables["customers"] = pl.concat([tables["customers"], tables["customers"].head(2)])
    with pytest.raises(ap.SettingError, match="'customers' has 22 rows and 20 values of its key"):
        ap.synthesize(tables, table="orders", schema=SCHEMA, cutoff="placed")


def test_different_tables_are_not_stacked(tmp_path):
    tables = shop(60)
    for name, frame in tables.items():
        frame.write_csv(tmp_path / f"{name}.csv")
    for verb in (ap.synthesize, ap.read, lambda source: ap.fit(source, "returned")):
        with pytest.raises(ap.InputError, match=r"different tables \(customers\.csv, orders\.csv\).*--table"):
            verb(str(tmp_path))
        with pytest.raises(ap.InputError, match=r"mapping of 2 tables \(orders, customers\).*table='orders'"):
            verb(tables)
    tables["orders"].write_csv(tmp_path / "customers.csv")
    assert ap.read(str(tmp_path)).frame.collect().height == 120
