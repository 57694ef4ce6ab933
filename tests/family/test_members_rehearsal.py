"""Members trained for the clock, in one process or side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_members import CLASSES, tiny

from escalade.config.recipe import Recipe
from escalade.data.image_data import ImageData
from escalade.data.splits.split import COPIED_BYTES, Split
from escalade.family.trainings import members_rehearsal as rehearsal
from escalade.family.trainings.members_rehearsal import rehearse_all
from escalade.family.trainings.side_by_side import num_processes
from escalade.train.runtime import Runtime
from escalade.train.step import PlainStep
from made_data import grey_data, noise_split

RECIPE = Recipe(epochs=4, batch_size=16, padding=1)
RUNTIME = Runtime(device="cpu")


def split(num: int) -> Split:
    return noise_split(num, side=16, seed=num)


@pytest.fixture(scope="module")
def data() -> ImageData:
    return grey_data(split(64), split(30), split(20), classes=CLASSES)


def rehearsed(data, num: int) -> rehearsal.Rehearsed:
    small, large = tiny(), tiny(widths=(32, 64), resolution=32)
    return rehearse_all(
        [small, small, large],
        recipe=RECIPE,
        data=data,
        runtime=RUNTIME,
        num_processes=num,
        seconds=0.05,
    )


@pytest.mark.slow
def test_times_are_seconds_an_image_of_the_steps_after_the_first(data, monkeypatch):
    """On a clock on which a step takes a millisecond a pixel of the side, the first a second."""
    now = 0.0

    class Slow(PlainStep):
        def __init__(self, network, *, resolution, objective):
            super().__init__(network, resolution=resolution, objective=objective)
            self.side = resolution

        def __call__(self, batch):
            nonlocal now
            now += 1e-3 * self.side if batch.step else 1.0
            return super().__call__(batch)

    monkeypatch.setattr(Runtime, "own_clock", lambda self: now)
    monkeypatch.setattr(rehearsal, "PlainStep", Slow)
    found = rehearsed(data, 1)
    assert found.together == pytest.approx([1e-3 * side / 16 for side in (12, 12, 32)])
    assert found.alone == found.together[-1]


@pytest.mark.slow
@pytest.mark.parametrize("num", [1, 2])
def test_every_network_has_a_time(data, num):
    """By the real clock, in this process or in two."""
    found = rehearsed(data, num)
    assert len(found.together) == 3
    assert min(found.together) > 0
    assert 0 < found.alone <= found.together[2]


def test_as_many_processes_as_trainings_have_use_for(data):
    def num(jobs: int, workers: int, of: ImageData = data) -> int:
        return num_processes(jobs, data=of, runtime=RUNTIME, num_workers=workers)

    assert [num(1, 4), num(3, 4), num(9, 4), num(0, 4)] == [1, 3, 4, 1]
    assert num(9, 4, replace(data, train=Large())) == 1


class Large:
    """A split that is not copied for workers."""

    num_bytes = COPIED_BYTES + 1
