"""Which search a run makes, by its space and its settings."""

from __future__ import annotations

import pytest

from escalade.api import schedule
from escalade.api.methods import evolution_of, method_of, num_evaluations, scales
from escalade.api.plan import check_complete
from escalade.api.search import check_search, make_searcher
from escalade.api.session import step_of, weights_of
from escalade.config import resolve
from escalade.search import NSGA2
from escalade.spaces.load import load

SPACES = {name: load(name, factors=(1.0,)) for name in ("small", "bignas_small", "scarlet_small")}


def configured(**search):
    return resolve({"data": "demo", "budgets": "1M,2M", "search": search})


@pytest.mark.parametrize(
    ("name", "method", "step"),
    [
        ("small", "mcea", "single_path"),
        ("bignas_small", "coarse_to_fine", "single_path"),
        ("scarlet_small", "nsga2", "fair"),
    ],
)
def test_what_a_space_is_made_for(name, method, step):
    assert method_of(configured(), SPACES[name]) == method
    assert step_of(configured(), SPACES[name]) == step


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("method", ["random", "independent", "nsga2"])
def test_what_every_space_has(name, method):
    assert method_of(configured(method=method), SPACES[name]) == method


@pytest.mark.parametrize(
    ("name", "search", "words"),
    [
        ("scarlet_small", {"method": "mcea"}, "has none of; use nsga2, random"),
        ("bignas_small", {"method": "mcea"}, "has none of; use coarse_to_fine, random"),
        ("scarlet_small", {"method": "coarse_to_fine"}, "use nsga2, random or independent"),
        (
            "bignas_small",
            {"constraints": ["macs < 1M"]},
            "search.constraints: coarse_to_fine keeps budgets only; use search.method nsga2",
        ),
        (
            "bignas_small",
            {"stage_weights": [0.0, 1.0]},
            "search.stage_weights: coarse_to_fine weighs no budgets against each other",
        ),
        (
            "small",
            {"objectives": ["error", "latency"]},
            "search.objectives: says nothing to mcea, which has one objective; use search.method",
        ),
        ("small", {"objective_weights": [0.5, 0.3, 0.2]}, "search.objective_weights: says nothing"),
        ("scarlet_small", {"method": "random", "crossover": 0.3}, "search.crossover: says nothing"),
        ("bignas_small", {"exploration": False}, "search.exploration: says nothing to coarse"),
    ],
)
def test_what_a_space_has_not(name, search, words):
    with pytest.raises(ValueError) as caught:
        method_of(configured(**search), SPACES[name])
    assert words in str(caught.value)


def test_other_searches_take_what_was_stated_as_the_default():
    """Configurations written before these followed from the space have it."""
    stated = {"objectives": ["error", "macs", "-params"], "crossover": 0.5}
    assert method_of(configured(**stated), SPACES["small"]) == "mcea"


def test_crossover_alone_or_with_what_mutates():
    off = {"exploitation": False, "exploration": False}
    space = SPACES["scarlet_small"]
    for settings in (off, off | {"crossover": 1.0}, {"crossover": 0.3}, {"crossover": 0.0}):
        make_searcher(configured(**settings), space, num_images=100)
    with pytest.raises(ValueError) as caught:
        make_searcher(configured(**off, crossover=0.5), space, num_images=100)
    assert str(caught.value).startswith("search.crossover: 0.5 leaves children to mutation, but")


def test_members_are_one_base_scaled():
    assert scales(configured(), SPACES["small"])
    assert not scales(configured(method="nsga2"), SPACES["small"])
    assert not scales(configured(), SPACES["bignas_small"])


def test_population_and_generations_of_the_method():
    assert evolution_of(configured(), "mcea") == (64, 40)
    assert evolution_of(configured(), "nsga2") == (70, 120)
    assert evolution_of(configured(population=8), "nsga2") == (8, 120)
    space = SPACES["scarlet_small"]
    assert num_evaluations(configured(), space) == 8400
    assert num_evaluations(configured(population=8, generations=5), space) == 40


def test_the_front_search_is_the_one_that_is_configured():
    config = configured(population=12, generations=4, objectives=["error", "macs"])
    searcher = make_searcher(config, SPACES["scarlet_small"], num_images=100)
    assert isinstance(searcher, NSGA2)
    assert len(searcher.ask()) == 24


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"objectives": ["error", "watts"]}, "search.objectives[1]: nothing measures 'watts'"),
        ({"objectives": ["error", "params"]}, "search.objectives: members rise in macs"),
        ({"constraints": ["watts < 3"]}, "search.constraints[0]: nothing measures 'watts'"),
        ({"constraints": ["latency < 3ms"]}, "search.constraints[0]: nothing measures 'latency'"),
    ],
)
def test_settings_that_do_not_suit_the_space(search, words):
    """Messages name the settings."""
    with pytest.raises(ValueError) as caught:
        make_searcher(configured(**search), SPACES["scarlet_small"], num_images=100)
    assert str(caught.value).startswith(words)


def test_a_budget_between_all_networks_is_refused_before_anything_trains():
    layers = SPACES["bignas_small"]
    settings = {"data": "demo", "budgets": [1_000_000.5], "tolerance": 1e-7}
    with pytest.raises(ValueError, match=r"budgets\[0\]: no network .* allow a larger tolerance"):
        check_search(resolve(settings), layers, num_images=100)
    check_search(resolve(settings | {"tolerance": 0.001}), layers, num_images=100)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "budgets: give a ladder"),
        ({"space": "bignas_small"}, "budgets: give a ladder"),
        ({"space": "regnet_y_small", "search": {"method": "nsga2"}}, "budgets: give a ladder"),
        ({"search": {"method": "nsga2"}}, "space: without budgets name one"),
    ],
)
def test_budgets_are_needed(settings, words):
    with pytest.raises(ValueError, match=words):
        check_complete(resolve(settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"space": "scarlet_small"},
        {"space": "bignas_small", "search": {"method": "nsga2"}},
        {"space": "small", "search": {"method": "nsga2"}},
        {"budgets": "1M"},
    ],
)
def test_budgets_are_given_or_not_needed(settings):
    check_complete(resolve(settings))


@pytest.mark.parametrize("evaluations", [100, 400, 2000, 8400])
def test_a_front_of_so_many_scores_has_the_proportions_of_the_paper(evaluations):
    population, generations = schedule._front(evaluations, num_members=3)
    assert population * generations == pytest.approx(evaluations, rel=0.1)
    assert population == pytest.approx((evaluations * 70 / 120) ** 0.5, rel=0.1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("small", "finetune"), ("bignas_small", "finetune"), ("scarlet_small", "retrain")],
)
def test_members_of_spaces_whose_slices_keep_identities_are_trained_from_scratch(name, expected):
    assert weights_of(configured(), SPACES[name]) == expected
    sliced = resolve({"data": "demo", "budgets": "1M,2M", "retrain": {"searched": "slice"}})
    assert weights_of(sliced, SPACES[name]) == "slice"
