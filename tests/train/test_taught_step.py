"""Paths of a supernet learn from a fixed network."""

from __future__ import annotations

from dataclasses import replace

import torch
from test_distil import make_teacher
from tiny_training import make_space, make_split, make_supernet, objective

import seed_runs
from escalade.core.sampling.samplers import Uniform
from escalade.core.space.make_around import around
from escalade.core.space.space import Space
from escalade.data.batches import prepare
from escalade.train.runtime import Runtime
from escalade.train.steps import Batch, PathSequence
from escalade.train.taught_step import OpenedPaths, TaughtStep, Teacher

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
