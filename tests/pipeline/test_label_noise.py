"""Flipped labels are doubted, right ones hardly; where classes overlap by nature few are."""

from __future__ import annotations

import numpy as np
import pytest

from autoprep.pipeline.label_noise import LabelNoise, doubted


def _judged(seed: int, flipped: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, out-of-fold probabilities of a nearest-mean model, and which labels were flipped."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, 900)
    x = rng.normal(size=(900, 2)) + np.array([[0, 0], [5, 0], [0, 5]])[true]
    wrong = rng.random(900) < flipped
    y = np.where(wrong, (true + rng.integers(1, 3, 900)) % 3, true)
    shares = np.zeros((900, 3))
    for fold in range(3):
        held = np.arange(900) % 3 == fold
        means = np.array([x[~held & (y == j)].mean(axis=0) for j in range(3)])
        near = np.exp(-0.5 * ((x[held, None] - means[None]) ** 2).sum(axis=2))
        shares[held] = near / near.sum(axis=1, keepdims=True)
    return y, shares, wrong


@pytest.mark.parametrize("seed", range(3))
def test_flipped_labels_are_doubted(seed: int) -> None:
    y, shares, wrong = _judged(seed, 0.06)
    found = doubted(y, shares, ["a", "b", "c"])
    assert 0.8 * wrong.sum() <= found.count <= 1.3 * wrong.sum()
    assert sum(wrong[d.row] for d in found.examples) >= 9
    assert "labels are doubted" in str(found)


def test_right_labels_are_left_in_peace() -> None:
    y, shares, _ = _judged(1, 0.0)
    assert doubted(y, shares, ["a", "b", "c"]).count <= 0.02 * len(y)
    assert str(LabelNoise(2, 900, (("a", "b", 2),))) == ""
