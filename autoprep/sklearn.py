"""scikit-learn's doors to autoprep: estimators that clone, sit in pipelines, and pass scikit-learn's own checks.

``AutoPrepClassifier`` and ``AutoPrepRegressor`` run the whole pipeline (profile, clean, synthesize, search) on the rows
they are given; ``TableCleaner`` only cleans, ``FeatureSynthesizer`` only makes features. All take arrays and any frame
(Polars, pandas, PyArrow): give frames of raw text where you can, for text is what the rules know how to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from autoprep import pipeline
from autoprep.api.model import Model
from autoprep.cleaning import Transformer
from autoprep.errors import AutoprepError
from autoprep.reading import read
from autoprep.synthesis.rows import GROUPS, Synthesizer
from autoprep.types import Task

_TARGET = "target"


def _weights(frame: pl.DataFrame, sample_weight: Any) -> np.ndarray | None:
    """(n,) weights, none negative; refuses that all are zero."""
    if sample_weight is None:
        return None
    made: np.ndarray = _check_sample_weight(
        sample_weight, np.empty((frame.height, 1)), dtype=np.float64, ensure_non_negative=True
    )
    return made


def _is_frame(x: Any) -> bool:
    return hasattr(x, "__arrow_c_stream__") or hasattr(x, "__dataframe__") or isinstance(x, pl.LazyFrame)


def _as_frame(estimator: Any, x: Any, *, reset: bool) -> pl.DataFrame:
    """Rows as a Polars frame with the names that the estimator was fitted on; refuses another number of columns."""
    least = 2 if reset else 1
    if _is_frame(x):
        x = x.collect() if isinstance(x, pl.LazyFrame) else x
        validate_data(estimator, x, reset=reset, skip_check_array=True)
        frame = read(x).collect()
        if frame.height < least:
            raise ValueError(f"Found {frame.height} sample(s) while a minimum of {least} is required.")
        names = [str(name) for name in frame.columns]
    else:
        array = validate_data(
            estimator, x, reset=reset, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=least
        )
        # An array for what was learnt from a frame: its columns in the frame's order, as scikit-learn warns of.
        names = [f"x{place}" for place in range(array.shape[1])]
        if not reset and hasattr(estimator, "feature_names_in_"):
            names = [str(name) for name in estimator.feature_names_in_]
        frame = pl.DataFrame([_series(name, array[:, place]) for place, name in enumerate(names)])
    while _TARGET in names:
        names[names.index(_TARGET)] = f"{_TARGET}_"
    frame.columns = names
    return frame


def _series(name: str, values: np.ndarray) -> pl.Series:
    if values.dtype.kind in "biuf":
        number = values.astype(np.float32) if values.dtype == np.float16 else np.ascontiguousarray(values)
        return pl.Series(name, number, nan_to_null=True)
    cells = values.tolist()
    kinds = {type(cell) for cell in cells}
    odd = sorted(kind.__name__ for kind in kinds - {str, int, float, bool, type(None)})
    if odd:
        raise TypeError(f"column {name} holds {odd[0]} values: argument must be a string or a number")
    if kinds <= {int, float, bool, type(None)}:
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], pl.Float64, nan_to_null=True)
    return pl.Series(name, [None if cell is None or cell != cell else str(cell) for cell in cells], pl.String)


def _like(given: Any, made: pl.DataFrame) -> Any:
    """The made columns in the kind of container that was given."""
    if isinstance(given, pl.DataFrame | pl.LazyFrame):
        return made
    if _is_frame(given) and type(given).__module__.startswith("pandas"):
        return made.to_pandas().set_axis(given.index, axis=0)
    if _is_frame(given):
        return made.to_arrow()
    numeric = all(dtype.is_numeric() or dtype in (pl.Boolean, pl.Null) for dtype in made.dtypes)
    return made.cast(pl.Float64).to_numpy() if numeric else made.to_numpy()


class _AutoPrep(BaseEstimator):
    """What classifier and regressor share."""

    def __init__(
        self,
        *,
        time_budget_s: float | None = 60,
        work_budget: float | None = None,
        metric: str | None = None,
        rules: Sequence[str] | None = None,
        keep_leaks: bool = True,
        random_state: Any = 0,
    ) -> None:
        self.time_budget_s = time_budget_s
        self.work_budget = work_budget
        self.metric = metric
        self.rules = rules
        self.keep_leaks = keep_leaks
        self.random_state = random_state

    def _learn(
        self, frame: pl.DataFrame, y: pl.Series, task: Task, weight: Any, groups: Any, positive: str | None = None
    ) -> None:
        if groups is not None:
            check_consistent_length(frame, groups)
            groups = np.asarray(groups)
        if weight is not None:
            kept = np.flatnonzero(weight)
            frame, y, weight = frame[kept], y.gather(kept), weight[kept]
            groups = None if groups is None else groups[kept]
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        try:
            fitted = pipeline.fit(
                read(frame.with_columns(y.alias(_TARGET))),
                _TARGET,
                time_budget_s=None if self.work_budget is not None else self.time_budget_s,
                work_budget=self.work_budget,
                task=task,
                metric=self.metric,
                rules=self.rules,
                keep_leaks=self.keep_leaks,
                positive=positive,
                seed=seed,
                group=groups,
                sample_weight=weight,
            )
        except AutoprepError as error:
            raise ValueError(str(error)) from error
        self.model_ = Model(fitted)

    def _predicted(self, x: Any) -> pl.DataFrame:
        check_is_fitted(self)
        return self.model_.scorer().predict(_as_frame(self, x, reset=False))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class AutoPrepClassifier(ClassifierMixin, _AutoPrep):
    """The whole pipeline as a scikit-learn classifier.

    Args:
        time_budget_s: seconds for ``fit``, cleaning included; unused when ``work_budget`` is given.
        work_budget: units of work instead: the same rows then give the same model.
        metric: what to optimise; roc_auc for two classes and log_loss for more when None. Of two classes, "f1" and
            "average_precision" are about the last of ``classes_``, as in scikit-learn.
        rules: folders of your own rules.
        keep_leaks: let columns in that alone give the target away. True by default, unlike in ``autoprep.fit``: here
            the caller chose the columns, and a column that the target equals is a lawful task for an estimator, not
            an error. False leaves such columns out as ``autoprep.fit`` does; ``model_.facts["notes"]`` names them.
        random_state: seed, RandomState or None.

    Attributes:
        classes_: (n_classes,) labels, sorted.
        model_: the fitted ``autoprep.Model``: its plan, ledger, features, leaderboard and report.
        n_features_in_: number of columns; feature_names_in_: their names, of frames.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = AutoPrepClassifier(work_budget=3).fit(X, y)
        >>> model.predict_proba(X[:2]).shape, bool(model.score(X, y) > 0.9)
        ((2, 3), True)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn.

        Args:
            X: (n, columns) array or frame; text, missing values and dirt are welcome.
            y: (n,) labels.
            sample_weight: (n,) weights of the rows in training and validation.
            groups: (n,) ids; rows that share one are validated on one side.

        Raises:
            ValueError: the rows cannot carry a model; says what, where and what to try.
        """
        frame = _as_frame(self, X, reset=True)
        y = column_or_1d(y, warn=True)
        check_consistent_length(frame, y)
        check_classification_targets(y)
        weight = _weights(frame, sample_weight)
        seen = y if weight is None else y[weight > 0]
        if len(np.unique(seen)) < 2:
            raise ValueError(f"Only one class, {seen[0]!r}, is in y: there is nothing to predict.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        labels = pl.Series([f"class {code}" for code in range(len(self.classes_))])
        task: Task = "binary" if len(self.classes_) == 2 else "multiclass"
        self._learn(frame, labels.gather(codes), task, weight, groups, "class 1" if task == "binary" else None)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The (n,) labels."""
        said = self._predicted(X)["prediction"].str.strip_prefix("class ").cast(pl.Int64)
        labels: np.ndarray = self.classes_[said.to_numpy()]
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """The (n, n_classes) probabilities, in the order of ``classes_``; a class that was dropped has 0."""
        said = self._predicted(X)
        names = [f"probability_class {code}" for code in range(len(self.classes_))]
        kept = [pl.col(name) if name in said.columns else pl.lit(0.0).alias(name) for name in names]
        made: np.ndarray = said.select(kept).to_numpy()
        return made


class AutoPrepRegressor(RegressorMixin, _AutoPrep):
    """The whole pipeline as a scikit-learn regressor; see ``AutoPrepClassifier`` for the arguments.

    Example:
        >>> import numpy as np
        >>> X = np.arange(60.0).reshape(-1, 1)
        >>> AutoPrepRegressor(work_budget=2).fit(X, 3 * X[:, 0]).predict(X[:2]).shape
        (2,)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn.

        Args:
            X: (n, columns) array or frame. y: (n,) numbers. sample_weight: (n,) weights. groups: (n,) ids.

        Raises:
            ValueError: the rows cannot carry a model.
        """
        frame = _as_frame(self, X, reset=True)
        y = column_or_1d(y, warn=True)
        check_consistent_length(frame, y)
        if type_of_target(y) == "unknown":
            raise ValueError("Unknown label type: y holds neither numbers nor text that reads as numbers.")
        values = np.asarray(y, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError("Input y contains NaN or infinity: a regression learns from finite numbers.")
        self._learn(frame, pl.Series(values), "regression", _weights(frame, sample_weight), groups)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The (n,) Float64 values."""
        made: np.ndarray = self._predicted(X)["prediction"].cast(pl.Float64).to_numpy()
        return made

    def predict_interval(self, X: Any) -> np.ndarray:
        """The (n, 2) bounds that hold the value in the stated share of cases (split-conformal)."""
        made: np.ndarray = self._predicted(X).select("lower", "upper").to_numpy()
        return made


class _Table(TransformerMixin, BaseEstimator):
    """What the transformers share."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that ``transform`` gives."""
        check_is_fitted(self)
        return np.asarray(self.names_out_, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class TableCleaner(_Table):
    """Cleans a table by the rulebook: the plan is learnt by ``fit`` and holds for every row after it.

    Rows are never dropped, added or moved; arrays give arrays, Polars gives Polars, pandas gives pandas.

    Args:
        rules: folders of your own rules.

    Attributes:
        plan_: what is done to each column, and why.

    Example:
        >>> frame = pl.DataFrame({"price": ["$1,200.50", "n/a", "$3.00", "$17.25"]})
        >>> TableCleaner().fit_transform(frame)["price"].to_list()
        [1200.5, None, 3.0, 17.25]
    """

    def __init__(self, *, rules: Sequence[str] | None = None) -> None:
        self.rules = rules

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the plan of (n, columns) rows."""
        frame = _as_frame(self, X, reset=True)
        try:
            self.plan_ = pipeline.prepare(read(frame), rules=self.rules).plan
        except AutoprepError as error:
            raise ValueError(str(error)) from error
        self._apply = Transformer(self.plan_)
        self.names_out_ = self._apply(frame.head(1))[0].columns
        return self

    def transform(self, X: Any) -> Any:
        """The (n, columns out) cleaned rows."""
        check_is_fitted(self)
        return _like(X, self._apply(_as_frame(self, X, reset=False))[0])


class FeatureSynthesizer(_Table):
    """Makes model-ready features of a clean table; what is learnt of the target is cross-fitted by ``fit_transform``.

    Args:
        groups: kinds of features (see ``autoprep.synthesis.Synthesizer``); all when None.
        most: most features kept of each learnt kind.
        random_state: seed, RandomState or None.

    Attributes:
        features_: the readable definition of each column.

    Example:
        >>> frame = pl.DataFrame({"day": ["2024-01-05", "2024-02-10"]}).with_columns(pl.col("day").str.to_date())
        >>> "WEEKDAY(day)" in FeatureSynthesizer().fit_transform(frame).columns
        True
    """

    def __init__(self, *, groups: Sequence[str] | None = None, most: int = 12, random_state: Any = 0) -> None:
        self.groups = groups
        self.most = most
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from (n, columns) rows and, where given, (n,) labels or values."""
        self._fit(X, y, crossed=False)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Learn, and return the training rows with encodings learnt from other folds only."""
        return _like(X, self._fit(X, y, crossed=True))

    def transform(self, X: Any) -> Any:
        """The (n, features) columns."""
        check_is_fitted(self)
        return _like(X, self.synthesizer_.transform(_as_frame(self, X, reset=False)))

    def _fit(self, x: Any, y: Any, *, crossed: bool) -> pl.DataFrame:
        frame = _as_frame(self, x, reset=True)
        goal, task = _goal(y)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        kinds = GROUPS if self.groups is None else tuple(self.groups)
        self.synthesizer_ = Synthesizer(kinds, most=self.most, seed=seed)
        if crossed:
            made = self.synthesizer_.fit_transform(frame, goal, task=task)
        else:
            made = self.synthesizer_.fit(frame, y=goal, task=task).transform(frame.head(1))
        self.features_ = list(self.synthesizer_.features)
        self.names_out_ = made.columns
        return made


def _goal(y: Any) -> tuple[np.ndarray | None, Task | None]:
    if y is None:
        return None, None
    y = column_or_1d(y)
    kind = type_of_target(y)
    if kind.startswith("continuous"):
        return np.asarray(y, dtype=np.float64), "regression"
    labels, codes = np.unique(y, return_inverse=True)
    return codes.astype(np.float64), "binary" if len(labels) == 2 else "multiclass"
