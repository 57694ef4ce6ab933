"""SCARLET end to end: fair training, a Pareto front under constraints, and members chosen of it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.spaces import load
from running import KILLED_AT, promised, tiny_run

FRONT = {
    "budgets": "[]",
    "search__method": "nsga2",
    "search__population": 6,
    "search__generations": 3,
    "search__objectives": "[error, macs]",
    "search__constraints": '["macs < 2.8M", "accuracy > 0.01"]',
    "search__members": 2,
    "supernet__recipe__steps": 2,
    "retrain__grown": "warm",
    "dataset__limit": 100,
}


def command(out: Path, *more: str, space: str = "scarlet_small", **changes: object) -> list[str]:
    return tiny_run(out, "--space", space, *more, **FRONT | changes)


@pytest.fixture(scope="module")
def made(escalade, tmp_path_factory) -> Path:
    """A finished run; not to be changed."""
    run = tmp_path_factory.mktemp("front") / "run"
    result = escalade(*command(run))
    assert result.code == 0, result.err
    return run


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def values(front: dict) -> list[list[float]]:
    """Objectives of the networks on a front."""
    return [network["values"] for network in front["networks"]]


@pytest.mark.slow
def test_members_are_chosen_of_the_front(made):
    search, family = read(made / "search.json"), read(made / "family/family.json")
    front = search["front"]
    assert search["searcher"] == "nsga2"
    assert front["num_front"] == len(front["networks"])
    assert front["constraints"] == ["macs < 2.8M", "accuracy > 0.01"]
    assert all(network["values"][1] < 2.8e6 for network in front["networks"])
    # Two of them: the ends, the most accurate one the costlier.
    errors = [network["values"][0] for network in front["networks"]]
    assert [errors[row] for row in front["members"]] == [max(errors), min(errors)]
    chosen = family["members"][:2]
    assert [m["macs"] for m in chosen] == [s["macs"] for s in search["stages"]]
    assert [m["budget"] for m in chosen] == [m["macs"] for m in chosen]
    assert [m["weights"] for m in chosen] == ["retrained", "retrained"]


@pytest.mark.slow
def test_controller_and_wheel_leave_their_trace(made):
    (brood,) = read(made / "children.json")["generations"]  # of three, the first two are random
    assert sum(way["scored"] for way in brood["ways"].values()) <= FRONT["search__population"]
    assert len(brood["controller"]) == len(brood["wheel"]) == 13
    assert "Children that survived" in (made / "report.html").read_text()


@pytest.mark.slow
def test_what_costs_is_the_network_without_its_identities(made):
    space = load.load("scarlet_small", in_channels=1, num_classes=10)
    for stage in read(made / "search.json")["stages"]:
        architecture = Architecture.from_json(stage["architecture"])
        path = space.path(stage["genome"], stage["strategy"])
        assert architecture.key == path.architecture.key
        assert cost.of(architecture).macs == stage["macs"]


@pytest.mark.slow
def test_the_grown_member_is_twice_the_largest(made):
    (grown,) = read(made / "growth.json")["members"]
    stages = read(made / "search.json")["stages"]
    assert grown["budget"] == 2 * stages[-1]["macs"]
    assert abs(grown["gap"]) <= 0.05
    assert read(made / "family/family.json")["members"][-1]["weights"] == "finetuned"


@pytest.mark.slow
def test_what_people_read(made):
    page = (made / "report.html").read_text()
    assert "2 networks chosen on a Pareto front" in page
    card = (made / "family/S0/README.md").read_text()
    assert "chosen equispaced on the Pareto front of error, macs (SCARLET" in card
    assert "budget" not in card.split("## Costs")[1].split("## Accuracy")[0]
    grown = (made / "family/S2/README.md").read_text()
    assert "budget" in grown.split("## Costs")[1]
    # A front has no base; what is grown is the largest of it.
    assert " times " not in card + (made / "family/S1/README.md").read_text()
    assert "- depth: " in grown
    assert "the base" not in grown
    assert grown.count("times S1's") == 3
    assert "Lines are" not in page
    assert "networks were scored in 3 generations; the first two, both random" in page


@pytest.mark.slow
@pytest.mark.parametrize("begun", KILLED_AT)
def test_killed_and_taken_up_again(escalade, made, tmp_path, begun):
    run = tmp_path / "run"
    escalade.killed_soon_after(run, begun, *command(run))
    result = escalade(*command(run))
    assert result.code == 0, result.err
    assert promised(run) == promised(made)
    assert read(run / "search.json") == read(made / "search.json")


def stored(run):
    """All rows of the evaluation store."""
    with sqlite3.connect(run / "evaluations.sqlite") as store:
        return store.execute("SELECT * FROM evaluations ORDER BY path").fetchall()


@pytest.mark.slow
def test_a_front_that_is_too_small_is_chosen_from_again(escalade, tmp_path):
    """Nothing is trained or scored twice: the message says how the run goes on."""
    run = tmp_path / "run"
    result = escalade(*command(run, search__members=6))
    assert result.code == 2
    assert "search.members: 6 networks are to be chosen" in result.err
    assert f"`escalade run --config {run / 'config.yaml'} --out {run}` goes on" in result.err
    config, before = run / "config.yaml", stored(run)
    config.write_text(config.read_text().replace("members: 6", "members: 1"))
    result = escalade("run", "--config", config, "--out", run)
    assert result.code == 0, result.err
    assert len(read(run / "search.json")["stages"]) == 1
    assert stored(run) == before


@pytest.mark.slow
@pytest.mark.parametrize("space", ["scarlet_small", "bignas_small", "small"])
def test_budgets_have_their_members(escalade, tmp_path, space):
    run, budgets = tmp_path / "run", [0.6e6, 1.2e6]
    changes = {"budgets": budgets, "search__members": "null"}
    result = escalade(*command(run, "--grow", "0", space=space, **changes))
    assert result.code == 0, result.err
    members = read(run / "family/family.json")["members"]
    assert [member["budget"] for member in members] == budgets
    for member in members:
        assert abs(member["macs"] / member["budget"] - 1) <= 0.05
    assert "budgets" in (run / "report.html").read_text()


@pytest.mark.slow
def test_latency_as_an_objective(escalade, tmp_path):
    run = tmp_path / "run"
    changes = {
        "search__objectives": "[error, macs, latency]",
        "search__constraints": '["latency < 10s"]',
        "search__members": 1,
    }
    result = escalade(*command(run, "--grow", "0", **changes), additive=True)
    assert result.code == 0, result.err
    front = read(run / "search.json")["front"]
    # The made-up device takes a nanosecond a multiply-add, and more.
    assert all(1e-9 * macs < seconds < 10 for _, macs, seconds in values(front))
    (member,) = read(run / "family/family.json")["members"]
    assert member["latency"] == pytest.approx(front["networks"][front["members"][0]]["values"][2])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"search__constraints": '["macs < 10k"]'}, "meets macs < 10k; the nearest has "),
        ({"search__constraints": '["macs <= 2M"]'}, "search.constraints: cannot read"),
        ({"search__objectives": "[error, watts]"}, "search.objectives[1]: nothing measures"),
        ({"search__objective_weights": "[1]"}, "search.objective_weights: 1 are 1 weights for 2"),
        ({"search__members": 7}, "search.members: 7 networks cannot be chosen of a population"),
        ({"budgets": "[1M, 2M]"}, "search.members: members are chosen from a front"),
        (
            {"budgets": "[1M, 4M]", "search__members": "null"},
            "budgets[1]: 4M macs cannot meet the constraint macs < 2.8M",
        ),
        (
            {"search__method": "random", "budgets": "[1M]", "search__members": "null"},
            "search.constraints: random takes no constraints but budgets",
        ),
        ({"search__method": "random"}, "budgets: random needs a ladder, such as --budgets"),
        ({"supernet__step": "sandwich"}, "supernet.step: sandwich"),
        ({"supernet__zero_residual": True}, "supernet.zero_residual: only supernets of stages"),
    ],
)
def test_what_cannot_be(escalade, tmp_path, changes, words):
    run = tmp_path / "run"
    result = escalade(*command(run, **changes))
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err
    assert not run.exists()
