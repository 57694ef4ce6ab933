"""Every choice has weights of its own, and a running path is the network extracted from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.spaces.load import load
from escalade.supernet.choice_supernet import ChoiceSupernet
from escalade.supernet.extract import assemble, extract
from escalade.supernet.folding import fold
from escalade.supernet.frozen import freeze
from escalade.supernet.make import make_supernet
from escalade.supernet.recalibrate import path_statistics, recalibrate
from escalade.supernet.supernet import Supernet
from escalade.supernet.weights_file import digest

MODES = ("let", "let_relu", "plain")
IDENTITY = 12
SIDE = 20


def space_of(name: str = "scarlet_small", identity: str = "let") -> Space:
    space = load(name, in_channels=1, num_classes=5).with_identity(identity)
    assert space.layout.resolution >= SIDE
    return space


def supernet_of(space: Space) -> ChoiceSupernet:
    torch.manual_seed(0)
    supernet = make_supernet(space.shape)
    assert isinstance(supernet, ChoiceSupernet)
    with torch.no_grad():  # so that scales and shifts of different channels differ
        for parameter in supernet.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return supernet


def paths_of(space: Space, num: int = 4) -> list[Path]:
    """Random paths, in which identities of every sort are frequent, and the two extremes."""
    rng = np.random.default_rng(0)
    genomes = space.sample_genomes(rng, num)
    genomes[rng.random(genomes.shape) < 0.4] = IDENTITY
    extremes = np.stack([space.smallest, space.largest])
    return [space.path(genome) for genome in np.concatenate([genomes, extremes])]


def images(num: int = 3) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.randn(8, 1, SIDE, SIDE).to(memory_format=torch.channels_last) for _ in range(num)]


def close(found: torch.Tensor, expected: torch.Tensor, bound: float = 1e-5) -> bool:
    return float((found - expected).detach().norm() / expected.detach().norm()) < bound


@pytest.mark.slow
@pytest.mark.parametrize("identity", MODES)
def test_a_running_path_is_its_extracted_network(identity: str) -> None:
    space = space_of(identity=identity)
    supernet, batches = supernet_of(space), images()
    for path in paths_of(space):
        network = extract(supernet, path.running)
        network.train()
        assert close(supernet(batches[0], path.running), network(batches[0]))
        recalibrate(network, batches)
        statistics = path_statistics(supernet, path.running, batches)
        plain = network(batches[0])
        assert close(supernet(batches[0], path.running, statistics=statistics), plain)
        (logits,) = freeze(supernet, [path.running], batches)(batches[0])
        assert close(logits, plain, 1e-4)


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        *(("scarlet_small", mode) for mode in MODES),
        ("scarlet_small_folds", "let"),
        ("scarlet_small_folds", "plain"),
    ],
)
def test_a_folded_slice_is_the_running_path(name: str, identity: str) -> None:
    space = space_of(name, identity)
    supernet, batches = supernet_of(space), images()
    for path in paths_of(space):
        folded = fold(supernet.slices(path.running), path.running)
        network = assemble(folded.weights, folded.architecture)
        recalibrate(network, batches)
        statistics = path_statistics(supernet, path.running, batches)
        with torch.no_grad():
            running = supernet(batches[0], path.running, statistics=statistics)
        assert close(network(batches[0]), running)
        assert len(folded.folded) + len(folded.kept) == list(path.genome).count(IDENTITY)


def test_every_identity_folds_where_the_space_says_so() -> None:
    space = space_of("scarlet_small_folds")
    supernet = supernet_of(space)
    for path in paths_of(space, 12):
        folded = fold(supernet.slices(path.running), path.running)
        assert not folded.kept
        assert layers_of(folded.architecture) == layers_of(path.architecture)


def layers_of(architecture: Architecture) -> list[tuple[object, ...]]:
    """What a network's layers are, their inner widths aside."""
    found, width = [], architecture.stem.width
    for block in (block for stage in architecture.stages for block in stage.blocks):
        adds = kinds.layers(block, width).adds
        found.append((block.kind, block.kernel, block.stride, width, block.width, adds))
        width = block.width
    return found


def test_each_choice_of_each_layer_has_weights_of_its_own() -> None:
    space = space_of()
    supernet = supernet_of(space)
    genome = np.arange(space.num_genes) % 13
    path = space.path(genome)
    supernet(images()[0], path.running).sum().backward()
    touched = {
        tuple(name.split(".")[1:4])
        for name, parameter in supernet.named_parameters()
        if parameter.grad is not None and "choice_" in name
    }
    layers = [(str(i), str(k)) for i, k, _ in space.shape.layers]
    assert touched == {
        (i, k, f"choice_{gene}") for (i, k), gene in zip(layers, genome, strict=True)
    }
    ends = {
        name
        for name, parameter in supernet.named_parameters()
        if parameter.grad is not None and "choice_" not in name
    }
    assert {"conv_stem.weight", "blocks.0.0.conv_dw.weight", "classifier.bias"} <= ends


def test_slices_are_the_parameters_themselves() -> None:
    space = space_of()
    supernet = supernet_of(space)
    running = space.path([IDENTITY] * space.num_genes).running
    slices = supernet.slices(running)
    assert slices["blocks.1.0.conv.weight"] is supernet.get_parameter(
        "blocks.1.0.choice_12.conv.weight"
    )
    assert slices["conv_head.weight"] is supernet.get_parameter("conv_head.weight")


def test_parameters_are_those_of_all_choices() -> None:
    space = space_of()
    supernet = supernet_of(space)
    expected = 0
    for gene in range(13):
        running = space.path([gene] * space.num_genes).running
        expected += sum(w.numel() for n, w in supernet.slices(running).items())
        ends = [n for n in supernet.slices(running) if n.split(".")[0:2] in (["blocks", "0"],)]
        ends += [n for n in supernet.slices(running) if not n.startswith("blocks.")]
        if gene:
            expected -= sum(supernet.slices(running)[n].numel() for n in ends)
    assert sum(p.numel() for p in supernet.parameters()) == expected


def test_identities_are_drawn_as_other_1x1_convolutions() -> None:
    supernet = make_supernet(load("scarlet").shape)
    weight = supernet.get_parameter("blocks.6.0.choice_12.conv.weight")
    assert weight.shape == (320, 192, 1, 1)
    assert weight.std().item() == pytest.approx((2 / 320) ** 0.5, rel=0.03)


def test_weights_are_a_function_of_the_seed() -> None:
    space = space_of()
    assert digest(supernet_of(space)) == digest(supernet_of(space))


def test_the_factory_knows_every_shape() -> None:
    shape = load("small", factors=(1.0, 2.0)).shape
    assert isinstance(make_supernet(shape, coupled=True), Supernet)
    for name in ("coupled", "zero_residual"):
        with pytest.raises(ValueError, match=rf"supernet\.{name}: .* use false"):
            make_supernet(space_of().shape, **{name: True})


def test_what_the_supernet_does_not_hold_is_refused() -> None:
    space = space_of()
    supernet = supernet_of(space)
    path = space.path([IDENTITY] * space.num_genes)
    running = path.running
    x = images()[0]
    first, searched, *rest = running.stages
    other = Block(kernel=9, expansion=3.0, width=searched.blocks[0].width, stride=2)
    wrong = [
        (replace(running, num_classes=6), "num_classes: the supernet has 5"),
        (replace(running, head=Head(width=8)), "head: the supernet has another"),
        (path.architecture, "running network"),
        (
            replace(running, stages=(first, Stage(blocks=(other, *searched.blocks[1:])), *rest)),
            r"stages\[1\]\.blocks\[0\]: no choice of this layer",
        ),
        (
            replace(running, stages=(Stage(blocks=(replace(other, stride=1),)), searched, *rest)),
            r"stages\[0\]\.blocks\[0\]",
        ),
    ]
    for architecture, words in wrong:
        with pytest.raises(ValueError, match=words):
            supernet(x, architecture)
    with pytest.raises(ValueError, match="side"):
        supernet(x, running, side="right")
