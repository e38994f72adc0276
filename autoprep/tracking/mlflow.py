"""A run written to MLflow: parameters, trials, data with their digest, papers, and the model with its signature."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from autoprep.errors import InputError, SettingError
from autoprep.types import Leaderboard, Plan

PAPERS = (
    "plan.yaml",
    "report.html",
    "contract.json",
    "leaderboard.json",
    "card.md",
    "datasheet.md",
    "governance.md",
    "sbom.json",
    "profile.json",
)
EXPERIMENT = "autoprep"


def parse(tracking: str) -> tuple[str, str, str]:
    """Address, registered name and alias of "mlflow:ADDRESS#NAME@ALIAS"; name and alias may be left out.

    Raises:
        SettingError: another word than "mlflow", or an alias without a name.

    Example:
        >>> parse("mlflow:sqlite:///runs.db#churn@champion")
        ('sqlite:///runs.db', 'churn', 'champion')
    """
    kind, _, rest = tracking.partition(":")
    address, _, named = rest.partition("#")
    name, _, alias = named.partition("@")
    if kind != "mlflow" or not address or (alias and not name):
        raise SettingError(f"tracking is '{tracking}'", hint="write mlflow:sqlite:///runs.db, or ...#name@alias")
    return address, name, alias


def check(tracking: str) -> None:
    """Refuse early what cannot be logged to.

    Raises:
        SettingError: see ``parse``. InputError: MLflow is not installed.
    """
    parse(tracking)
    if find_spec("mlflow") is None:
        raise InputError("tracking needs mlflow, which is not installed", hint="pip install 'autoprep[mlflow]'")


def log(
    tracking: str,
    folder: Path,
    *,
    code: Path,
    plan: Plan,
    facts: Mapping[str, Any],
    leaderboard: Leaderboard,
    rows: pl.DataFrame,
    outputs: pl.DataFrame,
) -> str:
    """Log a saved model as one run.

    Args:
        tracking: "mlflow:ADDRESS", "mlflow:ADDRESS#NAME@ALIAS" to register it too.
        folder: the model folder.
        code: the file that defines how MLflow runs it.
        plan: whose inputs make the signature.
        facts: task, target, metric, scores, source.
        leaderboard: the trials; each is a step of ``trial_score``, ``trial_loss`` and ``best_loss``.
        rows: the raw training rows.
        outputs: a prediction, for the columns of the signature.

    Returns:
        The run's id.

    Raises:
        InputError: MLflow is not installed. SettingError: see ``parse``.
    """
    check(tracking)
    import mlflow

    address, name, alias = parse(tracking)
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    found = mlflow.get_experiment_by_name(EXPERIMENT)
    place = found.experiment_id if found else mlflow.create_experiment(EXPERIMENT, artifact_location=_beside(address))
    with mlflow.start_run(experiment_id=place) as run:
        mlflow.log_params({key: facts[key] for key in ("task", "target", "metric", "rows", "seed")})
        mlflow.log_metrics({key: float(value) for key, value in facts["scores"].items()})
        best = float("inf")
        for step, trial in enumerate(leaderboard.trials):
            best = min(best, float(trial.loss))
            figures = {"trial_score": float(trial.score), "trial_loss": float(trial.loss), "best_loss": best}
            mlflow.log_metrics(figures, step=step)
        source = facts["source"]
        digest = (source.get("sha256") or "")[:36] or None
        data = mlflow.data.from_polars(rows, source=str(source["uri"]), targets=facts["target"], digest=digest)
        mlflow.log_input(data, context="training")
        for paper in PAPERS:
            if (folder / paper).is_file():
                mlflow.log_artifact(str(folder / paper))
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(code),
            artifacts={"model": str(folder)},
            signature=signature(plan, outputs),
            pip_requirements=["autoprep"],
            registered_model_name=name or None,
        )
        if alias:
            client = mlflow.MlflowClient()
            client.set_registered_model_alias(name, alias, logged.registered_model_version)
        return str(run.info.run_id)


def signature(plan: Plan, outputs: pl.DataFrame) -> Any:
    """The columns that a request must have, from the plan's inputs: a sample's nulls would let a column stay away."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec(_kind(dtype), name) for name, dtype in plan.inputs.items() if name != plan.target]
    made = [ColSpec("double" if dtype.is_numeric() else "string", name) for name, dtype in outputs.schema.items()]
    return ModelSignature(Schema(inputs), Schema(made))


def _kind(dtype: str) -> str:
    if dtype.startswith(("Int", "UInt", "Float", "Decimal")):
        return "double"
    if dtype.startswith(("Date", "Datetime")):
        return "datetime"
    return "boolean" if dtype == "Boolean" else "string"


def _beside(address: str) -> str | None:
    """A folder of artefacts beside a SQLite file; other stores have their own."""
    if not address.startswith("sqlite:///"):
        return None
    return (Path(address.removeprefix("sqlite:///")).resolve().parent / "mlartifacts").as_uri()
