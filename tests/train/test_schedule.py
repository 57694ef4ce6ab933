from __future__ import annotations

import math

import pytest

from escalade.train.loop import rate_at
from escalade.train.recipe import Recipe
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


def test_every_step_learns_and_the_steps_are_symmetric() -> None:
    recipe = Recipe(steps=10, learning_rate=0.4, warmup=0.0)
    rates = [rate_at(step, recipe=recipe, num_steps=10) for step in range(10)]
    assert min(rates) > 0
    assert sum(rates) == pytest.approx(10 * 0.2)  # the mean of a cosine is a half
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "cosin"}, "cosin.*use one of.*cosine"),
        ({"epochs": 1.0, "steps": 5}, "epochs and steps"),
        ({"batch_size": 0}, "recipe.batch_size: 0 is not positive"),
        ({"label_smoothing": 1.0}, "label_smoothing.*outside"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"weight_decay": -1.0}, "weight_decay: -1.0 is negative"),
        ({"momentum": 0.0}, "nesterov: false"),
    ],
)
def test_recipe_rejects(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**fields)  # type: ignore[arg-type]


def test_number_of_steps() -> None:
    assert Recipe(epochs=1.5).num_steps(10) == 15
    assert Recipe(epochs=0.01).num_steps(10) == 1
    assert Recipe(steps=7).num_steps(10) == 7
    with pytest.raises(ValueError, match="epochs or steps"):
        Recipe().num_steps(10)
