"""The synthesizer of one table: same numbers for one row and many, nothing learnt from itself, plain JSON."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from autoprep.errors import InputError
from autoprep.synthesis import GROUPS, Synthesizer
from autoprep.types import ColumnSpec

ROWS = 600


def table(rows: int = ROWS, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    r = np.random.default_rng(seed)
    words = np.array(["red", "green", "blue", "small", "large", "round", "square", "old", "new", "shiny"])
    frame = pl.DataFrame(
        {
            "a": r.normal(size=rows) + 5,
            "b": r.gamma(2.0, size=rows) + 0.1,
            "flag": r.random(rows) < 0.5,
            "city": [f"city{i}" for i in r.integers(0, 30, rows)],
            "zip": [f"{i:05d}" for i in r.integers(0, 200, rows)],
            "when": [date(2024, 1, 1 + int(i)) for i in r.integers(0, 28, rows)],
            "seen": [datetime(2025, 1 + int(i), 3, 4, 5) for i in r.integers(0, 12, rows)],
            "note": [" ".join(words[i]) for i in r.integers(0, 10, (rows, 6))],
            "id": [f"id-{i}" for i in range(rows)],
        }
    ).with_columns(pl.when(pl.col("a") > 5.5).then(None).otherwise(pl.col("a")).alias("a"))
    y = frame["b"].to_numpy() / 2 + 0.1 * r.normal(size=rows)
    return frame, y


SPECS = [
    ColumnSpec("a", "a", "number", "number", unit="m"),
    ColumnSpec("b", "b", "number", "number", unit="m"),
    ColumnSpec("flag", "flag", "boolean", "boolean"),
    ColumnSpec("city", "city", "text", "category"),
    ColumnSpec("zip", "zip", "text", "code"),
    ColumnSpec("when", "when", "date", "date"),
    ColumnSpec("seen", "seen", "datetime", "datetime"),
    ColumnSpec("note", "note", "text", "text"),
    ColumnSpec("id", "id", "text", "identifier"),
]


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_one_row_equals_many_and_survives_json(task: str) -> None:
    frame, y = table()
    goal = y if task == "regression" else np.digitize(y, np.quantile(y, [0.5] if task == "binary" else [0.3, 0.6]))
    made = Synthesizer(GROUPS).fit(frame, SPECS, goal, task)
    whole = made.transform(frame)
    again = Synthesizer.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again.transform(frame).equals(whole)
    for row in (0, 17, ROWS - 1):
        assert again.transform(frame[row : row + 1]).equals(whole[row : row + 1])
    assert [f.name for f in made.features] == whole.columns
    assert [f.name for f in again.features] == whole.columns


def test_every_type_of_column_becomes_model_ready() -> None:
    frame, y = table()
    made = Synthesizer(GROUPS).fit_transform(frame, y, SPECS, "regression")
    assert "id" not in made.columns
    assert set(made.dtypes) <= {pl.Float64, pl.Float32, pl.Boolean, pl.String}
    for name in ("WEEKDAY(when)", 'DAYS_BETWEEN(seen, "when")', "PREFIX_NUMBER(zip, length=3)"):
        assert name in made.columns or name.replace('"', "") in made.columns, name


def test_null_stays_null_and_unseen_is_told_apart() -> None:
    frame, y = table()
    made = Synthesizer(("base", "counts", "target")).fit(frame, SPECS, y, "regression")
    new = frame[:2].with_columns(pl.Series("city", ["never seen", None]))
    out = made.transform(new)
    assert out["FREQUENCY(city)"].to_list() == [0.0, None]
    assert out["a"].null_count() == new["a"].null_count()


def test_missing_columns_count_as_missing() -> None:
    frame, y = table()
    made = Synthesizer(("base", "target")).fit(frame, SPECS, y, "regression")
    out = made.transform(frame.drop("city", "when"))
    assert out.height == frame.height
    assert out["city"].null_count() == frame.height


def test_target_encoding_says_nothing_on_noise() -> None:
    r = np.random.default_rng(3)
    frame = pl.DataFrame({"key": [f"k{i}" for i in r.integers(0, 200, 1000)]})
    y = r.normal(size=1000)
    made = Synthesizer(("target",)).fit_transform(frame, y, task="regression")
    for name in made.columns:
        assert abs(np.corrcoef(made[name].to_numpy(), y)[0, 1]) < 0.12


def test_target_encoding_of_training_rows_is_learnt_elsewhere() -> None:
    frame = pl.DataFrame({"key": [f"k{i // 2}" for i in range(400)]})
    r = np.random.default_rng(0)
    group = np.repeat(r.normal(size=200), 2) * 3
    y = group + r.normal(size=400)
    made = Synthesizer(("target",))
    crossed = made.fit_transform(frame, y, task="regression")["TARGET_MEAN(key)"]
    plain = made.transform(frame)["TARGET_MEAN(key)"]
    assert np.corrcoef(crossed.to_numpy(), y)[0, 1] < np.corrcoef(plain.to_numpy(), y)[0, 1]


def test_arithmetic_finds_the_ratio_and_nothing_on_noise() -> None:
    r = np.random.default_rng(1)
    frame = pl.DataFrame({f"x{i}": r.gamma(2.0, size=3000) + 0.2 for i in range(5)})
    y = (frame["x0"] / frame["x1"]).to_numpy() + 0.1 * r.normal(size=3000)
    found = [f.name for f in Synthesizer(("arithmetic",)).fit(frame, None, y, "regression").features]
    assert {"RATIO(x0, x1)", "RATIO(x1, x0)"} & set(found)
    noise = Synthesizer(("arithmetic",)).fit(frame, None, r.normal(size=3000), "regression").features
    assert len(noise) <= 1


def test_unknown_group_is_refused() -> None:
    with pytest.raises(InputError, match="unknown feature group"):
        Synthesizer(("bases",))


def test_empty_and_constant_frames_work() -> None:
    frame = pl.DataFrame({"a": [None, None], "b": ["x", "x"]}, schema={"a": pl.Float64, "b": pl.String})
    made = Synthesizer(GROUPS).fit(frame, None, np.array([0, 1]), "binary")
    assert made.transform(frame).height == 2
    assert made.transform(frame[:0]).height == 0
