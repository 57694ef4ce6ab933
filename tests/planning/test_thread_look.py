"""Threads are chosen by a look where nobody says how many, and kept."""

from __future__ import annotations

import pytest
import torch

from escalade.config import Config
from escalade.planning import ahead
from escalade.planning.ahead import with_threads
from escalade.train.runtime import Runtime, limit_threads
from noise_runs import run_of

SETTINGS = {"space": "small", "budgets": "0.4M,0.8M", "grow": {"num": 0}}


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [({2: 0.6, 1: 1.0}, 2), ({2: 0.95, 1: 1.0}, 1), ({2: 2.5, 1: 1.0}, 1)],
)
def test_all_threads_only_where_they_are_clearly_faster(monkeypatch, seconds, chosen):
    monkeypatch.setattr(ahead, "_look", lambda *_: seconds)
    with limit_threads(2):
        run = with_threads(run_of(SETTINGS))
        assert run.config.threads == run.runtime.threads == chosen


def test_what_was_said_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(ahead, "_look", lambda *_: pytest.fail("looked"))
    with limit_threads(2):
        assert with_threads(run_of(SETTINGS, {"threads": 2})).config.threads == 2
        no_supernet = {"space": "regnet_y_small", "budgets": "0.4M"}
        assert with_threads(run_of(no_supernet)).config.threads == 2
    with limit_threads(1):
        assert with_threads(run_of(SETTINGS)).config.threads == 1


def test_the_look_times_both_and_leaves_everything_as_it_was(monkeypatch):
    monkeypatch.setattr(ahead, "SECONDS", 0.01)
    run = run_of(SETTINGS, {"supernet": {"recipe": {"batch_size": 8}}})
    network = run.space.plain_base
    with limit_threads(2):
        torch.manual_seed(3)
        before = torch.get_rng_state()
        found = ahead._look(run, network, (2, 1))
        assert torch.equal(torch.get_rng_state(), before)
        assert Runtime(device="cpu").threads == 2
    assert set(found) == {1, 2}
    assert all(seconds > 0 for seconds in found.values())
    assert Config().threads is None
