"""Regression with known noise, against brute force and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from escalade.core.numbers.regression import Regression
from escalade.core.numbers.smooth import Smooth


def made(num=120, *, width=6, noise=0.02, deviation=0.0, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(num, width))
    truth = 0.6 + features @ (0.02 * rng.normal(size=width)) + deviation * rng.normal(size=num)
    return features, truth, truth + noise * rng.normal(size=num), np.full(num, noise)


def ridge(features, measured, penalty):
    """By the normal equations with a free intercept; unit weights."""
    centre, level = features.mean(axis=0), measured.mean()
    apart = features - centre
    gram = apart.T @ apart + penalty * np.eye(features.shape[1])
    slope = np.linalg.solve(gram, apart.T @ (measured - level))
    return lambda rows: level + (rows - centre) @ slope


def test_the_linear_part_is_ridge_regression():
    features, _, measured, noise = made()
    fitted = Regression.fit(features, measured, noise=noise)
    variance = noise[0] ** 2 + fitted.deviation**2 + (fitted.smooth.variance or 0.0)
    by_hand = ridge(features, measured, fitted.penalty * variance)
    rows = np.random.default_rng(1).normal(size=(5, 6))
    rest, _ = fitted.smooth.predict(rows)
    assert fitted.predict(rows).mean - rest == pytest.approx(by_hand(rows), abs=1e-3)


def test_the_error_is_that_of_leaving_each_out():
    features, _, measured, noise = made(num=30)
    fitted = Regression.fit(features, measured, noise=noise)
    variance = noise[0] ** 2 + fitted.deviation**2 + fitted.smooth.variance
    errors = []
    for i in range(len(measured)):
        rest = np.arange(len(measured)) != i
        by_hand = ridge(features[rest], measured[rest], fitted.penalty * variance)
        errors.append(by_hand(features[i : i + 1])[0] - measured[i])
    assert fitted.error == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.1)


@pytest.mark.parametrize("deviation", [0.0, 0.02])
def test_posterior_means_are_nearer_to_the_truth_than_measurements(deviation):
    features, truth, measured, noise = made(deviation=deviation)
    fitted = Regression.fit(features, measured, noise=noise)
    told = fitted.posterior(features, measured, noise=noise)
    before, after = (np.mean((values - truth) ** 2) for values in (measured, told.mean))
    assert after < (0.3 if deviation == 0 else 0.8) * before
    inside = np.abs(told.mean - truth) < 2 * told.sd
    assert inside.mean() > 0.85


def test_without_noise_measurements_stand():
    features, truth, measured, _ = made(noise=0.0, deviation=0.05)
    noise = np.full(len(truth), 1e-6)
    fitted = Regression.fit(features, measured, noise=noise)
    told = fitted.posterior(features, measured, noise=noise)
    assert told.mean == pytest.approx(truth, abs=1e-4)


def test_draws_spread_as_predictions_say():
    features, _, measured, noise = made(num=40)
    fitted = Regression.fit(features, measured, noise=noise)
    rows = np.random.default_rng(2).normal(size=(3, 6))
    drawn = fitted.draws(rows, num=4000, rng=np.random.default_rng(3))
    told = fitted.predict(rows)
    assert drawn.mean(axis=0) == pytest.approx(told.mean, abs=4 * told.sd.max() / 60)
    assert drawn.std(axis=0) == pytest.approx(told.sd, rel=0.25)


def test_a_smooth_rest_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    items = rng.uniform(-2, 2, size=(150, 2))
    rest = 0.05 * np.sin(2 * items[:, 0]) * np.cos(items[:, 1])
    noise = np.full(150, 0.01)
    fitted = Smooth.fit(items, rest + noise * rng.normal(size=150), noise=noise, deviation=0.03)
    asked = rng.uniform(-1.5, 1.5, size=(50, 2))
    truth = 0.05 * np.sin(2 * asked[:, 0]) * np.cos(asked[:, 1])
    assert np.mean((fitted.predict(asked)[0] - truth) ** 2) < 0.1 * np.mean(truth**2)
    nothing = Smooth.fit(items, noise * rng.normal(size=150), noise=noise, deviation=0.002)
    assert nothing.variance == 0.0
    assert not nothing.predict(asked)[0].any()
