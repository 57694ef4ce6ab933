"""A latency table by onnxruntime of this machine, in one go."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from escalade.config.settings import LatencyConfig
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.space.path import Population
from escalade.planning import onnx_table as made
from escalade.planning.onnx_table import in_macs, onnx_table
from escalade.spaces.load import load
from noise_runs import run_of

SETTINGS = LatencyConfig(backend="onnx")
LADDER = Ladder((Budget(1e6), Budget(2e6)))


class Linear:
    """A table by which a million macs take a millisecond."""

    def __init__(self, space):
        self.space = space

    def costs(self, population, kind="macs"):
        macs = self.space.costs(population)
        return macs * 1e-9 if kind == "latency" else macs

    def __getattr__(self, name):
        return getattr(self.space, name)


@pytest.mark.parametrize("name", ["small", "bignas_small"])
def test_sizes_in_macs_are_those_that_take_as_long(name):
    space = Linear(load(name, factors=(1.0, 2.0)))
    ladder = Ladder((Budget(1e-3, "latency"), Budget(2e-3, "latency")))
    found = in_macs(space, ladder)
    assert found.kind == "macs"
    assert [budget.target for budget in found.budgets] == pytest.approx([1e6, 2e6], rel=0.05)
    same = Ladder((Budget(1e-3, "latency"), Budget(1.0001e-3, "latency")))
    assert len(in_macs(space, same).budgets) == 2  # which rise all the same


def test_without_the_package_or_a_supernet_it_is_one_message(monkeypatch):
    with pytest.raises(ValueError, match=r"^latency.backend: onnx is for spaces with a supernet"):
        onnx_table(load("regnet_y_small"), LADDER, num_grown=0, settings=SETTINGS)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r"^latency.backend: ONNX export needs onnx, .*or use eag"):
        onnx_table(load("small", factors=(1.0, 2.0)), LADDER, num_grown=0, settings=SETTINGS)


@pytest.mark.slow
def test_a_run_has_its_table_by_onnxruntime(monkeypatch):
    monkeypatch.setattr(made, "SECONDS", 1.0)
    monkeypatch.setattr(made, "ROUGH_SECONDS", 0.5)
    settings = {
        "space": "small", "budgets": "0.3ms,0.6ms", "budget_kind": "latency",
        "latency": {"backend": "onnx"}, "grow": {"num": 0},
    }  # fmt: skip
    run = run_of(settings)
    assert run.table.settings == "this machine, batch 1, 1 thread, onnxruntime"
    drawn = run.space.sample_genomes(np.random.default_rng(0), 50)
    population = Population(drawn, np.repeat(run.space.base_triple[None], 50, axis=0))
    seconds, macs = (run.space.costs(population, kind) for kind in ("latency", "macs"))
    assert (seconds > 0).all()
    assert np.corrcoef(np.log(seconds), np.log(macs))[0, 1] > 0.5
