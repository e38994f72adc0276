"""A row's prediction is the same to the last bit whatever rows stand beside it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from autoprep.model_search.alone import in_equal_blocks, product
from autoprep.model_search.forest_model import SklearnModel


def _alone(predict, matrix: np.ndarray) -> bool:
    whole = predict(matrix)
    single = np.concatenate([predict(matrix[i : i + 1]) for i in range(0, len(matrix), 7)])
    parts = np.concatenate([predict(matrix[i : i + 37]) for i in range(0, len(matrix), 37)])
    return np.array_equal(whole[::7], single) and np.array_equal(whole, parts)


@pytest.mark.parametrize("columns", [3, 17, 60])
def test_products_and_blocks(columns: int) -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, columns)).astype(np.float32)
    y = (matrix[:, 0] > 0).astype(int)
    weights = rng.normal(size=(columns, 3))
    assert _alone(lambda m: product(m.astype(float), weights), matrix)
    np.testing.assert_allclose(product(matrix.astype(float), weights), matrix.astype(float) @ weights, atol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((64, 32), max_iter=3, random_state=0).fit(matrix, y)
        process = GaussianProcessRegressor().fit(matrix[:120], y[:120])
        values = MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=3, random_state=0).fit(matrix, matrix[:, 0])
        several = MLPClassifier((16,), max_iter=3, random_state=0).fit(matrix, rng.integers(0, 3, len(matrix)))
    for estimator, classes in ((network, 2), (several, 3), (values, 0)):
        model = SklearnModel(estimator, classes, 1)
        assert _alone(model.predict, matrix)
        np.testing.assert_allclose(model.predict(matrix), model.rough(matrix), atol=1e-5)
        assert len(model.predict(matrix[:0])) == 0
    assert _alone(lambda m: in_equal_blocks(process.predict, m), matrix)
    assert in_equal_blocks(process.predict, matrix[:0]).shape == (0,)
