"""Residual initialisation, and dropout before the classifier."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from supernet_cases import random_case

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.space.shape import StageShape, SupernetShape
from escalade.nets.build import build
from escalade.supernet.extract import extract
from escalade.supernet.supernet import Supernet


def shape(*, shared_kernels: bool = True, transition=True, layer_widths=True) -> SupernetShape:
    same = {
        "width": 12,
        "expansions": (2.0,),
        "kernels": (3, 5),
        "transition": transition,
        "layer_widths": layer_widths,
    }
    return SupernetShape(
        in_channels=1,
        num_classes=3,
        stem=Stem(width=8),
        head=Head(width=16),
        stages=(
            StageShape(depth=2, in_width=8, stride=1, kind="dsconv", **same),
            StageShape(depth=3, in_width=12, stride=2, **same),
        ),
        shared_kernels=shared_kernels,
    )


def zeros(supernet: Supernet) -> set[str]:
    return {
        name
        for name, p in supernet.named_parameters()
        if name.endswith("weight") and not p.detach().any()
    }


ALL = {f"blocks.0.{k}.bn2" for k in range(2)} | {f"blocks.1.{k}.bn3" for k in range(3)}
LATER = {name for name in ALL if ".0.bn" not in name}


@pytest.mark.parametrize(
    ("transition", "layer_widths", "expected"),
    [(True, True, ALL), (True, False, ALL), (False, False, LATER), (False, True, set())],
)
def test_gamma_is_zero_where_every_path_has_a_shortcut(
    transition: bool, layer_widths: bool, expected: set[str]
) -> None:
    """Elsewhere it would leave some paths without a signal."""
    chosen = shape(transition=transition, layer_widths=layer_widths)
    torch.manual_seed(0)
    plain = Supernet(chosen)
    torch.manual_seed(0)
    supernet = Supernet(chosen, zero_residual=True)
    assert zeros(plain) == set()
    assert zeros(supernet) == {f"{name}.weight" for name in expected}
    for name, parameter in supernet.named_parameters():
        if name not in zeros(supernet):
            assert torch.equal(parameter, plain.get_parameter(name)), name


def test_every_kernels_own_weights_start_so() -> None:
    supernet = Supernet(shape(shared_kernels=False), zero_residual=True)
    assert len(zeros(supernet)) == 2 * len(ALL)
    assert "blocks.1.2.kernel_5.bn3.weight" in zeros(supernet)


def path(*widths: tuple[int, ...]) -> Architecture:
    """A path of `shape`, with a width for every layer."""
    stages = []
    for i, row in enumerate(widths):
        block = Block(kind="mbconv" if i else "dsconv", expansion=2.0, width=1, transition=True)
        stages.append(
            Stage(
                blocks=tuple(
                    replace(block, width=width, stride=2 if i and k == 0 else 1)
                    for k, width in enumerate(row)
                )
            )
        )
    return Architecture(
        resolution=11,
        in_channels=1,
        num_classes=3,
        stem=Stem(width=8),
        stages=tuple(stages),
        head=Head(width=16),
    )


def test_every_path_begins_as_its_shortcuts() -> None:
    torch.manual_seed(0)
    supernet = Supernet(shape(), zero_residual=True)
    architecture = path((8, 12), (12, 8, 12))
    x = torch.randn(8, 1, 11, 11)
    before = supernet(x, architecture)
    with torch.no_grad():
        for name, parameter in supernet.named_parameters():
            if "conv_dw" in name or "conv_pw" in name:
                parameter.normal_()
        assert torch.allclose(supernet(x, architecture), before, atol=1e-5)
        supernet.get_parameter("blocks.1.1.shortcut.conv.weight").mul_(-1)
        assert not torch.allclose(supernet(x, architecture), before, atol=1e-2)


def test_paths_choose_whether_a_layer_needs_a_projection() -> None:
    supernet = Supernet(shape())
    kept, changed = path((8, 8), (8, 8)), path((8, 12), (12, 8))
    names = supernet.slices(kept).keys()
    assert not any("shortcut" in name for name in names)
    new = {name for name in supernet.slices(changed) if "shortcut" in name}
    assert {name.removesuffix("conv.weight") for name in new if "conv" in name} == {
        "blocks.0.1.shortcut.",
        "blocks.1.1.shortcut.",
    }


def test_a_transition_that_is_not_held_is_refused() -> None:
    with pytest.raises(ValueError, match=r"stages\[0\].blocks\[0\]: the supernet holds no such"):
        Supernet(shape(transition=False)).slices(path((8,), (12,)))


@pytest.mark.parametrize("seed", range(4))
def test_dropout_is_the_extracted_networks(seed: int) -> None:
    case = random_case(seed)
    x = case.batches[0]
    network = extract(case.supernet, case.architecture).train()
    network.drop_rate = 0.5
    torch.manual_seed(7)
    expected = network(x)
    torch.manual_seed(7)
    found = case.supernet(x, case.architecture, drop_rate=0.5)
    assert torch.allclose(found, expected, atol=1e-4)
    assert not torch.allclose(found, case.supernet(x, case.architecture), atol=1e-2)


@pytest.mark.parametrize("value", [None, False, True])
def test_scratch_networks_start_so_on_request(value: bool | None) -> None:
    architecture = path((8, 12), (12, 8, 12))
    network = build(architecture, zero_residual=value)
    found = {
        name.removesuffix(".weight")
        for name, p in network.named_parameters()
        if name.endswith("weight") and not p.detach().any()
    }
    assert found == (ALL if value else set())
