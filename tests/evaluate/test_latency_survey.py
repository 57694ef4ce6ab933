from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from additive_device import Additive
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.values.codec import encode
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.timing import part_times as layer_times
from escalade.evaluate.timing import table_store as latency_store
from escalade.evaluate.timing.part_times import TurnTimer, measure
from escalade.evaluate.timing.space_survey import NUM_CHECKED, survey
from escalade.nets.build import build
from escalade.spaces.load import load
from escalade.supernet.folding import fold
from escalade.supernet.make import make_supernet
from escalade.train.runtime import Runtime

RUNTIME = Runtime(device="cpu")
LADDER = Ladder(tuple(Budget(seconds, "latency") for seconds in (0.8e-3, 1.6e-3)))


def space() -> Space:
    return load("small", factors=LADDER.factors, kind="latency", in_channels=1, num_classes=10)


def surveyed(timer: Additive) -> LatencyTable:
    return survey(space(), ladder=LADDER, num_grown=1, timer=timer, settings="fake")


@pytest.fixture(scope="module")
def device() -> Additive:
    """Asked by `table` alone."""
    return Additive(overhead=1e-4)


@pytest.fixture(scope="module")
def table(device) -> LatencyTable:
    return surveyed(device)


@pytest.mark.slow
def test_an_additive_device_is_predicted_exactly(table):
    overhead, factor = table.correction
    assert overhead == pytest.approx(1e-4, rel=0.02)
    assert factor == pytest.approx(1, rel=0.01)
    assert len(table.checked) == NUM_CHECKED
    assert table.check.median < 0.002
    assert table.check.worst < 0.02
    assert table.check.rank_correlation > 0.99


@pytest.mark.slow
def test_networks_it_is_checked_on_are_others_and_near_the_budgets(table):
    fitted = {network.key for network, _ in table.calibration}
    assert not fitted & {network.key for network, _ in table.checked}
    seconds = np.array([value for _, value in table.checked])
    gaps = np.abs(np.log(seconds[:, None] / np.array([0.8e-3, 1.6e-3]))).min(axis=1)
    assert np.median(gaps) < np.log(1.3)
    assert (gaps < np.log(2)).all()
    largest = max(value for _, value in table.calibration)
    assert largest > 1.2 * seconds.max()  # as grown members will be


@pytest.mark.slow
def test_a_survey_asks_for_the_same_again(device, table):
    other = Additive(overhead=1e-4)
    again = surveyed(other)
    assert device.asked == other.asked
    assert table.parts == again.parts
    assert table.correction == again.correction


@pytest.mark.slow
def test_a_stored_table_predicts_bit_for_bit_the_same(table, tmp_path):
    path = tmp_path / "store.sqlite"
    with EvaluationStore(path) as store:
        assert latency_store.load(store) is None
        latency_store.save(store, table)
        latency_store.save(store, table)  # adds nothing
        num = len(store.latencies())
    assert num == len(table.parts) + len(table.calibration) + len(table.checked) + 1
    with EvaluationStore(path, read_only=True) as store:
        again = latency_store.load(store)
    assert again is not None
    assert again.facts == table.facts
    one, other = space().with_latency(table), space().with_latency(again)
    rows = one.strategies(1)
    assert np.array_equal(rows, other.strategies(1))
    rng = np.random.default_rng(0)
    drawn = Population(one.sample_genomes(rng, 500), rows[rng.integers(0, len(rows), 500)])
    assert np.array_equal(one.costs(drawn, "latency"), other.costs(drawn, "latency"))


@pytest.mark.slow
def test_slices_of_a_choice_space_are_predicted_too():
    """They have identities that stand-alone networks have not."""
    space = load("scarlet_small", in_channels=1, num_classes=10)
    space = space.for_ladder(LADDER.factors, kind="latency")
    device = Additive(overhead=1e-4)
    table = survey(space, ladder=LADDER, num_grown=0, timer=device, settings="fake")
    supernet = make_supernet(space.shape)
    for genome in space.sample_genomes(np.random.default_rng(0), 10):
        running = space.path(genome).running
        for network in (running, fold(supernet.slices(running), running).architecture):
            shape = (1, network.resolution, network.resolution)
            (seconds,) = device([(build(network).eval(), shape)])
            assert table.of(network) == pytest.approx(seconds, rel=0.05)


@pytest.mark.slow
def test_a_table_is_json_for_the_report(table):
    plain = json.loads(json.dumps(encode(table.facts)))
    assert plain["num_parts"] == len(table.parts)
    assert plain["check"]["num"] == NUM_CHECKED
    assert len(plain["check"]["predicted"]) == len(plain["check"]["measured"]) == NUM_CHECKED


class Clocks(Runtime):
    """A wall clock for the runtime, and the thread's own for the timer's module."""

    now = own = 0.0

    def clock(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.own


class Works(nn.Module):
    """Works for so many seconds, the first time longer, while others take as much of the core."""

    def __init__(self, name: str, seconds: float, clocks: Clocks, calls: list[str]) -> None:
        super().__init__()
        self.name, self.seconds, self.clocks, self.calls = name, seconds, clocks, calls

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert images.shape == (2, 3, 8, 8)
        seconds = self.seconds * (1 if self.name in self.calls else 7)
        self.clocks.own += seconds
        self.clocks.now += 2 * seconds
        self.calls.append(self.name)
        return images


@pytest.mark.parametrize(("threads", "expected"), [(1, [0.1, 2.0]), (None, [0.2, 4.0])])
def test_turns_are_taken_and_a_thread_alone_has_its_own_time(monkeypatch, threads, expected):
    calls: list[str] = []
    clocks = Clocks(device="cpu")
    monkeypatch.setattr(layer_times, "time", clocks)
    timer = TurnTimer(runtime=clocks, batch_size=2, threads=threads)
    modules = [Works("few", 0.1, clocks, calls), Works("many", 2.0, clocks, calls)]
    assert timer([(module, (3, 8, 8)) for module in modules]) == pytest.approx(expected)
    num_rounds = max(layer_times.FEWEST, int(layer_times.SECONDS / sum(expected)))
    assert calls == ["few", "many"] * (2 + layer_times.NUM_WARMUP + num_rounds)


def test_the_real_timer_and_what_it_says_of_itself():
    timer = TurnTimer(runtime=RUNTIME, batch_size=2)
    assert min(timer([(nn.ReLU(), (3, 8, 8)), (nn.Conv2d(3, 8, 3), (3, 8, 8))])) > 0
    assert timer.settings == "CPU core, batch 2, 1 thread, fp32"
    assert TurnTimer(runtime=RUNTIME, threads=None).settings.endswith("all threads, fp32")


def test_parts_and_networks_are_measured_together():
    networks = [path.architecture for path in space_paths(3)]
    parts, whole = measure(
        networks,
        num_per_group=1,
        networks=networks[:2],
        timer=Additive(),
        rng=np.random.default_rng(0),
    )
    groups = [part.group for part in parts]
    assert len(set(groups)) == len(groups) >= 5
    assert len(whole) == 2
    assert min(whole) > max(parts.values()) / 2


def space_paths(num: int):
    made = load("small", factors=(1.0,))
    genomes = made.sample_genomes(np.random.default_rng(0), num)
    return made.paths(Population(genomes, made.base_triple[None].repeat(num, axis=0)))
