"""scikit-learn's own checks, as the oracle of our estimators; and what they do on raw tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from autoprep.sklearn import AutoPrepClassifier, AutoPrepRegressor, FeatureSynthesizer, TableCleaner

REPEATED = (
    "repeating a row is not weighing it: equal rows are one row of the table, are left out as duplicates, and never "
    "stand on both sides of a fold, so the folds differ"
)


def explained(estimator: object) -> dict[str, str]:
    if isinstance(estimator, AutoPrepClassifier | AutoPrepRegressor):
        return {"check_sample_weight_equivalence_on_dense_data": REPEATED}
    return {}


@parametrize_with_checks(
    [AutoPrepClassifier(work_budget=0.2), AutoPrepRegressor(work_budget=0.2), TableCleaner(), FeatureSynthesizer()],
    expected_failed_checks=explained,
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def dirty(rows: int = 120) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    price, kind = rng.gamma(2, 400, rows), rng.integers(0, 3, rows)
    y = (price + 300 * kind + rng.normal(0, 80, rows) > 1000).astype(int)
    text = [f"${p:,.2f}" if p > 60 else "n/a" for p in price]
    return pl.DataFrame({"price": text, "kind": np.array(["red", "Red ", "blue"])[kind]}), np.array(["no", "yes"])[y]


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_raw_frames_are_cleaned_inside(kind):
    frame, y = dirty()
    given = {"polars": frame, "pandas": frame.to_pandas(), "pyarrow": frame.to_arrow()}[kind]
    model = AutoPrepClassifier(work_budget=2).fit(given, y)
    assert list(model.classes_) == ["no", "yes"]
    assert model.score(given, y) > 0.85
    assert model.model_.transform(frame)["price"].dtype == pl.Float64


def test_in_a_pipeline_and_under_cross_validation():
    X, y = load_iris(return_X_y=True)
    scores = cross_val_score(make_pipeline(StandardScaler(), AutoPrepClassifier(work_budget=1)), X, y, cv=3)
    assert scores.mean() > 0.9


def test_iris_split_as_tpot_shows_it():
    X, y = load_iris(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=0.75, random_state=42)
    model = AutoPrepClassifier(work_budget=6).fit(X_train, y_train)
    assert accuracy_score(y_test, model.predict(X_test)) >= 37 / 38


def test_weights_and_groups_are_heard():
    frame, y = dirty()
    weight = np.where(y == "yes", 50.0, 1.0)
    plain = AutoPrepClassifier(work_budget=1).fit(frame, y).predict_proba(frame)[:, 1].mean()
    heavy = AutoPrepClassifier(work_budget=1).fit(frame, y, sample_weight=weight).predict_proba(frame)[:, 1].mean()
    assert heavy > plain + 0.02
    with pytest.raises(ValueError, match="one group"):
        AutoPrepClassifier(work_budget=1).fit(frame, y, groups=np.zeros(len(y)))


def test_weights_are_routed_through_a_pipeline():
    """scikit-learn's metadata routing: a weight asked for reaches the fit inside a pipeline and a cross-validation."""
    X, y = load_iris(return_X_y=True)
    weight = np.where(y == 1, 1e-6, 1.0)
    with config_context(enable_metadata_routing=True):
        model = AutoPrepClassifier(work_budget=1).set_fit_request(sample_weight=True, groups=False)
        model = model.set_score_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        shares = routed.fit(X, y, sample_weight=weight).predict_proba(X).mean(axis=0)
        assert shares[1] < 0.1
        cross_validate(routed, X, y, cv=2, params={"sample_weight": weight}, error_score="raise")


def test_set_output_and_feature_names():
    frame, _ = dirty()
    cleaner = TableCleaner().set_output(transform="polars").fit(frame)
    made = cleaner.transform(frame)
    assert isinstance(made, pl.DataFrame) and list(cleaner.get_feature_names_out()) == made.columns
    assert made["price"].dtype == pl.Float64 and made.height == frame.height
    pandas = clone(cleaner).set_output(transform="pandas").fit_transform(frame.to_pandas())
    assert type(pandas).__module__.startswith("pandas") and pandas["price"].isna().sum() == made["price"].null_count()


def test_the_regressor_gives_intervals_in_the_target_s_unit():
    rng = np.random.default_rng(1)
    X = rng.uniform(0, 10, (300, 2))
    y = 3 * X[:, 0] + rng.normal(0, 1, 300)
    model = AutoPrepRegressor(work_budget=3).fit(X, y)
    low, high = model.predict_interval(X).T
    assert np.mean((low <= y) & (y <= high)) > 0.8
