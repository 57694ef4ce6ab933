from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.ratios import realised
from escalade.core.space.path import Population
from escalade.core.values.codec import encode
from escalade.search import CoarseGrid, CoarseToFine, Evolution, IndependentSearch, RandomSearch
from escalade.search.coarse.skeletons import skeletons
from escalade.search.dialogue import drive
from escalade.spaces.load import load
from part_times import measured

TARGETS = (0.6e6, 1e6, 1.7e6, 2.8e6)
QUICK = Evolution(population=8, generations=3)
SEARCHES = {
    "coarse_to_fine": lambda space, **kw: CoarseToFine(
        space, num_skeletons=8, num_variations=12, **kw
    ),
    "random": lambda space, **kw: RandomSearch(space, num_evaluations=80, **kw),
    "independent": lambda space, **kw: IndependentSearch(space, evolution=QUICK, **kw),
}


class Taste:
    """An accuracy from what a network looks like: it has a best resolution and depth, wants small
    kernels everywhere but in the last stage, and cost hardly matters."""

    def __init__(self, space, *, seed: int = 0, noise: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.space, self.noise = space, noise
        self.side, self.depth = rng.random(2)
        self.rng = np.random.default_rng(seed + 1)

    def true(self, population) -> np.ndarray:
        return np.array([self._of(p.architecture) for p in self.space.paths(population)])

    def _of(self, net) -> float:
        sides = self.space.layout.choosable
        side = (net.resolution - sides[0]) / (sides[-1] - sides[0])
        stages = [stage.depth for stage in self.space.layout.stages]
        least, most = sum(d[0] for d in stages), sum(d[1] for d in stages)
        depth = (sum(net.depths) - least) / (most - least)
        half = len(net.stages) - 1
        early = [block.kernel == 3 for stage in net.stages[:half] for block in stage.blocks]
        late = [block.kernel == 5 for stage in net.stages[half:] for block in stage.blocks]
        distance = (side - self.side) ** 2 + (depth - self.depth) ** 2
        kernels = 0.02 * np.mean(early) + 0.04 * np.mean(late)
        return 0.5 - 0.1 * distance + kernels + 0.05 * np.log(cost.of(net).macs / 1e6)

    def __call__(self, population) -> np.ndarray:
        noise = self.noise * self.rng.normal(size=len(population))
        return np.clip(self.true(population) + noise, 0, 1)


def ladder(targets=TARGETS, **options):
    return tuple(Budget(target, **options) for target in targets)


@pytest.fixture(scope="module")
def layers():
    return load("bignas_small")


@pytest.fixture(params=list(SEARCHES))
def make(request, layers):
    def searcher(seed: int = 0, **options):
        chosen = {"space": layers, "budgets": ladder(), "num_images": 5000} | options
        return SEARCHES[request.param](chosen.pop("space"), seed=seed, **chosen)

    return searcher


def asked(searcher, score) -> list[Population]:
    populations = []
    while len(population := searcher.ask()):
        populations.append(population)
        searcher.tell(score(population))
    return populations


# The coarse grid


def test_the_grid_of_the_published_space_is_the_papers():
    """Five resolutions, four depths, two widths, four kernel configurations (section 4.4)."""
    space = load("bignas")
    grid = skeletons(space, grid=CoarseGrid(widths=2))
    nets = [space.path(genome).architecture for genome in grid.genomes]
    assert len(nets) == 5 * 4 * 2 * 4
    assert {net.resolution for net in nets} == {192, 224, 256, 288, 320}
    assert len({net.depths for net in nets}) == 4
    assert len({(net.stem.width, net.widths, net.head.width) for net in nets}) == 2
    kernels = {tuple(stage.blocks[0].kernel for stage in net.stages) for net in nets}
    assert kernels == {
        (3, 3, 3, 3, 3, 3, 3), (3, 3, 5, 5, 5, 3, 3), (3, 3, 3, 3, 3, 5, 5), (3, 3, 5, 5, 5, 5, 5),
    }  # fmt: skip
    for net in nets:
        for stage in net.stages:
            assert len({(block.width, block.kernel) for block in stage.blocks}) == 1
    macs = [cost.of(net).macs for net in nets]
    assert (min(macs), max(macs)) == (217_632_640, 1_891_542_528)


def test_the_ends_of_a_grid_are_the_smallest_and_the_largest_network(layers):
    grid = skeletons(layers, grid=CoarseGrid())
    rows = {genome.tobytes() for genome in grid.genomes}
    assert layers.smallest.tobytes() in rows
    assert layers.largest.tobytes() in rows
    assert len(rows) == len(grid)
    assert (layers.repair(grid.rows) == grid.genomes).all()


def test_a_grid_of_one_is_the_middle(layers):
    grid = skeletons(layers, grid=CoarseGrid(resolutions=1, depths=1, widths=1))
    assert (grid.points[:, 1:3] == 0.5).all()
    assert len({layers.path(genome).architecture.resolution for genome in grid.genomes}) == 1
    with pytest.raises(ValueError, match="at least one of each"):
        CoarseGrid(depths=0)


def test_a_long_grid_is_thinned_evenly_inside_every_budget(layers):
    grid = skeletons(layers, grid=CoarseGrid(resolutions=7, depths=5, widths=4))
    costs = np.array([float(cost.of(layers.path(g).architecture).macs) for g in grid.genomes])
    for budget in ladder(tolerance=0.15):
        inside = grid.near(costs, budget=budget, most=10**6)
        thin = grid.near(costs, budget=budget, most=6)
        assert len(inside) > 12
        assert len(thin) == 6
        assert set(thin) < set(inside)
        assert (grid.near(costs, budget=budget, most=6) == thin).all()
        apart = np.linalg.norm(grid.points[thin][:, None] - grid.points[thin], axis=2)
        usual = np.linalg.norm(grid.points[inside][:, None] - grid.points[inside], axis=2)
        assert apart[np.triu_indices(6, 1)].min() > np.median(np.sort(usual, axis=1)[:, 1])


# Every search of a per-layer space


@pytest.mark.parametrize("seed", [0, 1])
def test_every_asked_network_is_legal_in_budget_and_new(make, layers, seed):
    searcher, rng, seen = make(seed), np.random.default_rng(seed), set()
    for population in asked(searcher, lambda p: rng.random(len(p))):
        assert (layers.repair(population.genomes) == population.genomes).all()
        assert not population.strategies.any()
        for path in layers.paths(population):
            macs = cost.of(path.architecture).macs
            assert any(budget.contains(macs) for budget in ladder())
            assert path.key not in seen
            seen.add(path.key)
    assert searcher.result().evaluations.distinct == len(seen)


def test_a_replay_asks_the_same_and_finds_the_same(make, layers):
    first, taste = make(), Taste(layers)
    populations = asked(first, taste)
    again = make()
    for population in populations:
        assert (again.ask().genomes == population.genomes).all()
        again.tell(taste(population))
    assert len(again.ask()) == 0
    assert again.result() == first.result()


def test_each_budget_gets_the_best_network_scored_inside_it(make, layers):
    taste, scored = Taste(layers, noise=0.01), []

    def score(population):
        scores = taste(population)
        scored.extend(zip(layers.paths(population), scores, strict=True))
        return scores

    result = drive(make(), score=score)
    assert len(result.stages) == len(TARGETS)
    smallest = result.stages[0].architecture
    for budget, stage in zip(ladder(), result.stages, strict=True):
        macs = cost.of(stage.architecture).macs
        assert budget.contains(macs)
        assert stage.gap == pytest.approx(macs / budget.target - 1)
        assert stage.scaling == realised(smallest, stage.architecture)
        assert stage.score == max(
            s for path, s in scored if budget.contains(cost.of(path.architecture).macs)
        )
        assert [tie.score for tie in stage.tied] == [stage.score]
    assert result.pi == pytest.approx([1 / len(TARGETS)] * len(TARGETS))
    json.dumps(encode(result), allow_nan=False)


@pytest.mark.parametrize("kind", ["params", "activations", "latency"])
def test_any_kind_of_budget(make, layers, kind):
    """Latency from a table, here of a made-up device."""
    drawn = layers.paths(Population.unscaled(layers.sample_genomes(np.random.default_rng(0), 120)))
    parts = measured([path.architecture for path in drawn])
    space = layers.with_latency(LatencyTable(settings="fake", parts=parts))
    pair = Population(np.stack([layers.smallest, layers.largest]), np.zeros((2, 3), dtype=np.int64))
    low, high = space.costs(pair, kind)
    budgets = tuple(Budget(low * (high / low) ** share, kind) for share in (0.3, 0.5, 0.8))
    result = drive(make(space=space, budgets=budgets), score=Taste(layers))
    chosen = Population(
        np.array([s.genome for s in result.stages]), np.array([s.strategy for s in result.stages])
    )
    assert all(b.contains(v) for b, v in zip(budgets, space.costs(chosen, kind), strict=True))
    assert result.budget_kind == kind


def test_budgets_near_the_ends_of_the_space_are_met(make, layers):
    low, high = (
        cost.of(layers.path(genome).architecture).macs
        for genome in (layers.smallest, layers.largest)
    )
    result = drive(make(budgets=ladder((1.08 * low, 0.93 * high))), score=Taste(layers))
    assert [abs(stage.gap) <= 0.05 for stage in result.stages] == [True, True]


@pytest.mark.parametrize(("position", "target"), [(0, 1e3), (2, 1e9)])
def test_a_budget_that_no_network_meets_names_itself_and_the_range(make, layers, position, target):
    budgets = list(ladder((0.8e6, 1.6e6)))
    budgets.insert(position, Budget(target))
    match = rf"budgets\[{position}\]: no network of space bignas_small was found within 5 % of"
    with pytest.raises(ValueError, match=match):
        drive(make(budgets=budgets), score=Taste(layers))


# Coarse to fine alone


@pytest.mark.slow
def test_a_grid_the_same_for_all_seeds_and_then_rounds_of_variations(layers):
    options = {"budgets": ladder(), "num_images": 5000, "num_skeletons": 8, "num_variations": 12}
    taste = Taste(layers)
    for rounds in (1, 3):
        first, second = (
            asked(CoarseToFine(layers, seed=seed, num_rounds=rounds, **options), taste)
            for seed in (0, 1)
        )
        assert len(first[0]) <= 4 * 8
        assert (first[0].genomes == second[0].genomes).all()
        assert [len(population) for population in first[1:]] == [4 * 12 // rounds] * rounds
        assert (first[1].genomes != second[1].genomes).any()


def test_the_result_says_per_budget_how_it_was_found(layers):
    searcher = CoarseToFine(
        layers, budgets=ladder(), seed=0, num_images=5000, num_skeletons=8, num_variations=12
    )
    taste = Taste(layers)
    data = json.loads(json.dumps(encode(drive(searcher, score=taste)), allow_nan=False))
    assert list(data)[-3:] == ["evaluations", "selections", "divisors"]
    assert data["searcher"] == ""
    counts = [s["evaluations"] for s in data["selections"]]
    assert sum(c["coarse"] + c["fine"] for c in counts) == data["evaluations"]["distinct"]
    phases = [(r["phase"], r["stage"], r["iteration"]) for r in data["iterations"]]
    assert phases == [
        (phase, stage, iteration)
        for iteration, phase in enumerate(("coarse", "fine", "fine", "fine"))
        for stage in range(4)
    ]
    for j, (found, stage) in enumerate(zip(data["selections"], data["stages"], strict=True)):
        skeleton = found["skeleton"]
        net = layers.path(skeleton["genome"]).architecture
        assert skeleton["resolution"] == net.resolution
        assert skeleton["kernels"] == [stage.blocks[0].kernel for stage in net.stages]
        assert 0 <= skeleton["depth"] <= 1
        assert 0 <= skeleton["width"] <= 1
        best = float(
            taste.true(Population(np.array([skeleton["genome"]]), np.zeros((1, 3), int)))[0]
        )
        assert found["coarse_score"] == pytest.approx(best)
        assert found["coarse_score"] == data["iterations"][j]["best"]
        assert found["fine_score"] == stage["score"]
        assert found["coarse_score"] <= found["fine_score"]
        assert Architecture.from_json(stage["architecture"]).resolution


def test_variations_change_resolution_depth_width_and_kernels_a_little(layers):
    searcher = CoarseToFine(
        layers, budgets=ladder((1.2e6,)), seed=0, num_images=5000, num_variations=64, num_rounds=1
    )
    taste = Taste(layers)
    fine = asked(searcher, taste)[1]
    skeleton = layers.path(searcher.result().selections[0].skeleton.genome).architecture
    nets = [path.architecture for path in layers.paths(fine)]
    for look in (
        lambda net: net.resolution,
        lambda net: net.depths,
        lambda net: net.widths,
        lambda net: [[block.kernel for block in stage.blocks] for stage in net.stages],
    ):
        different = [look(net) != look(skeleton) for net in nets]
        assert np.mean(different) > 0.1
    changed = [abs(sum(net.depths) - sum(skeleton.depths)) for net in nets]
    random = layers.sample_genomes(np.random.default_rng(0), 64)
    apart = [abs(sum(layers.path(g).architecture.depths) - sum(skeleton.depths)) for g in random]
    assert np.mean(changed) < np.mean(apart)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(target=st.floats(0.6e6, 5e6), tolerance=st.sampled_from([0.005, 0.02, 0.1]))
def test_variations_walk_into_budgets_that_no_skeleton_meets(target, tolerance):
    layers = load("bignas_small")
    searcher = CoarseToFine(
        layers, budgets=[Budget(target, tolerance=tolerance)], seed=1, num_images=5000,
        num_skeletons=4, num_variations=6,
    )  # fmt: skip
    result = drive(searcher, score=Taste(layers))
    assert abs(result.stages[0].gap) <= tolerance
    assert result.selections[0].evaluations.fine == 6


def test_a_budget_beyond_the_space_is_refused_before_anything_is_asked(layers):
    low, high = (
        cost.of(layers.path(genome).architecture).macs
        for genome in (layers.smallest, layers.largest)
    )
    match = f"its smallest has {low / 1e3:.4g}k, its largest {high / 1e6:.4g}M$"
    with pytest.raises(ValueError, match=match):
        CoarseToFine(layers, budgets=ladder((1e6, 1e9)), seed=0, num_images=5000)


def test_a_tolerance_too_tight_says_so(layers):
    budget = Budget(1_000_000.5, tolerance=1e-7)
    with pytest.raises(ValueError, match="allow a larger tolerance"):
        drive(
            CoarseToFine(layers, budgets=[budget], seed=0, num_images=5000, num_variations=2),
            score=Taste(layers),
        )


@pytest.mark.parametrize(
    "option", [{"num_skeletons": 0}, {"num_variations": -1}, {"num_rounds": 0}]
)
def test_settings_out_of_range_are_refused(layers, option):
    with pytest.raises(ValueError, match=next(iter(option))):
        CoarseToFine(layers, budgets=ladder(), seed=0, num_images=5000, **option)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_it_beats_random_search_at_equal_evaluations(layers, noise):
    ahead = []
    for seed in range(5):
        taste = Taste(layers, seed=seed, noise=noise)
        options = {"budgets": ladder(), "seed": seed, "num_images": 5000}
        found = drive(CoarseToFine(layers, **options), score=taste)
        num = found.evaluations.distinct
        other = drive(RandomSearch(layers, num_evaluations=num, **options), score=taste)
        assert abs(other.evaluations.distinct - num) < len(TARGETS)
        ahead.append(mean_score(taste, found) - mean_score(taste, other))
    assert min(ahead) > 0
    assert np.mean(ahead) > 0.005


@pytest.mark.slow
def test_where_no_two_genes_go_together_it_is_no_worse_than_random(layers, make_landscape):
    """Every gene has a best value of its own: global multipliers are of no help there."""
    ahead = []
    for seed in range(5):
        landscape = make_landscape(layers, seed=seed)
        options = {"budgets": ladder(), "seed": seed, "num_images": 5000}
        found = drive(CoarseToFine(layers, **options), score=landscape)
        num = found.evaluations.distinct
        other = drive(
            RandomSearch(layers, num_evaluations=num, **options),
            score=landscape,
        )
        ahead.append(mean_score(landscape, found) - mean_score(landscape, other))
    assert np.mean(ahead) > 0


def mean_score(taste, result) -> float:
    return float(
        taste.true(
            Population(
                np.array([stage.genome for stage in result.stages]),
                np.array([stage.strategy for stage in result.stages]),
            )
        ).mean()
    )
