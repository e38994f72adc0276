"""Run with an interpreter that has MLflow: fit with tracking, load by alias, and say what was predicted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mlflow
import pandas as pd

import autoprep as ap

folder = Path(sys.argv[1])
address = f"sqlite:///{folder / 'runs.db'}"
model = ap.fit(
    folder / "raw.csv", "bought", time_budget_s=None, work_budget=2, tracking=f"mlflow:{address}#orders@champion"
)
model.save(folder / "model")
mlflow.set_tracking_uri(address)
run = mlflow.search_runs(experiment_names=["autoprep"], output_format="list")[0]
frame = pd.read_csv(folder / "new.csv", dtype=str, keep_default_na=False)
loaded = mlflow.pyfunc.load_model("models:/orders@champion")
missing = ""
try:
    loaded.predict(frame.drop(columns=["age"]))
except mlflow.exceptions.MlflowException as error:
    missing = str(error)
said = {
    "predictions": loaded.predict(frame).to_dict("records"),
    "metrics": run.data.metrics,
    "params": run.data.params,
    "digest": run.inputs.dataset_inputs[0].dataset.digest,
    "artifacts": sorted(f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id)),
    "inputs": loaded.metadata.signature.inputs.to_dict(),
    "missing": missing,
    "pickles": [str(p) for p in folder.rglob("*.pkl")],
}
(folder / "said.json").write_text(json.dumps(said, default=str))
