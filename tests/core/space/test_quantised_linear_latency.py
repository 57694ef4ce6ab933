"""Predicted latencies of many RegNets against those of one, on made-up devices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.space.space_numbers import Span
from escalade.spaces.load import load
from part_times import expected, measured

SPACES = ["regnet_y", "regnet_z", "regnet_y_small", "regnet_z_small"]


def timed(space: Space, *, num: int = 40) -> Space:
    """The space with a table of so many networks' parts, and an overhead."""
    genomes = space.sample_genomes(generator(0, "measured"), num)
    networks = [space.path(row).architecture for row in genomes]
    parts = measured(networks)
    sums = LatencyTable(settings="fake", parts=parts)
    whole = tuple((network, 1e-4 + 1.2 * sums.of(network)) for network in networks[:8])
    return space.with_latency(LatencyTable(settings="fake", parts=parts, calibration=whole))


@pytest.mark.slow
def test_networks_take_the_sum_of_their_parts():
    """Of a table without overhead; parts that were not measured included."""
    space = timed(load("regnet_y_small"))
    table = LatencyTable(settings="fake", parts=space.latency.parts)
    for row in space.sample_genomes(generator(1, "drawn"), 12):
        network = space.path(row).architecture
        assert table.of(network) == pytest.approx(expected(network), rel=1e-3)


def test_plain_blocks_and_heads_agree_exactly():
    data = replace(load("regnet_y_small").layout, block="x", head_width=96, stages=Span(2, 5))
    space = timed(Space(data))
    genomes = space.sample_genomes(generator(1, "plain"), 200)
    found = space.costs(Population.unscaled(genomes), "latency")
    assert found.tolist() == [space.latency.of(space.path(row).architecture) for row in genomes]
