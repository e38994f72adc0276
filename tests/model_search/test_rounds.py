"""Rounds that folds share: no fold is judged where its own rows have stopped it; and how often a refit is repeated."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.budget import Budget
from autoprep.model_search import finish, mixing, rounds
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.race import Runner
from autoprep.model_search.search import SearchResult, search
from autoprep.model_search.trial import FoldResult

RNG = np.random.default_rng(4)
ROWS = 240
PART: Any = SimpleNamespace(model=SimpleNamespace(rounds=10), scale=SimpleNamespace(factor=1.0))
FRAME = pl.DataFrame({f"x{i}": RNG.normal(size=ROWS) for i in range(6)})
NOISE = RNG.integers(0, 2, ROWS)


def run(y: Any, units: float = 0.6, **how: Any) -> SearchResult:
    return search(FRAME, y, task="binary", metric="log_loss", budget=Budget(work_budget=units), **how)


def boosted(found: SearchResult) -> list[float]:
    last = found.leaderboard.trials
    return [t.loss for t in last if t.model.startswith("LightGBM") and "of" not in t.note.split(";")[0]]


def test_stopping_early_no_longer_flatters_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """On pure noise no model beats the class shares; stopped where its own rows are told best, one seems to."""
    chance = float(-np.mean(np.log(np.where(NOISE == 1, NOISE.mean(), 1 - NOISE.mean()))))
    honest = boosted(run(NOISE))
    monkeypatch.setattr(finish, "level", lambda *_: None)
    flattered = boosted(run(NOISE))
    assert len(honest) == len(flattered) > 0
    assert np.mean(honest) > np.mean(flattered) + 0.001
    assert min(honest) > chance - 0.005


def test_members_have_the_rounds_that_their_folds_share() -> None:
    found = run((FRAME["x0"].to_numpy() + 0.5 * RNG.normal(size=ROWS) > 0).astype(int), units=4.0, deploy="accurate")
    kept: dict[str, list[Any]] = {}
    for member in found.predictor.members:
        if member.part.family == "lightgbm":
            kept.setdefault(str(member.made["parameters"]), []).append(member.part.model)
    assert kept
    for models in kept.values():
        shared = max(m.rounds for m in models)
        assert all(m.rounds in (shared, len(m.curve)) for m in models), "other rounds though it has as many trees"


def test_many_rows_and_few_folds_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FEW_ROWS", ROWS - 1)
    plain = run(NOISE)
    monkeypatch.setattr(finish, "level", lambda *_: None)
    assert boosted(run(NOISE)) == boosted(plain)


def test_a_refit_is_repeated_only_where_its_seed_matters() -> None:
    found = run((FRAME["x0"].to_numpy() > 0).astype(int), units=4.0)
    texts: dict[str, list[str]] = {}
    for member in found.predictor.members:
        if member.part.family == "lightgbm":
            texts.setdefault(str(member.made["parameters"]), []).append(member.part.model.booster.model_to_string())
    assert texts and all(len(set(said)) == len(said) for said in texts.values()), "the same model twice"


def test_the_mix_may_hold_the_best_of_each_family_that_is_near() -> None:
    def runner(family: str, loss: float, seed: int) -> Runner:
        made = Runner(Configuration(family, {"seed": seed}))
        made.results[0] = FoldResult(np.zeros(1), loss, 0.0, 0.0, 0.0, 1, PART, True)
        return made

    many = [runner("lightgbm", 0.20 + 0.0001 * i, i) for i in range(30)]
    ranked = [*many, runner("linear", 0.21, 0), runner("linear", 0.22, 1), runner("neighbours", 0.5, 0)]
    found = mixing.diverse(ranked, [0])
    assert len(found) == mixing.MEMBERS_IN_ENSEMBLE
    assert [r.configuration.family for r in found].count("linear") == 1, "the best linear one, not the worse"
    assert not any(r.configuration.family == "neighbours" for r in found), "far behind"
    assert [r.mean([0]) for r in found] == sorted(r.mean([0]) for r in found)
