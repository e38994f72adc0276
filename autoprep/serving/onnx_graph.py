"""A predictor as an ONNX graph: encoding, models, ensemble, calibration and intervals, all in float64.

Trees become one ``TreeEnsemble`` (ai.onnx.ml 5) with LightGBM's own thresholds and rules for what is missing; a split
by a set of categories becomes a comparison of a column that a table of members gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import SettingError
from autoprep.model_search.encode import Encoder
from autoprep.model_search.predictor import Member, Predictor
from autoprep.serving.onnx_nodes import Graph, filled, rows, two
from autoprep.serving.onnx_trees import boosted, forest

Array = NDArray[Any]

OPSETS: Mapping[str, int] = {"": 21, "ai.onnx.ml": 5}
IR_VERSION = 10
#: Text that stands for a missing category: ONNX has no null.
MISSING_TEXT = ""
COVERAGE = 0.9
_TINY = 1e-12
#: ONNX's numbers of types.
_DOUBLE, _INT64 = 11, 7
_FORESTS = ("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor")


def table_name(synthesizer: int) -> str:
    """How a table is called in input names where the members see several."""
    return "clean" if synthesizer < 0 else f"features_{synthesizer}"


def input_name(predictor: Predictor, synthesizer: int, column: str) -> str:
    """The graph's input for a column of the table that a member sees.

    Example:
        >>> from autoprep.model_search.predictor import Predictor
        >>> input_name(Predictor("regression", [], "rmse", [0.0]), -1, "age")
        'age'
    """
    several = len({member.synthesizer for member in predictor.members}) > 1
    return f"{table_name(synthesizer)}/{column}" if several else column


def wanted(predictor: Predictor) -> dict[str, tuple[int, str, bool]]:
    """What the graph asks for: input name -> (synthesizer, column, whether it is text).

    Raises:
        SettingError: the text that stands for a missing category is a category.
    """
    found: dict[str, tuple[int, str, bool]] = {}
    for member in predictor.members:
        encoder = member.part.encoder
        for name in encoder.numbers:
            found[input_name(predictor, member.synthesizer, name)] = (member.synthesizer, name, False)
        for level in encoder.levels:
            if MISSING_TEXT in level.values:
                raise SettingError(f"'{level.name}' has the empty text as a category, which ONNX keeps for missing")
            found[input_name(predictor, member.synthesizer, level.name)] = (member.synthesizer, level.name, True)
    return found


def build(predictor: Predictor) -> Any:
    """The predictor as an ONNX model (``onnx.ModelProto``).

    Inputs are columns of the feature table, each (n, 1): float64 (missing: NaN) or text (missing: ""). Outputs:
    ``prediction`` (n,), float64 or text; ``probabilities`` (n, classes) for classes; ``lower`` and ``upper`` (n,) of
    90% for a regression that has intervals.

    Raises:
        SettingError: a member that cannot be said in ONNX, named.
    """
    from onnx import TensorProto, helper

    if not predictor.members:
        raise SettingError(f"there is nothing to export: the model is {predictor.describe()}")
    graph, asked = Graph(), wanted(predictor)
    total = ""
    for member in predictor.members:
        said = graph.add("Mul", _member(graph, predictor, member), graph.constant(member.weight))
        total = graph.add("Add", total, said) if total else said
    outputs = _classes(graph, predictor, total) if predictor.classes else _numbers(graph, predictor, total)
    kinds = {False: TensorProto.DOUBLE, True: TensorProto.STRING}
    made = helper.make_graph(
        graph.nodes,
        "autoprep",
        [helper.make_tensor_value_info(name, kinds[text], ["rows", 1]) for name, (_, _, text) in asked.items()],
        [helper.make_tensor_value_info(name, kinds[text], shape) for name, text, shape in outputs],
        graph.constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="autoprep")


def _member(graph: Graph, predictor: Predictor, member: Member) -> str:
    """A member's probabilities (n, classes) or values (n, 1)."""
    part = member.part
    matrix = _matrix(graph, predictor, member)
    model: Any = part.model
    family, classes = part.family, part.encoder.classes
    kind = type(getattr(model, "estimator", None)).__name__
    if family == "lightgbm":
        said = boosted(graph, matrix, model, classes)
    elif family == "linear":
        said = _linear(graph, matrix, model, classes)
    elif kind in _FORESTS:
        said = forest(graph, matrix, model, classes)
    elif family == "dummy":
        zero = graph.add("Mul", graph.columns(matrix, [0]), graph.constant(0.0))
        said = graph.add("Add", filled(graph, zero, 0.0), graph.constant(np.asarray(model.said)[None, :]))
    else:
        raise SettingError(
            f"the member '{family}' ({member.weight:.0%} of the model) cannot be said in ONNX",
            hint="use 'autoprep export' for Python, or fit with --deploy fast, which keeps one model",
        )
    if classes == 0 and part.scale.kind == "log":
        low = graph.add("Exp", graph.add("Min", said, graph.constant(700.0)))
        one = graph.add("Sub", low, graph.constant(1.0))
        said = graph.add("Mul", one, graph.constant(part.scale.factor))
        said = graph.add("Add", said, graph.constant(part.scale.shift))
    if part.scale.weights:
        back = graph.add("Div", said, graph.constant(np.asarray(part.scale.weights)[None, :]))
        said = graph.add("Div", back, graph.add("ReduceSum", back, graph.constant([1], np.int64), keepdims=1))
    return said


def _matrix(graph: Graph, predictor: Predictor, member: Member) -> str:
    """What ``Encoder.transform`` makes: (n, columns) float64."""
    encoder, table = member.part.encoder, member.synthesizer
    parts = []
    if encoder.numbers:
        numbers = graph.join([input_name(predictor, table, name) for name in encoder.numbers])
        missing = graph.constant(np.nan)
        parts.append(graph.add("Where", graph.add("IsInf", numbers), missing, numbers))
    codes = [_codes(graph, input_name(predictor, table, level.name), level.values) for level in encoder.levels]
    if encoder.kind == "native":
        for level, code in zip(encoder.levels, codes, strict=True):
            known = [*range(len(level.values)), np.nan, np.nan]
            parts.append(graph.add("Gather", graph.constant(np.array(known)), code))
        return graph.join(parts)
    maps = [graph.constant(table) for table in encoder.maps]
    if encoder.kind == "target":
        return graph.join(parts + [rows(graph, table, code) for table, code in zip(maps, codes, strict=True)])
    return _standard(graph, encoder, parts[0] if parts else "", codes, maps)


def _codes(graph: Graph, name: str, values: Sequence[str]) -> str:
    """Codes (n, 1) of a text column: as in ``encode.Levels``."""
    return graph.add(
        "LabelEncoder", name, domain="ai.onnx.ml",
        keys_strings=[*values, MISSING_TEXT], values_int64s=list(range(len(values) + 1)), default_int64=len(values) + 1,
    )  # fmt: skip


def _standard(graph: Graph, encoder: Encoder, numbers: str, codes: list[str], maps: list[str]) -> str:
    """The matrix of a linear model."""
    parts = []
    if numbers:
        known = filled(graph, numbers, np.asarray(encoder.fill)[None, :])
        known = graph.add("Max", known, graph.constant(np.asarray(encoder.low)[None, :]))
        known = graph.add("Min", known, graph.constant(np.asarray(encoder.high)[None, :]))
        parts.append(known)
        if encoder.flagged:
            gone = graph.add("IsNaN", graph.columns(numbers, encoder.flagged))
            parts.append(graph.add("Cast", gone, to=_DOUBLE))
        places = [place for place, knots in enumerate(encoder.hinges) for _ in knots]
        if places:
            knots = np.concatenate([np.asarray(k) for k in encoder.hinges if len(k)])
            above = graph.add("Sub", graph.columns(known, places), graph.constant(knots[None, :]))
            parts.append(graph.add("Max", above, graph.constant(0.0)))
    for level, code, table in zip(encoder.levels, codes, maps, strict=True):
        size = len(level.values)
        if size <= encoder.most_one_hot:
            table = graph.constant(np.eye(size + 2)[:, : size + 1])
        parts.append(rows(graph, table, code))
    centred = graph.add("Sub", graph.join(parts), graph.constant(np.asarray(encoder.centre)[None, :]))
    return graph.add("Div", centred, graph.constant(np.asarray(encoder.spread)[None, :]))


def _linear(graph: Graph, matrix: str, model: Any, classes: int) -> str:
    raw = graph.add("MatMul", matrix, graph.constant(model.weights[:-1]))
    raw = graph.add("Add", raw, graph.constant(model.weights[-1][None, :]))
    if classes == 0:
        raw = graph.add("Max", raw, graph.constant(max(model.low, -1e308)))
        return graph.add("Min", raw, graph.constant(min(model.high, 1e308)))
    return two(graph, graph.add("Sigmoid", raw)) if classes == 2 else graph.add("Softmax", raw, axis=1)


def _classes(graph: Graph, predictor: Predictor, total: str) -> list[tuple[str, bool, list[Any]]]:
    """Probabilities as ``Predictor.probabilities`` and labels as ``Predictor.codes`` make them."""
    share = graph.add("Div", total, graph.add("ReduceSum", total, graph.constant([1], np.int64), keepdims=1))
    prior = graph.constant(np.asarray(predictor.prior)[None, :])
    if predictor.temperature != 1.0:
        low = graph.add("Max", share, graph.constant(_TINY))
        raw = graph.add("Log", graph.add("Min", low, graph.constant(1.0)))
        share = graph.add("Softmax", graph.add("Div", raw, graph.constant(predictor.temperature)), axis=1)
    if predictor.mix:
        own = graph.add("Mul", share, graph.constant(1.0 - predictor.mix))
        share = graph.add("Add", own, graph.add("Mul", prior, graph.constant(predictor.mix)))
    share = graph.add("Identity", share, out="probabilities")
    if len(predictor.classes) == 2:
        second = graph.add("Squeeze", graph.columns(share, [1]), graph.constant([1], np.int64))
        code = graph.add("GreaterOrEqual", second, graph.constant(predictor.threshold))
        code = graph.add("Cast", code, to=_INT64)
    else:
        code = graph.add("ArgMax", share, axis=1, keepdims=0)
    words = [str(c) for c in predictor.classes]
    graph.add(
        "LabelEncoder", code, domain="ai.onnx.ml", out="prediction",
        keys_int64s=list(range(len(words))), values_strings=words, default_string=words[0],
    )  # fmt: skip
    return [("prediction", True, ["rows"]), ("probabilities", False, ["rows", len(words)])]


def _numbers(graph: Graph, predictor: Predictor, total: str) -> list[tuple[str, bool, list[Any]]]:
    """The value, and its interval as ``calibrate.Conformal`` gives it."""
    if predictor.shift:
        total = graph.add("Add", total, graph.constant(predictor.shift))
    if predictor.floor is not None:
        total = graph.add("Max", total, graph.constant(predictor.floor))
    said = graph.add("Squeeze", total, graph.constant([1], np.int64), out="prediction")
    outputs: list[tuple[str, bool, list[Any]]] = [("prediction", False, ["rows"])]
    if predictor.conformal is None:
        return outputs
    edges, floor = predictor.conformal.edges, predictor.conformal.floor
    reached = graph.add("GreaterOrEqual", total, graph.constant(np.array([[*edges, np.inf]])))
    bin_ = graph.add("ReduceSum", graph.add("Cast", reached, to=_INT64), graph.constant([1], np.int64), keepdims=0)
    for name, added in zip(("lower", "upper"), predictor.conformal.reach(COVERAGE), strict=True):
        least = floor if name == "lower" else None
        bound = graph.add("Gather", graph.constant(added), bin_)
        bound = graph.add("Add", said, bound, **({"out": name} if least is None else {}))
        if least is not None:
            graph.add("Max", bound, graph.constant(least), out=name)
        outputs.append((name, False, ["rows"]))
    return outputs
