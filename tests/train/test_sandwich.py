from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import Training, assert_equal, make_space, make_split, make_supernet, objective
from torch import Tensor
from torch.nn import functional

from escalade.config.recipe import Recipe
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.sampling.sandwich_paths import Sandwich, SandwichPaths
from escalade.data.batching.batches import Augmentation, TrainBatches, prepare
from escalade.spaces.load import load
from escalade.supernet.supernet import Supernet
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, Step
from escalade.train.steps.path_sequence import side_at
from escalade.train.steps.sandwich import SandwichStep

RECIPE = Recipe(steps=12, batch_size=8, learning_rate=0.05)
FULL = replace(RECIPE, optimizer="rmsprop", drop_rate=0.3, mixup=0.2, batch_norm_groups=2)
BATCH = Batch(images=make_split(8).images, labels=make_split(8).labels, step=5, share=1.0)


def make_sandwich(**options: Any) -> Sandwich:
    space = make_space()
    return Sandwich(space, sampler=Hierarchical(space), seed=0, **options)


def make_step(
    supernet: Supernet,
    *,
    recipe: Recipe = RECIPE,
    sandwich: Sandwich | None = None,
    precision: str = "fp32",
    **options: Any,
) -> SandwichStep:
    return SandwichStep(
        supernet,
        sandwich=sandwich or make_sandwich(),
        objective=objective(Runtime(device="cpu", precision=precision)),
        recipe=recipe,
        **options,
    )


def gradients(supernet: Supernet) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in supernet.named_parameters()
    }


def stepped(batch: Batch = BATCH, **options: Any) -> tuple[dict[str, Tensor], Tensor]:
    supernet = make_supernet(coupled=options.get("coupled", False))
    torch.manual_seed(1)  # for dropout, as the loop does
    loss = make_step(supernet, **options)(batch)
    return gradients(supernet), loss


def at_once(batch: Batch, *, distillation: bool) -> tuple[dict[str, Tensor], Tensor]:
    """The step as the paper says it: one graph, and the divergence from the teacher."""
    supernet, paths = make_supernet(), make_sandwich().at(batch.step)
    images = batch.images * batch.ratio + batch.images.flip(0) * (1 - batch.ratio)
    smooth = 0.9 * functional.one_hot(batch.labels, 3) + 0.1 / 3
    labels = batch.ratio * smooth + (1 - batch.ratio) * smooth.flip(0)
    total, first, teacher = torch.zeros(()), torch.zeros(()), labels
    for path in (paths.largest, paths.smallest, *paths.random):
        assert path is not None
        x = prepare(images, resolution=path.architecture.resolution, mean=(0.4,), std=(0.3,))
        scores = supernet(x, path.architecture).log_softmax(1)
        if path is paths.largest or not distillation:
            loss = -(labels * scores).sum(1).mean()
        else:
            loss = functional.kl_div(scores, teacher, reduction="batchmean")
        if path is paths.largest:
            first, teacher = loss, scores.exp().detach()
        total = total + loss
    torch.autograd.backward(total)
    return gradients(supernet), first.detach()


def assert_close(one: dict[str, Tensor], two: dict[str, Tensor]) -> None:
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("ratio", [1.0, 0.3])
@pytest.mark.parametrize("distillation", [True, False])
def test_gradients_are_the_papers(distillation: bool, ratio: float) -> None:
    batch = replace(BATCH, ratio=ratio)
    expected, loss = at_once(batch, distillation=distillation)
    found, reported = stepped(batch, distillation=distillation)
    assert_close(found, expected)
    assert reported.item() == pytest.approx(loss.item(), rel=1e-5)
    other, _ = stepped(batch, distillation=not distillation)
    assert any(not torch.allclose(found[name], other[name], atol=1e-4) for name in found)


def test_share_scales_the_gradient_not_the_loss() -> None:
    (whole, loss), (quarter, same) = stepped(), stepped(replace(BATCH, share=0.25))
    assert torch.equal(loss, same)
    assert_close({name: value * 0.25 for name, value in whole.items()}, quarter)


@contextmanager
def watched(supernet: Supernet) -> Iterator[list[dict[str, Any]]]:
    """Every forward call of the supernet: images, architecture and keywords."""
    calls: list[dict[str, Any]] = []

    def note(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        calls.append({"x": args[0], "architecture": args[1], **kwargs})

    handle = supernet.register_forward_pre_hook(note, with_kwargs=True)
    yield calls
    handle.remove()


@pytest.mark.parametrize(
    ("regularise", "rates"), [("largest", [0.3, 0.0, 0.0, 0.0]), ("all", [0.3] * 4)]
)
def test_every_path_runs_once_and_dropout_follows_the_rule(
    regularise: str, rates: list[float]
) -> None:
    supernet = make_supernet()
    with watched(supernet) as calls:
        make_step(supernet, recipe=FULL, regularise=regularise)(BATCH)
    paths = make_sandwich().at(BATCH.step).all
    assert [call["architecture"] for call in calls] == [path.architecture for path in paths]
    assert [call["drop_rate"] for call in calls] == rates
    dropped = stepped(recipe=FULL, regularise=regularise)[1]
    assert not torch.equal(dropped, stepped()[1])


def test_a_graph_is_gone_before_the_next_path_runs() -> None:
    class Held:
        def __init__(self, value: Tensor) -> None:
            self.value = value

    held: weakref.WeakSet[Held] = weakref.WeakSet()

    def pack(value: Tensor) -> Held:
        box = Held(value)
        held.add(box)
        return box

    supernet = make_supernet()
    before: list[int] = []
    supernet.register_forward_pre_hook(lambda *_: before.append(len(held)))
    after: list[int] = []
    supernet.register_forward_hook(lambda *_: after.append(len(held)))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda box: box.value):
        make_step(supernet)(BATCH)
    assert before == [0, 0, 0, 0]
    assert min(after) > 10


@pytest.mark.parametrize("crops", [1, 4])
def test_paths_see_the_same_crop_or_each_its_own(crops: int) -> None:
    batches = TrainBatches(
        make_split(),
        batch_size=8,
        seed=0,
        augmentation=Augmentation(padding=2, flip=True),
        num_crops=crops,
    )
    images, labels = batches.at(5)
    batch = Batch(images=images, labels=labels, step=5, share=1.0)
    supernet = make_supernet()
    with watched(supernet) as calls:
        make_step(supernet, patches="same" if crops == 1 else "different")(batch)
    for place, call in enumerate(calls):
        crop = images if crops == 1 else images[:, place]
        side = call["architecture"].resolution
        assert torch.equal(call["x"], prepare(crop, resolution=side, mean=(0.4,), std=(0.3,)))


def test_crops_that_do_not_fit_are_refused() -> None:
    two = replace(BATCH, images=torch.stack([BATCH.images] * 2, dim=1))
    with pytest.raises(ValueError, match=r"have 1 crops .* takes 4; .*num_crops=4"):
        make_step(make_supernet(), patches="different")(BATCH)
    with pytest.raises(ValueError, match=r"have 2 crops .* takes 1; .*num_crops=1"):
        make_step(make_supernet())(two)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_regularising_all_decays_once_more_for_every_further_path(share: float) -> None:
    recipe, batch = replace(RECIPE, weight_decay=0.3), replace(BATCH, share=share)
    plain, loss = stepped(batch, recipe=recipe)
    decayed, same = stepped(batch, recipe=recipe, regularise="all")
    assert torch.equal(loss, same)
    counted, weights = make_supernet(), make_supernet()
    with torch.no_grad():
        for parameter in counted.parameters():
            parameter.zero_()
        for path in make_sandwich().at(batch.step).all[1:]:
            for value in counted.slices(path.architecture).values():
                value.add_(1)
    numbers = set()
    for name, count in counted.named_parameters():
        weight = weights.get_parameter(name)
        times = count if count.dim() > 1 else torch.zeros_like(count)
        expected = plain[name] + share * 0.3 * times * weight
        torch.testing.assert_close(decayed[name], expected, rtol=1e-4, atol=1e-5)
        numbers |= set(times.detach().flatten().tolist())
    assert numbers == {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("with_ends", [True, False])
def test_a_bad_loss_of_any_path_shows(place: int, with_ends: bool) -> None:
    supernet, seen = make_supernet(), iter(range(4))

    def poison(_: Any, __: Any, logits: Tensor) -> Tensor:
        return logits * torch.nan if next(seen) == place else logits

    supernet.register_forward_hook(poison)
    sandwich = make_sandwich(num_random=2 if with_ends else 4, with_ends=with_ends)
    step = make_step(supernet, sandwich=sandwich, distillation=False)
    assert step(BATCH).isnan()


@pytest.mark.slow
def test_a_per_layer_space_trains_every_weight_but_idle_projections() -> None:
    space = load("bignas_small", in_channels=1, num_classes=3).training
    supernet = Supernet(space.shape)
    sandwich = Sandwich(space, sampler=Uniform(space), seed=0)
    with watched(supernet) as calls:
        make_step(supernet, sandwich=sandwich)(BATCH)
    assert [call["x"].shape[-1] for call in calls[:2]] == [28, 16]
    idle = {name for name, p in supernet.named_parameters() if p.grad is None}
    used = {name for call in calls for name in supernet.slices(call["architecture"])}
    assert idle == {name for name, _ in supernet.named_parameters()} - used
    assert all(".shortcut." in name for name in idle)


def test_random_paths_alone_are_an_ablation() -> None:
    sandwich = make_sandwich(num_random=3, with_ends=False)
    supernet = make_supernet()
    with watched(supernet) as calls:
        loss = make_step(supernet, sandwich=sandwich, distillation=False)(BATCH)
    assert len(calls) == 3
    losses = []
    for call in calls:
        logits = make_supernet()(call["x"], call["architecture"])
        losses.append(functional.cross_entropy(logits, BATCH.labels, label_smoothing=0.1))
    assert loss.item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "distillation: .*the largest path, and none is trained; train with the largest"),
        ({"distillation": False, "recipe": FULL}, r"recipe.drop_rate: 0.3 is for the largest path"),
    ],
)
def test_teaching_and_dropout_need_a_largest_path(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_step(make_supernet(), sandwich=make_sandwich(with_ends=False), **options)


@pytest.mark.parametrize("name", ["regularise", "patches"])
def test_unknown_choices_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: 'al' is not known; use .* or "):
        make_step(make_supernet(), **{name: "al"})  # type: ignore[arg-type]


def test_coupled_sides_alternate_with_the_step() -> None:
    sides = set()
    for step in range(6):
        supernet = make_supernet(coupled=True)
        with watched(supernet) as calls:
            make_step(supernet, coupled=True)(replace(BATCH, step=step))
        assert {call["side"] for call in calls} == {side_at(step)}
        sides.add(side_at(step))
    assert sides == {"left", "right"}


def test_the_soft_labels_of_bf16_paths_are_whole() -> None:
    found, loss = stepped(precision="bf16")
    expected, _ = stepped()
    assert loss.dtype == torch.float32
    for name, value in found.items():
        assert value.dtype == torch.float32
        assert (value - expected[name]).abs().max() < 0.3 * expected[name].abs().max() + 1e-3, name


class Killed(Exception):
    pass


def _training(*, coupled: bool = False, dies_at: int | None = None) -> Training:
    def wrap(step: Step) -> Step:
        def dying(batch: Batch) -> Tensor:
            if batch.step == dies_at:
                raise Killed
            return step(batch)

        return dying

    return Training(recipe=FULL, sandwich=True, coupled=coupled, wrap=wrap)


@pytest.mark.slow
@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("stop", [1, 7])
def test_stopped_killed_and_resumed_equals_straight(
    tmp_path: Path, stop: int, coupled: bool
) -> None:
    straight = _training(coupled=coupled)
    straight.run()
    file = tmp_path / "checkpoint.pt"
    asked = iter(range(1, 13))
    with pytest.raises(Interrupted):
        _training(coupled=coupled).run(checkpoint=file, should_stop=lambda: next(asked) == stop)
    with pytest.raises(Killed):  # steps that no checkpoint has
        _training(coupled=coupled, dies_at=11).run(checkpoint=file)
    resumed = _training(coupled=coupled)
    assert resumed.run(checkpoint=file).resumed_from == stop
    assert_equal(straight.state(), resumed.state())


@pytest.mark.slow
@pytest.mark.parametrize("without", ["optimizer", "drop_rate", "mixup", "batch_norm_groups"])
def test_every_part_of_that_training_matters(without: str) -> None:
    full = _training()
    less = Training(recipe=replace(FULL, **{without: getattr(RECIPE, without)}), sandwich=True)
    full.run()
    less.run()
    assert not torch.equal(full.state()["conv_stem.weight"], less.state()["conv_stem.weight"])


@pytest.mark.slow
def test_a_sandwich_learns() -> None:
    recipe = Recipe(steps=60, batch_size=16, learning_rate=0.05, label_smoothing=0.0)
    training = Training(recipe=recipe, sandwich=True)
    assert isinstance(training.network, Supernet)
    before = _accuracies(training.network)
    training.run()
    after = _accuracies(training.network)
    assert min(after) > 0.8 > max(before)


def _accuracies(supernet: Supernet) -> list[float]:
    """Of a step's paths, with the batch's statistics."""
    paths: SandwichPaths = make_sandwich().at(0)
    split = make_split(64, seed=1)
    found = []
    with torch.no_grad():
        for path in paths.all:
            side = path.architecture.resolution
            x = prepare(split.images, resolution=side, mean=(0.4,), std=(0.3,))
            right = supernet(x, path.architecture).argmax(1) == split.labels
            found.append(right.float().mean().item())
    return found
