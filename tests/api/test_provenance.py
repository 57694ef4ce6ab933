"""What the cards of members say of where they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from escalade.api.members import Candidate
from escalade.api.provenance import how_found, ratios
from escalade.api.run_folder import RunFolder
from escalade.config import resolve
from escalade.core.scaling.ratios import Scaling
from escalade.spaces.load import load


@pytest.fixture
def run(tmp_path):
    """A session whose search found two networks, and a candidate twice as deep as the larger."""
    space = load("bignas_small")
    ends = [space.path(genome, space.base_triple) for genome in (space.smallest, space.largest)]
    stages = [{"architecture": path.architecture.to_json()} for path in ends]
    (tmp_path / "search.json").write_text(json.dumps({"searcher": "independent", "stages": stages}))
    large = ends[-1].architecture
    deep = replace(large, stages=tuple(_twice(stage) for stage in large.stages))

    def session(name: str, **search: Any) -> Any:
        config = resolve({"budgets": "1M", "search": search})
        return SimpleNamespace(config=config, space=load_as(name), folder=RunFolder(tmp_path))

    def candidate(origin: str) -> Candidate:
        return Candidate(
            name="S1", stage=1.0, origin=origin, budget=1e6,
            architecture=large if origin == "searched" else deep, scaling=Scaling(7.0, 7.0, 7.0),
        )  # fmt: skip

    return session, candidate


def load_as(name):
    return load(name, factors=(1.0,))


def _twice(stage):
    last = replace(stage.blocks[-1], stride=1, transition=False)
    return replace(stage, blocks=(*stage.blocks, *[last] * len(stage.blocks)))


def test_networks_searched_each_for_itself_are_not_scaled(run):
    session, candidate = run
    assert ratios(session("bignas_small"), candidate("searched")) == {}


def test_so_are_independent_searches_in_a_space_of_scaling_stages(run):
    session, candidate = run
    apart = session("small", method="independent")
    assert ratios(apart, candidate("searched")) == {}
    assert how_found(apart, "searched").startswith("Evolved in the space small for this budget")
    assert how_found(session("small"), "searched") == ""


def test_what_a_rule_scaled_is_beside_the_largest_searched(run):
    session, candidate = run
    told = ratios(session("bignas_small"), candidate("grown"))
    assert told["reference"] == "S1"
    assert told["scaling"] == {"depth": 2.0, "width": 1.0, "resolution": 1.0}


def test_one_base_scaled_is_the_reference(run):
    session, candidate = run
    seven = {"scaling": {"depth": 7.0, "width": 7.0, "resolution": 7.0}}
    for origin in ("searched", "grown"):
        assert ratios(session("small"), candidate(origin)) == seven
