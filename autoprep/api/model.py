"""A model: raw, dirty rows in, predictions out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from autoprep import pipeline, validation
from autoprep.api.contracts import validate
from autoprep.api.data import PathLike, read, rulebook
from autoprep.api.papers import papers_of
from autoprep.errors import InputError, SettingError
from autoprep.types import Feature, Finding, Leaderboard, Plan

if TYPE_CHECKING:
    from autoprep.profiling import Profile
    from autoprep.serving.artifact import Artifact
    from autoprep.serving.onnx_export import Compared
    from autoprep.serving.predictor import Scorer


def rows_for(held: Artifact, source: Any, of: Any = None) -> pl.DataFrame:
    """The rows that a source holds for a loaded model; see ``Model.rows``."""
    return Model(artifact=held).rows(source, of)


class Model:
    """A fitted pipeline: raw, dirty rows in, predictions out.

    Made by ``fit`` (with everything that was learnt on the way) or by ``load`` (from a model folder).
    """

    def __init__(self, fitted: pipeline.Fitted | None = None, *, artifact: Artifact | None = None) -> None:
        if (fitted is None) == (artifact is None):
            raise ValueError("a model is either fitted or loaded")
        self._fitted, self._artifact = fitted, artifact
        self._scorer: Scorer | None = None

    def _whole(self) -> pipeline.Fitted:
        if self._fitted is None:
            raise InputError(
                "a loaded model keeps no training rows", hint="see profile.json and report.html in its folder"
            )
        return self._fitted

    @property
    def plan(self) -> Plan:
        """The cleaning plan, as it is applied to every row that is predicted."""
        return self._fitted.plan if self._fitted else self._loaded().plan

    def _loaded(self) -> Artifact:
        assert self._artifact is not None
        return self._artifact

    @property
    def facts(self) -> Mapping[str, Any]:
        """Task, target, metric, classes, scores, baseline, seed."""
        return self._fitted.facts() if self._fitted else self._loaded().facts

    @property
    def contract(self) -> Mapping[str, Any]:
        """What training showed of the raw columns, a Great Expectations suite as plain values."""
        return self._fitted.contract if self._fitted else self._loaded().contract

    @property
    def leaderboard(self) -> Leaderboard:
        """The trials, best first."""
        board = self._fitted.leaderboard if self._fitted else self._loaded().leaderboard
        return board if board is not None else Leaderboard(str(self.facts["metric"]), True)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the training rows."""
        return self._whole().prepared.findings

    @property
    def ledger(self) -> pl.DataFrame:
        """Every change that was made to the training rows."""
        return self._whole().cleaned.ledger

    @property
    def features(self) -> tuple[Feature, ...]:
        """The generated features of the winning pipeline."""
        if self._fitted is None:
            return pipeline.features_of(self._loaded().predictor)
        return self._fitted.features

    @property
    def profile(self) -> Profile:
        """The profile of the training rows."""
        return self._whole().prepared.profile

    @property
    def diagnosis(self) -> Mapping[str, Any]:
        """Importance of raw columns, calibration, confusion, residuals and weak slices, as plain values."""
        if self._fitted is None:
            found: Mapping[str, Any] = self.facts.get("diagnosis") or {}
            return found
        return self._fitted.diagnosis.to_dict() if self._fitted.diagnosis else {}

    def scorer(self) -> Scorer:
        """What serves files, streams and HTTP alike."""
        from autoprep.serving.predictor import Scorer

        if self._scorer is None:
            if self._fitted is not None:
                fitted = self._fitted
                self._scorer = Scorer(
                    fitted.plan,
                    fitted.predictor,
                    task=fitted.task,
                    classes=fitted.classes,
                    contract=fitted.contract,
                )
            else:
                self._scorer = self._loaded().scorer()
        return self._scorer

    def parts(self) -> pipeline.Parts:
        """Plan, predictor and facts: what evaluating needs."""
        scorer = self.scorer()
        judged = self._fitted.judged if self._fitted else None
        return pipeline.Parts(scorer.plan, scorer.predict, self.facts, judged.metric if judged else None)

    @property
    def tables(self) -> Mapping[str, Any] | None:
        """How rows are made of several tables; None for a model of one."""
        return self._fitted.tables if self._fitted else self._loaded().tables

    def rows(self, source: Any, of: Any = None, *, labelled: bool = False) -> pl.DataFrame:
        """The rows that a source holds for the model; of several tables those with their features as of the cutoff.

        Args:
            source: raw rows; for a model over several tables these, as they are known now: a mapping or a folder.
            of: rows of the model's table to predict, when they are not those of the source.
            labelled: whether the target is wanted too.

        Raises:
            SettingError: ``of`` for a model over one table.
        """
        if self.tables is None:
            if of is not None:
                raise SettingError(
                    "rows are named beside the source", hint="a model of one table takes its source alone"
                )
            return read(source).collect()
        target = str(self.facts["target"]) if labelled else None
        return pipeline.rows_of_tables(source, self.tables, rows=of, target=target)

    def predict_frame(self, source: Any, of: Any = None) -> pl.DataFrame:
        """Predict raw rows, keeping their number and order; ``of``: see ``rows``.

        Returns:
            ``prediction``, labels as text; ``probability_<class>`` per class, or ``lower`` and ``upper``, which hold
            the truth of 90% of the rows on average over all of them, not in every part of the data; ``reasons``, the
            codes of what the row's contract says ("" for none).
        """
        return self.scorer().predict(self.rows(source, of))

    def predict_file(
        self, source: Any, path: PathLike, *, policies: Mapping[str, str] | None = None, of: Any = None
    ) -> tuple[int, int]:
        """Predict raw rows chunk by chunk into a file, whatever their number; the suffix names the format.

        Args:
            source: see ``read``.
            path: ends in .parquet, .arrow, .csv, .tsv or .ndjson.
            policies: rule id, "theme.*" or "*" -> "reject" or "quarantine" (no prediction), "repair", "warn".
            of: see ``rows``.

        Returns:
            Rows, and rows of which the contract says something.

        Raises:
            InputError: the source cannot be read or the file not written.
            SettingError: a policy that is none.
        """
        from dataclasses import replace

        from autoprep.serving import stream

        scorer = self.scorer() if not policies else replace(self.scorer(), policies=dict(policies))
        plain = self.tables is None and of is None
        frame = read(source).frame if plain else self.rows(source, of).lazy()
        return stream.write(scorer, frame, path)

    def predict(self, source: Any) -> pl.Series:
        """The predictions of raw rows: Float64 values, or labels in their own type.

        Labels are Int64 where all are whole numbers written plainly (0, 1), Boolean where they are true and false, else
        text; ``predict_frame`` and files hold text.
        """
        from autoprep.model_search.target import typed

        said = self.predict_frame(source)["prediction"]
        classes = [str(c) for c in self.facts["classes"]]
        own = typed(classes)
        return said if own == classes else said.replace_strict(classes, own)

    def predict_proba(self, source: Any) -> pl.DataFrame:
        """The probabilities of raw rows: one Float64 column per class, named by the class.

        Raises:
            InputError: the model predicts numbers.
        """
        if self.facts["task"] == "regression":
            raise InputError("a regression has no class probabilities", hint="use predict")
        frame = self.predict_frame(source)
        return frame.select(pl.col("^probability_.*$").name.map(lambda name: name.removeprefix("probability_")))

    def predict_sets(self, source: Any, coverage: float = 0.9) -> pl.Series:
        """Sets of labels that hold the true one with the stated probability: a list of texts per raw row.

        Split-conformal over all classes together (Sadinle 2019); the most probable label is always in.

        Raises:
            InputError: the model predicts numbers, or coverage is outside (0, 1).
        """
        scorer = self.scorer()
        table = scorer.features(scorer.transform(self.rows(source))[0])
        if not hasattr(scorer.predictor, "sets"):
            raise InputError("this model has no sets of labels", hint="fit it again")
        member = scorer.predictor.sets(table, coverage)
        labels = [str(c) for c in scorer.classes]
        return pl.Series("set", [[labels[i] for i in np.flatnonzero(row)] for row in member], dtype=pl.List(pl.String))

    def transform(self, source: Any) -> pl.DataFrame:
        """The clean rows that the model's features are made of, as many and in the same order as the raw ones."""
        return self.scorer().transform(self.rows(source))[0]

    def validate(self, source: Any) -> validation.ValidationReport:
        """Check raw rows against the contract."""
        return validate(source, self)

    def content(self) -> Any:
        """What the report says, as plain values."""
        from autoprep.reporting import content

        fitted = self._whole()
        return content.model_content(**fitted.content_parts(), rulebook=rulebook())

    def report_html(self) -> str:
        """The HTML report."""
        from autoprep.reporting import html

        if self._fitted is None:
            return self._loaded().paper("report.html")
        return html.model_html(self.content())

    def save(self, folder: PathLike) -> Path:
        """Write the model folder: manifest, plan, features, contract, model, replay, report; whole or not at all.

        The folder of a loaded model is copied as it is.

        Raises:
            InputError: the folder cannot be written, or holds something else.
        """
        from autoprep.serving import artifact
        from autoprep.serving.expected import expected

        if self._fitted is None:
            return artifact.copy(self._loaded(), folder)
        fitted = self._fitted
        return artifact.save(
            folder,
            plan=pipeline.masked_plan(fitted.plan, fitted.personal()),
            predictor=fitted.predictor,
            facts={**fitted.facts(), "diagnosis": fitted.diagnosis.to_dict() if fitted.diagnosis else {}},
            contract=fitted.contract,
            features=fitted.features,
            profile=fitted.prepared.profile.masked(),
            leaderboard=fitted.leaderboard,
            dialect=fitted.prepared.table.dialect,
            replay=fitted.replay_rows(),
            papers={"report.html": self.report_html()},
            tables=fitted.tables,
            expected=expected(self.scorer(), fitted.prepared.frame, fitted.judged.oof if fitted.judged else None),
            papers_of=papers_of,
        )

    def export_code(self, path: PathLike) -> Path:
        """Write the pipeline as a short Python script that learns and predicts the same, cleaning included.

        Raises:
            SettingError: the model hangs on values or folds that a script cannot hold.
        """
        from autoprep.lineage import whole_file
        from autoprep.serving.script import script

        scorer = self.scorer()
        text = script(scorer.plan, scorer.predictor, self.facts)
        with whole_file(path) as beside:
            beside.write_text(text, encoding="utf-8")
        return Path(path)

    def export_onnx(self, path: PathLike) -> Compared:
        """Write the model part, from the feature table to the prediction, as ONNX, compared with our own predictions.

        Args:
            path: an ``.onnx`` file.

        Returns:
            Rows compared and the largest difference; see ``serving.onnx_export.Compared``.

        Raises:
            InputError: onnx or onnxruntime is not installed.
            SettingError: a part of the model cannot be said in ONNX, named.
            ArtifactError: the answers differ; nothing is written.
        """
        from autoprep.serving import onnx_export

        rows = self._fitted.replay_rows() if self._fitted is not None else self._loaded().examples()
        return onnx_export.export(self.scorer(), path, rows, self.facts)

    def onnx_inputs(self, source: Any) -> dict[str, Any]:
        """What the ONNX file is fed for raw rows, cleaned and with features: input name -> (n, 1) float64 or text."""
        from autoprep.serving import onnx_export

        return onnx_export.inputs(self.scorer(), self.rows(source))

    def log(self, tracking: str) -> str:
        """Log the run to MLflow; see ``fit``. Returns the run's id."""
        import tempfile

        from autoprep.serving import artifact
        from autoprep.tracking import mlflow

        fitted = self._whole()
        with tempfile.TemporaryDirectory(prefix="autoprep-") as place:
            folder = self.save(Path(place) / "model")
            rows = fitted.prepared.frame
            outputs = self.scorer().predict(rows.head(3))
            return mlflow.log(
                tracking,
                folder,
                code=Path(artifact.__file__).with_name("pyfunc.py"),
                plan=fitted.plan,
                facts=fitted.facts(),
                leaderboard=fitted.leaderboard,
                rows=rows,
                outputs=outputs,
            )

    def __repr__(self) -> str:
        facts = self.facts
        return f"Model({facts['task']} of {facts['target']!r}, {facts['metric']})"
