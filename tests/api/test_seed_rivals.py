"""In a run from a pretrained network members are held against it, and the supernet begins as it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import seed_runs
from escalade.api.choosing.rival_words import WORDS
from escalade.api.choosing.rivals import rivals_of
from escalade.api.train import begin_as_tuned, fine_tune, teacher
from escalade.artefacts.rival_look import RivalLook
from escalade.core.network import cost
from escalade.core.scaling.ratios import Scaling
from escalade.data.batching.batches import prepare
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.equal_time import work_of_image
from escalade.planning.seed_training import network_of, seed_job
from escalade.train.console import Console


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A run whose network is fine-tuned; not to be changed."""
    run = seed_runs.run_from(tmp_path_factory.mktemp("seed"))
    fine_tune(run)
    return run


def candidates(run):
    """Members of half the network's width."""
    found = []
    for i, budget in enumerate(run.budgets):
        architecture = run.space.path(run.space.smallest).architecture
        found.append(
            Candidate(
                name=f"S{i}", stage=float(i), origin="searched", budget=budget.target,
                architecture=architecture, scaling=Scaling(),
            )
        )  # fmt: skip
    return found


def test_rivals_are_the_network_within_each_budget_for_the_members_time(tuned):
    everyone = candidates(tuned)
    rivals = rivals_of(tuned, everyone, everyone)
    assert not tuned.folder.has(RivalLook)
    for member, budget in zip(everyone, tuned.budgets, strict=True):
        rival = rivals[member.name]
        network, job = rival.job.architecture, rival.job
        assert (rival.base, rival.rule) == ("seed", "r")
        assert replace(network, resolution=16).key == replace(
            network_of(tuned), resolution=16
        ).key  # fmt: skip
        assert cost.of(network).macs <= budget.target
        assert cost.of(replace(network, resolution=network.resolution + 1)).macs > budget.target
        assert job.start == seed_job(tuned).folder
        retrain = tuned.config.retrain
        assert job.recipe.learning_rate == pytest.approx(
            retrain.finetune_rate * retrain.recipe.learning_rate
        )
        work = retrain.recipe.steps * 8 * work_of_image(member.architecture)
        ours = job.recipe.steps * 8 * work_of_image(network)
        assert ours == pytest.approx(work, abs=8 * work_of_image(network))


def test_there_is_none_where_its_strides_allow_no_resolution_so_small(tuned, monkeypatch):
    lines = []
    monkeypatch.setattr(Console, "say", lambda self, line: lines.append(line))
    everyone = candidates(tuned)
    tiny = replace(everyone[0], budget=2e3)
    assert rivals_of(tuned, everyone, [tiny]) == {}
    assert lines == [
        "rival: none for S0: at every resolution that its strides allow little-0 has more than 2k "
        "macs"
    ]


def test_in_the_place_of_a_searched_member_it_keeps_the_limits(tuned, monkeypatch):
    lines = []
    monkeypatch.setattr(Console, "say", lambda self, line: lines.append(line))
    free = rivals_of(tuned, candidates(tuned), candidates(tuned))["S1"].job.architecture
    limit = cost.of(replace(free, resolution=free.resolution - 4)).memory
    run = tuned.with_config(replace(tuned.config, limits={"memory": limit}))
    (_, member) = everyone = candidates(run)
    kept = rivals_of(run, everyone, everyone)["S1"].job.architecture
    assert cost.of(kept).memory <= limit < cost.of(free).memory
    grown = replace(member, origin="grown")
    assert rivals_of(run, everyone, [grown])["S1"].job.architecture == free
    least = cost.of(replace(free, resolution=4)).params
    run = tuned.with_config(replace(tuned.config, limits={"params": least - 1}))
    assert rivals_of(run, everyone, [member]) == {}
    assert lines[-1].endswith("has more than 84.86k macs or misses the limit of 4.816k params")


def test_without_rivals_there_are_none(tuned):
    run = tuned.with_config(replace(tuned.config, rival="none"))
    everyone = candidates(run)
    assert rivals_of(run, everyone, everyone) == {}


def test_the_supernet_begins_as_the_fine_tuned_network(tuned):
    """Its largest path gives the teacher's logits where the statistics are the batch's."""
    supernet, taught_by = tuned.new_supernet(), teacher(tuned)
    begin_as_tuned(tuned, supernet)
    images = tuned.data.train.images
    x = prepare(images, resolution=taught_by.resolution, mean=tuned.data.mean, std=tuned.data.std)
    largest = replace(tuned.space.shape.largest, resolution=taught_by.resolution)
    with torch.no_grad():
        found = supernet(x, largest)
        expected = taught_by.network.train()(x)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_fine_tuning_is_done_once(tuned):
    folder = seed_job(tuned).folder
    before = (folder / "model.safetensors").stat().st_mtime_ns
    fine_tune(tuned)
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_words(tuned):
    assert WORDS["seed"].story(tuned, "r").startswith("little-0, the network that the run started")
    told = WORDS["seed"].beside(tuned, "r", network_of(tuned))
    assert "at 16 pixels, the most within the same budget" in told
