from __future__ import annotations

import json

import numpy as np
import pytest
from layered import LAYERS, Gains, Layered
from pymoo.indicators.hv import HV
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from escalade.artefacts.children import Children
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import Population
from escalade.core.values.codec import decode, encode
from escalade.search.dialogue import drive
from escalade.search.front.breeding import Roulette
from escalade.search.front.candidates import ScoredGenomes
from escalade.search.front.constraints import Constraint
from escalade.search.front.controller import PPO
from escalade.search.front.front_search import NSGA2, survive
from escalade.spaces.load import load

PAIR = ("error", "macs")
SMALL = {"population": 20, "generations": 8}


@pytest.fixture(scope="module")
def layered():
    return Layered()


def search(space, *, seed=0, **settings):
    return NSGA2(space, seed=seed, num_images=1000, **(SMALL | settings))


def under(*texts):
    return [Constraint.parse(text) for text in texts]


def paths(genomes):
    return Population(genomes, np.zeros((len(genomes), 3), dtype=np.int64))


def all_points(space, score, names):
    """Objectives of every network of the space, less is better, as shares of their ranges."""
    population = paths(space.all_genomes)
    columns = {"error": 1 - score(population), "macs": space.costs(population, "macs")}
    columns["-params"] = -space.costs(population, "params").astype(float)
    points = np.stack([columns[name] for name in names], axis=1)
    return (points - points.min(axis=0)) / np.ptp(points, axis=0)


def volume(points):
    return HV(ref_point=np.full(points.shape[1], 1.1))(points)


class Ask:
    """A score that remembers what it was asked."""

    def __init__(self, score):
        self.score, self.asked = score, []

    def __call__(self, population):
        self.asked.append(population.genomes.copy())
        return self.score(population)

    @property
    def genomes(self):
        return np.concatenate(self.asked)


# What it finds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "population", "share"),
    [(PAIR, 40, 0.99), (("error", "macs", "-params"), 100, 0.97)],
)
def test_the_front_approaches_the_true_one(layered, names, population, share):
    """All 15,625 networks are known; 1,000 and 2,000 of them are scored."""
    score = Gains()
    points = all_points(layered, score, names)
    row = {genome.tobytes(): i for i, genome in enumerate(layered.all_genomes)}
    settings = {"population": population, "generations": 1000 // 40 if names == PAIR else 20}
    found = drive(search(layered, objectives=names, **settings), score=score)
    assert found.evaluations.distinct == settings["population"] * settings["generations"]
    rows = [row[np.array(network.genome).tobytes()] for network in front_of(found)]
    assert volume(points[rows]) > share * volume(points)


@pytest.mark.slow
def test_it_beats_random_search_at_equal_evaluations(layered):
    ratios = []
    for seed in range(5):
        score = Gains(seed)
        points = all_points(layered, score, PAIR)
        row = {genome.tobytes(): i for i, genome in enumerate(layered.all_genomes)}
        asked = Ask(score)
        drive(search(layered, seed=seed, objectives=PAIR, generations=20), score=asked)
        rows = [row[genome.tobytes()] for genome in asked.genomes]
        drawn = np.random.default_rng(seed).choice(len(points), len(rows), replace=False)
        ratios.append(volume(points[rows]) / volume(points[drawn]))
    assert min(ratios) > 1.03


def test_the_front_is_the_best_of_what_was_scored(layered):
    score = Ask(Gains())
    found = drive(search(layered), score=score)
    points = np.array([[n.values[0], n.values[1], -n.values[2]] for n in front_of(found)])
    assert len(NonDominatedSorting().do(points)) == 1
    assert points[:, 0].tolist() == sorted(points[:, 0])
    for network in front_of(found):
        counts = cost.of(network.architecture)
        assert network.values == (pytest.approx(1 - network.score), counts.macs, counts.params)
    assert {network.genome for network in front_of(found)} == best_of(layered, score)
    last = {found.front.seen[row].genome for row in found.front.generations[-1].front}
    assert len(last) < found.front.num_front


def front_of(found):
    """The final front's networks, without members that are not on it."""
    return found.front.networks[: found.front.num_front]


def best_of(space, score, *, names=("error", "macs", "-params"), above=0.0):
    """Genomes of the front of all networks that were scored, by pymoo's sorting."""
    scored = paths(score.genomes)
    scored = scored[score.score(scored) > above]
    columns = {"error": 1 - score.score(scored), "macs": space.costs(scored, "macs")}
    columns["-params"] = -space.costs(scored, "params").astype(float)
    points = np.stack([columns[name] for name in names], axis=1)
    rows = NonDominatedSorting().do(points, only_non_dominated_front=True)
    return {tuple(genome.tolist()) for genome in scored.genomes[rows]}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("names", [PAIR, ("error", "macs", "-params")])
def test_no_network_that_was_scored_dominates_a_member(layered, names, seed):
    """Of few survivors most of the front is lost on the way; the accuracy rules out the small."""
    score = Ask(Gains(seed))
    limit = float(np.quantile(score.score(paths(layered.all_genomes)), 0.3))
    settings = {"population": 8, "generations": 20, "constraints": under(f"accuracy > {limit}")}
    found = drive(search(layered, seed=seed, objectives=names, **settings), score=score)
    best = best_of(layered, score, names=names, above=limit)
    assert {network.genome for network in front_of(found)} == best
    assert found.front.num_front == len(best)
    assert {stage.genome for stage in found.stages} <= best
    front = paths(np.array(sorted(best)))
    assert found.stages[0].macs == layered.costs(front, "macs").min()
    assert found.stages[-1].score == score.score(front).max()


# Constraints


def test_what_breaks_a_constraint_on_costs_is_never_asked(layered):
    score = Ask(Gains())
    macs = layered.costs(paths(layered.all_genomes), "macs")
    limit = float(np.quantile(macs, 0.2))
    found = drive(search(layered, constraints=[Constraint("macs", "<", limit)]), score=score)
    assert (layered.costs(paths(score.genomes), "macs") < limit).all()
    assert len(score.genomes) == found.evaluations.distinct == 160
    assert len(np.unique(score.genomes, axis=0)) == 160
    assert sum(g.rejected[found.front.constraints[0]] for g in found.front.generations) > 100


def test_what_breaks_a_constraint_on_the_score_is_asked_but_does_not_survive(layered):
    score = Ask(Gains())
    limit = float(np.median(Gains()(paths(layered.all_genomes))))
    found = drive(search(layered, constraints=under(f"accuracy > {limit}")), score=score)
    missed = (score.score(paths(score.genomes)) <= limit).sum()
    assert missed > 10
    assert sum(g.rejected[found.front.constraints[0]] for g in found.front.generations) == missed
    assert min(network.score for network in found.front.seen) > limit
    # Q is filled up in spite of it: as many networks as without the constraint are accepted.
    assert found.evaluations.distinct - missed == 160


def test_a_rare_network_is_found_by_mutants_of_the_nearest(layered):
    """Five genomes of 15,625 meet it."""
    limit = np.sort(layered.costs(paths(layered.all_genomes), "macs"))[5]
    found = drive(
        search(layered, constraints=[Constraint("macs", "<", float(limit))], num_members=1),
        score=Gains(),
    )
    assert 1 <= found.evaluations.distinct <= 5


def test_constraints_nothing_meets_name_the_nearest(layered):
    low = layered.low["macs"]
    with pytest.raises(ValueError, match=rf"meets macs < 1M; the nearest has {low / 1e6:.4g}M"):
        search(layered, constraints=under("macs < 1M", "accuracy > 0.4")).ask()


def test_an_accuracy_nothing_reaches_is_told_after_a_bounded_number_of_scores(layered):
    score = Ask(Gains())
    with pytest.raises(ValueError, match=r"400 networks .* meets accuracy > 0.99; the nearest has"):
        drive(search(layered, constraints=under("accuracy > 0.99")), score=score)
    assert len(score.genomes) == 400


# Ask and tell


def test_equal_seeds_search_alike_and_others_do_not(layered):
    asked = [Ask(Gains()) for _ in range(3)]
    found = [
        drive(search(layered, seed=seed), score=score)
        for seed, score in zip([0, 0, 1], asked, strict=True)
    ]
    assert found[0] == found[1]
    assert (asked[0].genomes == asked[1].genomes).all()
    assert found[0].front != found[2].front


def test_a_search_that_was_stopped_goes_on_where_it_was(layered):
    """Told the same scores again, a new searcher asks the same and ends the same."""
    score = Gains()
    whole = drive(search(layered), score=score)
    first, told = search(layered), []
    for _ in range(4):
        told.append(score(first.ask()))
        first.tell(told[-1])
    second = search(layered)
    for scores in told:
        second.ask()
        second.tell(scores)
    assert (first.ask().genomes == second.ask().genomes).all()
    assert drive(second, score=score) == whole


def test_it_depends_on_what_it_is_told(layered):
    assert (
        drive(search(layered), score=Gains(0)).front != drive(search(layered), score=Gains(1)).front
    )


@pytest.mark.parametrize("exploitation", [PPO(), None])
@pytest.mark.parametrize("exploration", [Roulette(), None])
def test_either_mutation_can_be_turned_off(layered, exploitation, exploration):
    found = drive(
        search(layered, exploitation=exploitation, exploration=exploration), score=Gains()
    )
    assert len(found.front.generations) == 7
    assert found.evaluations.distinct <= 160


def test_without_mutation_every_child_is_crossed(layered):
    """So no gene has a choice that none of the first networks had."""
    score = Ask(Gains())
    drive(search(layered, population=3, exploitation=None, exploration=None), score=score)
    first, later = score.asked[0], np.concatenate(score.asked[1:])
    assert len(first) == 6
    assert len(later) > 0
    for gene in range(LAYERS):
        assert set(later[:, gene]) <= set(first[:, gene])


def test_crossover_is_the_share_that_is_asked_for(layered):
    """All of it, or none: then children differ from a parent in what mutation changes alone."""
    asked = [Ask(Gains()) for _ in range(2)]
    for share, score in zip((1.0, 0.0), asked, strict=True):
        settings = {"crossover": share, "exploration": None, "generations": 3}
        drive(search(layered, **settings), score=score)
    first = asked[1].asked[0]
    apart = (asked[1].asked[1][:, None] != first[None]).sum(axis=2).min(axis=1)
    assert (apart <= PPO().num_edits).all()
    crossed = (asked[0].asked[1][:, None] != asked[0].asked[0][None]).sum(axis=2).min(axis=1)
    assert crossed.max() > PPO().num_edits


def test_a_space_smaller_than_the_search_is_searched_whole():
    class Tiny(Layered):
        def sample_genomes(self, rng, num):
            return self.repair(super().sample_genomes(rng, num))

        def repair(self, genomes):
            return np.where(np.arange(LAYERS) < 2, genomes, 0)

    found = drive(search(Tiny(), objectives=PAIR), score=Gains())
    assert found.evaluations.distinct == 25


@pytest.mark.parametrize("name", ["small", "bignas_small"])
def test_real_spaces_can_be_searched(space, name):
    real = space if name == "small" else load(name)
    best = np.random.default_rng(0).random(real.num_genes)
    most = np.array([max(1, gene.num_choices - 1) for gene in real.genes])
    score = Ask(lambda p: 0.9 - 0.5 * ((p.genomes / most - best) ** 2).mean(axis=1))
    settings = {"constraints": under("macs < 2M"), "num_members": 4, "identity_choices": {0}}
    found = drive(search(real, **settings), score=score)
    assert (real.repair(score.genomes) == score.genomes).all()
    macs = [stage.macs for stage in found.stages]
    assert macs == sorted(macs)
    assert macs[-1] < 2e6
    assert found.stages[0].scaling == Scaling()
    assert found.stages[-1].scaling != Scaling()
    assert all(stage.strategy == tuple(real.base_triple) for stage in found.stages)


# Survival


def test_weights_say_who_survives():
    """Of a front in which everyone is crowded, the one apart in the weighted objective stays."""
    points = np.array([[0.0, 1.0], [0.1, 0.5], [0.2, 0.48], [0.6, 0.46], [0.8, 0.44], [1.0, 0.0]])
    pool = ScoredGenomes(np.arange(6)[:, None], np.zeros(6), points)
    by_first = survive(pool, num=4, weights=np.array([1.0, 0.0]))
    by_second = survive(pool, num=4, weights=np.array([0.0, 1.0]))
    assert set(by_first.pool.genomes[:, 0]) == {0, 5, 2, 3}
    assert set(by_second.pool.genomes[:, 0]) == {0, 5, 1, 4}


def test_lower_ranks_survive_first():
    points = np.array([[2.0, 2.0], [0.0, 1.0], [3.0, 3.0], [1.0, 0.0], [0.5, 0.6]])
    survivors = survive(
        ScoredGenomes(np.arange(5)[:, None], np.zeros(5), points),
        num=4,
        weights=np.array([0.5, 0.5]),
    )
    assert survivors.ranks.tolist() == [0, 0, 0, 1]
    assert set(survivors.pool.genomes[:3, 0]) == {1, 3, 4}
    assert survivors.pool.genomes[3, 0] == 0


# Record and result


def test_generations_are_recorded(layered):
    found = drive(search(layered, identity_choices={0}), score=Gains())
    generations = found.front.generations
    assert [g.generation for g in generations] == list(range(1, 8))
    assert [g.evaluated for g in generations] == list(range(40, 161, 20))
    volumes = [g.hypervolume for g in generations]
    assert 0 < volumes[0] < volumes[-1] <= 1
    assert all(0 <= g.identity_ratio <= 1 for g in generations)
    box, last = found.front.box, generations[-1]
    front = [found.front.seen[row] for row in last.front]
    points = np.array([[n.values[0], n.values[1], -n.values[2]] for n in front])
    shares = (points - box.best) / (np.array(box.worst) - box.best)
    assert last.hypervolume == pytest.approx(HV(ref_point=np.ones(3))(shares))
    assert [record.generation for record in found.iterations] == list(range(1, 8))
    assert [record.num for record in found.iterations] == [40] + [20] * 6


def test_the_first_identity_ratio_is_that_of_random_genomes(layered):
    settings = {"population": 200, "generations": 2, "identity_choices": {0, 3}}
    found = drive(search(layered, **settings), score=lambda p: np.full(len(p), 0.5))
    # All survive the sorting by macs and params alone in part, so only roughly 2 in 5.
    assert found.front.generations[0].identity_ratio == pytest.approx(0.4, abs=0.1)
    assert drive(search(layered), score=Gains()).front.generations[0].identity_ratio is None


def test_members_are_equispaced_stages_rising_in_macs(layered):
    found = drive(search(layered, population=40, generations=15, num_members=4), score=Gains())
    macs = [stage.macs for stage in found.stages]
    assert macs == sorted(macs)
    assert len(set(macs)) == 4
    assert [stage.budget for stage in found.stages] == macs
    assert [stage.stage for stage in found.stages] == [0, 1, 2, 3]
    scores = [stage.score for stage in found.stages]
    assert scores == sorted(scores)
    for stage, member in zip(found.stages, found.front.members, strict=True):
        assert found.front.networks[member].genome == stage.genome
        assert found.front.networks[member].architecture == stage.architecture
    error, cost_ = np.array([[1 - stage.score, stage.macs] for stage in found.stages]).T
    gaps = np.hypot(np.diff(error) / np.ptp(error), np.diff(cost_) / np.ptp(cost_))
    assert gaps.max() < 2 * gaps.min()


def test_it_is_written_as_json(layered):
    found = drive(search(layered, constraints=under("macs < 10M")), score=Gains())
    plain = json.loads(json.dumps(encode(found)))
    front = plain["front"]
    assert plain["searcher"] == ""
    assert len(plain["stages"]) == len(front["members"]) == 3
    assert front["objectives"] == ["error", "macs", "-params"]
    assert front["weights"] == [0.4, 0.4, 0.2]
    assert front["constraints"] == ["macs < 10M"]
    first = front["networks"][0]
    assert Architecture.from_json(first["architecture"]) == found.front.networks[0].architecture
    seen = front["seen"]
    assert {seen[row]["genome"][0] for row in front["generations"][-1]["front"]} <= set(range(5))
    genomes = [network["genome"] for network in front["networks"]]
    assert [genomes[row] for row in front["members"]] == [s["genome"] for s in plain["stages"]]


def test_a_front_smaller_than_the_members_wanted(layered):
    searcher = search(layered, objectives=PAIR, num_members=15, constraints=under("macs < 8M"))
    with pytest.raises(ValueError, match=r"num_members: 15 .* the final front has \d+; choose"):
        drive(searcher, score=lambda p: np.full(len(p), 0.5))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": (0.5, 0.4, 0.2)}, "weights: .* sum to 1.1"),
        ({"objectives": ("error", "latency")}, r"objectives\[1\]: nothing measures 'latency'"),
        ({"objectives": ("error", "-params")}, "budget_kind: members rise in macs"),
        ({"budget_kind": "error"}, "budget_kind: members rise in error"),
        ({"population": 1}, "population 1 and generations 8 are too few"),
        ({"generations": 1}, "too few"),
        ({"crossover": 1.5}, "crossover: 1.5 is not a share"),
        (
            {"crossover": 0.3, "exploitation": None, "exploration": None},
            "crossover: 0.3 leaves children to mutation, but .* use 1 or leave it out",
        ),
        ({"num_members": 21}, "num_members: 21 networks cannot be chosen of a population of 20"),
        ({"constraints": [Constraint("latency", "<", 1.0)]}, r"constraints\[0\]: nothing measures"),
    ],
)
def test_bad_input_is_refused_at_once(layered, settings, message):
    default = {"objectives": ("error", "macs")} if "budget_kind" in settings else {}
    with pytest.raises(ValueError, match=message):
        search(layered, **(default | settings))


# What controller and wheel leave behind


def test_children_are_counted_by_their_way(layered):
    """Every score after the random ones is a child's, and what is left out adds up."""
    made = search(layered, generations=10)
    found = drive(made, score=Gains())
    broods = made.children.generations
    assert [brood.generation for brood in broods] == list(range(2, 10))
    later = found.front.generations[-1].evaluated - found.front.generations[0].evaluated
    ways = [way for brood in broods for way in brood.ways.values()]
    assert sum(way.scored for way in ways) == later
    assert all(way.accepted == way.scored for way in ways)  # nothing limits the score here
    assert sum(way.proposed for way in ways) > later  # some were known before
    assert 0 < sum(way.survived for way in ways) < later
    assert decode(Children, encode(made.children)) == made.children


def test_a_limit_on_the_score_is_seen_in_what_is_accepted(layered):
    score = Gains()
    worst = float(np.median(score(paths(layered.all_genomes))))
    made = search(layered, constraints=under(f"accuracy > {worst}"), generations=6)
    found = drive(made, score=score)
    ways = [way for brood in made.children.generations for way in brood.ways.values()]
    left_out = sum(way.scored - way.accepted for way in ways)
    assert left_out > 0
    rejected = [sum(g.rejected.values()) for g in found.front.generations]
    assert left_out == sum(rejected[1:])


def test_what_controller_and_wheel_try_are_chances(layered):
    made = search(layered, generations=30)
    drive(made, score=Gains())
    first, last = made.children.generations[0], made.children.generations[-1]
    for brood in (first, last):
        assert sum(brood.controller) == pytest.approx(1)
        assert sum(brood.wheel) == pytest.approx(1)  # all genes have as many choices
    # It has not learned before the first children, and has by the last.
    assert first.decided < 0.05 < last.decided
    assert first.reward is not None


def test_what_is_off_leaves_nothing(layered):
    made = search(layered, exploitation=None, exploration=None)
    drive(made, score=Gains())
    for brood in made.children.generations:
        assert set(brood.ways) == {"crossover"}
        assert (brood.controller, brood.decided, brood.wheel, brood.reward) == ((), None, (), None)
