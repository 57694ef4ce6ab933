"""The step of members that train together: labels, and the costliest one's predictions."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
import torch
from tiny_training import (
    make_choice_space,
    make_choice_supernet,
    make_space,
    make_split,
    make_supernet,
    objective,
)
from torch import Tensor
from torch.nn import functional

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.space.path import Path
from escalade.data.batching.batches import prepare
from escalade.supernet.supernet import Supernet
from escalade.train.runtime import Runtime
from escalade.train.step import Batch
from escalade.train.steps.together import TogetherStep

SPLIT = make_split(8)
BATCH = Batch(images=SPLIT.images, labels=SPLIT.labels, step=5, share=1.0)
Gradients = dict[str, Tensor | None]


def members() -> list[Path]:
    """Three networks, the costliest first."""
    space = make_space()
    drawn = space.paths(Hierarchical(space).draw(generator(0, "test"), 32))
    by_macs = {cost.of(path.running).macs: path for path in drawn}
    chosen = [path for _, path in sorted(by_macs.items(), reverse=True)]
    return [chosen[0], chosen[len(chosen) // 2], chosen[-1]]


def trained(
    paths: list[Path], batch: Batch = BATCH, *, distillation: float
) -> tuple[Gradients, Tensor]:
    """Gradients of a supernet by the step, and the loss."""
    supernet = make_supernet()
    aim = objective(Runtime(device="cpu"))
    step = TogetherStep(supernet, paths=paths, objective=aim, distillation=distillation)
    loss = step(batch)
    return gradients(supernet), loss


def gradients(supernet: Supernet) -> Gradients:
    return {name: p.grad for name, p in supernet.named_parameters()}


def assert_near(found: Gradients, expected: Gradients) -> None:
    for name, gradient in found.items():
        if gradient is None:
            assert expected[name] is None
        else:
            torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("ratio", [1.0, 0.3])
@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("distillation", [0.0, 0.5, 1.0])
def test_gradients_are_those_of_labels_and_the_costliest_ones_predictions(
    distillation: float, share: float, ratio: float
) -> None:
    found, loss = trained(
        members(), replace(BATCH, ratio=ratio, share=share), distillation=distillation
    )
    supernet = make_supernet()
    mixed = BATCH.images * ratio + BATCH.images.flip(0) * (1 - ratio)
    smooth = 0.9 * functional.one_hot(BATCH.labels, 3) + 0.1 / 3
    labels = ratio * smooth + (1 - ratio) * smooth.flip(0)
    scores = [
        supernet(
            prepare(mixed, resolution=path.running.resolution, mean=(0.4,), std=(0.3,)),
            path.running,
        ).log_softmax(1)
        for path in members()
    ]
    taught = (1 - distillation) * labels + distillation * scores[0].exp().detach()
    losses = [
        -(target * score).sum(1).mean()
        for target, score in zip((labels, taught, taught), scores, strict=True)
    ]
    (share * torch.stack(losses).sum()).backward()  # type: ignore[no-untyped-call]
    assert_near(found, gradients(supernet))
    assert loss.item() == pytest.approx(sum(each.item() for each in losses) / 3, rel=1e-5)
    assert not loss.requires_grad


def test_the_costliest_teaches_wherever_it_stands() -> None:
    first, _ = trained(members(), distillation=0.7)
    for paths in permutations(members()):
        assert_near(trained(list(paths), distillation=0.7)[0], first)


def test_alone_a_network_has_no_teacher() -> None:
    small = [trained(members()[2:], distillation=share)[0] for share in (0.0, 1.0)]
    assert _equal(*small)


def test_costliest_is_by_macs_of_what_runs() -> None:
    """Not by parameters, nor by the stand-alone network, which keeps no identities."""
    space = make_choice_space()
    drawn = space.paths(Uniform(space).draw(generator(0, "test"), 32))
    paths = list({path.key: path for path in drawn if path.runs is not None}.values())
    running = [cost.of(path.running) for path in paths]
    by_macs = sorted(running, key=lambda each: -each.macs)
    assert by_macs != sorted(running, key=lambda each: -each.params)
    alone = [cost.of(path.architecture).macs for path in paths]
    assert [each.macs for each in running] != alone
    seen = []

    def watched(images: Tensor, running: Architecture) -> Tensor:
        seen.append(running)
        logits: Tensor = supernet(images, running)
        return logits

    supernet, aim = make_choice_supernet(), objective(Runtime(device="cpu"))
    TogetherStep(watched, paths=paths, objective=aim, distillation=0.5)(BATCH)
    assert {each.key for each in seen} == {path.running.key for path in paths}
    found = [cost.of(each).macs for each in seen]
    assert found == [each.macs for each in by_macs]


def test_bf16_is_near() -> None:
    runtime = Runtime(device="cpu", precision="bf16")
    supernet = make_supernet()
    step = TogetherStep(supernet, paths=members(), objective=objective(runtime), distillation=0.5)
    _, exact = trained(members(), distillation=0.5)
    assert step(BATCH).item() == pytest.approx(exact.item(), rel=0.02)
    assert {g.dtype for g in gradients(supernet).values() if g is not None} == {torch.float32}


def test_a_bad_loss_of_any_path_shows() -> None:
    supernet, seen = make_supernet(), iter(range(3))

    def poison(images: Tensor, running: object) -> Tensor:
        logits: Tensor = supernet(images, running)
        return logits * torch.nan if next(seen) == 1 else logits

    aim = objective(Runtime(device="cpu"))
    step = TogetherStep(poison, paths=members(), objective=aim, distillation=0.5)
    assert not step(BATCH).isfinite()


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_what_is_no_share(share: float) -> None:
    with pytest.raises(ValueError, match=r"distillation: .* is not a share of 0 to 1"):
        trained(members(), distillation=share)


def test_what_cannot_train_together() -> None:
    path = members()[0]
    with pytest.raises(ValueError, match="paths: there are none"):
        trained([], distillation=0.5)
    with pytest.raises(ValueError, match="paths: one network is there twice"):
        trained([path, path], distillation=0.5)


def _equal(one: Gradients, two: Gradients) -> bool:
    return all(
        (a is None and b is None) or (a is not None and b is not None and torch.equal(a, b))
        for a, b in ((one[name], two[name]) for name in one)
    )
