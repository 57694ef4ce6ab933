from __future__ import annotations

import numpy as np
import pytest
from layered import Gains, Layered

from escalade.core.network import cost
from escalade.core.space.path import Population
from escalade.search.front.objectives import (
    DEFAULT,
    Objective,
    box_of,
    check_measure,
    measured,
    parse_objectives,
)


@pytest.fixture(scope="module")
def layered():
    return Layered()


def test_the_papers_objectives_have_the_papers_weights():
    assert parse_objectives(DEFAULT) == (
        Objective("error", 0.4),
        Objective("macs", 0.4),
        Objective("params", 0.2, maximised=True),
    )
    assert [objective.name for objective in parse_objectives(DEFAULT)] == list(DEFAULT)


def test_other_objectives_weigh_the_same():
    assert [o.weight for o in parse_objectives(["error", "activations"])] == [0.5, 0.5]


@pytest.mark.parametrize(
    "names",
    [
        ["error"],
        ["macs", "params"],
        ["error", "macs", "macs"],
        ["error", "macs", "-macs"],
        ["error", "-error"],
    ],
)
def test_objectives_are_error_and_others(names):
    with pytest.raises(ValueError, match=r"objectives: .* must be error and one or more other"):
        parse_objectives(names)


@pytest.mark.parametrize("name", ["accuracy", "-accuracy"])
def test_the_accuracy_is_no_objective_beside_the_error(name):
    with pytest.raises(ValueError, match=r"objectives: accuracy is 1 - error, .* leave it out"):
        parse_objectives(["error", "macs", name])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.4, 0.2], "weights: 0.5, 0.4, 0.2 sum to 1.1"),
        ([0.9, 0.3, -0.2], "weights: 0.9, 0.3, -0.2 are not all between 0 and 1"),
        ([float("nan"), 0.5, 0.5], "are not all between 0 and 1"),
        ([0.5, 0.5], "are 2 weights for 3 objectives"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        parse_objectives(DEFAULT, weights=weights)


def test_measures_are_what_the_space_counts(layered):
    genomes = layered.sample_genomes(np.random.default_rng(0), 5)
    population = Population(genomes, np.zeros((5, 3), dtype=np.int64))
    for kind in ("macs", "params", "activations"):
        built = [getattr(cost.of(layered.path(g, (0, 0, 0)).architecture), kind) for g in genomes]
        assert measured(kind, layered, population).tolist() == built
    scores = Gains()(population)
    assert measured("error", layered, population, scores) == pytest.approx(1 - scores)


def test_an_objective_without_a_measurement_is_refused(layered):
    with pytest.raises(
        ValueError, match=r"^nothing measures 'latency'; use .*, or give the space a latency table"
    ):
        check_measure("latency", layered)
    check_measure("latency")


def test_the_box_spans_the_space(layered):
    box = box_of(layered, parse_objectives(DEFAULT))
    everything = layered.all_genomes
    population = Population(everything, np.zeros((len(everything), 3), dtype=np.int64))
    macs, params = (layered.costs(population, kind) for kind in ("macs", "params"))
    assert box.best == (0.0, macs.min(), -params.max())
    assert box.worst == (1.0, macs.max(), -params.min())
    assert box.share(np.array([[0.5, macs.max(), -params.max()]])).tolist() == [[0.5, 1.0, 0.0]]
