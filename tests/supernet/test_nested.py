"""The supernet around a network: paths of every kind of block are parts of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Conventions, Stage
from escalade.core.network.kinds import KINDS, hidden
from escalade.core.space.shape import NetworkShape
from escalade.core.values.invalid import Invalid
from escalade.nets.build import build
from escalade.supernet.extract import assemble, extract
from escalade.supernet.frozen import freeze
from escalade.supernet.make import make_supernet
from escalade.supernet.recalibrate import fold, path_statistics, recalibrate
from sample_networks import SAMPLES

TENSORFLOWS = Conventions(padding="same", epsilon=1e-3, momentum=0.01)
# all kinds but those of layers left out, whose widths are tied to what is before them
KNOWN = sorted(name for name in SAMPLES if not name.startswith("scarlet"))
RESIDUAL = sorted(n for n in KNOWN if KINDS[SAMPLES[n].stages[0].blocks[0].kind].is_residual)
MOBILE = sorted(set(KNOWN) - set(RESIDUAL))


def smaller(network: Architecture, rng: np.random.Generator) -> Architecture:
    """Any sizes that are no larger, of those that timm builds."""

    def width(most: int) -> int:
        return 4 * int(rng.integers(1, most // 4 + 1))

    tied = network.stages[0].blocks[0].transition
    share = int(rng.integers(1, 3))  # shortcuts project where the largest's do
    stages = []
    for stage in network.stages:
        depth = len(stage.blocks) if tied else int(rng.integers(1, len(stage.blocks) + 1))
        narrower = width(stage.blocks[0].width)
        blocks = []
        for block in stage.blocks[:depth]:
            made = replace(
                block,
                width=block.width // share if block.transition else narrower,
                kernel=_kernel(block, rng),
                group_width=_groups(block, rng),
            )
            if block.se is not None and rng.random() < 0.3:
                made = replace(made, se=None)
            blocks.append(made)
        stages.append(Stage(blocks=tuple(blocks)))
    head, stem = network.head, network.stem
    return replace(
        network,
        resolution=int(rng.integers(16, network.resolution + 1)),
        stem=replace(stem, width=stem.width // share if tied else width(stem.width)),
        stages=tuple(stages),
        head=replace(
            head,
            width=head.width and width(head.width),
            hidden=head.hidden and width(head.hidden),
        ),
    )


def _kernel(block: Block, rng: np.random.Generator) -> int:
    if block.stride > 1 or block.kernel < 3:
        return block.kernel
    return int(rng.choice([k for k in (1, 3, 5) if k <= block.kernel]))


def _groups(block: Block, rng: np.random.Generator) -> int | None:
    if block.group_width is None:
        return None
    return int(rng.choice([w for w in (1, 2, 4) if w <= block.group_width]))


def cases(name: str, *, conventions: Conventions | None = None, num: int = 6):
    torch.manual_seed(0)
    largest = SAMPLES[name]
    if conventions:
        largest = replace(largest, conventions=conventions)
    supernet = make_supernet(NetworkShape(largest=largest))
    for parameter in supernet.parameters():  # no scale is one, no shift zero
        torch.nn.init.normal_(parameter, std=0.3)
    rng = np.random.default_rng(3)
    return supernet, [largest, *(smaller(largest, rng) for _ in range(num))]


@pytest.mark.parametrize("name", KNOWN)
def test_a_path_is_its_network(name: str) -> None:
    supernet, paths = cases(name)
    assert len({path.key for path in paths}) > 4
    for path in paths:
        images = torch.randn(4, 1, path.resolution, path.resolution)
        with torch.no_grad():
            expected = extract(supernet, path).train()(images)
            torch.testing.assert_close(supernet(images, path), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", MOBILE)
def test_a_path_follows_its_conventions(name: str) -> None:
    """In the supernet, recalibrated and folded: as timm's own layers have them."""
    supernet, paths = cases(name, conventions=TENSORFLOWS, num=3)
    paths = [replace(p, resolution=side) for p, side in zip(paths, (20, 16, 17, 19), strict=True)]
    for path in paths:
        images = torch.randn(8, 1, path.resolution, path.resolution)
        network = extract(supernet, path)
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert {(m.eps, m.momentum) for m in norms} == {(1e-3, 0.01)}
        recalibrate(network, [images])
        with torch.no_grad():
            expected = network(images)
            found = supernet(images, path, statistics=path_statistics(supernet, path, [images]))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
            (frozen,) = freeze(supernet, [path], [images])(images)
            torch.testing.assert_close(frozen, expected, rtol=1e-4, atol=1e-4)
            torchs = replace(path, conventions=Conventions())
            plain = assemble(supernet.slices(path), torchs)
            recalibrate(plain, [images])
            assert not torch.allclose(plain(images), expected, rtol=1e-3)
            torch.testing.assert_close(fold(network)(images), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", KNOWN)
def test_slices_are_views_and_the_largest_is_the_built_network(name: str) -> None:
    supernet, (largest, *paths) = cases(name)
    held = {name: p.data_ptr() for name, p in supernet.named_parameters()}
    assert {n: p.shape for n, p in supernet.named_parameters()} == {
        n: p.shape for n, p in build(largest).named_parameters()
    }
    for path in paths:
        for key, tensor in supernet.slices(path).items():
            start = tensor.untyped_storage().data_ptr()
            assert start == held[key]
            assert start <= tensor.data_ptr()


def test_what_a_path_may_not_change_is_refused() -> None:
    supernet, (largest, *_) = cases("regnet_y_like")
    wider = replace(largest, stem=replace(largest.stem, width=16))
    with pytest.raises(ValueError, match="holds"):
        supernet.slices(wider)
    other = replace(largest, stem=replace(largest.stem, activation="swish"))
    with pytest.raises(ValueError, match=r"stem\.activation: the supernet has relu"):
        supernet.slices(other)
    longer = tuple(Stage(blocks=(*s.blocks, *s.blocks[-1:] * 3)) for s in largest.stages)
    longer = tuple(
        Stage(blocks=(s.blocks[0], *(replace(b, stride=1) for b in s.blocks[1:]))) for s in longer
    )
    with pytest.raises(ValueError, match=r"stages\[0\]: the supernet has at most 1 blocks"):
        supernet.slices(replace(largest, stages=longer))
    with pytest.raises(ValueError, match="conventions"):
        supernet.slices(replace(largest, conventions=Conventions(epsilon=0.5)))
    with pytest.raises(ValueError, match=r"supernet\.coupled: only supernets of stages"):
        make_supernet(NetworkShape(largest=largest), coupled=True)


@pytest.mark.parametrize("name", RESIDUAL)
def test_groups_and_bottlenecks_get_narrower(name: str) -> None:
    _, (largest, *paths) = cases(name, num=20)
    inner = {hidden(b, 0) for p in paths for s in p.stages for b in s.blocks}
    assert len(inner) > 2
    if largest.stages[0].blocks[0].group_width is not None:
        assert len({b.group_width for p in paths for s in p.stages for b in s.blocks}) > 2


def test_conventions_say_nothing_where_they_are_torchs() -> None:
    network = SAMPLES["mobilenet_v3_like"]
    assert "conventions" not in network.to_json()
    other = replace(network, conventions=TENSORFLOWS)
    assert other.key != network.key
    assert Architecture.from_json(other.to_json()) == other


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("resnet_like", {"padding": "same"}, "conventions.padding: same is not possible with bott"),
        ("bignas_like", {"padding": "valid"}, "conventions.padding: 'valid' is not known"),
        ("bignas_like", {"epsilon": 0.0}, r"conventions.epsilon: 0.0 is outside \(0, 1\)"),
        ("bignas_like", {"momentum": 1.5}, "conventions.momentum"),
    ],
)
def test_wrong_conventions_are_refused(name: str, wrong: dict, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        replace(SAMPLES[name], conventions=Conventions(**wrong))
