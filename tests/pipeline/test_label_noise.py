"""Flipped labels are doubted, right ones not, however much classes overlap."""

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
    assert doubted(y, shares, ["a", "b", "c"]).count == 0
    assert str(LabelNoise(2, 900, (("a", "b", 2),))) == ""


def _calibrated(seed: int, steep: float, flipped: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels drawn from a logistic curve, some flipped; the probabilities that they then have; which were flipped."""
    rng = np.random.default_rng(seed)
    truth = 0.5 + 0.5 * np.tanh(0.5 * steep * rng.normal(size=2000))
    wrong = rng.random(2000) < flipped
    y = (rng.random(2000) < truth) ^ wrong
    second = flipped + (1 - 2 * flipped) * truth
    return y.astype(int), np.column_stack([1 - second, second]), wrong


@pytest.mark.parametrize("steep", [0.3, 1, 3, 8])
def test_labels_drawn_from_the_probabilities_are_not_doubted(steep: float) -> None:
    counts = [doubted(*_calibrated(seed, steep, 0.0)[:2], ["a", "b"]).count for seed in range(10)]
    assert sorted(counts)[8] == 0 and max(counts) <= 4, counts


def test_a_rare_class_that_nothing_tells_is_not_doubted() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.05).astype(int)
    assert doubted(y, np.tile([0.95, 0.05], (2000, 1)), ["a", "b"]).count == 0


@pytest.mark.parametrize("seed", range(3))
def test_flips_are_found_though_the_probabilities_have_learnt_how_many_there_are(seed: int) -> None:
    y, shares, wrong = _calibrated(seed, 200, 0.04)
    rows = np.arange(len(y)) + 7
    found = doubted(y, shares, ["a", "b"], rows)
    assert 0.7 * wrong.sum() <= found.count <= 1.3 * wrong.sum()
    assert sum(wrong[d.row - 7] for d in found.examples) >= 9
