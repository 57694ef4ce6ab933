from __future__ import annotations

import math
from dataclasses import replace

import pytest

from escalade.config.recipe import Recipe
from escalade.train.loop import rate_at
from escalade.train.schedule import SCHEDULES, rate_factor


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", (1.0, 1.0, 1.0)),
        ("linear", (1.0, 0.5, 0.0)),
        ("cosine", (1.0, 0.5, 0.0)),
        ("exponential", (1.0, math.sqrt(0.05), 0.05)),
    ],
)
def test_start_middle_and_end(name: str, expected: tuple[float, float, float]) -> None:
    factors = tuple(SCHEDULES[name](progress) for progress in (0.0, 0.5, 1.0))
    assert factors == pytest.approx(expected)


def test_warm_up_is_linear_and_meets_the_schedule() -> None:
    def at(progress: float) -> float:
        return rate_factor(progress, schedule="cosine", warmup=0.2)

    assert at(0.05) == pytest.approx(0.25)
    assert at(0.2) == pytest.approx(1.0)
    assert at(0.2 - 1e-9) == pytest.approx(1.0)
    assert at(0.6) == pytest.approx(0.5)  # half of what is left after the warm-up
    assert rate_factor(0.0, schedule="cosine", warmup=0.0) == 1.0


def test_the_published_exponential_schedule() -> None:
    """lambda * beta^(t / T) with lambda 2 and beta 0.02, and 5 epochs of warm-up (section 6.1)."""
    recipe = Recipe(
        epochs=100, learning_rate=2.0, schedule="exponential", end_ratio=0.02, warmup_epochs=5
    )
    num_per_epoch = 1251
    num_steps = recipe.num_steps(num_per_epoch)

    def at(epoch: float) -> float:
        step = epoch * num_per_epoch - 0.5  # the rate is taken in the middle of a step
        return rate_at(step, recipe=recipe, num_steps=num_steps, num_per_epoch=num_per_epoch)  # type: ignore[arg-type]

    for epoch in (5, 20, 50, 99, 100):
        assert at(epoch) == pytest.approx(2.0 * 0.02 ** (epoch / 100), rel=1e-9)
    assert at(100) == pytest.approx(0.04, rel=1e-9)
    for epoch in (0, 1, 2.5):
        assert at(epoch) == pytest.approx(2.0 * 0.02 ** (epoch / 100) * epoch / 5, rel=1e-9)
    twice = replace(recipe, epochs=200)
    share = twice.warmup_share(num_steps=2 * num_steps, num_per_epoch=num_per_epoch)
    assert share == pytest.approx(5 / 200)
    assert rate_factor(
        0.25, schedule="exponential", warmup=share, end_ratio=0.02, is_beneath=True
    ) == pytest.approx(0.02**0.25)


def test_the_constant_ending() -> None:
    """0.256, times 0.97 every 2.4 epochs, and 0.0128 from 5 % on (BigNAS, section 4)."""
    epochs = 350
    reached = 2.4 * math.log(0.05) / math.log(0.97)
    recipe = Recipe(
        epochs=epochs, learning_rate=0.256, schedule="exponential", warmup=0.0,
        constant_after=reached / epochs,
    )  # fmt: skip
    assert recipe.constant_after == pytest.approx(0.67, abs=0.005)
    num_steps = recipe.num_steps(100)
    rates = [rate_at(step, recipe=recipe, num_steps=num_steps) for step in range(num_steps)]
    for epoch in (1, 2.4, 100, 235, 236):
        between = (rates[round(epoch * 100) - 1] + rates[round(epoch * 100)]) / 2
        assert between == pytest.approx(0.256 * 0.97 ** (epoch / 2.4), rel=1e-4)
    assert set(rates[23700:]) == {rates[-1]}
    assert rates[-1] == pytest.approx(0.0128)


def test_the_constant_ending_counts_the_schedule_not_the_warm_up() -> None:
    def at(progress: float, *, is_beneath: bool = False) -> float:
        return rate_factor(
            progress, schedule="exponential", warmup=0.2, constant_after=0.5, is_beneath=is_beneath
        )

    assert at(0.2) == pytest.approx(1.0)
    assert at(0.4) == pytest.approx(math.sqrt(0.05))
    assert at(0.6) == pytest.approx(0.05)
    assert at(0.7) == at(0.9) == at(1.0) == pytest.approx(0.05)
    assert at(0.25, is_beneath=True) == pytest.approx(math.sqrt(0.05))
    assert at(0.5, is_beneath=True) == pytest.approx(0.05)


def test_an_epoch_warm_up_is_a_factor_on_any_schedule() -> None:
    recipe = Recipe(steps=100, learning_rate=1.0, warmup_epochs=2)
    rates = [rate_at(s, recipe=recipe, num_steps=100, num_per_epoch=10) for s in range(100)]
    plain = [
        rate_at(s, recipe=Recipe(learning_rate=1.0, warmup=0.0), num_steps=100) for s in range(100)
    ]
    assert rates[20:] == plain[20:]
    ramp = [rate / base for rate, base in zip(rates[:20], plain[:20], strict=True)]
    assert ramp == pytest.approx([(s + 0.5) / 20 for s in range(20)])


def test_a_warm_up_longer_than_the_training_is_half_of_it() -> None:
    recipe = Recipe(epochs=4, warmup_epochs=5)
    assert recipe.warmup_share(num_steps=40, num_per_epoch=10) == 0.5
    with pytest.raises(ValueError, match=r"warmup_epochs.*num_per_epoch.*warmup"):
        recipe.warmup_share(num_steps=40)


def test_every_step_learns_and_the_steps_are_symmetric() -> None:
    recipe = Recipe(steps=10, learning_rate=0.4, warmup=0.0)
    rates = [rate_at(step, recipe=recipe, num_steps=10) for step in range(10)]
    assert min(rates) > 0
    assert sum(rates) == pytest.approx(10 * 0.2)  # the mean of a cosine is a half
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "cosin"}, "cosin.*did you mean cosine"),
        ({"epochs": 1.0, "steps": 5}, "epochs and steps"),
        ({"batch_size": 0}, "batch_size: 0 is not positive"),
        ({"label_smoothing": 1.0}, "label_smoothing.*outside"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"weight_decay": -1.0}, "weight_decay: -1.0 is negative"),
        ({"momentum": 0.0}, "nesterov: false"),
        ({"warmup_epochs": 0.0}, "warmup_epochs: 0.0 is not positive"),
        ({"mixup": -0.2}, "mixup: -0.2 is not positive"),
        ({"averaging": 1.5}, r"averaging: 1.5 is outside \(0, 1\]"),
        ({"end_ratio": 0.0}, r"end_ratio: 0.0 is outside \(0, 1\]"),
        ({"constant_after": 0.0}, r"constant_after: 0.0 is outside \(0, 1\]"),
        ({"constant_after": 0.7}, "constant_after: 0.7 is for the exponential.*not cosine"),
        ({"optimizer": "adam"}, "optimizer: 'adam' is not known; use sgd, rmsprop"),
        (
            {"auto_augment": "imagnet"},
            "auto_augment: 'imagnet' is not known; did you mean imagenet",
        ),
    ],
)
def test_recipe_rejects(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**fields)  # type: ignore[arg-type]


def test_number_of_steps() -> None:
    assert Recipe(epochs=1.5).num_steps(10) == 15
    assert Recipe(epochs=0.01).num_steps(10) == 1
    assert Recipe(steps=7).num_steps(10) == 7
    with pytest.raises(ValueError, match="neither epochs nor steps"):
        Recipe().num_steps(10)
