"""Recalibration against numbers computed by hand."""

from __future__ import annotations

import pytest
import torch
from supernet_cases import random_case
from torch import nn

from escalade.supernet.extract import extract
from escalade.supernet.frozen import freeze
from escalade.supernet.recalibrate import fold, path_statistics, recalibrate


def test_statistics_are_the_averages_over_batches() -> None:
    torch.manual_seed(0)
    batches = [torch.randn(8, 3, 5, 5) * scale + scale for scale in (1.0, 2.0, 5.0)]
    network = nn.Sequential(nn.BatchNorm2d(3, momentum=0.3))
    network[0].running_mean.fill_(100.0)
    recalibrate(network, batches)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches])
    variances = torch.stack([batch.var((0, 2, 3), unbiased=True) for batch in batches])
    assert torch.allclose(network[0].running_mean, means.mean(0), rtol=1e-5)
    assert torch.allclose(network[0].running_var, variances.mean(0), rtol=1e-5)
    assert not any(module.training for module in network.modules())
    assert network[0].momentum == 0.3


def test_dropout_does_not_disturb() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm2d(2))
    batch = torch.randn(16, 2, 4, 4)
    recalibrate(network, [batch])
    assert torch.allclose(network[1].running_mean, batch.mean((0, 2, 3)), atol=1e-6)


def test_path_statistics_are_the_extracted_networks() -> None:
    case = random_case(5)
    network = extract(case.supernet, case.architecture)
    recalibrate(network, case.batches)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    found = path_statistics(case.supernet, case.architecture, case.batches)
    # timm registers the head's batch norm after the blocks, so registration order is call order
    assert len(norms) == len(found.means)
    for norm, mean, variance in zip(norms, found.means, found.variances, strict=True):
        assert torch.allclose(norm.running_mean, mean, atol=1e-5, rtol=1e-4)
        assert torch.allclose(norm.running_var, variance, atol=1e-5, rtol=1e-4)


def test_no_batches_is_an_error() -> None:
    case = random_case(1)
    with pytest.raises(ValueError, match="at least one batch"):
        recalibrate(extract(case.supernet, case.architecture), [])
    with pytest.raises(ValueError, match="at least one batch"):
        path_statistics(case.supernet, case.architecture, [])
    with pytest.raises(ValueError, match="at least one batch"):
        freeze(case.supernet, [case.architecture], [])


def test_folding_keeps_a_convolutions_own_bias() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=True), nn.BatchNorm2d(4), nn.ReLU())
    x = torch.randn(8, 3, 6, 6)
    recalibrate(network, [x])
    before = network(x)
    assert torch.allclose(fold(network)(x), before, atol=1e-6)
    assert isinstance(network[1], nn.Identity)
