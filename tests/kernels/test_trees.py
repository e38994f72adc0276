"""LightGBM's own answers, bit by bit, on random models and rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoprep.kernels import trees as kernel
from autoprep.model_search import boosted_trees
from autoprep.model_search.boosted_trees import Batches, BoostedTrees

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
STRANGE = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-36, -1e-36, 1e-35, 1e300, -1.0, -0.5, 1.5, 3e9, -3e9]


def rows_of(pick: np.random.Generator, rows: int, columns: int, codes: int, gaps: float, zeros: float) -> np.ndarray:
    """Numbers with missing cells and zeros; the last ``codes`` columns are categories."""
    matrix = pick.normal(size=(rows, columns)).round(2)
    matrix[:, columns - codes :] = pick.integers(0, 90, (rows, codes))
    matrix[pick.random(matrix.shape) < zeros] = 0.0
    matrix[pick.random(matrix.shape) < gaps] = np.nan
    return matrix


def booster_of(matrix: np.ndarray, y: np.ndarray, codes: int, rounds: int, **parameters: Any) -> lgb.Booster:
    """A model that fits the noise, so that its trees take every turn."""
    sets = list(range(matrix.shape[1] - codes, matrix.shape[1]))
    said = {"min_data_in_leaf": 1, "min_data_per_group": 1, "min_data_in_bin": 1, "cat_smooth": 1, "cat_l2": 0}
    data = lgb.Dataset(matrix, y, categorical_feature=sets, params={**QUIET, **said})
    return lgb.train({**QUIET, **said, **parameters}, data, num_boost_round=rounds)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_bit_is_lightgbms(data: st.DataObject) -> None:
    pick = np.random.default_rng(data.draw(st.integers(0, 2**32), "seed"))
    columns = data.draw(st.integers(1, 6), "columns")
    codes = data.draw(st.integers(0, columns), "codes")
    gaps, zeros = data.draw(st.sampled_from([0.0, 0.2]), "gaps"), data.draw(st.sampled_from([0.0, 0.4]), "zeros")
    matrix = rows_of(pick, 300, columns, codes, gaps, zeros)
    objective = data.draw(
        st.sampled_from(["regression", "binary", "multiclass", "poisson", "quantile", "regression_l1", "mape"]), "goal"
    )
    y = np.nan_to_num(matrix, nan=3.0).sum(axis=1) + pick.normal(size=300)
    if objective in ("binary", "multiclass"):
        y = np.digitize(y, np.quantile(y, [0.5] if objective == "binary" else [0.3, 0.6]))
    elif objective == "poisson":
        y = np.abs(y)
    more: dict[str, Any] = {"num_class": 3} if objective == "multiclass" else {}
    more |= {"zero_as_missing": data.draw(st.booleans(), "zero"), "use_missing": data.draw(st.booleans(), "missing")}
    leaves = data.draw(st.sampled_from([2, 5, 31, 64, 65, 200]), "leaves")
    booster = booster_of(matrix, y, codes, 7, objective=objective, num_leaves=leaves, **more)
    rounds = data.draw(st.sampled_from([3, 7]), "rounds")
    if data.draw(st.booleans(), "read again"):
        booster = lgb.Booster(model_str=booster.model_to_string())
    read = BoostedTrees.read(booster.model_to_string(num_iteration=rounds))
    assert read is not None
    new = rows_of(pick, 500, columns, codes, 0.2, 0.2)
    new[pick.random(new.shape) < 0.1] = pick.choice(STRANGE)
    theirs = np.asarray(booster.predict(new, num_iteration=rounds, num_threads=1))
    assert read.predict(new, 1).tobytes() == theirs.tobytes()


def test_threads_and_blocks_change_no_bit() -> None:
    pick = np.random.default_rng(0)
    matrix = rows_of(pick, 400, 5, 2, 0.1, 0.1)
    booster = booster_of(matrix, pick.normal(size=400), 2, 30, objective="regression", num_leaves=31)
    read = BoostedTrees.read(booster.model_to_string())
    assert read is not None
    new = rows_of(pick, 20_001, 5, 2, 0.1, 0.1)
    whole = read.predict(new, 1)
    assert whole.tobytes() == np.asarray(booster.predict(new, num_threads=1)).tobytes()
    assert whole.tobytes() == read.predict(new, 3).tobytes()
    assert whole.tobytes() == read.predict(np.asfortranarray(new), 2).tobytes()


@pytest.mark.parametrize(
    "parameters",
    [
        {"linear_tree": True},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"objective": "cross_entropy"},
        {"reg_sqrt": True},
    ],
    ids=str,
)
def test_what_is_no_sum_of_plain_trees_is_left_to_lightgbm(parameters: dict[str, Any]) -> None:
    pick = np.random.default_rng(1)
    matrix, y = pick.normal(size=(300, 3)), pick.random(300)
    booster = booster_of(matrix, y, 0, 5, **{"objective": "regression", **parameters})
    assert BoostedTrees.read(booster.model_to_string()) is None
    batches = Batches(booster, 5)
    assert batches.predict(np.zeros((boosted_trees.LEAST_ROWS, 3)), 1) is None


@pytest.mark.parametrize(
    ("what", "by"),
    [("left_child=1", "left_child=0"), ("left_child=1", "left_child=9999"), ("threshold=", "threshold=nan ")],
)
def test_a_text_that_is_no_tree_is_refused(what: str, by: str) -> None:
    pick = np.random.default_rng(2)
    matrix = pick.normal(size=(200, 2))
    text = booster_of(matrix, matrix[:, 0] + matrix[:, 1], 0, 2, objective="regression").model_to_string()
    assert what in text
    assert BoostedTrees.read(text.replace(what, by, 1)) is None


def test_another_answer_turns_the_kernel_off(monkeypatch: pytest.MonkeyPatch) -> None:
    pick = np.random.default_rng(3)
    matrix = pick.normal(size=(boosted_trees.LEAST_ROWS, 3))
    booster = booster_of(matrix[:200], matrix[:200, 0], 0, 5, objective="regression")
    kernel.prepare()
    batches = Batches(booster, 5)
    said = batches.predict(matrix, 1)
    assert said is not None
    assert said.tobytes() == np.asarray(booster.predict(matrix)).tobytes()
    monkeypatch.setattr(BoostedTrees, "predict", lambda self, rows, threads: booster.predict(rows) + 1e-9)
    assert batches.predict(matrix, 1) is None
    monkeypatch.undo()
    assert batches.predict(matrix, 1) is None


PROGRAM = """
import numpy as np
from autoprep.kernels import trees
from autoprep.model_search.boosted_trees import Batches
print(trees.ready(), Batches(None, 1).predict(np.zeros((5000, 2)), 1) if not trees.ready() else "")
"""


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write")
def test_nothing_is_compiled_where_no_machine_code_can_be_kept() -> None:
    program = PROGRAM.replace("Batches(None, 1)", "type('B', (Batches,), {'_worth': lambda *_: False})(None, 1)")
    told = os.environ | {"NUMBA_CACHE_DIR": "/proc/nowhere"}
    done = subprocess.run([sys.executable, "-c", program], env=told, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False None", done
