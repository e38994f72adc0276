"""The model part as an ONNX file, and the proof of it: ONNX Runtime's answers beside our own on rows that were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import ArtifactError, InputError, SettingError
from autoprep.lineage import whole_file
from autoprep.model_search.predictor import Predictor
from autoprep.serving import onnx_graph
from autoprep.serving.predictor import Scorer

Array = NDArray[Any]

#: Greatest difference, in parts of the greatest value said, with which a file is written.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Compared:
    """What an export came to.

    Attributes:
        path: the file.
        inputs: names of the graph's inputs, columns of the feature table.
        rows: rows on which both were asked.
        largest: greatest absolute difference of a number.
        labels: rows whose label differs; None for a regression.
    """

    path: Path
    inputs: tuple[str, ...]
    rows: int
    largest: float
    labels: int | None


def inputs(scorer: Scorer, rows: pl.DataFrame) -> dict[str, Array]:
    """What the ONNX file is fed for raw rows: input name -> (n, 1) float64 (missing: NaN) or text (missing: "").

    Raises:
        InputError: none of the columns is one that the model was trained on.
    """
    predictor = _predictor(scorer)
    table = scorer.features(scorer.transform(rows)[0])
    tables: dict[int, pl.DataFrame] = {}
    made: dict[str, Array] = {}
    for name, (number, column, text) in onnx_graph.wanted(predictor).items():
        if number not in tables:
            tables[number] = table if number < 0 else predictor.synthesizers[number].transform(table)
        made[name] = cells(tables[number].get_column(column), text)
    return made


def cells(column: pl.Series, text: bool) -> Array:
    """A column (n, 1) as the graph takes it.

    Example:
        >>> cells(pl.Series([1, None]), False).tolist(), cells(pl.Series(["a", None]), True).tolist()
        ([[1.0], [nan]], [['a'], ['']])
    """
    if text:
        return np.array(column.cast(pl.String).fill_null(onnx_graph.MISSING_TEXT).to_list(), dtype=object)[:, None]
    numbers = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return np.ascontiguousarray(numbers, dtype=np.float64)[:, None]


def export(scorer: Scorer, path: str | Path, examples: pl.DataFrame, facts: Mapping[str, Any]) -> Compared:
    """Write the model part as ONNX, once ONNX Runtime has answered the kept rows as the model does.

    Args:
        scorer: the model.
        path: an ``.onnx`` file.
        examples: raw rows to compare on, those of the replay.
        facts: of the manifest; task, target and the model's identity are written into the file.

    Raises:
        InputError: onnx or onnxruntime is not installed; there are no rows to compare on.
        SettingError: a part of the model cannot be said in ONNX, named.
        ArtifactError: the answers differ; nothing is written.
    """
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise InputError(f"ONNX needs {package}, which is not installed", hint="pip install 'autoprep[onnx]'")
    if not examples.height:
        raise InputError("the model keeps no rows to compare on", hint="fit it again with this version of autoprep")
    import onnx
    import onnxruntime

    predictor = _predictor(scorer)
    made = onnx_graph.build(predictor)
    said = {key: facts[key] for key in ("task", "target", "metric", "model") if key in facts}
    said |= {"classes": [str(c) for c in predictor.classes], "missing_text": onnx_graph.MISSING_TEXT}
    for key, value in said.items():
        made.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    onnx.checker.check_model(made, full_check=True)
    data = made.SerializeToString(deterministic=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    theirs = dict(zip(names, session.run(names, inputs(scorer, examples)), strict=True))
    compared = _compare(scorer, examples, theirs, Path(path), tuple(i.name for i in session.get_inputs()))
    with whole_file(path) as beside:
        beside.write_bytes(data)
    return compared


def _predictor(scorer: Scorer) -> Predictor:
    if not isinstance(scorer.predictor, Predictor):
        raise SettingError(f"a model of the kind {type(scorer.predictor).__name__} cannot be said in ONNX")
    return scorer.predictor


def _compare(
    scorer: Scorer, rows: pl.DataFrame, theirs: Mapping[str, Array], path: Path, names: tuple[str, ...]
) -> Compared:
    predictor = _predictor(scorer)
    table = scorer.features(scorer.transform(rows)[0])
    pairs: list[tuple[Array, Array]] = []
    labels = None
    if predictor.classes:
        shares = predictor.predict_proba(table)
        pairs.append((shares, theirs["probabilities"]))
        wanted = np.array([str(c) for c in predictor.classes], dtype=object)[predictor.codes(shares)]
        labels = int((wanted != theirs["prediction"].astype(object)).sum())
    else:
        values = predictor.predict(table)
        pairs.append((values, theirs["prediction"]))
        if "lower" in theirs and predictor.conformal is not None:
            bounds = predictor.conformal.interval(values, onnx_graph.COVERAGE)
            pairs += [(bounds[0], theirs["lower"]), (bounds[1], theirs["upper"])]
    largest = max(float(np.abs(ours - other).max(initial=0.0)) for ours, other in pairs)
    scale = max(1.0, *(float(np.abs(ours).max(initial=0.0)) for ours, _ in pairs))
    if not largest <= TOLERANCE * scale:
        raise ArtifactError(
            f"ONNX Runtime's answers differ from the model's by up to {largest:.3g}, so nothing is written",
            hint="please report it, with the versions of onnx and onnxruntime",
        )
    return Compared(path, names, rows.height, largest, labels)
