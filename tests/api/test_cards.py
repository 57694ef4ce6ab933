"""What the cards of members say of where they come from, and what a search scores on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalade.api.choosing.member_facts import about_identities, found_in_words, ratios_of
from escalade.api.retrain_on import _Transfer
from escalade.api.search import selection_data
from escalade.artefacts.searched import Base, NumScores, Searched
from escalade.config import Recipe
from escalade.core.network.cost import Cost
from escalade.core.scaling.ratios import Scaling
from escalade.family.family import Accuracy, FamilyMember
from escalade.family.identities import Identities
from escalade.family.member_candidates import Candidate
from escalade.search.growing.found import Found
from escalade.search.recording import searched_stage
from escalade.spaces.load import load
from escalade.train.console import Console
from noise_runs import noise, run_of

SPACE = load("bignas_small")
ENDS = [SPACE.path(genome) for genome in (SPACE.smallest, SPACE.largest)]


def found() -> Found:
    """Two networks, the smallest and the largest of a space."""
    stages = tuple(
        searched_stage(
            path, stage=i, budget=1e6 * (i + 1), gap=0.0, scaling=Scaling(), score=0.5,
            num_images=100,
        )
        for i, path in enumerate(ENDS)
    )  # fmt: skip
    base = Base(genome=(), resolution=1, widths=(), depths=())
    searched = Searched(
        searcher="independent", seed=0, budget_kind="macs", space="small", pi=(1.0, 1.0), base=base,
        stages=stages, iterations=(), evaluations=NumScores(asked=1, distinct=1), divisors=(8, 4),
    )  # fmt: skip
    run = run_of({"space": "small"})
    return Found(searched=searched, ladder=run.config.ladder, settings=run.config.grow, seed=0)


def candidate(origin: str) -> Candidate:
    """The larger of them, or one twice as deep."""
    large = ENDS[-1].architecture
    deep = replace(large, stages=tuple(_twice(stage) for stage in large.stages))
    return Candidate(
        name="S1", stage=1.0, origin=origin, budget=1e6,
        architecture=large if origin == "searched" else deep, scaling=Scaling(7.0, 7.0, 7.0),
    )  # fmt: skip


def _twice(stage):
    last = replace(stage.blocks[-1], stride=1, transition=False)
    return replace(stage, blocks=(*stage.blocks, *[last] * len(stage.blocks)))


def run_in(space: str, **search):
    return run_of({"space": space, "search": search})


def test_networks_searched_each_for_itself_are_not_scaled():
    assert ratios_of(run_in("bignas_small"), found(), candidate("searched")) == {}


def test_so_are_independent_searches_in_a_space_of_scaling_stages():
    apart = run_in("small", method="independent")
    assert ratios_of(apart, found(), candidate("searched")) == {}
    told = found_in_words(apart, found(), candidate("searched"))
    assert told.startswith("Evolved in the space small for this budget: the best found on search")
    assert found_in_words(run_in("small"), found(), candidate("searched")) == ""


def test_what_a_rule_scaled_is_beside_the_largest_searched():
    run = run_in("bignas_small")
    told = ratios_of(run, found(), candidate("grown"))
    assert told["reference"] == "S1"
    assert told["scaling"] == {"depth": 2.0, "width": 1.0, "resolution": 1.0}
    story = found_in_words(run, found(), candidate("grown"))
    assert story.startswith("S1, the largest searched member, scaled by the rule dWr")


def test_one_base_scaled_is_the_reference():
    seven = {"scaling": {"depth": 7.0, "width": 7.0, "resolution": 7.0}}
    for origin in ("searched", "grown"):
        assert ratios_of(run_in("small"), found(), candidate(origin)) == seven
    assert found_in_words(run_in("small"), found(), candidate("grown")) == ""


# What a slice that keeps identities misses


def slice_of(macs: int, budget: float) -> FamilyMember:
    cost = Cost(macs, 9_000, 1, 4)
    kept = Identities(folded=1, accuracy=0.5, slice=cost, standalone=Cost(1, 1, 1, 4))
    return FamilyMember(
        name="S0", stage=0, origin="searched", weights="sliced", budget=budget, macs=macs,
        params=9_000, activations=1, memory=4, resolution=28, accuracy=Accuracy(), folder="S0",
        identities=kept,
    )  # fmt: skip


def test_budgets_that_a_costlier_slice_misses():
    run = run_of({"space": "scarlet_small", "tolerance": 0.1})
    assert len(about_identities(run, slice_of(2_190_000, 2e6))) == 1
    for macs in (2_210_000, 1_790_000):
        _, note = about_identities(run, slice_of(macs, 2e6))
        assert "it misses the budget of 2M macs within 10 %; a run with" in note
    assert about_identities(run, replace(slice_of(1, 2e6), weights="retrained")) == []


# What a search scores on


@pytest.mark.parametrize("images", ["search", "train"])
def test_the_search_split_or_the_last_training_images(images):
    data = noise(train=12, search=5)
    run = run_of({"space": "small", "search": {"images": images}}, data=data)
    scored = selection_data(run)
    assert scored.train is data.train
    if images == "search":
        assert scored is data
    else:
        assert scored.search.images.equal(data.train.images[7:])
        # The store tells images apart by their digest alone.
        assert scored.search_digest != data.search_digest


# What a member trained on other images says of itself


@pytest.mark.parametrize(("origin", "how"), [("searched", "by a search"), ("grown", "by a rule")])
def test_other_images_chose_nothing(origin, how, tmp_path):
    source = replace(slice_of(1, 2e6), origin=origin, identities=None)
    transfer = _Transfer(
        config=run_of({"space": "small"}).config, source=source, learned="my_pets",
        images=noise(train=12, search=5), from_weights=origin == "grown", recipe=Recipe(epochs=1.0),
        target=tmp_path, console=Console(),
    )  # fmt: skip
    told = transfer._found()
    verb = "found" if origin == "searched" else "grown"
    assert rf"S0 of a family for my\_pets, where it was {verb} {how}" in told
    assert f"nothing of it was chosen on {transfer.images.name}" in told
    assert ("from scratch" in told) is (origin == "searched")
