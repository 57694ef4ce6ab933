"""The strictly fair step, on a network of choices as plain as can be, and on a supernet."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from tiny_training import (
    Training,
    assert_equal,
    make_choice_space,
    make_choice_supernet,
    make_split,
    objective,
)
from torch import Tensor, nn
from torch.nn import functional

from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.samplers import Uniform
from escalade.core.space.path import Path as NetworkPath
from escalade.data.batching.batches import prepare
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, Step
from escalade.train.steps.fair import FairStep, PathsOfSteps
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.single_path import SinglePathStep

LAYERS, CHOICES, WIDTH, SIDE = 3, 5, 6, 8
BATCH = Batch(images=make_split(8).images, labels=make_split(8).labels, step=5, share=1.0)


@dataclass(frozen=True)
class Running:
    """What a path of the plain network runs."""

    choices: tuple[int, ...]
    resolution: int = SIDE


@dataclass(frozen=True)
class PlainPath:
    """The fields of a path that the step may look at."""

    running: Running

    @property
    def key(self) -> str:
        return str(self.running.choices)


class Permutations:
    """One permutation of the choices per layer, a function of the step."""

    def at(self, step: int) -> list[PlainPath]:
        rng = generator(0, "test", step)
        orders = [rng.permutation(CHOICES) for _ in range(LAYERS)]
        return [PlainPath(Running(tuple(map(int, row)))) for row in zip(*orders, strict=True)]


PATHS = cast("PathsOfSteps", Permutations())


class Choices(nn.Module):
    """Every choice of every layer has weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(1, WIDTH, 3)
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(CHOICES)) for _ in range(LAYERS)
        )
        self.head = nn.Linear(WIDTH, 3)
        self.seen: list[Running] = []

    def forward(self, x: Tensor, running: Running) -> Tensor:
        self.seen.append(running)
        x = self.stem(x)
        for layer, choice in zip(self.layers, running.choices, strict=True):
            x = layer[choice](functional.relu(x))  # type: ignore[index]
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def make_step(network: Any) -> FairStep:
    return FairStep(network, paths=PATHS, objective=objective(Runtime(device="cpu")))


def gradients(network: nn.Module) -> dict[str, Tensor]:
    found = {name: p.grad for name, p in network.named_parameters()}
    assert all(gradient is not None for gradient in found.values())
    return cast("dict[str, Tensor]", found)


def alone(path: PlainPath, batch: Batch = BATCH) -> tuple[dict[str, Tensor | None], Tensor]:
    """Gradients and loss of one path, from the definition of the smoothed loss."""
    network = Choices()
    x = prepare(batch.images, resolution=SIDE, mean=(0.4,), std=(0.3,))
    smooth = 0.9 * functional.one_hot(batch.labels, 3) + 0.1 / 3
    loss = -(smooth * network(x, path.running).log_softmax(1)).sum(1).mean()
    torch.autograd.backward(loss)
    return {name: p.grad for name, p in network.named_parameters()}, loss.detach()


def test_every_choice_of_every_layer_learns_once() -> None:
    network = Choices()
    counts: dict[str, int] = {}
    for name, parameter in network.named_parameters():
        counts[name] = 0

        def count(_: Tensor, name: str = name) -> None:
            counts[name] += 1

        parameter.register_post_accumulate_grad_hook(count)
    make_step(network)(BATCH)
    assert {counts[name] for name in counts if name.startswith("layers")} == {1}
    assert {counts[name] for name in counts if not name.startswith("layers")} == {CHOICES}
    assert [running.choices for running in network.seen] == [
        path.running.choices for path in Permutations().at(BATCH.step)
    ]


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_gradients_are_the_sum_and_the_loss_the_mean_of_separate_passes(share: float) -> None:
    network = Choices()
    loss = make_step(network)(replace(BATCH, share=share))
    passes = [alone(path) for path in Permutations().at(BATCH.step)]
    for name, gradient in gradients(network).items():
        parts = [found[name] for found, _ in passes]
        expected = sum(share * part for part in parts if part is not None)
        torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-7)
    mean = sum(each.item() for _, each in passes) / len(passes)
    assert loss.item() == pytest.approx(mean, rel=1e-5)
    assert not loss.requires_grad


def test_a_choices_own_gradient_is_that_of_its_path() -> None:
    """Not an average over the passes: each choice is trained as if its path were the only one."""
    network = Choices()
    make_step(network)(BATCH)
    path = Permutations().at(BATCH.step)[2]
    own, _ = alone(path)
    for layer, choice in enumerate(path.running.choices):
        name = f"layers.{layer}.{choice}.weight"
        expected = own[name]
        assert expected is not None
        torch.testing.assert_close(gradients(network)[name], expected)


@pytest.mark.slow
def test_paths_are_a_function_of_the_step() -> None:
    seen = []
    for step in (3, 4, 3):
        network = Choices()
        make_step(network)(replace(BATCH, step=step))
        seen.append(network.seen)
    assert seen[0] == seen[2] != seen[1]


def test_a_graph_is_gone_before_the_next_path_runs() -> None:
    class Held:
        def __init__(self, value: Tensor) -> None:
            self.value = value

    held: weakref.WeakSet[Held] = weakref.WeakSet()

    def pack(value: Tensor) -> Held:
        box = Held(value)
        held.add(box)
        return box

    network = Choices()
    before: list[int] = []
    after: list[int] = []
    network.register_forward_pre_hook(lambda *_: before.append(len(held)))
    network.register_forward_hook(lambda *_: after.append(len(held)))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda box: box.value):
        make_step(network)(BATCH)
    assert before == [0] * CHOICES
    assert min(after) > LAYERS


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
@pytest.mark.parametrize("place", range(CHOICES))
def test_a_bad_loss_of_any_path_shows(place: int, bad: float) -> None:
    network, seen = Choices(), iter(range(CHOICES))

    def poison(_: Any, __: Any, logits: Tensor) -> Tensor:
        return logits * bad if next(seen) == place else logits

    network.register_forward_hook(poison)
    assert not make_step(network)(BATCH).isfinite()


def test_mixed_images_are_mixed_alike_in_every_pass() -> None:
    network, images = Choices(), []
    network.register_forward_pre_hook(lambda _, args: images.append(args[0]))
    make_step(network)(replace(BATCH, ratio=0.3))
    assert all(torch.equal(one, two) for one, two in pairwise(images))
    plain = prepare(BATCH.images, resolution=SIDE, mean=(0.4,), std=(0.3,))
    torch.testing.assert_close(images[0], 0.3 * plain + 0.7 * plain.flip(0))


def choice_step(supernet: SharedWeights, *, identity: str = "let") -> FairStep:
    paths = FairPaths(make_choice_space(identity=identity), seed=0)
    return FairStep(supernet, paths=paths, objective=objective(Runtime(device="cpu")))


@pytest.mark.parametrize("identity", ["let", "let_relu", "plain"])
def test_every_weight_of_a_supernet_learns_once_in_a_step(identity: str) -> None:
    supernet = make_choice_supernet(identity=identity)
    counts = dict.fromkeys((name for name, _ in supernet.named_parameters()), 0)
    for name, parameter in supernet.named_parameters():

        def count(_: Tensor, name: str = name) -> None:
            counts[name] += 1

        parameter.register_post_accumulate_grad_hook(count)
    choice_step(supernet, identity=identity)(BATCH)
    assert {counts[name] for name in counts if ".choice_" in name} == {1}
    assert {counts[name] for name in counts if ".choice_" not in name} == {4}
    learned = {name.split(".")[3] for name in counts if ".choice_" in name}
    assert len(learned) == (3 if identity == "plain" else 4)


@pytest.mark.slow
def test_a_supernet_gets_the_sum_of_its_paths_gradients() -> None:
    supernet = make_choice_supernet()
    loss = choice_step(supernet)(BATCH)
    other, losses = make_choice_supernet(), []
    for path in FairPaths(make_choice_space(), seed=0).at(BATCH.step):
        x = prepare(BATCH.images, resolution=8, mean=(0.4,), std=(0.3,))
        smooth = 0.9 * functional.one_hot(BATCH.labels, 3) + 0.1 / 3
        each = -(smooth * other(x, path.running).log_softmax(1)).sum(1).mean()
        losses.append(each)
    torch.autograd.backward(torch.stack(losses).sum())  # one graph of all
    expected = gradients(other)
    for name, gradient in gradients(supernet).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)
    assert loss.item() == pytest.approx(sum(each.item() for each in losses) / 4, rel=1e-5)


def test_what_runs_is_the_running_network() -> None:
    """A stand-alone network has no place for its identities, and a supernet no such path."""
    supernet = make_choice_supernet()
    seen: list[Any] = []
    supernet.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    choice_step(supernet)(BATCH)
    paths = FairPaths(make_choice_space(), seed=0).at(BATCH.step)
    assert seen == [path.running for path in paths]
    assert any(path.running != path.architecture for path in paths)


def test_a_single_path_trains_what_runs() -> None:
    space, seen = make_choice_space(), []
    supernet = make_choice_supernet()
    supernet.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    single = SinglePathStep(
        supernet,
        paths=PathSequence(space, sampler=Uniform(space), seed=0),
        objective=objective(Runtime(device="cpu")),
    )
    paths = PathSequence(space, sampler=Uniform(space), seed=0)
    for step in range(8):
        single(replace(BATCH, step=step))
    assert seen == [paths.at(step).running for step in range(8)]
    assert any(3 in paths.at(step).genome for step in range(8))


FULL = Recipe(steps=12, batch_size=8, learning_rate=0.05, mixup=0.2, batch_norm_groups=2)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 7])
def test_stopped_killed_and_resumed_equals_straight(tmp_path: Path, stop: int) -> None:
    class Killed(Exception):
        pass

    def die(step: Step) -> Step:
        def dying(batch: Batch) -> Tensor:
            if batch.step == 11:
                raise Killed
            return step(batch)

        return dying

    straight = Training(recipe=FULL, fair=True)
    straight.run()
    file = tmp_path / "checkpoint.pt"
    asked = iter(range(1, 13))
    with pytest.raises(Interrupted):
        Training(recipe=FULL, fair=True).run(
            checkpoint=file, should_stop=lambda: next(asked) == stop
        )
    with pytest.raises(Killed):  # steps that no checkpoint has
        Training(recipe=FULL, fair=True, wrap=die).run(checkpoint=file)
    resumed = Training(recipe=FULL, fair=True)
    assert resumed.run(checkpoint=file).resumed_from == stop
    assert_equal(straight.state(), resumed.state())


@pytest.mark.slow
def test_a_fair_training_learns() -> None:
    recipe = Recipe(steps=60, batch_size=16, learning_rate=0.05, label_smoothing=0.0)
    training = Training(recipe=recipe, fair=True)
    space = make_choice_space()
    paths = PathSequence(space, sampler=Uniform(space), seed=1)
    asked = [paths.at(step) for step in range(8)]
    before = _accuracies(training.network, asked)
    training.run()
    assert min(_accuracies(training.network, asked)) > 0.8 > max(before)


def _accuracies(supernet: nn.Module, paths: list[NetworkPath]) -> list[float]:
    """With the batch's statistics."""
    split = make_split(64, seed=1)
    x = prepare(split.images, resolution=8, mean=(0.4,), std=(0.3,))
    with torch.no_grad():
        logits = [supernet(x, path.running) for path in paths]
    return [(each.argmax(1) == split.labels).float().mean().item() for each in logits]
