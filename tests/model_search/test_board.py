"""The leaderboard names what is delivered, by its own score, and ranks only what the same folds judged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from autoprep.model_search.board import judged_on
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.finish import Finisher
from autoprep.model_search.metrics import METRICS
from autoprep.model_search.mixing import Mixer
from autoprep.model_search.predictor import Predictor
from autoprep.model_search.prepared import SKETCH
from autoprep.model_search.race import Race, Runner
from autoprep.model_search.splits import Splits
from autoprep.model_search.trial import Bench, FoldResult
from autoprep.reporting.content import model_content
from autoprep.types import Leaderboard, Trial

ROWS, FOLDS = 400, 8
RNG = np.random.default_rng(0)
Y = RNG.normal(size=ROWS)
PART: Any = SimpleNamespace(model=SimpleNamespace(rounds=10), scale=SimpleNamespace(factor=1.0))


def runner(label: str, spread: float, folds: int, seed: int) -> Runner:
    """A model that misses by so much on each of the first folds."""
    rng, made = np.random.default_rng(seed), Runner(Configuration("linear", {"seed": seed}, label=label))
    for fold in range(folds):
        judged = np.arange(fold, ROWS, FOLDS)
        said = Y[judged] + spread * rng.normal(size=len(judged))
        loss = METRICS["rmse"].loss(Y[judged], said)
        made.results[fold] = FoldResult(said, loss, 0.1, 0.01, 0.0, 3, PART, True)
    return made


def finisher(runners: list[Runner], decisive: int, deploy: str = "balanced") -> Finisher:
    """One that is asked to finish a race of these, on the first so many folds."""
    rows = [(np.setdiff1d(np.arange(ROWS), np.arange(f, ROWS, FOLDS)), np.arange(f, ROWS, FOLDS)) for f in range(FOLDS)]
    bench = SimpleNamespace(
        y=Y, metric=METRICS["rmse"], weight=None, splits=SimpleNamespace(folds=rows, repeats=1, kind="plain"),
        classes=0, seed=0, rows=lambda fold: rows[fold],
    )  # fmt: skip
    race = Race.__new__(Race)
    race.runners, race.folds = {r.configuration.key: r for r in runners}, list(range(FOLDS))
    notes: list[str] = []
    made = Finisher(
        cast(Bench, bench), race, Predictor("regression", [], "rmse", [0.0]), deploy, 1.0,
        notes.append,
    )  # fmt: skip
    made.folds = list(range(decisive))
    made.rows = np.concatenate([rows[f][1] for f in made.folds])
    return made


def board(made: Finisher, weights: list[tuple[Runner, float]]) -> Leaderboard:
    made.weights = weights
    return made._board(made._scores())


def test_what_fewer_folds_judged_does_not_outrank_and_all_others_are_judged_alike() -> None:
    late, longer, other = runner("late", 0.1, 2, 1), runner("longer", 1.0, FOLDS, 2), runner("other", 1.0, 5, 3)
    # Later folds flatter the one that had time for them.
    for fold in (5, 6, 7):
        longer.results[fold].loss = 0.01
    found = board(finisher([late, longer, other], 5), [(longer, 0.5), (other, 0.5)])
    assert [trial.model for trial in found.trials] == ["ensemble", *[t.model for t in found.trials[1:3]], "late"]
    assert "2 of 5 folds" in found.trials[-1].note
    kept = found.delivered
    assert kept is not None
    assert (kept.model, kept.loss) == ("ensemble", min(trial.loss for trial in found.trials[:-1]))
    shown = next(trial for trial in found.trials if trial.model == "longer")
    assert shown.loss == pytest.approx(longer.mean(range(5)))
    lead = model_content(title="y", leaderboard=found).lead
    assert "Delivered: ensemble" in lead


def test_a_single_model_that_is_kept_is_marked_once() -> None:
    first, second = runner("first", 0.5, 5, 1), runner("second", 0.6, 5, 2)
    found = board(finisher([first, second], 5), [(first, 1.0)])
    assert [(trial.model, trial.delivered) for trial in found.trials] == [("first", True), ("second", False)]


def test_a_mix_that_loses_more_than_its_error_is_not_kept_for_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = runner("good", 0.1, FOLDS, 1), runner("bad", 3.0, FOLDS, 2)
    made = finisher([good, bad], FOLDS)
    members = [good, bad]
    stacked = [np.concatenate([r.results[f].prediction for f in made.folds]) for r in members]
    monkeypatch.setattr("autoprep.model_search.mixing.bagged", lambda *_, **__: np.array([0.5, 0.5]))
    monkeypatch.setattr("autoprep.model_search.mixing.likely", lambda *_: np.array([0.5, 0.5]))
    assert Mixer(made.bench, made.folds, "balanced", made.note).shares(members, stacked).tolist() == [1.0, 0.0]


def test_a_score_of_one_fold_is_no_cross_validation() -> None:
    side = (np.array([0]), np.array([1]))
    said = [judged_on([0], Splits((side,), kind)) for kind in ("holdout", "time", "random")]
    assert said == ["on one held-out fold", "on one fold", "on one fold"]
    assert judged_on([0, 1], Splits((side,) * 3, "random")) == "in cross-validation on 2 of 3 folds"
    assert judged_on([SKETCH], Splits((side,) * 3, "random")) == "on a sample of rows"
    board_ = Leaderboard("auc", True, (Trial("tree", 0.1, 0.9, delivered=True),))
    lead = model_content(title="y", leaderboard=board_, judged_on="on one fold").lead
    assert "auc 0.9 on one fold." in lead and "cross" not in lead


def test_losses_that_are_judged_anew_are_said_and_those_that_are_not_are_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    curved: Any = SimpleNamespace(model=SimpleNamespace(rounds=10, curve=[0.3, 0.2]), scale=PART.scale)
    whole_, late = runner("whole", 1.0, FOLDS, 1), runner("late", 1.0, 2, 2)
    for result in late.results.values():
        result.part = curved
    made, said = finisher([whole_, late], FOLDS), list[str]()
    made.note = said.append
    monkeypatch.setattr("autoprep.model_search.finish.level", lambda *_: 0.021)
    made._level()
    assert said == ["boosted models are judged anew at the rounds that all folds share: losses stand 2.1% above those"
                    " of the race"]  # fmt: skip
    assert late.note == "each fold at its own best round, which flatters" and not whole_.note


def test_rows_of_one_name_are_told_apart() -> None:
    said = [{"features": "base", "depth": 3}, {"features": "all", "depth": 3}, {"features": "all", "depth": 4}]
    found = Leaderboard("auc", True, tuple(Trial("tree", 0.1, 0.9, parameters=p) for p in said))
    assert found.named() == ("tree (features base, depth 3)", "tree (features all, depth 3)",
                             "tree (features all, depth 4)")  # fmt: skip
    assert [row["model"] for row in model_content(title="y", leaderboard=found).leaderboard] == list(found.named())
