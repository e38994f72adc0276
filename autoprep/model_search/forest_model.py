"""scikit-learn's forests, grown in portions until a limit; kept through skops with a list of allowed types."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autoprep.errors import ArtifactError
from autoprep.model_search.alone import in_equal_blocks, product, shares, two_shares
from autoprep.model_search.limits import Limit, OutOfTime
from autoprep.model_search.threads import wait_quietly

Array = NDArray[Any]

#: The only types that a model file may hold besides skops' own defaults: it can run no code of its own.
ALLOWED = frozenset(
    {
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.ExtraTreesRegressor",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._classes.ExtraTreeRegressor",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._tree.Tree",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.gaussian_process._gpc.GaussianProcessClassifier",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process._gpr.GaussianProcessRegressor",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.Product",
        "numpy.dtype",
    }
)
_FORESTS = ("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor")
#: Estimators that predict by products of matrices: networks, whose layers are multiplied here, and others.
_NETWORKS, _BY_PRODUCTS = "sklearn.neural_network", "sklearn.gaussian_process"
SCHEMA = "schema.json"
PORTION = 20
TREE_COST = 4.0e-8
MOST_NODES = 3_000_000
#: Bytes from which a model is pressed quickly (a fifth larger, in a third of the time).
HEAVY = 64_000_000
#: Bytes of a node beside those of what it says of each class, 8 each.
NODE_BYTES = 64


def _narrow(matrix: Array) -> Array:
    return np.asarray(np.clip(matrix, -3e38, 3e38), dtype=np.float32)


def canonical(archive: bytes) -> bytes:
    """A skops archive with counted numbers for memory addresses and without times: equal models give equal bytes."""
    with zipfile.ZipFile(BytesIO(archive)) as source:
        schema = source.read(SCHEMA).decode()
        files = {name: source.read(name) for name in source.namelist() if name != SCHEMA}
    numbers: dict[str, str] = {}
    for found in re.finditer(r'"__id__": (\d+)|"file": "(\d+)\.', schema):
        numbers.setdefault(found.group(1) or found.group(2), str(len(numbers)))
    schema = re.sub(r'("__id__": |"file": ")(\d+)', lambda m: m.group(1) + numbers[m.group(2)], schema)
    renamed = {re.sub(r"^\d+", lambda m: numbers.get(m.group(), m.group()), name): body for name, body in files.items()}
    made, level = BytesIO(), 1 if sum(map(len, files.values())) > HEAVY else 6
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in [*sorted(renamed.items()), (SCHEMA, schema.encode())]:
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED, level)
    return made.getvalue()


@dataclass
class SklearnModel:
    """A fitted estimator of scikit-learn.

    Attributes:
        estimator: the estimator.
        classes: number of classes, 0 for regression.
        rounds: trees, or 1.
    """

    estimator: Any
    classes: int
    rounds: int
    suffix = ".skops"

    def predict(self, matrix: Array) -> Array:
        """Probabilities (n, classes) or values (n,)."""
        matrix, kind = _narrow(matrix), type(self.estimator).__module__
        if kind.startswith(_NETWORKS):
            return self._network(matrix)
        return in_equal_blocks(self._predict, matrix) if kind.startswith(_BY_PRODUCTS) else self._predict(matrix)

    def rough(self, matrix: Array) -> Array:
        """What ``predict`` says but for the last bits, which hang on the rows beside a row; quicker for networks."""
        return self._predict(_narrow(matrix))

    def _network(self, matrix: Array) -> Array:
        """The layers of a network in double precision and in one order.

        BLAS adds up single precision otherwise for some rows of a block than for others (seen on OpenBLAS' Haswell
        kernels), even when all blocks have one shape.
        """
        said = matrix.astype(np.float64)
        layers = list(zip(self.estimator.coefs_, self.estimator.intercepts_, strict=True))
        for number, (weights, shift) in enumerate(layers, 1):
            said = product(said, weights.astype(np.float64)) + shift
            if number < len(layers):
                np.maximum(said, 0.0, out=said)
        if self.classes == 0:
            return said.reshape(-1)
        found = np.zeros((len(matrix), self.classes))
        found[:, self.estimator.classes_] = two_shares(said[:, 0]) if said.shape[1] == 1 else shares(said)
        return found

    def _predict(self, matrix: Array) -> Array:
        if len(matrix) == 1 and type(self.estimator).__name__ in _FORESTS:
            return self._one(matrix)
        if self.classes == 0:
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1)
        found = np.zeros((len(matrix), self.classes))
        found[:, self.estimator.classes_] = self.estimator.predict_proba(matrix)
        return found

    def _one(self, matrix: Array) -> Array:
        """One row: the trees' own answers added in their order, without scikit-learn's checks of each tree."""
        total: Any = 0.0
        for tree in self.estimator.estimators_:
            total = total + tree.tree_.predict(matrix)
        mean = np.asarray(total, dtype=np.float64) / len(self.estimator.estimators_)
        if self.classes == 0:
            return mean.reshape(-1)
        found = np.zeros((1, self.classes))
        found[:, self.estimator.classes_] = mean.reshape(1, -1)
        return found

    def save(self, path: Path) -> None:
        """Write skops' format."""
        from skops import io

        path.write_bytes(canonical(io.dumps(self.estimator)))

    @classmethod
    def load(cls, path: Path, classes: int, rounds: int) -> Self:
        """Read skops' format, refusing every type that is not in ``ALLOWED``.

        Raises:
            ArtifactError: not skops' format, or a type that is not allowed.
        """
        from zipfile import BadZipFile

        wait_quietly()
        from skops import io
        from skops.io.exceptions import UntrustedTypesFoundException

        try:
            strange = set(io.get_untrusted_types(file=path)) - ALLOWED
            if strange:
                raise ArtifactError(f"holds the type {min(strange)}, which is not allowed", where=str(path))
            return cls(io.load(path, trusted=sorted(ALLOWED)), classes, rounds)
        except (BadZipFile, KeyError, UntrustedTypesFoundException) as error:
            raise ArtifactError("is not a model file", where=str(path), hint="copy the folder again") from error


def leaf_size(rows: int, asked: int, trees: int, classes: int = 2) -> int:
    """Rows per leaf that keep the whole forest under ``MOST_NODES`` nodes of two classes, in bytes.

    Example:
        >>> leaf_size(1_000, 1, 200), leaf_size(100_000, 1, 200), leaf_size(100_000, 1, 200, classes=36)
        (1, 14, 59)
    """
    most = MOST_NODES * (NODE_BYTES + 8 * 2) // (NODE_BYTES + 8 * max(classes, 2))
    return max(asked, -(-2 * rows * trees // most) if rows * trees * 2 > most else asked)


def forest_cost(rows: int, columns: int, classes: int, trees: int) -> float:
    """Units of work of a forest."""
    outputs = 1.0 + 0.15 * classes
    return 0.05 + trees * float(
        5e-4 + TREE_COST * rows * np.log2(max(rows, 2)) * np.sqrt(max(columns, 1)) * 0.35 * outputs
    )


def fit_forest(
    train: Array,
    y: Array,
    weight: Array | None,
    *,
    classes: int,
    extra: bool,
    trees: int,
    leaf: int,
    share: float | str,
    seed: int,
    limit: Limit,
) -> tuple[SklearnModel, float]:
    """Grow a forest in portions until all trees stand or the limit has come.

    Args:
        train: (n, columns); NaN is a value of its own.
        y: (n,) codes or values.
        weight: (n,) or None.
        classes: number of classes, 0 for regression.
        extra: random cuts on all rows (Geurts 2006) instead of best cuts on bootstrap samples (Breiman 2001).
        trees: how many.
        leaf: least rows per leaf.
        share: columns looked at per cut: "sqrt" or a share.
        seed: of the randomness.
        limit: when to stop.

    Raises:
        OutOfTime: the limit came before the first portion.
    """
    wait_quietly()
    from sklearn import ensemble

    if limit.passed():
        raise OutOfTime
    kind = ("ExtraTrees" if extra else "RandomForest") + ("Classifier" if classes else "Regressor")
    estimator = getattr(ensemble, kind)(
        n_estimators=0, min_samples_leaf=leaf_size(len(train), leaf, trees, classes), max_features=share,
        random_state=seed, n_jobs=1, warm_start=True, bootstrap=not extra,
    )  # fmt: skip
    matrix = _narrow(train)
    unit = forest_cost(train.shape[0], train.shape[1], classes, trees) / trees
    done = 0
    while done < trees:
        done = min(trees, done + PORTION)
        estimator.set_params(n_estimators=done)
        estimator.fit(matrix, y, sample_weight=weight)
        if limit.passed((done + PORTION) * unit):
            break
    return SklearnModel(estimator, classes, done), done * unit
