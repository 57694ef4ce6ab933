"""Runs over a design space: networks trained alone, the best scaled, the family trained."""

from __future__ import annotations

import json
import shutil

import pytest

from running import promised, tiny_run

SPACE = ("--space", "regnet_y_small", "--budgets", "0.4M,1.6M")
SMALL = {"search__num_models": 3, "search__recipe__steps": 3, "search__recipe__batch_size": 16}


def design_run(out, *more, **changes):
    return tiny_run(out, *SPACE, *more, **(SMALL | changes))


def read(run, name):
    return json.loads((run / name).read_text())


@pytest.fixture(scope="module")
def designed(escalade, tmp_path_factory):
    """A finished run over a design space; not to be changed."""
    run = tmp_path_factory.mktemp("designed") / "run"
    result = escalade(*design_run(run, exports=True, export__onnx=False))
    assert result.code == 0, result.err
    assert "has no supernet" in result.err
    return run


@pytest.mark.slow
def test_a_whole_family_comes_out(escalade, designed):
    family = read(designed, "family/family.json")
    members = {member["name"]: member for member in family["members"]}
    assert list(members) == ["S0", "S1", "S2"]
    assert [members[name]["origin"] for name in members] == ["searched", "grown", "grown"]
    assert {member["weights"] for member in members.values()} == {"retrained"}
    for member, budget in zip(members.values(), (0.4e6, 1.6e6, 6.4e6), strict=True):
        assert member["budget"] == budget
        assert abs(member["macs"] / budget - 1) <= 0.05
        folder = designed / "family" / member["folder"]
        files = {path.name for path in folder.iterdir()}
        assert {"model.safetensors", "model.py", "program.pt2"} <= files
    assert "random networks of the design space" in (designed / "family/S0/README.md").read_text()
    assert "scaled by the rule dWr" in (designed / "family/S1/README.md").read_text()
    result = escalade("grow", designed, "--to", "3M", "--format", "json")
    assert result.code == 0, result.err
    assert abs(json.loads(result.out)["gap"]) <= 0.05


@pytest.mark.slow
def test_the_records_say_how(designed):
    search, growth = read(designed, "search.json"), read(designed, "growth.json")
    assert search["searcher"] == "random"
    assert len(search["models"]) == 3
    assert search["distribution"]["shares"][-1] == 1.0
    best = max(model["score"] for model in search["models"])
    assert search["stages"][0]["score"] == best == search["models"][0]["score"]
    assert growth["rule"] == "dWr"
    assert [member["name"] for member in growth["members"]] == ["S1", "S2"]
    assert not (designed / "supernet").exists()
    assert not (designed / "models").exists()
    page = (designed / "report.html").read_text()
    assert "3 random networks, each trained alone" in page
    assert "metrics of the supernet" not in page


@pytest.mark.slow
def test_killed_in_the_search_and_again_it_is_the_same(escalade, designed, tmp_path):
    run = tmp_path / "run"
    command = design_run(run)
    for name in ("models/*/checkpoint.pt", "search.json"):
        assert not (run / "search.json").exists()
        running = escalade.stopped(run, name, *command, checkpoint_seconds=0)
        running.kill()
    result = escalade(*command)
    assert result.code == 0, result.err
    assert promised(run) == promised(designed)
    assert read(run, "search.json") == read(designed, "search.json")


@pytest.mark.slow
def test_with_workers_and_another_rule(escalade, designed, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    config = (designed / "config.yaml").read_text()
    for before, after in (("workers: 1", "workers: 2"), ("rule: dWr", "rule: dr")):
        assert before in config
        config = config.replace(before, after)
    (run / "config.yaml").write_text(config)
    for stage in ("search", "grow"):
        result = escalade(stage, run)
        assert result.code == 0, result.err
    assert read(run, "search.json") == read(designed, "search.json")
    growth = read(run, "growth.json")
    assert growth["rule"] == "dr"
    assert growth["members"][0]["solved"]["width"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--budgets", "9G"), "budgets[0]: no network of space regnet_y_small was found"),
        (("--set", "grow.rule=dW"), "grow.rule: 'dW' is not known; did you mean dw?"),
        (("--set", "search.num_models=0"), "search.num_models: 0 is not positive"),
        (("--set", "search.recipe.epochs=-1"), "search.recipe.epochs: -1.0 is not positive"),
        (("--space", "regnet_q"), "did you mean regnet_"),
        (("--hours", "0.0001"), "hours: 0.0001 are too short here"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing(escalade, tmp_path, changes, words):
    run = tmp_path / "run"
    result = escalade(*design_run(run), *changes, brief=True)
    assert result.code == 2
    assert words in result.err
    assert not run.exists()


@pytest.mark.slow
def test_plan_tells_what_the_run_does(escalade, tmp_path):
    command = design_run(tmp_path / "run")
    result = escalade("plan", *command[1:], "--format", "json", brief=True)
    assert result.code == 0, result.err
    plan = json.loads(result.out)
    assert plan["space"]["name"] == "regnet_y_small"
    assert plan["seconds"]["evaluations"] == 3
    assert plan["grown"] == [1.6e6, 6.4e6]
    assert 0 < plan["stages"][0]["share"] < 1
    shown = escalade("plan", *command[1:], brief=True)
    assert "the best of 3 random ones" in shown.err
    assert "the largest searched member scaled by dWr" in shown.err


@pytest.mark.slow
def test_space_shows_a_design_space(escalade):
    result = escalade("space", "regnet_z_small", "--num-paths", "500", "--format", "json")
    assert result.code == 0, result.err
    summary = json.loads(result.out)
    assert (summary["space"], summary["distinct"]) == ("regnet_z_small", None)
    assert sum(summary["histogram"]["counts"]) == 500
    shown = escalade("space", "regnet_z_small", "--num-paths", "500")
    assert "genomes, trained alone" in shown.err


@pytest.mark.slow
def test_latency_is_a_budget_of_a_design_space(escalade, tmp_path):
    """From plan to report, and again from the folder's table.

    On a made-up device: what a real one takes varies by more than a budget may.
    """
    run = tmp_path / "run"
    kind = ("--budgets", "1.2ms,2.4ms", "--budget-kind", "latency")
    kind += ("--set", "tolerance=0.1", "--set", "latency.batch_size=32")
    command = design_run(run, *kind)
    result = escalade(*command, brief=True, additive=True)
    assert result.code == 0, result.err
    assert "latency: predicted against 20 networks measured whole" in result.err
    members = read(run, "family/family.json")["members"]
    assert [member["budget"] for member in members] == pytest.approx([1.2e-3, 2.4e-3, 4.8e-3])
    for member in members:
        assert abs(member["latency"] / member["budget"] - 1) <= 0.1
    for grown in read(run, "growth.json")["members"]:
        assert grown["latency"] == pytest.approx(grown["budget"], rel=0.1)
    plan = read(run, "plan.json")["latency"]
    assert plan["settings"] == "CPU core, batch 32, 1 thread, fp32"
    assert plan["check"]["num"] == 20
    assert plan["check"]["median"] < 0.05
    ledger = read(run, "ledger.json")
    assert [entry["name"] for entry in ledger if entry["stage"] == "latency"] == ["table"]
    page = (run / "report.html").read_text()
    assert "Predicted latency" in page
    assert "Latency table" in page
    further = escalade("grow", run, "--to", "3.6ms", "--format", "json")
    assert json.loads(further.out)["latency"] == pytest.approx(3.6e-3, rel=0.1)
    again = tmp_path / "again"
    again.mkdir()
    for name in ("config.yaml", "space.json", "plan.json", "evaluations.sqlite"):
        shutil.copy(run / name, again)
    result = escalade(*design_run(again, *kind))
    assert result.code == 0, result.err
    assert "latency:" not in result.err
    assert promised(again) == promised(run)
