from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_distil import make_teacher
from tiny_training import make_space, make_split, make_supernet, objective

import seed_runs
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.space.make_around import around
from escalade.core.space.space import Space
from escalade.data.batching.batches import prepare
from escalade.train.runtime import Runtime
from escalade.train.step import Batch
from escalade.train.steps import Teacher
from escalade.train.steps.path_sequence import PATHS_PER_DRAW, PathSequence, side_at
from escalade.train.steps.single_path import SinglePathStep
from escalade.train.steps.taught import OpenedPaths, TaughtStep


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4 * PATHS_PER_DRAW), min_size=1, max_size=5))
def test_a_steps_path_does_not_depend_on_the_steps_before(steps: list[int]) -> None:
    space = make_space()
    jumping = PathSequence(space, sampler=Uniform(space), seed=1)
    for step in steps:
        fresh = PathSequence(space, sampler=Uniform(space), seed=1)
        assert jumping.at(step) == fresh.at(step)


def test_paths_differ_between_steps_blocks_and_seeds() -> None:
    space = make_space()
    sampler = Hierarchical(space)
    one, two = (PathSequence(space, sampler=sampler, seed=seed) for seed in (1, 2))
    assert len({one.at(step).key for step in range(100)}) > 10
    assert [one.at(step) for step in range(20)] != [two.at(step) for step in range(20)]
    later = [one.at(PATHS_PER_DRAW + step) for step in range(20)]
    assert later != [one.at(step) for step in range(20)]


def _touched(*, coupled: bool, step: int) -> Iterator[tuple[str, torch.Tensor]]:
    supernet, space = make_supernet(coupled=coupled), make_space()
    single = SinglePathStep(
        supernet,
        paths=PathSequence(space, sampler=Hierarchical(space), seed=0),
        objective=objective(Runtime(device="cpu")),
        coupled=coupled,
    )
    images, labels = make_split(8).images, make_split(8).labels
    single(Batch(images=images, labels=labels, step=step, share=1.0))
    for name, parameter in supernet.named_parameters():
        if parameter.grad is not None:
            yield name, parameter.grad


def test_a_path_leaves_other_weights_without_gradient() -> None:
    num = len(list(make_supernet().parameters()))
    counts = {len(list(_touched(coupled=False, step=step))) for step in range(20)}
    assert min(counts) < num
    assert len(counts) > 1


def test_coupled_sides_alternate_with_the_step() -> None:
    assert [side_at(step) for step in range(4)] == ["left", "right", "left", "right"]
    space = make_space()
    paths = PathSequence(space, sampler=Hierarchical(space), seed=0)
    narrow = [s for s in range(40) if paths.at(s).architecture.stem.width == 8]
    for step in (narrow[0], next(s for s in narrow if s % 2 != narrow[0] % 2)):
        stem = dict(_touched(coupled=True, step=step))["conv_stem.weight"]
        used = stem.abs().sum(dim=(1, 2, 3)) > 0
        assert len(used) == 16
        assert used.nonzero().min() >= 8 if step % 2 else used.nonzero().max() < 8


def test_share_scales_the_gradient_not_the_loss() -> None:
    gradients, losses = [], []
    for share in (1.0, 0.25):
        supernet, space = make_supernet(), make_space()
        single = SinglePathStep(
            supernet,
            paths=PathSequence(space, sampler=Hierarchical(space), seed=0),
            objective=objective(Runtime(device="cpu")),
        )
        split = make_split(8)
        batch = Batch(images=split.images, labels=split.labels, step=0, share=share)
        losses.append(single(batch))
        grad = supernet.get_parameter("conv_stem.weight").grad
        assert grad is not None
        gradients.append(grad)
    assert torch.equal(losses[0], losses[1])
    assert torch.allclose(gradients[0] * 0.25, gradients[1], atol=1e-8)


SPLIT = make_split(8)
BATCH = Batch(images=SPLIT.images, labels=SPLIT.labels, step=5, share=1.0)


def ready(images, side):
    return prepare(images, resolution=side, mean=(0.4,), std=(0.3,))


def taught(batch, *, num_paths=2):
    """Gradients by name, and the loss."""
    space, supernet = make_space(), make_supernet()
    step = TaughtStep(
        supernet,
        paths=PathSequence(space, sampler=Uniform(space), seed=1),
        num_paths=num_paths,
        teacher=Teacher(network=make_teacher(), resolution=10),
        objective=objective(Runtime(device="cpu")),
    )
    loss = step(batch)
    return {n: p.grad for n, p in supernet.named_parameters() if p.grad is not None}, loss


def test_every_path_learns_the_teachers_predictions():
    found, loss = taught(replace(BATCH, share=0.5))
    space, supernet = make_space(), make_supernet()
    targets = make_teacher().eval()(ready(BATCH.images, 10)).softmax(1).detach()
    paths = PathSequence(space, sampler=Uniform(space), seed=1)
    losses = []
    for i in (10, 11):  # two a step
        running = paths.at(i).running
        scores = supernet(ready(BATCH.images, running.resolution), running).log_softmax(1)
        losses.append(-(targets * scores).sum(1).mean())
    (0.5 * sum(losses)).backward()
    assert torch.allclose(loss, torch.stack(losses).mean())
    for name, parameter in supernet.named_parameters():
        assert (parameter.grad is None) == (name not in found)
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_labels_are_not_looked_at_and_steps_are_functions_of_their_number():
    first, _ = taught(BATCH)
    again, _ = taught(replace(BATCH, labels=BATCH.labels.flip(0)))
    other, _ = taught(replace(BATCH, step=6))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other.get(name, torch.empty(0))) for name in first)


def test_paths_open_in_turn_and_are_functions_of_their_number():
    space = Space(around(seed_runs.NETWORK, budgets=(), name="around"))
    given = {"sampler": Uniform(space), "seed": 1, "num_paths": 2, "num_steps": 12}
    numbers = range(24)
    paths = [OpenedPaths(space, **given).at(i).running for i in numbers]
    assert paths == [OpenedPaths(space, **given).at(i).running for i in reversed(numbers)][::-1]
    whole = space.path(space.largest).running
    assert all(each.depths == whole.depths for each in paths[:8])  # two turns of two steps
    assert all(each.widths == whole.widths for each in paths[:12])
    assert any(each.widths != whole.widths for each in paths[12:])
    ever = PathSequence(space, sampler=Uniform(space), seed=1)
    assert paths[12:] == [ever.at(i).running for i in numbers[12:]]
