"""A run from a pretrained network: what its settings become, its space, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import seed_runs
from escalade.config import resolve
from escalade.core.network import cost
from escalade.core.space.path import Population
from escalade.family.packaging import package
from escalade.planning import path_costs
from escalade.planning.path_costs import check_budgets, check_feasible
from escalade.planning.seed_training import network_of, seed_job, side_within, supernet_settings
from escalade.planning.seeded import read_network, seeded
from escalade.planning.start_trials import start_places
from escalade.train.steps import path_sampler


def given(folder, **more):
    file, network = seed_runs.write(folder)
    named = {"source": str(file), "architecture": str(network)} | more.pop("seed_network", {})
    return resolve({"data": "demo", "budgets": "40k,80k", "seed_network": named} | more)


def test_settings_know_the_network_by_its_digest(tmp_path):
    config = given(tmp_path)
    read = read_network(config)
    made = seeded(config, read.facts)
    assert made.dataset.in_channels == 1
    assert made.seed_network.digest == read.facts.digest
    assert seeded(made, read_network(made).facts) == made
    other, _ = seed_runs.write(tmp_path, seed=1)
    moved = replace(made.seed_network, source=str(other))
    with pytest.raises(ValueError, match="is not the network that these settings were written"):
        read_network(replace(made, seed_network=moved))


def test_a_run_from_nothing_has_none():
    config = resolve({"budgets": "1M"})
    assert read_network(config) is None
    assert seeded(config, None) == config
    assert "seed_network: null" in config.to_yaml()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"space": "small"}, "space: small is given, but a run from a network searches around it"),
        ({"supernet": {"coupled": True}}, "supernet.coupled: only spaces that scale"),
    ],
)
def test_settings_that_do_not_go_with_it_are_refused(tmp_path, more, words):
    with pytest.raises(ValueError, match=words):
        read_network(given(tmp_path, **more))


def test_the_run_is_complete(tmp_path):
    run = seed_runs.run_from(tmp_path)
    assert (run.config.space, run.config.supernet.step) == ("around_little-0", "taught")
    retrain = run.config.retrain
    assert (retrain.searched, retrain.finetune_rate) == ("finetune", 0.1)
    named = {"retrain": seed_runs.SHORT["retrain"] | {"finetune_rate": 0.2}}
    assert seed_runs.run_from(tmp_path / "other", named).config.retrain.finetune_rate == 0.2
    assert run.space.shape.largest.num_classes == 3
    assert len(check_budgets(run)) == 2
    check_feasible(run)
    # The network as the run keeps it is what was read.
    state = package.load_state(run.folder.seed_network)
    assert state.keys() == seed_runs.weights().keys()


def test_it_is_fine_tuned_where_the_largest_budget_lets_it(tmp_path):
    run = seed_runs.run_from(tmp_path)
    job, largest = seed_job(run), run.budgets[-1]
    assert cost.of(job.architecture).macs <= largest.target
    finer = replace(job.architecture, resolution=job.architecture.resolution + 1)
    assert cost.of(finer).macs > largest.target
    assert job.recipe.learning_rate == pytest.approx(0.1 * run.config.retrain.recipe.learning_rate)
    rate = supernet_settings(run).recipe.learning_rate
    assert rate == pytest.approx(0.1 * run.config.supernet.recipe.learning_rate)


def test_where_strides_allow_no_side_so_small_there_is_none(tmp_path):
    run = seed_runs.run_from(tmp_path)
    least = cost.of(replace(network_of(run), resolution=4)).macs
    tiny = replace(run.budgets[0], target=0.8 * least)
    assert side_within(run, network_of(run), tiny) is None


def test_the_largest_side_keeps_limits_where_it_is_asked_to(tmp_path):
    free = seed_runs.run_from(tmp_path)
    network, budget = network_of(free), free.budgets[-1]
    most = side_within(free, network, budget)
    limit = cost.of(replace(network, resolution=most - 4)).memory
    run = seed_runs.run_from(tmp_path / "limited", {"limits": {"memory": limit}})
    assert side_within(run, network, budget) == most
    side = side_within(run, network, budget, limited=True)
    assert most - 4 <= side < most
    assert limit < cost.of(replace(network, resolution=side + 1)).memory
    (*_, place) = start_places(run)
    assert cost.of(place.seed).memory <= limit


def test_limits_that_leave_no_network_of_a_budget_are_refused_at_once(tmp_path):
    run = seed_runs.run_from(tmp_path)
    smallest = np.array([run.space.smallest])
    least = run.space.costs(Population.unscaled(smallest), "memory")[0]
    limited = seed_runs.run_from(tmp_path / "limited", {"limits": {"memory": float(least)}})
    with pytest.raises(ValueError, match=r"limits.memory: no network of the space around_little"):
        check_feasible(limited)


def test_budgets_below_all_of_it_are_refused_with_the_range(tmp_path):
    with pytest.raises(ValueError, match=r"budgets: 1k macs is below all that little-0 can be"):
        seed_runs.run_from(tmp_path, {"budgets": "1k,2k"})


def test_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    run = seed_runs.run_from(tmp_path)
    monkeypatch.setattr(path_costs, "_memory", lambda: 1 << 16)
    with pytest.raises(ValueError, match=r"seed_network: little-0 takes about .*GiB to fine-"):
        check_feasible(run)


def test_paths_are_drawn_near_every_budget(tmp_path):
    run = seed_runs.run_from(tmp_path)
    sampler = path_sampler(run.config.supernet, run.space, run.budgets)
    drawn = sampler.draw(np.random.default_rng(0), 400)
    costs = run.space.costs(Population(drawn.genomes, drawn.strategies))
    near = [np.abs(np.log(costs / budget.target)) <= np.log(1.5) + 1e-9 for budget in run.budgets]
    assert (near[0] | near[1]).all()
    assert min(each.mean() for each in near) > 0.35
