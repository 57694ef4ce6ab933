"""Strict fairness: every choice of every gene once a step."""

from __future__ import annotations

import numpy as np
import pytest
from choice_spaces import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.space.layouts import parse
from escalade.core.space.space import Space
from escalade.spaces.load import load

SMALL = load("scarlet_small")


def genomes(paths):
    return np.array([path.genome for path in paths])


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["scarlet", "scarlet_small_folds"]),
    seed=st.integers(0, 2**32),
    step=st.integers(0, 10**6),
)
def test_every_choice_of_every_layer_once_a_step(name, seed, step):
    fair = FairPaths(load(name), seed=seed)
    paths = fair.at(step)
    assert len(paths) == fair.num_paths == 13
    for column in genomes(paths).T:
        assert sorted(column) == list(range(13))


def test_paths_are_those_of_the_space():
    space = load("scarlet_small", in_channels=1, num_classes=10).with_identity("plain")
    for path in FairPaths(space, seed=1).at(3):
        assert path == space.path(path.genome)


def test_steps_are_functions_of_seed_and_step():
    one, same, other = (FairPaths(SMALL, seed=seed) for seed in (0, 0, 1))
    assert one.at(5) == same.at(5)
    assert one.at(4) != one.at(5) != other.at(5)
    assert one.at(5) == same.at(5)  # also after another step


@pytest.mark.slow
def test_every_permutation_is_as_likely():
    """Of a tiny space: the six orders of each layer, and its pairs with another layer."""
    fair = FairPaths(tiny(), seed=0)
    drawn = np.stack([genomes(fair.at(step)) for step in range(3000)])
    for layer in range(drawn.shape[2]):
        _, counts = np.unique(drawn[:, :, layer], axis=0, return_counts=True)
        assert len(counts) == 6
        np.testing.assert_allclose(counts / 3000, 1 / 6, atol=0.025)
    pairs = drawn[:, :, 0] * 3 + drawn[:, :, 1]
    shares = np.bincount(pairs.ravel(), minlength=9) / pairs.size
    np.testing.assert_allclose(shares, 1 / 9, atol=0.015)


def equal_genes() -> Space:
    """Every gene has two choices, but depth decides which of the others count."""
    data = {
        "format": 1,
        "kind": "layers",
        "name": "even",
        "resolutions": [8, 12],
        "stem": {"widths": [8, 16]},
        "stages": [{"depth": [1, 2], "widths": [8, 16], "expansions": [2]}],
        "head": {"widths": [32, 40]},
    }
    return Space(parse(data))


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (load("bignas_small"), "of the space bignas_small have 1 to 7 choices; name a choice"),
        (load("small", factors=(1.0, 2.0)), "of the space small have 3 to 8 choices"),
        (equal_genes(), "of the space even are not independent; name a choice space"),
    ],
)
def test_spaces_that_cannot_be_fair(space, words):
    with pytest.raises(ValueError) as caught:
        FairPaths(space, seed=0)
    assert words in str(caught.value)
    assert str(caught.value).startswith("supernet.step: fair trains every choice of every gene")
    assert len(str(caught.value).splitlines()) == 1


def test_spaces_without_identities_can_be():
    space: Space = tiny(choices=[{"expansion": 2, "kernel": 3}, {"expansion": 2, "kernel": 5}])
    assert FairPaths(space, seed=0).num_paths == 2
