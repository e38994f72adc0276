"""What the words of a text say of the target: beside scikit-learn's ridge, without itself, the same for one row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.synthesis.ranking import fold_of
from autoprep.synthesis.rows import Synthesizer
from autoprep.synthesis.text_targets import PENALTY, TextTarget

GOOD, BAD = (
    ["excellent", "lovely", "tasty", "fresh", "perfect", "warm"],
    ["awful", "stale", "rude", "cold", "broken", "dirty"],
)
DULL = [
    "the",
    "soup",
    "waiter",
    "table",
    "evening",
    "place",
    "we",
    "had",
    "and",
    "with",
    "our",
    "night",
    "food",
    "order",
    "menu",
]


def reviews(rows: int = 400, seed: int = 0, telling: bool = True) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    liked = rng.random(rows) < 0.5
    said = []
    for one in liked:
        words = rng.choice(DULL, 7).tolist()
        if telling:
            words += rng.choice(GOOD if one == (rng.random() < 0.9) else BAD, 1).tolist()
        rng.shuffle(words)
        said.append(" ".join([*words, f"no{rng.integers(10**9)}"]))
    return pl.DataFrame({"review": said, "stars": rng.normal(size=rows)}), liked.astype(float)


def test_it_is_a_ridge_regression_on_tfidf() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    frame, y = reviews()
    made = TextTarget.learn_target(frame, "review", "words", y[:, None], [None])
    assert made is not None
    told = made.columns(frame)[0].to_numpy()
    counter = TfidfVectorizer(vocabulary=list(made.vocabulary), token_pattern=r"(?u)\b\w+\b")
    x = counter.fit_transform(frame["review"].to_list())
    oracle = Ridge(alpha=PENALTY, fit_intercept=False).fit(x, y - y.mean()).predict(x)
    assert told == pytest.approx(oracle, abs=2e-3)


def test_training_rows_are_told_without_themselves() -> None:
    frame, y = reviews(telling=False)
    made = TextTarget.learn_target(frame, "review", "words", y[:, None], [None], least=float("-inf"))
    assert made is not None
    own = np.corrcoef(made.columns(frame)[0].to_numpy(), y)[0, 1]
    without = np.corrcoef(made.training_columns(frame, y[:, None], fold_of(400, 5, 0))[0].to_numpy(), y)[0, 1]
    assert own > 0.1
    assert without < 0.1
    assert TextTarget.learn_target(frame, "review", "words", y[:, None], [None]) is None


def test_texts_that_are_missing_or_strange_say_nothing() -> None:
    frame, y = reviews()
    made = Synthesizer(("base", "target"), task="binary")
    made.fit(frame, y=y)
    [name] = [f.name for f in made.features if f.name.startswith("TEXT_TARGET")]
    odd = pl.DataFrame({"review": [None, "", "zzz qqq", "an excellent perfect evening"], "stars": [0.0] * 4})
    said = made.transform(odd)[name].to_list()
    assert said[:3] == [None, 0.0, 0.0]
    assert said[3] > 0.1
    again = Synthesizer.from_dict(made.to_dict())
    assert again.transform(odd)[name].to_list() == said


def test_several_classes_have_one_each() -> None:
    frame, liked = reviews()
    y = np.where(liked == 1, "good", np.where(np.arange(400) % 2 == 0, "bad", "ugly"))
    made = Synthesizer(("target",), task="multiclass")
    table = made.fit_transform(frame, y)
    assert "TEXT_TARGET(review, label='good', of='words')" in table.columns


def test_a_model_of_texts_says_the_same_of_one_row_and_of_many(tmp_path: Path) -> None:
    frame, y = reviews()
    rows = frame.with_columns(liked=pl.Series(np.where(y == 1, "yes", "no")))
    model = ap.fit(rows, target="liked", time_budget_s=None, work_budget=3)
    model.save(tmp_path / "m")
    again = ap.load(tmp_path / "m")
    few = frame.head(6)
    whole = again.predict_frame(few)
    single = pl.concat([again.predict_frame(few[i]) for i in range(6)])
    assert whole.equals(single)
