"""The law of error: fitted to made errors of a known law, and minimised at a budget."""

from __future__ import annotations

import numpy as np
import pytest

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.numbers.budget import Budget
from escalade.core.scaling import law
from escalade.core.scaling.aim import Aim
from escalade.core.scaling.enlarging import enlarge
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.least_error import least_error, sides

NOISE = 0.004


def base(*, resolution=20) -> Architecture:
    stages = tuple(
        Stage(
            blocks=tuple(
                Block(width=width, stride=stride if k == 0 else 1, expansion=4.0) for k in range(2)
            )
        )
        for width, stride in ((16, 1), (24, 2), (48, 2))
    )
    return Architecture(
        resolution=resolution, in_channels=1, num_classes=10, stem=Stem(width=16), stages=stages,
        head=Head(width=128),
    )  # fmt: skip


def truth(sizes, amounts=(0.06, 0.05, 0.09), exponents=(0.5, 0.8, 1.2), floor=0.04):
    centre = np.array([6.0, 26.0, 20.0])
    return floor + ((sizes / centre) ** -np.array(exponents)) @ np.array(amounts)


def made(num=300, *, seed=0, errors=truth, noise=NOISE) -> law.SizedErrors:
    rng = np.random.default_rng(seed)
    sizes = np.array([6.0, 26.0, 20.0]) * np.exp(rng.uniform(-0.6, 0.7, size=(num, 3)))
    extras = rng.normal(size=(num, 2))
    values = errors(sizes) + 0.01 * extras[:, 0] + noise * rng.normal(size=num)
    return law.SizedErrors(sizes=sizes, extras=extras, errors=values, noise=np.full(num, noise))


@pytest.fixture(scope="module")
def fitted() -> law.Law:
    return law.fit(made(), rng=np.random.default_rng(0))


@pytest.mark.slow
def test_a_known_law_is_predicted_beyond_what_was_seen(fitted):
    far = np.array([[12.0, 60.0, 44.0], [6.0, 30.0, 60.0]])
    told = fitted.predict(far, np.zeros((2, 2)))
    assert fitted.form == law.POWER
    assert told == pytest.approx(truth(far), abs=0.006)
    spread = fitted.spread(far, np.zeros((2, 2)))
    assert (np.abs(told - truth(far)) < 3 * spread + 1e-3).all()
    assert fitted.effects == pytest.approx([0.01, 0.0], abs=0.001)
    assert fitted.error < 0.5 * fitted.constant
    assert fitted.deviation < NOISE


def test_errors_never_rise_with_a_size():
    worse = made(errors=lambda sizes: 0.3 + 0.1 * np.log(sizes[:, 0] / 6) - 0.05 * sizes[:, 2] / 20)
    found = law.fit(worse, rng=np.random.default_rng(0))
    rows = np.array([[6.0, 26.0, 20.0], [12.0, 26.0, 20.0], [6.0, 52.0, 20.0], [6.0, 26.0, 40.0]])
    told = found.predict(rows, np.zeros((4, 2)))
    assert (told[1:] <= told[0] + 1e-6).all()


def test_logarithms_are_told_from_powers():
    values = made(errors=lambda sizes: 0.3 - np.log(sizes / 20) @ np.array([0.02, 0.03, 0.1]))
    found = law.fit(values, rng=np.random.default_rng(0))
    far = np.array([[14.0, 50.0, 50.0]])
    expected = 0.3 - np.log(far / 20) @ np.array([0.02, 0.03, 0.1])
    assert found.form == law.LOGARITHM
    assert found.predict(far, np.zeros((1, 2))) == pytest.approx(expected, abs=0.01)


def test_noise_is_no_law():
    nothing = made(errors=lambda sizes: np.full(len(sizes), 0.3), noise=0.02)
    rows = np.arange(len(nothing))
    flat = law.SizedErrors(
        sizes=nothing.sizes, extras=nothing.extras[:, 1:], noise=nothing.noise,
        errors=0.3 + 0.02 * np.random.default_rng(9).normal(size=len(rows)),
    )  # fmt: skip
    found = law.fit(flat, rng=np.random.default_rng(0))
    assert found.error > 0.98 * found.constant


def judge(networks):
    return truth(np.stack([law.sizes_of(network) for network in networks]))


@pytest.mark.slow
def test_the_least_error_is_below_that_of_every_rule():
    budget = Budget(4.0 * cost.of(base()).macs)
    aim = Aim(budget=budget, width_divisor=4, resolution_divisor=1)
    found = least_error(base(), judge=judge, aim=aim).architecture
    assert budget.contains(cost.of(found).macs)
    for rule in ("d", "w", "r", "dwr", "dWr", "wr"):
        other = scale_to(base(), rule=rule, budget=budget, stage=2.0).architecture
        assert judge([found])[0] <= judge([other])[0] + 0.001, rule


@pytest.mark.slow
def test_no_network_reads_more_pixels_than_the_images_have():
    budget = Budget(8.0 * cost.of(base()).macs)
    aim = Aim(budget=budget, most_side=24, width_divisor=4, resolution_divisor=1)
    found = least_error(base(), judge=judge, aim=aim).architecture
    assert found.resolution <= 24
    assert budget.contains(cost.of(found).macs)
    assert sides(base(), most_side=16, divisor=1) == [20]
    assert max(sides(base(), most_side=None, divisor=1)) == 80


def stage_judge(networks):
    """Nothing but the last stage's depth and the resolution helps."""
    return np.array([0.3 / np.sqrt(n.depths[2]) + 2 / n.resolution for n in networks])


def test_greedy_steps_spend_on_what_helps():
    budget = Budget(3.0 * cost.of(base()).macs)
    aim = Aim(budget=budget, most_side=30, width_divisor=4, resolution_divisor=1)
    found = enlarge(base(), judge=stage_judge, aim=aim)
    assert budget.contains(cost.of(found).macs)
    assert found.resolution <= 30
    assert found.depths[2] >= 2 * max(found.depths[:2])
