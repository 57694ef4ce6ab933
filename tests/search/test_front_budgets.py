"""Members of a front for given budgets: the most accurate network inside each."""

from __future__ import annotations

import numpy as np
import pytest
from layered import Gains, Layered

from escalade.core.numbers.budget import Budget
from escalade.core.space.path import Population
from escalade.search.dialogue import drive
from escalade.search.front.constraints import Constraint
from escalade.search.front.front_search import NSGA2
from escalade.spaces.load import load

SMALL = {"population": 20, "generations": 6, "num_images": 1000}


@pytest.fixture(scope="module")
def layered():
    return Layered()


@pytest.fixture(scope="module")
def macs(layered):
    """Of every network of the space."""
    return np.sort(layered.costs(paths(layered.all_genomes), "macs")).astype(float)


def paths(genomes):
    return Population(genomes, np.zeros((len(genomes), 3), dtype=np.int64))


def search(space, *targets, tolerance=0.02, kind="macs", **settings):
    budgets = tuple(Budget(target, kind, tolerance) for target in targets)
    given = {"seed": 0, "budget_kind": kind} | SMALL | settings
    return NSGA2(space, budgets=budgets, **given)


class Ask:
    """A score that remembers what it was asked."""

    def __init__(self, score):
        self.score, self.genomes = score, []

    def __call__(self, population):
        self.genomes.extend(population.genomes)
        return self.score(population)


@pytest.mark.parametrize("seed", range(3))
def test_every_budget_has_its_most_accurate_network(layered, macs, seed):
    targets = [float(np.quantile(macs, share)) for share in (0.02, 0.5, 0.98)]
    score = Ask(Gains(seed))
    found = drive(search(layered, *targets, seed=seed), score=score)
    scored = paths(np.array(score.genomes))
    accuracies, costs = score.score(scored), layered.costs(scored, "macs")
    assert [stage.budget for stage in found.stages] == targets
    for stage, target in zip(found.stages, targets, strict=True):
        inside = np.abs(costs / target - 1) <= 0.02
        assert stage.score == accuracies[inside].max()
        assert stage.gap == stage.macs / target - 1
        assert abs(stage.gap) <= 0.02


def test_budgets_may_be_more_than_survive(layered, macs):
    """Their members are of all networks that were scored."""
    targets = [float(np.quantile(macs, share)) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    found = drive(search(layered, *targets, population=4, num_members=5), score=Gains())
    assert [stage.budget for stage in found.stages] == targets


def test_budgets_at_the_ends_are_met_from_the_start(layered, macs):
    """Of 15,625 networks 24 have so few macs; 160 random ones would hardly meet them."""
    ends = [float(macs[12] * 1.002), float(macs[-12])]
    score = Ask(Gains())
    drive(search(layered, *ends, tolerance=0.003), score=score)
    first = layered.costs(paths(np.array(score.genomes[:40])), "macs")
    assert len(score.genomes[:40]) == 40
    for target in ends:
        assert (np.abs(first / target - 1) <= 0.003).sum() >= 2


def test_a_member_may_be_worse_than_a_cheaper_network(layered, macs):
    """Accuracy falls with cost here, so all but the cheapest budget's member is dominated."""
    targets = [float(np.quantile(macs, share)) for share in (0.1, 0.9)]
    slope = Ask(lambda population: 1 - layered.costs(population, "macs") / (2 * macs[-1]))
    found = drive(search(layered, *targets, objectives=("error", "macs")), score=slope)
    front = found.front
    assert front.num_front < len(front.networks)
    for member, stage in zip(front.members, found.stages, strict=True):
        assert front.networks[member].genome == stage.genome
    assert max(front.members) >= front.num_front


def test_of_equally_accurate_networks_the_best_in_the_other_objectives(layered, macs):
    score = Ask(lambda population: np.full(len(population), 0.5))
    found = drive(search(layered, float(np.median(macs)), tolerance=0.2), score=score)
    scored = paths(np.array(score.genomes))
    counts = layered.costs(scored, "macs"), layered.costs(scored, "params")
    inside = np.abs(counts[0] / found.stages[0].budget - 1) <= 0.2
    assert inside.sum() > 10
    assert found.stages[0].macs == counts[0][inside].min()
    cheapest = inside & (counts[0] == found.stages[0].macs)
    assert found.stages[0].params == counts[1][cheapest].max()


def test_one_network_may_serve_two_budgets(layered, macs):
    target = float(np.median(macs))
    found = drive(search(layered, target, target * 1.0001, tolerance=0.05), score=Gains())
    first, second = found.stages
    assert first.genome == second.genome
    assert len({n.genome for n in found.front.networks}) == len(found.front.networks)


def test_budgets_of_another_kind(layered):
    params = np.sort(layered.costs(paths(layered.all_genomes), "params")).astype(float)
    target = float(np.median(params))
    found = drive(
        search(layered, target, kind="params", objectives=("error", "params")), score=Gains()
    )
    assert found.stages[0].params == pytest.approx(target, rel=0.02)


def test_a_real_space():
    space = load("bignas_small", in_channels=1, num_classes=10)
    rng = np.random.default_rng(0)
    found = drive(
        search(space, 0.4e6, 1.6e6, population=8, generations=3),
        score=lambda population: rng.random(len(population)),
    )
    assert [round(stage.macs / stage.budget, 1) for stage in found.stages] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "target"), [("scarlet_small", 0.36e6), ("scarlet", 30e6), ("scarlet", 535e6)]
)
def test_budgets_far_from_what_random_choices_cost(name, target):
    """The choices of these spaces are not listed from small to large."""
    space = load(name)
    inside = search(space, target, tolerance=0.05).ask()
    costs = space.costs(inside, "macs")
    assert (np.abs(costs / target - 1) <= 0.05).sum() >= 10


def test_a_budget_that_only_inaccurate_networks_meet(layered, macs):
    """The networks inside the small budget all break the constraint on the score."""
    targets = float(macs[20]), float(np.median(macs))
    limit = Constraint.parse("accuracy > 0.5")

    def score(population):
        return np.where(layered.costs(population, "macs") < macs[500], 0.1, 0.9)

    with pytest.raises(ValueError) as caught:
        drive(search(layered, *targets, constraints=[limit]), score=score)
    words = str(caught.value)
    assert words.startswith("budgets[0]: no network that was scored and meets the constraints")
    assert "the nearest has" in words
    assert "allow a larger tolerance" in words


@pytest.mark.parametrize(
    ("targets", "settings", "words"),
    [
        (
            (1e6, 4e6),
            {"constraints": [Constraint.parse("macs < 2M")]},
            "budgets[1]: 4M macs cannot meet the constraint macs < 2M",
        ),
        ((1.0,), {}, "budgets[0]: no network of space layered was found within 2 % of 1 macs"),
        ((2e6, 1e6), {}, "do not rise"),
        ((1e6,), {"budget_kind": "params"}, "budgets: they are macs"),
    ],
)
def test_budgets_that_cannot_be(layered, targets, settings, words):
    with pytest.raises(ValueError) as caught:
        search(layered, *targets, **({"objectives": ("error", "macs", "params")} | settings)).ask()
    assert words in str(caught.value)


def test_a_constraint_within_the_tolerance_is_no_contradiction(layered, macs):
    target = float(np.median(macs))
    limit = Constraint("macs", "<", target)
    found = drive(search(layered, target, constraints=[limit]), score=Gains())
    assert found.stages[0].macs < target
