"""Trees as ONNX's ``TreeEnsemble`` (ai.onnx.ml 5), in float64 and with the thresholds that the model has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import SettingError
from autoprep.kernels import trees as kernel
from autoprep.model_search.boosted_trees import BoostedTrees
from autoprep.serving.onnx_nodes import Graph, filled, rows, two

Array = NDArray[Any]
#: A tree: feature, threshold, whether missing goes left, left and right child (a split, or ``~leaf``), leaf values.
Laid = tuple[Array, Array, Array, Array, Array, Array]
_LEQ = 0
_FLOAT, _INT64, _DOUBLE = 1, 7, 11


def boosted(graph: Graph, matrix: str, model: Any, classes: int) -> str:
    read = BoostedTrees.read(model.booster.model_to_string(num_iteration=model.rounds))
    if read is None:
        raise SettingError("LightGBM's model holds more than plain trees, which cannot be said in ONNX")
    places: dict[tuple[int, int], int] = {}
    tables: dict[int, list[Array]] = {}
    parts: list[Laid] = []
    members: list[tuple[int, int, int]] = []
    for number, tree in enumerate(read.trees):
        feature = np.zeros(len(tree.feature), np.int64)
        for split in range(len(tree.feature)):
            column, decision = int(tree.feature[split]), int(tree.decision[split])
            if decision & 1:
                held = tables.setdefault(column, [])
                held.append(_set(tree, int(tree.threshold[split])))
                members.append((number, split, len(held) - 1))
            else:
                feature[split] = places.setdefault((column, (decision >> 2) & 3), len(places))
        member = tree.decision & 1 > 0
        threshold = np.where(member, -0.5, tree.threshold)
        left = (tree.decision & 2 > 0) & ~member
        parts.append((feature, threshold, left, tree.left, tree.right, tree.value))
    columns = [_read_as(graph, graph.columns(matrix, [column]), missing) for column, missing in places]
    begin = {}
    width = len(columns)
    for column, sets in tables.items():
        begin[column] = width
        width += len(sets)
        columns.append(rows(graph, *_memberships(graph, graph.columns(matrix, [column]), sets)))
    for number, split, place in members:
        parts[number][0][split] = begin[int(read.trees[number].feature[split])] + place
    sums = _ensemble(graph, graph.join(columns) if columns else matrix, parts, read.groups)
    if read.saying == kernel.LOGISTIC:
        return two(graph, graph.add("Sigmoid", graph.add("Mul", sums, graph.constant(read.slope))))
    if read.saying == kernel.SHARES:
        return graph.add("Softmax", sums, axis=1)
    return graph.add("Exp", sums) if read.saying == kernel.EXPONENTIAL else sums


def _read_as(graph: Graph, column: str, missing: int) -> str:
    """A column as LightGBM reads it: missing as zero, zero as missing, or as it is."""
    if missing == 2:
        return column
    if missing == 0:
        return filled(graph, column, 0.0)
    small = graph.add("LessOrEqual", graph.add("Abs", column), graph.constant(kernel.ZERO))
    return graph.add("Where", small, graph.constant(np.nan), column)


def _set(tree: Any, number: int) -> Array:
    """The codes that a split by a set sends left."""
    words = tree.codes[tree.bounds[number] : tree.bounds[number + 1]]
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
    return np.flatnonzero(bits)


def _memberships(graph: Graph, column: str, sets: list[Array]) -> tuple[str, str]:
    """A table (codes, sets), -1 where a code is in a set and 0 elsewhere, and the codes (n, 1) to look up in it."""
    size = max((int(s.max(initial=-1)) for s in sets), default=-1) + 2
    table = np.zeros((size, len(sets)))
    for place, held in enumerate(sets):
        table[held, place] = -1.0
    known = filled(graph, column, -1.0)
    beyond = graph.constant(float(size - 1))
    outside = graph.add("Or", graph.add("Less", known, graph.constant(0.0)), graph.add("Greater", known, beyond))
    code = graph.add("Cast", graph.add("Where", outside, beyond, known), to=_INT64)
    return graph.constant(table), code


def _ensemble(graph: Graph, matrix: str, trees: list[Laid], targets: int) -> str:
    """One node for trees of (feature, threshold, missing goes left, left, right, leaf values); children as LightGBM's.

    A tree adds to the target of its number modulo ``targets``.
    """
    from onnx import numpy_helper

    roots: list[int] = []
    nodes: dict[str, list[Array]] = {k: [] for k in ("feature", "split", "left", "t", "tl", "f", "fl")}
    leaf_target: list[Array] = []
    leaf_weight: list[Array] = []
    node = leaf = 0
    for number, (feature, threshold, missing, left, right, value) in enumerate(trees):
        roots.append(node)
        group = number % targets
        if not len(feature):
            feature, threshold, missing = np.zeros(1, np.int64), np.array([np.inf]), np.ones(1, bool)
            left = right = np.array([~0])
        for key, child in (("t", left), ("f", right)):
            nodes[key].append(np.where(child >= 0, node + child, leaf + ~child))
            nodes[key + "l"].append(child < 0)
        nodes["feature"].append(feature)
        nodes["split"].append(threshold)
        nodes["left"].append(missing)
        leaf_target.append(np.full(len(value), group))
        leaf_weight.append(value)
        node, leaf = node + len(feature), leaf + len(value)
    whole = {key: np.concatenate(arrays) for key, arrays in nodes.items()}
    return graph.add(
        "TreeEnsemble", matrix, domain="ai.onnx.ml",
        n_targets=targets, aggregate_function=1, post_transform=0, tree_roots=roots,
        nodes_featureids=whole["feature"].astype(int).tolist(),
        nodes_splits=numpy_helper.from_array(whole["split"].astype(np.float64), graph.name("splits")),
        nodes_modes=numpy_helper.from_array(np.full(node, _LEQ, np.uint8), graph.name("modes")),
        nodes_missing_value_tracks_true=whole["left"].astype(int).tolist(),
        nodes_truenodeids=whole["t"].astype(int).tolist(), nodes_trueleafs=whole["tl"].astype(int).tolist(),
        nodes_falsenodeids=whole["f"].astype(int).tolist(), nodes_falseleafs=whole["fl"].astype(int).tolist(),
        leaf_targetids=np.concatenate(leaf_target).astype(int).tolist(),
        leaf_weights=numpy_helper.from_array(np.concatenate(leaf_weight).astype(np.float64), graph.name("leaves")),
    )  # fmt: skip


def forest(graph: Graph, matrix: str, model: Any, classes: int) -> str:
    """A forest of scikit-learn: the mean over its trees of shares (n, classes) or values (n, 1)."""
    narrow = graph.add("Cast", graph.add("Cast", matrix, to=_FLOAT), to=_DOUBLE)
    estimator = model.estimator
    outputs = max(classes, 1)
    places = [int(c) for c in estimator.classes_] if classes else [0]
    laid: list[Laid] = []
    for one in estimator.estimators_:
        tree = one.tree_
        splits = np.flatnonzero(tree.children_left >= 0)
        leaves = np.flatnonzero(tree.children_left < 0)
        number = np.empty(tree.node_count, np.int64)
        number[splits] = np.arange(len(splits))
        number[leaves] = ~np.arange(len(leaves))
        left, right = number[tree.children_left[splits]], number[tree.children_right[splits]]
        missing = np.asarray(tree.missing_go_to_left)[splits].astype(bool)
        for output in range(outputs):
            if output in places:
                value = tree.value[leaves, 0, places.index(output)]
                laid.append((tree.feature[splits], tree.threshold[splits], missing, left, right, value))
            else:
                none = np.empty(0, np.int64)
                laid.append((none, none, none, none, none, np.zeros(1)))
    sums = _ensemble(graph, narrow, laid, outputs)
    return graph.add("Div", sums, graph.constant(float(len(estimator.estimators_))))
