"""A model over several tables: point in time, saved, loaded, asked for new rows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

import autoprep as ap

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


def test_a_target_that_is_not_late_is_refused():
    with pytest.raises(ap.SettingError, match="late"):
        ap.fit(shop(60), "items", table="orders", schema=SCHEMA, cutoff="placed", time_budget_s=None, work_budget=1)
    with pytest.raises(ap.InputError, match="schema"):
        ap.fit(shop(60), "returned", table="orders", cutoff="placed")
