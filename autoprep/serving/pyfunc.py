"""The model as MLflow runs it: logged as this code and a sealed folder, never as a pickle."""

from __future__ import annotations

from typing import Any

import mlflow
import polars as pl
from mlflow.pyfunc import PythonModel

from autoprep.reading.names import column_names
from autoprep.serving import artifact


class RawRows(PythonModel):  # type: ignore[misc]
    """Raw rows in, the columns of ``autoprep predict`` out."""

    def load_context(self, context: Any) -> None:
        """Load the folder, checking every file against its hash."""
        self.scorer = artifact.load(context.artifacts["model"]).scorer()

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Predict a pandas frame of raw rows."""
        texts = model_input.astype({c: object for c in model_input.columns if str(model_input[c].dtype) == "string"})
        rows = pl.from_pandas(texts)
        rows.columns = column_names(rows.columns)[0]
        return self.scorer.predict(rows).to_pandas()


mlflow.models.set_model(RawRows())
