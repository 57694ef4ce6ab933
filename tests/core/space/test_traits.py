"""What is true of the four layouts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.spaces.load import load


def test_what_is_true_of_the_spaces():
    def those(trait):
        return {
            name
            for name in ("scalenet", "bignas", "scarlet", "regnet_y")
            if getattr(load(name).traits, trait)
        }

    assert those("has_supernet") == {"scalenet", "bignas", "scarlet"}
    assert those("scales") == {"scalenet"}
    assert those("rises") == those("has_one_largest") - {"regnet_y"} == {"bignas"}
    assert those("leaves_out") == {"scarlet"}


@pytest.mark.parametrize("name", ["small", "bignas_small", "scarlet_small", "regnet_y_small"])
def test_a_space_that_has_counted_goes_to_another_process(name):
    space = load(name, factors=(1.0, 2.0) if name == "small" else None)
    genomes = space.sample_genomes(generator(0, "pickled"), 3)
    population = Population(genomes, np.repeat(space.base_triple[None], 3, axis=0))
    costs = space.costs(population, "macs")
    copy = pickle.loads(pickle.dumps(space))
    assert copy.costs(population, "macs").tolist() == costs.tolist()
