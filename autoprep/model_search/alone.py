"""A row's prediction does not hang on the rows beside it: sums of products in one order, whatever the shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Rows that a product of matrices always has, padded with zeros.
ROWS = 64
_BAND = 4096


def product(matrix: Array, weights: Array) -> Array:
    """``matrix @ weights`` (n, k) with every row's sum in the order of columns.

    BLAS picks its kernel by the shape, so that one row and a thousand differ in the last bits.

    Example:
        >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
        array([[11.]])
    """
    if len(matrix) == 1:
        # a running sum adds in the order of columns too
        parts = np.concatenate([np.zeros((1, weights.shape[1])), matrix[0][:, None] * weights])
        return np.asarray(np.cumsum(parts, axis=0)[-1:])
    out = np.zeros((len(matrix), weights.shape[1]))
    for at in range(0, len(matrix), _BAND):
        band = out[at : at + _BAND]
        for column, row in zip(matrix[at : at + _BAND].T, weights, strict=True):
            band += column[:, None] * row
    return out


def in_equal_blocks(predict: Callable[[Array], Array], matrix: Array) -> Array:
    """``predict(matrix)`` in blocks of ``ROWS`` rows, the last one padded, so that every product has one shape.

    Example:
        >>> in_equal_blocks(lambda block: block.sum(axis=1), np.ones((3, 2)))
        array([2., 2., 2.])
    """
    if not len(matrix):
        return predict(np.zeros((ROWS, matrix.shape[1]), matrix.dtype))[:0]
    padded = np.zeros((-len(matrix) % ROWS, matrix.shape[1]), matrix.dtype)
    whole = np.concatenate([matrix, padded])
    said = [predict(whole[at : at + ROWS]) for at in range(0, len(whole), ROWS)]
    return np.concatenate(said)[: len(matrix)]


def two_shares(raw: Array) -> Array:
    """Probabilities (n, 2) of the log odds (n,) of the second of two classes.

    Example:
        >>> two_shares(np.array([0.0])).tolist()
        [[0.5, 0.5]]
    """
    positive = 1.0 / (1.0 + np.exp(-np.clip(raw, -500, 500)))
    return np.column_stack([1.0 - positive, positive])


def shares(raw: Array) -> Array:
    """Probabilities (n, classes) of scores (n, classes): the softmax function.

    Example:
        >>> shares(np.array([[1.0, 1.0]])).tolist()
        [[0.5, 0.5]]
    """
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
