"""Which search a run makes, by its space and its settings, and what it says of itself."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from escalade.config.settings import SearchConfig
from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.search import NSGA2
from escalade.search.methods import METHODS, Task, method_of
from escalade.spaces.load import load

SPACES = {
    name: load(name, factors=(1.0, 2.0))
    for name in ("small", "bignas_small", "scarlet_small", "regnet_y_small")
}
SUPERNETS = [name for name, space in SPACES.items() if space.traits.has_supernet]


def method_for(space, name=None):
    return method_of(name, SPACES[space].traits, space=space)


def task_of(space, *, budgets=(1e6, 2e6), kind="macs", tolerance=0.05, **settings):
    method = method_for(space, settings.pop("method", None))
    stated = method.stated(SearchConfig(**settings), kind=kind, has_budgets=bool(budgets))
    targets = tuple(Budget(target, kind, tolerance) for target in budgets)
    made = Task(
        space=SPACES[space], settings=stated, budgets=targets, kind=kind, tolerance=tolerance,
        seed=0,
    )  # fmt: skip
    return method, made


def searcher_of(space, **settings):
    method, task = task_of(space, **settings)
    return method.searcher(task, num_images=100)


@pytest.mark.parametrize(
    ("space", "method"),
    [
        ("small", "mcea"),
        ("bignas_small", "coarse_to_fine"),
        ("scarlet_small", "nsga2"),
        ("regnet_y_small", "models"),
    ],
)
def test_what_a_space_is_made_for(space, method):
    assert method_for(space).name == method
    assert METHODS[method] is method_for(space)


@pytest.mark.parametrize("space", SUPERNETS)
@pytest.mark.parametrize("method", ["random", "independent", "nsga2"])
def test_what_every_supernet_has(space, method):
    assert method_for(space, method).name == method


@pytest.mark.parametrize(
    ("space", "method", "words"),
    [
        (
            "scarlet_small",
            "mcea",
            "has none of; use nsga2, random, independent, surrogate or by_hand",
        ),
        (
            "bignas_small",
            "mcea",
            "use coarse_to_fine, random, independent, surrogate or by_hand",
        ),
        (
            "scarlet_small",
            "coarse_to_fine",
            "not have; use nsga2, random, independent, surrogate or by_hand, or",
        ),
        (
            "small",
            "models",
            "small has a supernet; use mcea, random, independent, surrogate or by_hand",
        ),
        ("small", "mceaa", "'mceaa' is not known; did you mean mcea?"),
    ],
)
def test_what_a_space_has_not(space, method, words):
    with pytest.raises(ValueError) as caught:
        method_for(space, method)
    assert str(caught.value).startswith("search.method: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (
            "bignas_small",
            {"constraints": ["macs < 1M"]},
            "search.constraints: coarse_to_fine takes no constraints but budgets",
        ),
        (
            "bignas_small",
            {"stage_weights": [0.0, 1.0]},
            "search.stage_weights: coarse_to_fine does not weigh budgets against each other",
        ),
        (
            "small",
            {"objectives": ["error", "latency"]},
            "search.objectives: has no effect: mcea has one objective; use search.method",
        ),
        ("small", {"objective_weights": [0.5, 0.3, 0.2]}, "objective_weights: has no effect"),
        ("scarlet_small", {"method": "random", "crossover": 0.3}, "crossover: has no effect"),
        ("bignas_small", {"exploration": False}, "search.exploration: has no effect: coarse"),
        ("scarlet_small", {"objectives": ["macs", "params"]}, "objectives: macs, params must be"),
        (
            "scarlet_small",
            {"objectives": ["error", "accuracy"]},
            "search.objectives: accuracy is 1 - error",
        ),
        (
            "scarlet_small",
            {"objective_weights": [0.5, 0.5]},
            "search.objective_weights: 0.5, 0.5 are 2 weights for 3 objectives",
        ),
        (
            "scarlet_small",
            {"objective_weights": [0.5, 0.5, 0.5]},
            "search.objective_weights: 0.5, 0.5, 0.5 sum to 1.5",
        ),
        (
            "scarlet_small",
            {"constraints": ["macs <= 2M"]},
            "search.constraints: cannot read 'macs <= 2M'; write it like macs < 500M",
        ),
        (
            "scarlet_small",
            {"constraints": ["macs < 2X"]},
            "search.constraints: cannot read '2X' as an amount",
        ),
        (
            "scarlet_small",
            {"constraints": ["accuracy > 40"]},
            "search.constraints: accuracy is a share; 40 is not within 0..1",
        ),
        (
            "scarlet_small",
            {"objectives": ["error", "watts"]},
            "search.objectives[1]: nothing measures 'watts'",
        ),
        (
            "scarlet_small",
            {"constraints": ["watts < 3"]},
            "search.constraints[0]: nothing measures 'watts'",
        ),
    ],
)
def test_settings_that_say_nothing_or_nonsense(space, settings, words):
    method, task = task_of(space, **settings)
    with pytest.raises(ValueError) as caught:
        method.check(task.settings, has_budgets=True)
    assert words in str(caught.value)


@pytest.mark.parametrize("space", ["small", "bignas_small", "regnet_y_small"])
def test_only_a_front_does_without_budgets(space):
    with pytest.raises(ValueError, match=r"budgets: .* needs a ladder, such as --budgets"):
        method_for(space).check(SearchConfig(), has_budgets=False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("macs", ["error", "macs", "-params"]),
        ("params", ["error", "params", "macs"]),
        ("latency", ["error", "latency", "-params"]),
    ],
)
def test_a_front_is_over_what_the_budgets_count(kind, expected):
    method, task = task_of("scarlet_small", kind=kind)
    assert task.settings.objectives == expected
    assert ("latency" in method.measures(task.settings)) == (kind == "latency")
    _, given = task_of("scarlet_small", objectives=["error", "macs"])
    assert given.settings.objectives == ["error", "macs"]


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, False),
        ({"objectives": ["error", "macs", "latency"]}, True),
        ({"constraints": ["latency < 4ms"]}, True),
        ({"constraints": ["macs < 4M"]}, False),
    ],
)
def test_what_a_front_measures(settings, needs):
    method, task = task_of("scarlet_small", **settings)
    assert ("latency" in method.measures(task.settings)) == needs


def test_crossover_alone_or_with_what_mutates():
    off = {"exploitation": False, "exploration": False}
    for settings in (off, off | {"crossover": 1.0}, {"crossover": 0.3}, {"crossover": 0.0}):
        searcher_of("scarlet_small", **settings)
    with pytest.raises(ValueError) as caught:
        searcher_of("scarlet_small", **off, crossover=0.5)
    assert str(caught.value).startswith("search.crossover: 0.5 leaves children to mutation, but")


def test_members_are_one_base_scaled():
    scales = {(s, m): method_for(s, m) for s in SUPERNETS for m in (None, "nsga2", "random")}
    follows = {k for k, m in scales.items() if m.follows_stages(SPACES[k[0]].traits)}
    assert follows == {("small", None), ("small", "random")}
    assert not method_for("small", "independent").shares_base(SPACES["small"].traits)
    assert method_for("regnet_y_small").num_searched(3) == 1


def test_what_is_stated_stays_stated():
    """So that a run's config.yaml can be read again."""
    for space in SPACES:
        for has_budgets in (True, False) if space == "scarlet_small" else (True,):
            method = method_for(space)
            once = method.stated(SearchConfig(), kind="macs", has_budgets=has_budgets)
            assert method.stated(once, kind="macs", has_budgets=has_budgets) == once
            method.check(once, has_budgets=has_budgets)


def test_population_and_generations_of_the_method():
    assert (METHODS["mcea"].population, METHODS["mcea"].generations) == (64, 40)
    method, task = task_of("scarlet_small")
    assert method.num_scores(task) == 8400
    method, task = task_of("scarlet_small", population=8, generations=5)
    assert method.num_scores(task) == 40


def test_scores_of_every_search():
    sizes = {"population": 8, "generations": 5, "num_bases": 3, "rounds": 2, "strategies": 10}
    sizes |= {"num_skeletons": 4, "num_variations": 7, "num_models": 9}
    expected = {
        ("small", "mcea"): 3 * 10 + 2 * (8 * 5 + 10),
        ("small", "random"): 3 * 10 + 2 * (8 * 5 + 10),
        ("bignas_small", "coarse_to_fine"): 2 * 11,
        ("bignas_small", "random"): 2 * 11,
        ("bignas_small", "independent"): 2 * 40,
        ("scarlet_small", "nsga2"): 40,
        ("regnet_y_small", "models"): 9,
    }
    for (space, name), num in expected.items():
        method, task = task_of(space, method=name, **sizes)
        assert method.num_scores(task) == num


@pytest.mark.parametrize("num_scores", [100, 400, 2000, 8000])
@pytest.mark.parametrize("space", SUPERNETS)
def test_settings_for_a_number_of_scores(space, num_scores):
    method, task = task_of(space)
    fitted = method.fitted(task.settings, num_scores=num_scores, num_budgets=2)
    asked = method.num_scores(replace(task, settings=fitted))
    assert asked == pytest.approx(num_scores, rel=0.5)


@pytest.mark.parametrize("num_scores", [100, 400, 2000, 8400])
def test_a_front_of_so_many_scores_has_the_proportions_of_the_paper(num_scores):
    fitted = METHODS["nsga2"].fitted(SearchConfig(), num_scores=num_scores, num_budgets=3)
    assert fitted.population * fitted.generations == pytest.approx(num_scores, rel=0.1)
    assert fitted.population == pytest.approx((num_scores * 70 / 120) ** 0.5, rel=0.1)


def test_the_front_search_is_the_one_that_is_configured():
    searcher = searcher_of(
        "scarlet_small", population=12, generations=4, objectives=["error", "macs"]
    )
    assert isinstance(searcher, NSGA2)
    assert len(searcher.ask()) == 24


@pytest.mark.parametrize(
    ("space", "method"),
    [
        *(("small", method) for method in ("mcea", "random", "independent")),
        *(("bignas_small", "coarse_to_fine"), ("scarlet_small", "nsga2")),
        ("regnet_y_small", "models"),
    ],
)
def test_what_a_search_asks_for_keeps_the_limits(space, method):
    found, task = task_of(space, method=method)
    genomes = task.space.sample_genomes(generator(0, "limits"), 400)
    bases = np.repeat(task.space.base_triple[None], len(genomes), axis=0)
    peaks = task.space.costs(Population(genomes, bases), "memory_int8")
    limit = float(np.quantile(peaks, 0.7))
    limited = task.space.with_limits({"memory_int8": limit})
    asked = found.searcher(replace(task, space=limited), num_images=100).ask()
    assert len(asked)
    assert (task.space.costs(asked, "memory_int8") <= limit).all()


@pytest.mark.parametrize(
    ("space", "method"),
    [
        *(("small", method) for method in ("mcea", "random", "independent", "surrogate")),
        *(("bignas_small", method) for method in ("coarse_to_fine", "random", "independent")),
        *(("scarlet_small", method) for method in ("nsga2", "surrogate")),
        ("regnet_y_small", "models"),
    ],
)
def test_limits_that_leave_nothing_of_a_budget_are_refused_before_any_score(space, method):
    """The limit and the range of its cost among what the budget leaves are named."""
    found, task = task_of(space, method=method)
    found.check_feasible(task, num_images=100)
    least = task.space.costs(Population.unscaled(task.space.smallest[None]), "memory_int8")
    limited = task.space.with_limits({"memory_int8": 1.01 * float(least[0])})
    with pytest.raises(ValueError) as caught:
        found.check_feasible(replace(task, space=limited), num_images=100)
    words = rf"limits.memory_int8: no network of the space {space} within 5 % of [12]M macs has "
    words += r".*B or less;\nmemory_int8 ranges from .*B to .*B there"
    assert re.match(words, str(caught.value))


def test_limits_that_leave_nothing_together_are_named_together():
    found, task = task_of("bignas_small", method="random", budgets=(1e6,))
    (within,) = found.begins_with(task, task.space, 2000)
    kinds = ("memory_int8", "params")
    costs = np.stack([task.space.costs(within, kind) for kind in kinds])
    ends = costs.min(axis=1) * 1.05
    if (costs <= ends[:, None]).all(axis=0).any():
        pytest.skip("one network is small in both")
    limited = task.space.with_limits(dict(zip(kinds, ends.tolist(), strict=True)))
    with pytest.raises(ValueError, match=r"^limits: no network .* keeps all limits;\nmemory_int8"):
        found.check_feasible(replace(task, space=limited), num_images=100)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objectives": ["error", "params"]}, "search.objectives: members rise in macs"),
        ({"constraints": ["latency < 3ms"]}, "search.constraints[0]: nothing measures 'latency'"),
    ],
)
def test_settings_that_do_not_suit_the_space(settings, words):
    """Messages name the settings."""
    with pytest.raises(ValueError) as caught:
        searcher_of("scarlet_small", **settings)
    assert str(caught.value).startswith(words)


@pytest.mark.slow
def test_a_budget_between_all_networks_is_refused_before_anything_trains():
    settings = {"budgets": (1_000_000.5,)}
    method, task = task_of("bignas_small", tolerance=1e-7, **settings)
    with pytest.raises(ValueError, match=r"budgets\[0\]: no network .* allow a larger tolerance"):
        method.check_feasible(task, num_images=100)
    method, task = task_of("bignas_small", tolerance=0.001, **settings)
    method.check_feasible(task, num_images=100)


# Sizes of a front without budgets


def expected(**settings):
    method, task = task_of("scarlet_small", budgets=(), **settings)
    return [budget.target for budget in method.expected(task)]


def ends():
    space = SPACES["scarlet_small"]
    networks = [space.path(genome).architecture for genome in (space.smallest, space.largest)]
    return [cost.of(network).macs for network in networks]


def test_expected_sizes_reach_over_the_space():
    low, high = ends()
    sizes = expected()
    assert len(sizes) == 3
    assert low <= sizes[0] < 0.4 * high
    assert high >= sizes[-1] > 0.8 * high
    assert math.isclose(sizes[1], (sizes[0] + sizes[2]) / 2)


def test_expected_sizes_keep_to_the_constraints():
    limits = ["macs < 2M", "accuracy > 0.4", "macs > 1M"]
    sizes = expected(constraints=limits, members=4)
    assert len(sizes) == 4
    assert 1e6 < sizes[0] < sizes[-1] < 2e6
    method, task = task_of("scarlet_small", budgets=(), constraints=limits)
    costs, share = method.within_limits(task)
    assert 0 < share < 0.7
    assert 1e6 < costs.min() < costs.max() < 2e6


def test_one_member_is_in_the_middle():
    low, high = ends()
    (size,) = expected(members=1)
    assert low < size < high


def test_constraints_that_no_drawn_path_meets_leave_the_nearest():
    low, _ = ends()
    method, task = task_of("scarlet_small", budgets=(), constraints=[f"macs < {low}"])
    costs, share = method.within_limits(task)
    assert share == 0
    assert costs.min() < 2 * low


def test_budgets_decide_where_there_are_any():
    method, task = task_of("scarlet_small")
    assert method.expected(task) == task.budgets
    assert method.within_limits(task) is None


def test_limits_that_a_costlier_slice_misses():
    limits = ["macs < 2M", "params > 9k", "accuracy > 0.4"]
    method, task = task_of("scarlet_small", constraints=limits)
    for macs, missed in ((1_999_999, ["params > 9k"]), (2_000_000, ["macs < 2M", "params > 9k"])):
        assert method.missed_limits(task.settings, {"macs": macs, "params": 9_000}) == missed


def test_scores_that_a_limit_rejects_are_told():
    method, task = task_of("scarlet_small", constraints=["macs < 2M", "accuracy > 0.4"])
    words = method.scores_in_words(1234, task.settings)
    assert words == "1,234 scores, and those that accuracy > 0.4 rejects"
    method, task = task_of("scarlet_small", constraints=["macs < 2M"])
    assert method.scores_in_words(1234, task.settings) == "1,234 scores at most"


# What settings leave no room for


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        ("scarlet_small", {"generations": 2}, "nsga2 is random search here"),
        ("bignas_small", {"method": "nsga2", "generations": 2}, "nsga2 is random search here"),
        ("small", {"method": "nsga2", "generations": 3}, "children that nobody follows"),
        ("small", {"generations": 1}, "mcea does not evolve"),
        ("bignas_small", {"method": "independent", "generations": 1}, "does not evolve"),
        ("bignas_small", {"num_skeletons": 1}, "compares no grid at 1M macs"),
        ("regnet_y_small", {"num_models": 1}, "one network is drawn"),
    ],
)
def test_a_search_too_short_to_be_itself_says_so(space, settings, words):
    method, task = task_of(space, **settings)
    (told, *_) = method.left_undone(task)
    assert words in told


@pytest.mark.parametrize(
    ("space", "settings"),
    [
        ("scarlet_small", {"generations": 4}),
        ("small", {"method": "nsga2", "generations": 3, "exploitation": False}),
        ("small", {"generations": 2}),
        ("small", {"method": "random", "generations": 1}),
        ("bignas_small", {}),
        ("regnet_y_small", {}),
    ],
)
def test_a_search_long_enough_has_nothing_to_say(space, settings):
    method, task = task_of(space, **settings)
    assert method.left_undone(task) == []


def test_one_network_of_the_grid_is_no_grid():
    """BigNAS, section 4.4: at 0.4 M macs one of the 320 is within 5 %, at 0.8 M ten are."""
    method, task = task_of("bignas_small", budgets=(0.4e6, 0.8e6))
    space = load("bignas_small", in_channels=1, num_classes=10)
    (told,) = method.left_undone(replace(task, space=space))
    assert "compares no grid at 400k macs, but varies one of its 320 networks" in told


def test_whether_a_generation_of_children_follows_is_counted_as_the_search_counts():
    """The first generation that is not random is the third."""
    searcher = searcher_of("scarlet_small", budgets=(), population=4, generations=3)
    first = searcher.ask()
    assert len(first) == 8
    searcher.tell(np.linspace(0.5, 0.9, len(first)))
    assert 0 < len(searcher.ask()) <= 4
