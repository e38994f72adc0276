"""The promises of cleaning on real, raw tables: undo is the identity, twice is once, same input, same bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from autoprep import reading
from autoprep.cleaning import apply, apply_to_files, distinct, plan, read_ledger, undo
from autoprep.types import Plan

ROWS = 500
SETS = (
    "adr_beers_noise/noise_30.csv",
    "airbnb_amsterdam/airbnb_listings.csv",
    "ames_house_prices/train.csv",
    "auto_imports/auto_imports.csv",
    "bank_additional/bank-additional.csv",
    "bechdel_movies/movies.csv",
    "beijing_pm25/pollution.csv",
    "bengaluru_house/Bengaluru_House_Data.csv",
    "chronic_kidney_disease/ChronicKidneyDisease.csv",
    "country_happiness/GDP_per_capita.csv",
    "employee_salaries/employee_salaries.csv",
    "eyo_healthcare/dirty.csv",
    "eyo_hr/dirty.csv",
    "google_play_store/googleplaystore.csv",
    "horse_colic/horse-colic.csv",
    "loan_prediction/loan_train.csv",
    "medicare_cost/medicare_cost.csv",
    "northwind/customers.csv",
    "open_payments/open_payments.csv.gz",
    "raha_beers/dirty.csv",
    "raha_hospital/dirty.csv",
    "srepair_res/dirty.csv",
    "telco_churn/telco_churn.csv",
    "titanic/train.csv",
    "travel_insurance/travel_insurance.csv",
)
pytestmark = [pytest.mark.slow, pytest.mark.data]


def _raw(data_dir: Path, name: str) -> pl.DataFrame:
    if not (data_dir / name).is_file():
        pytest.skip(f"{name} is not among the development data")
    return reading.read(data_dir / name).frame.head(ROWS).collect()


def _with_repeats(raw: pl.DataFrame) -> pl.DataFrame:
    """The rows with some of them repeated further down, so that there are rows to drop and to bring back."""
    return pl.concat([raw.head(40), raw.slice(3, 5), raw.slice(40), raw.slice(11, 3)])


def _bytes(made: Plan, ledger: pl.DataFrame) -> tuple[bytes, bytes]:
    file = io.BytesIO()
    ledger.write_parquet(file)
    return made.to_yaml().encode(), file.getvalue()


@pytest.mark.parametrize("name", SETS)
def test_a_real_set_keeps_the_promises(data_dir: Path, name: str) -> None:
    raw = _with_repeats(_raw(data_dir, name))
    made = plan(raw)
    # every step that the plan applies or asks about, and no budget that could stop it
    every = replace(made, settings={"max_rejected": 1.0}).with_status(
        "apply", [a.id for a in made.actions if a.status == "ask"]
    )
    once = apply(raw, every)
    assert undo(once.frame, once.ledger).equals(raw), "undo gives the input back, row order and dropped rows included"
    assert apply(once.frame, every).frame.equals(once.frame), "twice is once"
    assert apply(raw, every.with_status("skip")).frame.equals(raw), "no step, no change"
    again = plan(raw)
    assert _bytes(again, apply(raw, replace(every, actions=every.actions)).ledger) == _bytes(made, once.ledger)


@pytest.mark.parametrize("name", SETS[::3])
def test_distinct_values_give_what_all_cells_give(data_dir: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _with_repeats(_raw(data_dir, name))
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    whole = apply(raw, made)
    monkeypatch.setattr(distinct, "MIN_ROWS", 1)
    monkeypatch.setattr(distinct, "MOST_DISTINCT", 1.0)
    again = apply(raw, made)
    assert again.frame.equals(whole.frame)
    assert again.ledger.equals(whole.ledger)
    assert again.quarantine.equals(whole.quarantine)


@pytest.mark.parametrize("name", SETS[::6])
def test_files_in_batches_hold_the_same_as_memory(data_dir: Path, name: str, tmp_path: Path) -> None:
    raw = _with_repeats(_raw(data_dir, name))
    made = replace(plan(raw), settings={"max_rejected": 1.0})
    whole = apply(raw, made)
    clean, ledger, quarantine = (tmp_path / f"{part}.parquet" for part in ("clean", "ledger", "quarantine"))
    apply_to_files(raw.lazy(), made, clean, ledger=ledger, quarantine=quarantine, batch_rows=137)
    assert pl.read_parquet(clean).equals(whole.frame)
    key = ["row", "column", "action", "before"]
    assert read_ledger(ledger).sort(key).equals(whole.ledger.sort(key))
    assert pl.read_parquet(quarantine).equals(whole.quarantine)
