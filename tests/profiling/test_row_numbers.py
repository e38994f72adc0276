"""Numbers of rows that go with the target, and words by which somebody says that nothing was said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

import autoprep as ap
from autoprep import api, profiling
from autoprep.config import Config


def _filled_quota(rows: int = 600, drifting: bool = True) -> pl.DataFrame:
    """A survey whose respondents are numbered as they answer; women answered first where it drifts."""
    rng = np.random.default_rng(3)
    share = np.where(np.arange(rows) < rows // 2, 0.2, 0.7) if drifting else np.full(rows, 0.45)
    frame = pl.DataFrame(
        {
            "RespondentID": [str(3_300_000_000 + int(v)) for v in np.cumsum(rng.integers(1, 90, rows))],
            "likes": rng.integers(1, 6, rows).astype(str),
            "sex": np.where(rng.random(rows) < share, "m", "f"),
        }
    )
    return frame[rng.permutation(rows)]


def test_a_number_of_rows_that_goes_with_the_target_is_a_number_and_said() -> None:
    frame = _filled_quota()
    profile = ap.profile(frame, target="sex")
    row = profile.column("RespondentID")
    assert (row["semantic"], row["role"], row["row_number"]) == ("integer", "number", True)
    assert row["row_number_reason"].startswith("its order goes with the target (score 0.")
    plan = ap.plan(frame, target="sex")
    assert not [a for a in plan.actions if a.rule == "column.identifier"]
    said = [f for f in api.find(profile) if f.rule == "target.row_number"]
    assert len(said) == 1
    assert "judge on later rows with time" in said[0].message


def test_a_number_of_rows_that_says_nothing_stays_an_identifier() -> None:
    frame = _filled_quota(drifting=False)
    row = ap.profile(frame, target="sex").column("RespondentID")
    assert (row["semantic"], row["role"]) == ("identifier", "identifier")
    assert row["row_number"] is None
    assert ap.profile(_filled_quota()).column("RespondentID")["role"] == "identifier"


def test_a_person_decides_what_a_number_of_rows_is() -> None:
    config = Config(columns={"RespondentID": {"role": "identifier"}})
    row = profiling.profile(_filled_quota(), target="sex", config=config).column("RespondentID")
    assert (row["role"], row["row_number"]) == ("identifier", True)


def test_later_numbers_are_no_breach_of_the_contract(tmp_path: Path) -> None:
    frame = _filled_quota()
    model = ap.fit(frame, target="sex", time_budget_s=None, work_budget=2)
    later = frame.with_columns((pl.col("RespondentID").cast(pl.Int64) + 10_000_000).cast(pl.String))
    assert model.predict(later.drop("sex")).len() == frame.height
    assert [r.expectation for r in model.validate(later.drop("sex")).results if not r.success] == []


def test_no_answer_is_a_class_of_a_target_and_nothing_elsewhere() -> None:
    rng = np.random.default_rng(0)
    words = rng.choice(["very", "somewhat", "not at all", "No answer"], 400, p=[0.4, 0.4, 0.18, 0.02])
    frame = pl.DataFrame({"felt": words, "again": rng.permutation(words), "x": rng.normal(size=400)})
    profile = ap.profile(frame, target="felt")
    assert profile.column("felt")["disguised_null_rate"] == 0.0
    assert profile.column("felt")["null_words"] == []
    assert profile.column("again")["disguised_null_rate"] > 0.0
    cleaned = ap.clean(frame, target="felt").frame
    assert cleaned.height == frame.height
    assert set(cleaned["felt"]) == set(words.tolist())


def test_no_answer_among_numbers_is_nothing() -> None:
    values = [str(v) for v in np.linspace(1, 50, 200).round(2)]
    frame = pl.DataFrame({"y": [*values, "no answer"], "x": [float(i) for i in range(201)]})
    assert ap.profile(frame, target="y").column("y")["null_words"] == ["no answer"]


def test_row_numbers_from_which_rows_were_taken_out_are_identifiers() -> None:
    rng = np.random.default_rng(5)
    kept = np.sort(rng.permutation(1_000)[:650]) + 1
    measure = np.sort(rng.permutation(9_000)[:650])
    frame = pl.DataFrame({"n": kept, "length": measure, "x": rng.normal(size=650)})
    found = ap.profile(frame)
    assert (found.column("n")["role"], found.column("length")["role"]) == ("identifier", "number")
