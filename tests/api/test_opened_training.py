"""A supernet that begins as a network, its choices opened in turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

import seed_runs
from escalade.api.train import train
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid
from escalade.planning.ahead import settle
from escalade.report.what_was_done import what_was_done
from escalade.train.interrupt import Interrupted
from escalade.train.steps.settings_used import check


def made(folder, opening, **more):
    recipe = {"recipe": {"steps": 12, "batch_size": 8}}
    return seed_runs.run_from(folder, {"supernet": {"opening": opening} | recipe | more})


def test_a_kill_on_the_way_ends_in_the_same_bits(tmp_path):
    straight, killed, other = (
        made(tmp_path / name, opening)
        for name, opening in (("a", "in_turn"), ("b", "in_turn"), ("c", "at_once"))
    )
    for run in (straight, other):
        train(run)
    asked = iter(range(1000))
    stopping = replace(killed, should_stop=lambda: next(asked) > 9)
    stopping.__dict__["data"] = killed.data
    with pytest.raises(Interrupted, match="train: stopped at step"):
        train(stopping)
    train(killed)
    bits = [run.folder.supernet.read_bytes() for run in (straight, killed, other)]
    assert bits[0] == bits[1] != bits[2]


def test_another_step_has_no_use_for_it(tmp_path):
    run = made(tmp_path, "in_turn", step="sandwich")
    with pytest.raises(Invalid, match=r"supernet\.opening: in_turn is for the taught step"):
        check(run.supernet_task)
    with pytest.raises(Invalid, match="leave it out, or start from a pretrained network"):
        settle(run)


def test_the_report_says_how(tmp_path):
    run = made(tmp_path, "in_turn")
    told = dict(what_was_done(encode(run.config), run.space.traits))
    assert "then, all else whole until its turn, kernels, depths" in told["Training step"]
