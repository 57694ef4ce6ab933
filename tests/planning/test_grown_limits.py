"""A plan tells of grown members that would hardly keep a limit of the search."""

from __future__ import annotations

import re

import numpy as np
import pytest

from escalade.core.network import cost
from escalade.planning.grown_limits import NUM_BASES, grown_above_limits
from escalade.planning.member_sizes import sizes_of
from noise_runs import run_of


def told(**settings):
    run = run_of({"budgets": "0.4M,0.8M"}, settings)
    return grown_above_limits(run, sizes_of(run))


@pytest.mark.parametrize("space", ["small", "bignas_small"])
def test_the_first_grown_member_above_a_limit_is_told_of_with_what_it_will_have(space):
    run = run_of({"budgets": "0.4M,0.8M", "space": space})
    drawn = run.method.begins_with(run.task, run.space, 256)[-1]
    limit = float(np.quantile(run.space.costs(drawn, "params"), 0.2))
    (line,) = told(space=space, limits={"params": limit}, grow={"num": 6})
    found = re.match(r"(S\d), of (.*)M macs, will have about (.*)k params or more: grown", line)
    assert found, line
    # What is told of the larger is above the limit; of one before it no such thing is told.
    name, budget, least = found[1], float(found[2]), float(found[3])
    assert budget == pytest.approx(0.8 * 2 ** (int(name[1]) - 1))
    assert limit / 1e3 < least < limit / 1e3 * budget / 0.8


def test_nothing_is_told_where_all_keep_it_or_none_grows():
    assert told(space="small", limits={"params": 1e7}) == []
    assert told(space="small", limits={"params": 30_000}, grow={"num": 0}) == []
    assert told(space="small") == []


def test_what_is_grown_keeps_the_limit_itself():
    run = run_of({"budgets": "0.4M,0.8M", "space": "small", "limits": {"params": 30_000}})
    bases = run.method.begins_with(run.task, run.space, NUM_BASES)[-1]
    assert all(cost.of(path.architecture).params <= 30_000 for path in run.space.paths(bases))
