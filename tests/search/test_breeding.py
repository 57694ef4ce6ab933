from __future__ import annotations

import numpy as np
import pytest

from escalade.search.front.breeding import (
    Breeder,
    Roulette,
    reward,
    single_point,
    spin,
    wheel_shares,
)
from escalade.search.front.controller import PPO, Controller

NUM_CHOICES = np.array([4, 2, 1, 5, 4])


def random_genomes(num, rng):
    return (rng.random((num, len(NUM_CHOICES))) * NUM_CHOICES).astype(np.int64)


def breeder(num=30, *, crossover=0.5, controller=True, exploration=True):
    rng = np.random.default_rng(0)
    return Breeder(
        genomes=random_genomes(num, rng),
        ranks=rng.integers(0, 3, num),
        distances=rng.random(num),
        num_choices=NUM_CHOICES,
        crossover=crossover,
        controller=Controller(NUM_CHOICES, settings=PPO(num_edits=2)) if controller else None,
        exploration=Roulette() if exploration else None,
    )


def test_single_point_crossover_has_one_cut():
    zeros, ones = np.zeros((500, 6), dtype=np.int64), np.ones((500, 6), dtype=np.int64)
    children = single_point(zeros, second=ones, rng=np.random.default_rng(0))
    assert (np.diff(children, axis=1) >= 0).all()
    assert set(children.sum(axis=1)) == {1, 2, 3, 4, 5}


def test_crossover_of_a_single_gene_gives_the_first_parent():
    zeros, ones = np.zeros((5, 1), dtype=np.int64), np.ones((5, 1), dtype=np.int64)
    assert not single_point(zeros, second=ones, rng=np.random.default_rng(0)).any()


def test_the_wheel_favours_what_the_population_lacks():
    genomes = np.array([[0, 0], [0, 1], [0, 1], [1, 1]])
    shares = wheel_shares(genomes, num_choices=np.array([3, 2]))
    assert shares[0] == pytest.approx(np.array([1 / 4, 1 / 2, 1]) / (7 / 4))
    assert shares[1] == pytest.approx(np.array([1 / 2, 1 / 4, 0]) / (3 / 4))


def test_spinning_changes_a_gene_at_least_and_draws_from_the_wheel():
    rng = np.random.default_rng(0)
    genomes = np.zeros((20_000, 5), dtype=np.int64)
    wheel = np.array([[0.4, 0.1, 0.2, 0.3, 0]] * 5) * (np.arange(5) < NUM_CHOICES[:, None])
    spun = spin(genomes, wheel=wheel, rate=0.1, rng=rng)
    assert (spun != 0).any(axis=1).all()
    assert not spun[:, 2].any()
    drawn = spun[:, 0][spun[:, 0] > 0]
    shares = np.bincount(drawn, minlength=4)[1:] / len(drawn)
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.03)
    # With chance 0.9^4 none of the four changes by itself.
    assert (spun != 0).sum(axis=1).mean() == pytest.approx(0.4 + 0.9**4, abs=0.02)


def test_tournaments_prefer_rank_then_distance():
    made = breeder(200)
    winners = made._tournament(20_000, np.random.default_rng(1))
    ranks = made.ranks[winners]
    shares = np.array([(made.ranks == rank).mean() for rank in range(3)])
    expected = [1 - (1 - shares[0]) ** 2, (shares[1] + shares[2]) ** 2 - shares[2] ** 2]
    assert [(ranks == rank).mean() for rank in (0, 1)] == pytest.approx(expected, abs=0.02)
    first = np.flatnonzero(made.ranks == 0)
    near, far = (first[order(made.distances[first])] for order in (np.argmin, np.argmax))
    assert (winners == far).sum() > 1.5 * (winners == near).sum()


def test_operators_get_their_shares():
    children = breeder(crossover=0.25).draft(8000, rng=np.random.default_rng(0))
    assert np.mean([child.edits is not None for child in children]) == pytest.approx(
        0.375, abs=0.02
    )


def test_without_controller_and_wheel_every_child_is_a_crossover():
    made = breeder(crossover=0.1, controller=False, exploration=False)
    genes = [set(column) for column in made.genomes.T]
    for child in made.draft(300, rng=np.random.default_rng(0)):
        assert child.edits is None
        assert all(gene in seen for gene, seen in zip(child.genome, genes, strict=True))


@pytest.mark.parametrize(
    ("controller", "exploration", "edited"), [(True, False, 1.0), (False, True, 0.0)]
)
def test_one_mutation_alone_makes_all_mutants(controller, exploration, edited):
    made = breeder(crossover=0.0, controller=controller, exploration=exploration)
    children = made.draft(200, rng=np.random.default_rng(0))
    assert np.mean([child.edits is not None for child in children]) == edited
    assert all((child.genome != made.genomes[child.parent]).any() for child in children)


def test_the_reward_is_the_weighted_improvement_on_the_parent():
    children = np.array([[0.4, 100.0, -5.0], [0.6, 100.0, -5.0]])
    parents = np.array([[0.5, 100.0, -5.0], [0.6, 300.0, -1.0]])
    spans = np.array([0.2, 400.0, 0.0])
    rewards = reward(children, parents=parents, spans=spans, weights=[0.4, 0.4, 0.2])
    assert rewards == pytest.approx([0.4 * 0.5, 0.4 * 0.5])


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"rate": 1.5}, {"share": -0.1}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="exploration: "):
        Roulette(**wrong)
