from __future__ import annotations

import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.evaluate import companies as module
from escalade.evaluate.companies import companies
from escalade.spaces.load import load


def some(num: int = 60) -> list[Architecture]:
    space = load("small", factors=(1.0, 2.0, 4.0), in_channels=1, num_classes=10)
    population = Hierarchical(space).draw(generator(0, "test"), num)
    return [path.running for path in space.paths(population)]


def divided(architectures: list[Architecture], **changed: object) -> list[list[int]]:
    options: dict[str, object] = {"num_images": 1000, "num_workers": 2, "on_cuda": False} | changed
    return companies(architectures, **options)  # type: ignore[arg-type]


def test_every_path_is_in_one_job_of_its_resolution() -> None:
    architectures = some()
    jobs = divided(architectures)
    assert sorted(index for job in jobs for index in job) == list(range(len(architectures)))
    sides = [{architectures[index].resolution for index in job} for job in jobs]
    assert all(len(each) == 1 for each in sides)
    assert [max(each) for each in sides] == sorted((max(each) for each in sides), reverse=True)
    assert max(len(job) for job in jobs) > 1


def test_what_begins_alike_stands_together() -> None:
    """The same two networks with many others between them."""
    architectures = some()
    twins = [*architectures[:1], *architectures[1:], architectures[0].renamed("twin")]
    (job,) = [job for job in divided(twins) if 0 in job]
    assert len(twins) - 1 in job


def test_of_few_paths_those_that_begin_alike_stand_together() -> None:
    one, other, *_ = some(12)
    asked = [each.renamed(f"{i}") for i in range(4) for each in (one, other)]
    assert sorted(map(sorted, divided(asked))) == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert len(divided(asked[:2])) == 2
    # No worker has nothing to do because all are alike.
    assert sorted(map(sorted, divided(asked[::2]))) == [[0, 1], [2, 3]]


def test_few_paths_that_have_little_in_common_are_measured_one_by_one() -> None:
    asked = {each.resolution: each for each in some(60)}
    assert len(asked) > 2
    assert {len(job) for job in divided([*asked.values()][:8])} == {1}


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_TOGETHER", 1), ("MOST_PARAMS", 0), ("MOST_MACS", 0)]
)
def test_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(module, limit, value)
    architectures = some(20)
    assert divided(architectures) != []
    assert {len(job) for job in divided(architectures)} == {1}


def test_a_fast_device_may_take_long_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MACS", 0)
    assert max(len(job) for job in divided(some(), on_cuda=True)) > 1


def test_nothing_makes_no_jobs() -> None:
    assert divided([]) == []
