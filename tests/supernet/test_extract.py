"""A path of the supernet is the network that extraction makes of it."""

from __future__ import annotations

import pytest
import torch
from supernet_cases import Case, random_case

from escalade.core.network import cost
from escalade.nets.build import build
from escalade.supernet.extract import extract, extract_coupled
from escalade.supernet.frozen import freeze
from escalade.supernet.recalibrate import fold, path_statistics, recalibrate

SEEDS = range(24)
SIDES = ("left", "right")


def spread(logits: torch.Tensor) -> float:
    return float(logits.detach().std()) + 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_training_mode_equals_extracted(seed: int) -> None:
    case = random_case(seed, coupled=True)
    x = case.batches[0]
    for side in SIDES:
        network = extract(case.supernet, case.architecture, side=side).train()
        ours, plain = case.supernet(x, case.architecture, side=side), network(x)
        assert torch.allclose(ours, plain, atol=1e-5 * spread(plain), rtol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_evaluation_mode_equals_recalibrated(seed: int) -> None:
    case = random_case(seed, coupled=True)
    x = case.batches[0]
    for side in SIDES:
        network = extract(case.supernet, case.architecture, side=side)
        recalibrate(network, case.batches)
        statistics = path_statistics(case.supernet, case.architecture, case.batches, side=side)
        ours = case.supernet(x, case.architecture, side=side, statistics=statistics)
        plain = network(x)
        assert torch.allclose(ours, plain, atol=1e-5 * spread(plain), rtol=1e-5)
        folded = fold(network)(x)
        assert torch.allclose(folded, plain, atol=1e-4 * spread(plain), rtol=1e-4)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_frozen_equals_recalibrated(seed: int, coupled: bool) -> None:
    case = random_case(seed, coupled=coupled)
    x = case.batches[0]
    before = x.clone()
    (logits,) = freeze(case.supernet, [case.architecture], case.batches)(x)
    if coupled:
        network = extract_coupled(case.supernet, case.architecture)
    else:
        network = extract(case.supernet, case.architecture)
    recalibrate(network, case.batches)
    with torch.no_grad():
        plain = network(x)
    assert torch.allclose(logits, plain, atol=1e-4 * spread(plain), rtol=1e-4)
    assert torch.equal(x, before)


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_equal_and_stay_in_the_slices(seed: int) -> None:
    case = random_case(seed, coupled=True)
    x = case.batches[0]
    for side in SIDES:
        case.supernet.zero_grad(set_to_none=True)
        network = extract(case.supernet, case.architecture, side=side).train()
        network(x).square().sum().backward()
        case.supernet(x, case.architecture, side=side).square().sum().backward()
        expected = dict(network.named_parameters())
        total = 0.0
        for name, (found, weight) in slice_gradients(case, side).items():
            scale = float(weight.abs().max()) + 1.0
            assert torch.allclose(found, expected[name].grad, atol=2e-4 * scale, rtol=1e-3), name
            total += float(found.abs().double().sum())
        everything = sum(
            float(p.grad.abs().double().sum())
            for p in case.supernet.parameters()
            if p.grad is not None
        )
        assert everything == pytest.approx(total, rel=1e-6)


def slice_gradients(case: Case, side: str) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """The gradient of each slice, read by making slices of the gradients themselves."""
    parameters = dict(case.supernet.named_parameters())
    values = {name: p.detach().clone() for name, p in parameters.items()}
    found = {}
    with torch.no_grad():
        for p in parameters.values():
            p.copy_(p.grad if p.grad is not None else torch.full_like(p, torch.nan))
        for name, part in case.supernet.slices(case.architecture, side=side).items():
            found[name] = part.clone()
        for name, p in parameters.items():
            p.copy_(values[name])
    weights = case.supernet.slices(case.architecture, side=side)
    return {name: (found[name], weights[name].detach()) for name in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_extracted_network_is_a_plain_one(seed: int) -> None:
    case = random_case(seed)
    network = extract(case.supernet, case.architecture)
    plain = build(case.architecture)
    assert {k: v.shape for k, v in network.state_dict().items()} == {
        k: v.shape for k, v in plain.state_dict().items()
    }
    assert sum(p.numel() for p in network.parameters()) == cost.of(case.architecture).params
    assert not any(t.is_meta for t in network.state_dict().values())
    held = {p.untyped_storage().data_ptr() for p in case.supernet.parameters()}
    for parameter in network.parameters():
        assert parameter.untyped_storage().data_ptr() not in held
        assert parameter.numel() * 4 == parameter.untyped_storage().nbytes()


def test_extraction_draws_nothing() -> None:
    case = random_case(0)
    before = torch.get_rng_state()
    extract(case.supernet, case.architecture)
    assert torch.equal(torch.get_rng_state(), before)
