"""One tool on one split, in the tool's own environment: raw file in, predictions out. Started by ``peers.py``.

Needs pandas and the tool, nothing of autoprep (but for its own arm). Writes an ``.npz`` of predictions and a ``.json``
of seconds and peak memory (VmHWM of this process; of its children too, as far as they had ended).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[np.ndarray, list[str]]


class Job:
    """A split, the task, the budget, and clocks: ``fitted()`` ends the fit."""

    def __init__(self, said: argparse.Namespace) -> None:
        self.train, self.test, self.target, self.task = said.train, said.test, said.target, said.task
        self.metric, self.budget, self.seed, self.threads = said.metric, said.budget, said.seed, said.threads
        self.keep_leaks = not said.drop_leaks
        self.classes, self.scratch = said.task != "regression", said.out.with_suffix(".files")
        self.started, self.fit_s, self.note = time.perf_counter(), 0.0, ""

    def fitted(self) -> None:
        self.fit_s = time.perf_counter() - self.started

    def left(self) -> float:
        return max(1.0, self.budget - (time.perf_counter() - self.started))

    def frames(self) -> tuple[Any, Any, Any]:
        """Training columns, target and test columns, by pandas' defaults; the target as text for classes."""
        import pandas as pd

        train, test = pd.read_csv(self.train, low_memory=False), pd.read_csv(self.test, low_memory=False)
        y = pd.read_csv(self.train, usecols=[self.target], dtype=str, keep_default_na=False)[self.target].str.strip()
        if not self.classes:
            y = pd.to_numeric(y.str.replace(r"[$€£,\s]", "", regex=True))
        return train.drop(columns=self.target), y, test

    def said(self, model: Any, test: Any) -> Answer:
        if not self.classes:
            return np.asarray(model.predict(test), dtype=float).ravel(), []
        return np.asarray(model.predict_proba(test)), [str(c) for c in model.classes_]


def autoprep(job: Job) -> Answer:
    import polars as pl

    import autoprep as ap

    model = ap.fit(
        job.train, job.target, time_budget_s=job.left(), metric=job.metric, task=job.task, seed=job.seed,
        keep_leaks=job.keep_leaks,
    )  # fmt: skip
    job.fitted()
    job.note = model.leaderboard.trials[0].model if model.leaderboard.trials else ""
    made = model.predict_frame(job.test)
    if not job.classes:
        return made["prediction"].cast(pl.Float64).to_numpy(), []
    names = [c for c in made.columns if c.startswith("probability_")]
    return made.select(names).to_numpy(), [n.removeprefix("probability_") for n in names]


def lightgbm(job: Job) -> Answer:
    import lightgbm as lgb
    import pandas as pd

    left, y, right = job.frames()
    for name in left.columns:
        if not pd.api.types.is_numeric_dtype(left[name]) or not pd.api.types.is_numeric_dtype(right[name]):
            left[name] = left[name].astype(str).where(left[name].notna()).astype("category")
            known = left[name].cat.categories
            right[name] = pd.Categorical(right[name].astype(str).where(right[name].notna()), categories=known)
    left.columns = right.columns = [f"f{i}" for i in range(left.shape[1])]
    kind = lgb.LGBMClassifier if job.classes else lgb.LGBMRegressor
    model = kind(verbose=-1, n_jobs=job.threads, random_state=job.seed).fit(left, y)
    job.fitted()
    return job.said(model, right)


def skrub(job: Job) -> Answer:
    import skrub as tool

    x, y, test = job.frames()
    model = tool.tabular_pipeline("classifier" if job.classes else "regressor", n_jobs=job.threads).fit(x, y)
    job.fitted()
    return job.said(model, test)


def flaml(job: Job) -> Answer:
    from flaml import AutoML

    metrics = {"roc_auc": "roc_auc", "average_precision": "ap", "log_loss": "log_loss", "mae": "mae"}
    x, y, test = job.frames()
    model = AutoML()
    model.fit(
        X_train=x, y_train=y, task="classification" if job.classes else "regression", time_budget=job.left(),
        metric=metrics.get(job.metric, "rmse"), n_jobs=job.threads, seed=job.seed, verbose=0,
        log_file_name=str(job.scratch / "flaml.log"),
    )  # fmt: skip
    job.fitted()
    job.note = str(model.best_estimator)
    return job.said(model, test)


def autogluon(job: Job, preset: str = "medium_quality") -> Answer:
    from autogluon.tabular import TabularPredictor

    metrics = {"rmse": "root_mean_squared_error", "rmsle": "root_mean_squared_error", "mae": "mean_absolute_error"}
    x, y, test = job.frames()
    model = TabularPredictor(
        label=job.target, path=str(job.scratch), verbosity=0, eval_metric=metrics.get(job.metric, job.metric),
        problem_type=job.task,
    ).fit(x.assign(**{job.target: y}), time_limit=job.left(), presets=preset, num_cpus=job.threads)  # fmt: skip
    job.fitted()
    job.note = str(model.model_best)
    if not job.classes:
        return model.predict(test).to_numpy(), []
    shares = model.predict_proba(test)
    return shares.to_numpy(), [str(c) for c in shares.columns]


def catboost(job: Job) -> Answer:
    import pandas as pd
    from catboost import CatBoostClassifier, CatBoostRegressor

    left, y, right = job.frames()
    words = [c for c in left.columns if not all(pd.api.types.is_numeric_dtype(f[c]) for f in (left, right))]
    for frame in (left, right):
        # pandas 3 keeps missing ones missing when it makes text of them, and CatBoost refuses them.
        frame[words] = frame[words].astype(object).where(frame[words].notna(), "nan").astype(str)
    kind = CatBoostClassifier if job.classes else CatBoostRegressor
    model = kind(
        verbose=0, thread_count=job.threads, random_seed=job.seed, cat_features=words, allow_writing_files=False
    ).fit(left, y)
    job.fitted()
    return job.said(model, right)


def h2o(job: Job) -> Answer:
    import h2o as tool
    from h2o.automl import H2OAutoML

    metrics = {"roc_auc": "AUC", "average_precision": "aucpr", "log_loss": "logloss", "rmsle": "RMSLE", "mae": "MAE"}
    tool.init(nthreads=job.threads, max_mem_size="8G", ice_root=str(job.scratch), bind_to_localhost=True)
    tool.no_progress()
    try:
        train = tool.import_file(str(job.train), header=1)
        if job.classes:
            train[job.target] = train[job.target].asfactor()
        search = H2OAutoML(
            max_runtime_secs=int(job.left()), seed=job.seed + 1, sort_metric=metrics.get(job.metric, "RMSE"),
            verbosity=None,
        )  # fmt: skip
        search.train(y=job.target, training_frame=train)
        if search.leader is None:
            raise RuntimeError("H2O AutoML finished with no model")
        job.fitted()
        job.note = str(search.leader.model_id)
        made = search.leader.predict(tool.import_file(str(job.test), header=1)).as_data_frame()
        if not job.classes:
            return made["predict"].to_numpy(), []
        labels = [str(label) for label in search.leader._model_json["output"]["domains"][-1]]
        return made.iloc[:, 1:].to_numpy(), labels
    finally:
        tool.cluster().shutdown()


def mljar(job: Job) -> Answer:
    # Its module has the name of one of the benchmarks, which lie where this script lies.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
    from supervised import AutoML

    metrics = {"roc_auc": "auc", "average_precision": "average_precision", "log_loss": "logloss", "mae": "mae"}
    kinds = {"binary": "binary_classification", "multiclass": "multiclass_classification", "regression": "regression"}
    x, y, test = job.frames()
    model = AutoML(
        results_path=str(job.scratch / "mljar"), mode="Perform", total_time_limit=int(job.left()),
        eval_metric=metrics.get(job.metric, "rmse"), ml_task=kinds[job.task], n_jobs=job.threads,
        random_state=job.seed, verbose=0,
    )  # fmt: skip
    model.fit(x, y)
    job.fitted()
    if not job.classes:
        return np.asarray(model.predict(test), dtype=float), []
    made = model.predict_all(test)
    columns = [c for c in made.columns if c.startswith("prediction_")]
    return made[columns].to_numpy(), [c.removeprefix("prediction_") for c in columns]


def tpot(job: Job) -> Answer:
    from tpot import TPOTClassifier, TPOTRegressor

    metrics = {"roc_auc": "roc_auc", "average_precision": "average_precision", "log_loss": "neg_log_loss"}
    metrics |= {"mae": "neg_mean_absolute_error"}
    x, y, test = job.frames()
    labels = sorted(set(y)) if job.classes else []
    kind = TPOTClassifier if job.classes else TPOTRegressor
    model = kind(
        search_space="linear-light", scorers=[metrics.get(job.metric, "neg_root_mean_squared_error")],
        scorers_weights=[1], cv=5, max_time_mins=job.left() / 60, max_eval_time_mins=job.left() / 60,
        n_jobs=job.threads, random_state=job.seed, verbose=0, preprocessing=True,
    )  # fmt: skip
    model.fit(x, y.map({label: code for code, label in enumerate(labels)}).astype(int) if labels else y)
    job.fitted()
    if not labels:
        return np.asarray(model.predict(test), dtype=float), []
    return np.asarray(model.predict_proba(test)), [str(label) for label in labels]


ARMS: dict[str, Callable[[Job], Answer]] = {
    "autoprep": autoprep,
    "lightgbm": lightgbm,
    "skrub": skrub,
    "flaml": flaml,
    "autogluon": autogluon,
    "autogluon_good": lambda job: autogluon(job, "good_quality"),
    "catboost": catboost,
    "h2o": h2o,
    "mljar": mljar,
    "tpot": tpot,
}


def peak_mb() -> float:
    """The most memory that this process held at once (VmHWM), or its largest ended child if that is more."""
    lines = Path("/proc/self/status").read_text().splitlines()
    own = next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def main() -> None:
    """Run one arm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arm", choices=sorted(ARMS))
    for name in ("train", "test", "target", "task", "metric"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--drop-leaks", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    said = parser.parse_args()
    job = Job(said)
    job.scratch.mkdir(parents=True, exist_ok=True)
    values, classes = ARMS[said.arm](job)
    whole = time.perf_counter() - job.started
    np.savez(said.out.with_suffix(".npz"), values=np.asarray(values, dtype=float), classes=np.array(classes, dtype=str))
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "fit_s": job.fit_s,
        "predict_s": whole - job.fit_s,
        "peak_mb": peak_mb(),
        "cpu_s": used.ru_utime + used.ru_stime,
        "note": job.note,
    }
    said.out.with_suffix(".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
