"""Small stand-ins with the shapes of the real parts, so that the format is tested without training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autoprep.serving import artifact, predictor
from autoprep.types import Action, ColumnSpec, Feature, Leaderboard, Plan, Trial

from .shop import orders


class Line:
    """A predictor: the sum of its numbers; a probability by the logistic function."""

    def __init__(self, weight: float = 0.5, classes: tuple[str, ...] = ("no", "yes")) -> None:
        self.weight, self.classes = weight, classes

    def _sum(self, frame: pl.DataFrame) -> np.ndarray:
        return frame.select(pl.sum_horizontal(pl.selectors.numeric().fill_null(0))).to_series().to_numpy() * self.weight

    def predict_proba(self, frame: pl.DataFrame) -> np.ndarray:
        share = 1 / (1 + np.exp(-self._sum(frame) / 10))
        return np.column_stack([1 - share, share])

    def predict(self, frame: pl.DataFrame) -> np.ndarray:
        return np.array(self.classes, dtype=object)[self.predict_proba(frame).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        (folder / "line.json").write_text(json.dumps({"weight": self.weight, "classes": self.classes}))

    @classmethod
    def load(cls, folder: Path) -> Line:
        said = json.loads((folder / "line.json").read_text())
        return cls(said["weight"], tuple(said["classes"]))


class Doubler:
    """A synthesizer: one column more."""

    def __init__(self, factors: np.ndarray) -> None:
        self.factors = factors

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns((pl.col("age") * self.factors[0]).alias("age_doubled"))

    def to_dict(self) -> dict[str, object]:
        return {"factors": self.factors, "empty": float("nan")}

    @classmethod
    def from_dict(cls, state: dict[str, object]) -> Doubler:
        return cls(state["factors"])


def clean(frame: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ages as numbers; words become null with an event; a missing column is an event of every row."""
    event = {"column": "age", "rule": "missing.disguised_null", "reason": "a word", "policy": "repair"}
    if "age" not in frame.columns:
        gone = pl.DataFrame([{"row": None, **event, "rule": "contract.missing_column"}], schema=predictor.EVENTS)
        return pl.DataFrame({"age": pl.Series([None] * frame.height, dtype=pl.Float64)}), gone
    parsed = frame.select(pl.col("age").cast(pl.Float64, strict=False)).with_columns()
    bad = (parsed["age"].is_null() & frame["age"].is_not_null()).arg_true().to_list()
    return parsed, pl.DataFrame([{"row": row, **event} for row in bad], schema=predictor.EVENTS)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Arguments of ``artifact.save``."""
    monkeypatch.setattr(artifact, "_predictor", Line.load)
    monkeypatch.setattr(artifact, "_synthesizer", lambda f: Doubler.from_dict(artifact.read_state(f, "synthesizer")))
    monkeypatch.setattr(predictor, "_transform", lambda plan: clean)
    action = Action(id="missing.disguised_null:age", rule="missing.disguised_null", columns=("age",), verb="nullify")
    plan = Plan(
        actions=(action,),
        inputs={"age": "String", "ok": "String"},
        outputs=(ColumnSpec("age", "age", "number", "number"),),
        target="ok",
        task="binary",
    )
    return {
        "plan": plan,
        "predictor": Line(),
        "synthesizer": Doubler(np.array([2.0, 3.0])),
        "facts": {"task": "binary", "target": "ok", "classes": ["no", "yes"], "metric": "auc", "seeds": [0]},
        "contract": {"name": "contract", "expectations": []},
        "features": (Feature("age_doubled", "age * 2", ("age",)),),
        "leaderboard": Leaderboard("auc", True, (Trial("line", 0.2, 0.8, parameters={"weight": 0.5}),)),
        "replay": pl.DataFrame({"age": ["31", "N/A", None, "-4", "é"], "ok": ["yes", "no", None, "yes", "no"]}),
        "papers": {"report.html": "<p>all is well</p>", "card.md": "# Card\n"},
    }


@pytest.fixture(scope="session")
def shop_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real model of dirty orders."""
    import autoprep as ap

    folder = tmp_path_factory.mktemp("shop")
    orders(300).write_csv(folder / "orders.csv")
    ap.fit(folder / "orders.csv", "bought", time_budget_s=None, work_budget=3).save(folder / "model")
    return folder / "model"
