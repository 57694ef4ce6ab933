from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.core.latency.latency_table import CheckFacts, LatencyTable
from escalade.core.latency.work import Work, work_of, works_of
from escalade.core.network import parts
from escalade.core.network.block import Block, SqueezeExcite
from escalade.core.space.path import Population
from escalade.spaces import known
from escalade.spaces.load import load
from part_times import expected, measured


def drawn(space, num: int, seed: int = 0) -> tuple[Population, list]:
    rng = np.random.default_rng(seed)
    rows = space.all_strategies
    population = Population(space.sample_genomes(rng, num), rows[rng.integers(0, len(rows), num)])
    return population, [path.architecture for path in space.paths(population)]


def timed(space, *, num: int = 120) -> dict[Work, float]:
    return measured(drawn(space, num, seed=1)[1])


@pytest.fixture(scope="module")
def small():
    space = load("small", factors=(1.0, 2.0, 4.0))
    return space.with_latency(LatencyTable(settings="fake", parts=timed(space)))


@pytest.fixture(scope="module")
def few(small):
    """Networks with their seconds."""
    return [(network, expected(network)) for network in drawn(small, 10)[1]]


@pytest.mark.slow
def test_a_network_takes_the_sum_of_its_parts(small, few) -> None:
    """Parts that were not measured included: the device's rates are found again."""
    assert any(set(works_of(network)) - set(small.latency.parts) for network, _ in few)
    for network, seconds in few:
        assert small.latency.of(network) == pytest.approx(seconds, rel=1e-3)


@pytest.mark.parametrize("name", ["small", "medium", "scalenet_half"])
def test_populations_and_single_networks_agree_exactly(name: str) -> None:
    space = load(name, factors=(1.0, 2.0))
    table = LatencyTable(settings="fake", parts=timed(space, num=40))
    space = space.with_latency(table)
    population, networks = drawn(space, 200)
    assert space.costs(population, "latency").tolist() == [table.of(arch) for arch in networks]


def test_equal_measurements_predict_equally_in_any_order(small, few) -> None:
    times = small.latency.parts
    timed = tuple((network, 1e-4 + 1.3 * seconds) for network, seconds in few)
    one = LatencyTable(settings="", parts=times, calibration=timed)
    other = LatencyTable(settings="", parts=dict(reversed(times.items())), calibration=timed[::-1])
    assert one.correction == pytest.approx((1e-4, 1.3), rel=0.01)
    assert [one.of(network) for network, _ in few] == [other.of(network) for network, _ in few]


def test_overhead_and_factor_are_fitted_and_never_negative(small, few) -> None:
    timed = tuple((network, 0.5 * seconds - 1e-6) for network, seconds in few)
    table = LatencyTable(settings="", parts=small.latency.parts, calibration=timed)
    overhead, factor = table.correction
    assert overhead == 0
    assert factor == pytest.approx(0.5, rel=0.05)


def test_the_check_tells_errors_and_order() -> None:
    check = CheckFacts.of((1.1, 2.0, 2.7), (1.0, 2.0, 3.0))
    assert check.median == pytest.approx(0.1)
    assert check.worst == pytest.approx(0.1)
    assert check.rank_correlation == pytest.approx(1.0)


def test_a_group_that_was_not_measured_takes_the_nearest_of_its_kind(small) -> None:
    block = Block(kernel=9, stride=2, expansion=2.0, width=24)
    groups = {
        kernel: work_of(parts.block(replace(block, kernel=kernel), in_width=16, side=8)).group
        for kernel in (3, 5, 7, 9)
    }
    assert small.latency.model.nearest(groups[9]) == groups[7]
    assert small.latency.model.nearest(groups[5]) == groups[5]
    with pytest.raises(ValueError, match="latency: no stem_pool was measured"):
        small.latency.of(known.load("resnet50"))


def test_what_a_measured_group_lacks_is_not_counted(small) -> None:
    """No squeeze-excitation was measured."""
    block = Block(kernel=5, expansion=2.0, width=24)
    with_se = replace(block, se=SqueezeExcite())
    found = [small.latency.price(parts.block(b, in_width=16, side=8)) for b in (block, with_se)]
    assert found[0] == found[1]


def test_a_price_of_arrays_is_the_price_of_numbers(small) -> None:
    in_width, width, side = np.random.default_rng(0).integers(1, 200, (3, 50))
    block = Block(kernel=3, expansion=2.0, width=width)
    many = small.latency.price(parts.block(block, in_width=in_width, side=side))
    for i, value in enumerate(many):
        one = parts.block(
            replace(block, width=int(width[i])), in_width=int(in_width[i]), side=int(side[i])
        )
        assert small.latency.price(one) == value


@pytest.mark.parametrize("kind", ["macs", "params", "activations", "latency"])
def test_strategies_multiply_what_the_ladder_counts(kind: str, small) -> None:
    space = small.for_ladder((1.0, 2.0, 4.0), kind=kind)
    slack = space.layout.grid.slack
    rng = np.random.default_rng(0)
    genomes = space.sample_genomes(rng, 2000)
    base = Population(genomes, np.repeat(space.base_triple[None], len(genomes), axis=0))
    mean = space.costs(base, kind).mean()
    for stage, factor in ((1, 2.0), (2, 4.0)):
        for row in space.strategies(stage)[::5]:
            scaled = Population(genomes, np.repeat(row[None], len(genomes), axis=0))
            growth = space.costs(scaled, kind).mean() / mean
            assert factor / slack * 0.9 < growth < factor * slack * 1.1
