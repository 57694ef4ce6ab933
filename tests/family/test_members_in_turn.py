"""Members that train one after another, each from the weights of the one before."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
import torch
from tiny_members import tiny

from escalade.config.member_training import RetrainConfig
from escalade.config.recipe import Recipe
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.kept import keep, read_made
from escalade.family.trainings.side_by_side import retrain_all
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import limit_threads

RECIPE = Recipe(steps=3, batch_size=16, learning_rate=0.2, padding=1)
WIDTHS = ((8, 16), (12, 24), (16, 32))


def row(root, *, steps=3) -> list[RetrainJob]:
    jobs: list[RetrainJob] = []
    for place, widths in enumerate(WIDTHS):
        jobs.append(
            RetrainJob(
                name=f"S{place}",
                architecture=tiny(widths=widths),
                recipe=Recipe(steps=steps, batch_size=16, learning_rate=0.2, padding=1),
                seed=0,
                folder=root / f"S{place}",
                start=jobs[-1].folder if jobs else None,
            )
        )
    return jobs


def trained(jobs, place, **more) -> list[str]:
    """Names in the order in which they ended; their weights are kept."""
    names = []
    for job, made in retrain_all(jobs, place, **more):
        keep(job.folder, made, place.data)
        names.append(job.name)
    return names


def test_each_begins_with_what_the_one_before_has_learnt(tmp_path, place):
    """Whatever the order they are given in: nothing else would find weights to begin with."""
    first, second, third = row(tmp_path)
    assert trained([third, first, second], place, num_workers=1) == ["S0", "S1", "S2"]
    again = RetrainJob(
        name="S1",
        architecture=second.architecture,
        recipe=RECIPE,
        seed=0,
        folder=tmp_path / "again",
        start=first.folder,
    ).make(place)
    kept = read_made(second.folder).state
    assert all(torch.equal(again.state[name], tensor) for name, tensor in kept.items())
    assert again.start is not None
    assert again.start.num_carried > 0


@pytest.mark.slow
def test_workers_change_nothing_and_others_train_beside(tmp_path, place):
    trained(row(tmp_path / "one"), place, num_workers=1)
    alone = RetrainJob(
        name="rival",
        architecture=tiny(),
        recipe=RECIPE,
        seed=0,
        folder=tmp_path / "rival",
    )
    names = trained([alone, *row(tmp_path / "two")], place, num_workers=2)
    assert [name for name in names if name != "rival"] == ["S0", "S1", "S2"]
    for name in ("S0", "S1", "S2"):
        one, two = (read_made(tmp_path / where / name).state for where in ("one", "two"))
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_stop_among_them_changes_nothing(tmp_path, place):
    """The second is stopped in the middle; what was trained before is only read."""
    trained(row(tmp_path / "straight"), place, num_workers=1)
    jobs, asked = row(tmp_path / "stopped"), count()
    with pytest.raises(Interrupted):
        trained(
            jobs,
            replace(place, should_stop=lambda: jobs[0].is_done and next(asked) == 2),
            num_workers=1,
        )
    assert [job.is_done for job in jobs] == [True, False, False]
    assert (jobs[1].folder / CHECKPOINT).exists()
    assert trained(jobs[1:], place, num_workers=1) == ["S1", "S2"]
    for name in ("S1", "S2"):
        one, two = (read_made(tmp_path / how / name).state for how in ("straight", "stopped"))
        assert all(torch.equal(one[key], two[key]) for key in one)


@pytest.mark.parametrize(("more", "threads"), [({}, 1), ({"all_threads": True}, 2)])
def test_members_in_turn_have_the_threads_of_the_run(tmp_path, place, monkeypatch, more, threads):
    monkeypatch.setattr(RetrainJob, "make", lambda self, place: torch.get_num_threads())
    with limit_threads(2):
        found = [made for _, made in retrain_all(row(tmp_path), place, num_workers=1, **more)]
    assert found == [threads] * 3


def test_only_the_smallest_trains_at_the_whole_rate():
    settings = RetrainConfig(searched="in_turn", finetune_rate=0.5)
    assert not settings.way.uses_slices
    whole = settings.recipe_alone(1_000).learning_rate
    assert settings.recipe_from_weights(1_000, ratio=2).learning_rate == 0.5 * whole
