"""What the model does not read, new rows need not have: no reason, no broken check, no drift; what it reads they do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.serving.rowwise import RowScorer


def customers(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Those who leave have a reason, which nobody has beforehand; each has a number of their own."""
    rng = np.random.default_rng(seed)
    months, plan = rng.integers(1, 60, rows), rng.choice(["basic", "plus", "pro"], rows)
    left = rng.random(rows) < 1 / (1 + np.exp(months / 10 - 2 - (plan == "basic")))
    reason = np.where(left, rng.choice(["price", "moved", "service"], rows), None)
    return pl.DataFrame(
        {
            "cust_id": [f"C{i:06d}" for i in rng.permutation(10**6)[:rows]],
            "months": months.astype(str),
            "plan": plan,
            "fee": rng.normal(50, 9, rows).round(2),
            "churn_reason": pl.Series(reason.tolist(), dtype=pl.String),
            "churned": np.where(left, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spare") / "model"
    ap.fit(customers(), "churned", time_budget_s=None, work_budget=0.1).save(path)
    return path


@pytest.fixture
def new() -> pl.DataFrame:
    return customers(200, seed=1).drop("churned", "churn_reason", "cust_id")


def test_rows_without_what_the_model_does_not_read_are_predicted_without_reasons(
    folder: Path, new: pl.DataFrame
) -> None:
    scorer = api.load(folder).scorer()
    assert scorer.predict(new)["reasons"].unique().to_list() == [""]
    said = scorer.predict(new.drop("fee"))["reasons"].unique().to_list()
    assert said == ["table.missing_column:fee"]
    alone = RowScorer(scorer).predict(new.row(0, named=True))
    assert alone["reasons"] == ""


def test_the_contract_holds_without_them_and_checks_them_where_they_are(
    folder: Path, new: pl.DataFrame, tmp_path: Path
) -> None:
    new.write_csv(tmp_path / "new.csv")
    assert main(["validate", str(tmp_path / "new.csv"), "--contract", str(folder)]) == 0
    new.drop("plan").write_csv(tmp_path / "new.csv")
    assert main(["validate", str(tmp_path / "new.csv"), "--contract", str(folder)]) == 1
    broken = api.validate(new.with_columns(cust_id=pl.lit(None, pl.String)), api.load(folder)).broken
    assert [one.kwargs.get("column") for one in broken] == ["cust_id"]


def test_that_they_are_gone_is_no_drift_but_a_note(folder: Path, new: pl.DataFrame) -> None:
    found = api.drift(folder, new)
    assert not found.at_least("warning"), found.changes["sentence"].to_list()
    assert "'churn_reason' is gone" in found.changes["sentence"].to_list()
    assert api.drift(folder, new.drop("plan")).at_least("error")
