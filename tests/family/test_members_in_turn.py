"""Training a family's members on in their supernet, one after another."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from escalade.config.recipe import Recipe
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.family.trainings.in_turn import InTurnJob
from escalade.family.trainings.kept import keep
from escalade.family.trainings.side_by_side import retrain_all
from escalade.spaces.load import load
from escalade.supernet.make import make_supernet
from escalade.supernet.weights_file import save_weights
from escalade.train.interrupt import Interrupted

RECIPE = Recipe(steps=4, batch_size=16, learning_rate=0.2, padding=1)


@pytest.fixture(scope="module")
def space() -> Space:
    return load("bignas_small", in_channels=1, num_classes=3).training


@pytest.fixture
def turns(tmp_path, space) -> list[InTurnJob]:
    """The smallest path's turn, then a larger one's, then the smallest's again."""
    torch.manual_seed(0)
    save_weights(make_supernet(space.shape), tmp_path / "supernet.safetensors")
    middle = space.repair((space.largest // 2)[None])[0]
    made: list[InTurnJob] = []
    for place, genes in enumerate((space.smallest, middle, space.smallest)):
        name = f"S{place}-in_turn"
        made.append(
            InTurnJob(
                name=name,
                member=space.path(genes, space.base_triple),
                shape=space.shape,
                recipe=RECIPE,
                seed=0,
                folder=tmp_path / name,
                start=made[-1].left if made else tmp_path / "supernet.safetensors",
            )
        )
    return made


def taken(turns, place, **more) -> dict[str, dict[str, torch.Tensor]]:
    states = {}
    for job, made in retrain_all(turns, place, **more):
        keep(job.folder, made, place.data)
        states[job.name] = made.state
    return states


def test_each_turn_begins_where_the_one_before_ended(turns, place):
    """Only what its member uses changes; the rest of the supernet is as it was left."""
    states = taken(turns[::-1], place, num_workers=1)
    assert list(states) == [job.name for job in turns]
    before = load_file(turns[0].start)
    for job in turns:
        after = load_file(job.left)
        supernet = make_supernet(job.shape)
        for parameter in supernet.parameters():
            parameter.data.zero_()
        for part in supernet.slices(job.member.running).values():
            part.data.fill_(1)
        for name, used in supernet.state_dict().items():
            if not used.any():
                assert torch.equal(after[name], before[name]), name
        assert any(not torch.equal(after[name], before[name]) for name in after)
        supernet.load_state_dict(after)
        for name, part in supernet.slices(job.member.running).items():
            assert torch.equal(part, states[job.name][name]), name
        before = after


@pytest.mark.slow
def test_neither_workers_nor_turns_made_before_change_anything(turns, place):
    here = taken(turns, place, num_workers=1)
    shutil.rmtree(turns[1].folder)
    assert [job.is_done for job in turns] == [True, False, True]
    again = taken(turns[1:], place, num_workers=2)
    for name, state in again.items():
        assert all(torch.equal(state[key], here[name][key]) for key in state), name


def test_a_turn_is_done_when_the_next_can_begin_with_it(turns, place):
    taken(turns[:1], place)
    assert turns[0].is_done
    turns[0].left.write_bytes(b"torn")
    assert not turns[0].is_done
    with pytest.raises(Invalid, match=r"supernet\.safetensors: is not what was written"):
        turns[1].make(place)


def test_other_weights_to_begin_with_are_another_training(turns, place, space):
    asked = iter(range(1, 100))
    with pytest.raises(Interrupted):
        turns[0].make(replace(place, should_stop=lambda: next(asked) == 2))
    torch.manual_seed(1)
    save_weights(make_supernet(space.shape), turns[0].start)
    with pytest.raises(ValueError, match="trained with start = "):
        turns[0].make(place)
