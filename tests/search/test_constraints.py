from __future__ import annotations

import numpy as np
import pytest
from layered import Layered

from escalade.core.space.path import Population
from escalade.search.front.constraints import Constraint, Screen


@pytest.fixture(scope="module")
def layered():
    return Layered()


def screen(space, *texts):
    constraints = [Constraint.parse(text) for text in texts]
    return Screen(constraints, space=space)


def some(space, num=200):
    genomes = space.sample_genomes(np.random.default_rng(0), num)
    return Population(genomes, np.zeros((num, 3), dtype=np.int64))


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("macs < 500M", Constraint("macs", "<", 500e6)),
        ("accuracy>0.4", Constraint("accuracy", ">", 0.4)),
        (" latency < 4ms ", Constraint("latency", "<", 0.004)),
    ],
)
def test_constraints_are_read_as_people_write_them(text, constraint):
    assert Constraint.parse(text) == constraint
    assert Constraint.parse(constraint.text) == constraint


@pytest.mark.parametrize("text", ["macs", "macs = 5M", "< 5M", "macs < many", "accuracy > 40"])
def test_what_is_no_constraint_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot read|is a share"):
        Constraint.parse(text)


@pytest.mark.parametrize("text", ["accuracy > 1", "accuracy < 0", "error < 0", "error > 1.0"])
def test_shares_that_nothing_can_have_are_refused(text):
    with pytest.raises(ValueError, match=r"nothing can meet \w+ [<>] [01], as \w+ is within 0..1"):
        Constraint.parse(text)
    assert Constraint("macs", ">", 1.0).met(np.array([2.0])).all()


def test_a_percentage_is_told_as_a_share():
    with pytest.raises(
        ValueError, match=r"'accuracy > 40%'; write a share, such as accuracy > 0.4"
    ):
        Constraint.parse("accuracy > 40%")


def test_bounds_are_strict():
    values = np.array([1.0, 2.0, 3.0])
    assert Constraint("macs", "<", 2.0).met(values).tolist() == [True, False, False]
    assert Constraint("macs", ">", 2.0).met(values).tolist() == [False, False, True]


def test_a_network_is_counted_by_the_first_constraint_it_breaks(layered):
    population = some(layered)
    macs, params = (layered.costs(population, kind) for kind in ("macs", "params"))
    limits = np.median(macs), np.median(params)
    checked = screen(layered, f"macs < {limits[0]}", f"params < {limits[1]}")
    assert (
        checked.affordable(population).tolist()
        == ((macs < limits[0]) & (params < limits[1])).tolist()
    )
    assert list(checked.rejected.values()) == [
        (macs >= limits[0]).sum(),
        ((macs < limits[0]) & (params >= limits[1])).sum(),
    ]


def test_constraints_on_the_score_come_last(layered):
    checked = screen(layered, "accuracy > 0.4", "macs < 10M")
    assert [constraint.measure for constraint in checked.constraints] == ["macs", "accuracy"]


def test_scores_are_checked_against_their_own_constraints(layered):
    population = some(layered, 3)
    checked = screen(layered, "macs < 1k", "accuracy > 0.4", "error > 0.2")
    assert checked.accurate(population, np.array([0.3, 0.5, 0.9])).tolist() == [0, 1, 0]


def test_what_nothing_measures_is_refused(layered):
    with pytest.raises(ValueError, match=r"constraints\[1\]: nothing measures 'latency'"):
        screen(layered, "macs < 1M", "latency < 4ms")


def test_the_message_names_the_constraint_and_the_nearest_value(layered):
    population = some(layered)
    macs = layered.costs(population, "macs")
    checked = screen(layered, "params < 10M", "macs < 1M")
    assert not checked.affordable(population).any()
    assert str(checked.unmet()) == (
        "constraints: none of 200 networks of space layered within params < 10M meets macs < 1M; "
        f"the nearest has {macs.min() / 1e6:.4g}M"
    )
    checked = screen(layered, "macs > 1G")
    checked.affordable(population)
    assert f"the nearest has {macs.max() / 1e6:.4g}M" in str(checked.unmet())


def test_the_message_for_a_score_says_what_may_help(layered):
    checked = screen(layered, "accuracy > 0.4")
    checked.accurate(some(layered, 2), np.array([0.1, 0.31]))
    assert "accuracy > 0.4; the nearest has 0.31; relax it, or train" in str(checked.unmet())
