"""The canary: an honest pipeline scores chance on a shuffled target, and a leaking step is named."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from autoprep.__main__ import main
from autoprep.pipeline.canary import canary
from autoprep.synthesis import Synthesizer


def table(rows: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    price = rng.lognormal(3, 1, rows)
    return pl.DataFrame(
        {
            "price": [f"${p:,.2f}" for p in price],
            "city": rng.choice(["Oslo", "Bergen", "Moss"], rows),
            "street": rng.choice([f"street {i}" for i in range(90)], rows),
            "sold": np.where(price + rng.normal(size=rows) * 5 > 20, "yes", "no"),
            "value": (price * 2 + rng.normal(size=rows)).round(2).astype(str),
        }
    )


@pytest.mark.parametrize("target", ["sold", "value"])
def test_an_honest_pipeline_scores_chance(target: str) -> None:
    found = canary(table().drop("value" if target == "sold" else "sold"), target)
    assert [sign.stage for sign in found.signs] == ["cleaning", "base", "encoded", "all"]
    assert found.culprit == ""
    for sign in found.signs:
        assert sign.low <= sign.chance <= sign.high


def test_a_step_that_lets_the_target_through_is_named() -> None:
    frame = table().drop("value")
    order = np.random.default_rng(0).permutation(frame.height)
    keys = frame.drop("sold")["price"].str.strip_chars("$").str.replace_all(",", "").cast(pl.Float64).to_list()
    told = dict(zip(keys, (frame["sold"][order] == "yes").cast(pl.Float64).to_list(), strict=True))

    class Peeking:
        """A synthesizer that knows the target of every row, as one that was learnt before the folds were cut."""

        features: tuple[()] = ()

        def fit_transform(self, rows: pl.DataFrame, y: Any) -> pl.DataFrame:
            return self.transform(rows)

        def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
            return pl.DataFrame({"peek": [told[price] for price in rows["price"].to_list()]})

        def to_dict(self) -> dict[str, Any]:
            return {}

    honest = partial(Synthesizer, ("base",), task="binary")
    found = canary(frame, "sold", feature_sets={"honest": honest, "peeking": Peeking})
    assert found.culprit == "peeking"
    assert found.signs[-1].low > 0.8


LEAKING = """format: 1
source: {{uri: sold.csv}}
target: sold
task: binary
actions:
- id: own.hint:hint
  rule: own.hint
  columns: [hint]
  verb: sql
  parameters: {{expression: {expression}}}
  kind: lossy
  gate: auto
  status: apply
  confidence: 1.0
  why: a hint of one's own
inputs: {{size: String, hint: String, sold: String}}
"""


HINT = "\"CASE WHEN sold = 'yes' THEN 'a' ELSE 'b' END\""


@pytest.mark.parametrize(("expression", "status"), [("hint", 0), (HINT, 1)])
def test_the_command_line_says_which_step_leaks(
    expression: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    frame = {"size": rng.normal(size=200), "hint": rng.choice(["a", "b"], 200), "sold": rng.choice(["yes", "no"], 200)}
    pl.DataFrame(frame).write_csv(tmp_path / "sold.csv")
    (tmp_path / "plan.yaml").write_text(LEAKING.format(expression=expression))
    words = ["canary", str(tmp_path / "sold.csv"), "-t", "sold", "--plan", str(tmp_path / "plan.yaml"), "--json", "-q"]
    assert main(words) == status
    said = json.loads(capsys.readouterr().out)
    assert said["culprit"] == ("cleaning" if status else "")
    assert all(sign["carriers"][:1] == (["hint"] if status else []) for sign in said["signs"][:2])
