"""The verbs about a project in version control: init, and the stages that a pipeline runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.api import cleaning, contracts, data
from autoprep.api.data import PathLike
from autoprep.api.features import synthesize
from autoprep.api.training import evaluate, fit, load
from autoprep.config import FILE_NAME
from autoprep.engines import local
from autoprep.errors import ContractError, InputError, SettingError, did_you_mean
from autoprep.lineage import whole_file
from autoprep.store import FOLDER
from autoprep.types import Listener, load_yaml, silent

CONTRACT, PLAN = "contract.yaml", "plan.yaml"


def init(
    folder: PathLike = ".", *, source: str = "data/raw.csv", target: str = "target", dvc: bool = False
) -> list[Path]:
    """Start a project: settings, rules, a workflow, a hook; with ``dvc``, the stages that DVC runs.

    Files that are there are kept. When the data are there, the contract that they keep is written besides.

    Args:
        folder: made when missing; for ``dvc`` a git repository.
        source: the raw data, relative to the folder.
        target: the column to predict.
        dvc: write dvc.yaml, params.yaml and .dvcignore, and call ``dvc init``.

    Returns:
        The files that were written.

    Raises:
        InputError: the folder cannot be written, or DVC is wanted and not there.
    """
    from autoprep.tracking import project

    home = Path(folder)
    written = project.write_dvc(home, source=source, target=target) if dvc else []
    written = project.write_project(home, source=source, target=target) + written
    schema = home / "rules" / "rule.schema.json"
    if not schema.exists():
        written.append(_write(schema, json.dumps(data.rule_schema(), indent=1, ensure_ascii=False) + "\n"))
    if (home / source).exists() and not (home / CONTRACT).exists():
        written.append(contracts.save_contract(contracts.contract(home / source), home / CONTRACT))
    return written


def run_stage(name: str, folder: PathLike = ".", *, listener: Listener = silent) -> list[Path]:
    """Run one stage of a project by its params.yaml; returns what was written.

    Raises:
        InputError: there is no such stage, or something that it needs is not there.
        ContractError: the data broke their contract.
    """
    if name not in _STAGES:
        raise InputError(f"no stage '{name}'", hint=did_you_mean(name, _STAGES))
    home = Path(folder)
    said = load_yaml(home / "params.yaml")
    if not isinstance(said, dict) or not isinstance(said.get("data"), dict):
        raise SettingError("names no data", where=str(home / "params.yaml"), hint="see 'autoprep init --dvc'")
    for key in ("source", "target"):
        if not said["data"].get(key):
            raise SettingError(f"data.{key} is not set", where=str(home / "params.yaml"))
    return _STAGES[name](home, said, listener)


def _settings(home: Path) -> Path | None:
    return home / FILE_NAME if (home / FILE_NAME).is_file() else None


def _write(path: Path, text: str) -> Path:
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return path


def _json(path: Path, value: Any) -> Path:
    return _write(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n")


def _profile(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    found = data.profile(home / said["data"]["source"], said["data"]["target"], listener=listener)
    return [data.write_profile(found, home / "reports" / "profile.json")]


def _validate(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    contract = home / CONTRACT
    source = home / said["data"]["source"]
    if not contract.is_file():
        raise InputError("is not there", where=str(contract), hint=f"autoprep contract {source} -o {contract}")
    report = contracts.validate(source, contract)
    path = _json(home / "reports" / "validation.json", report.to_dict())
    if not report.success:
        path.unlink()
        hint = f"autoprep validate {source} --contract {contract} shows them"
        raise ContractError("breaks its contract", where=str(source), hint=hint)
    return [path]


def _clean(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    source, target = home / said["data"]["source"], said["data"]["target"]
    table = data.read(source, listener=listener)
    kept = home / FOLDER
    plan = cleaning.plan(table, target=target, config=_settings(home), cache=kept, listener=listener)
    cleaned = cleaning.clean(table, plan=plan, target=target, cache=kept, listener=listener)
    written = cleaning.write_cleaned(
        cleaned,
        output=home / "data" / "clean.parquet",
        ledger=home / "data" / "ledger.parquet",
        quarantine=home / "data" / "quarantine.parquet",
    )
    written["rejected"] = local.write(cleaned.rejected, home / "data" / "rejected.parquet")  # DVC wants it always
    return [cleaning.save_plan(plan, home / PLAN), *written.values()]


def _features(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    asked = said.get("features") or {}
    most = int(asked.get("max_features", 100))
    made = synthesize(home / "data" / "clean.parquet", said["data"]["target"], max_features=most, listener=listener)
    return [local.write(made.frame, home / "data" / "features.parquet")]


def _train(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    from autoprep.tracking.live import live

    asked = said.get("train") or {}
    seconds = asked.get("time_budget_s")
    reports = home / "reports"
    model = fit(
        home / said["data"]["source"],
        said["data"]["target"],
        time_budget_s=None if seconds is None else float(seconds),
        work_budget=None if seconds is not None else float(asked.get("work_budget") or 60),
        holdout=0.0 if said["data"].get("test") else float(asked.get("holdout") or 0.0),
        metric=asked.get("metric"),
        seed=int(asked.get("seed") or 0),
        plan=home / PLAN,
        config=_settings(home),
        listener=live(reports / "live", listener),
    )
    saved = model.save(home / "model")
    board = model.leaderboard.frame().select("model", "score", "loss", "loss_se")
    gains = model.facts["lossy_gains"]
    steps = {"step": list(gains), "gain": [float(g.get("gain") or 0.0) for g in gains.values()]}
    table = pl.DataFrame(steps, schema={"step": pl.String, "gain": pl.Float64})
    points = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["facts"]["diagnosis"]
    shape = {"predicted": pl.Float64, "observed": pl.Float64, "rows": pl.Int64}
    calibration = pl.DataFrame(points.get("calibration") or [], schema=shape, orient="row")
    return [
        saved,
        local.write(board, reports / "leaderboard.csv"),
        local.write(table, reports / "gains.csv"),
        local.write(calibration, reports / "calibration.csv"),
    ]


def _evaluate(home: Path, said: Mapping[str, Any], listener: Listener) -> list[Path]:
    model = load(home / "model")
    facts = model.facts
    figures: dict[str, Any] = {"metric": facts["metric"], **facts["scores"], "rows": facts["rows"]}
    if said["data"].get("test"):
        judged = evaluate(model, home / said["data"]["test"])
        figures |= {"test": judged["score"], "test_baseline": judged["baseline"], "test_rows": judged["rows"]}
    return [_json(home / "reports" / "metrics.json", figures)]


_STAGES: Mapping[str, Callable[[Path, Mapping[str, Any], Listener], list[Path]]] = {
    "profile": _profile,
    "validate": _validate,
    "clean": _clean,
    "features": _features,
    "train": _train,
    "evaluate": _evaluate,
}
