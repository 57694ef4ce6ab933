"""Rivals of members: the look at the rules, equal trainings, and who has the place."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from escalade.api.choosing import placing
from escalade.api.choosing.placing import is_clearly_better, place
from escalade.api.choosing.rivals import rivals_of
from escalade.api.choosing.rules_look import best_base, plain_network, rival_look
from escalade.api.retrain import _save, member_trainings
from escalade.artefacts.grown import Grown, GrowthPoint
from escalade.artefacts.rival_look import LookedAt, RivalLook
from escalade.core.network import cost
from escalade.core.network.block import Stage
from escalade.core.scaling.hybrid import scale_within
from escalade.core.scaling.ratios import Scaling
from escalade.evaluate.score import Score
from escalade.family.family import Family
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.equal_time import work_of_image
from escalade.family.trainings.members import MemberWeights
from escalade.report.contest_words import base_in_words
from escalade.train.console import Console
from noise_runs import noise, run_of

SETTINGS = {
    "space": "small",
    "budgets": "0.4M,0.8M",
    "rival": "beside",
    "retrain": {"searched": "retrain", "taper": 0, "recipe": {"steps": 12, "batch_size": 16}},
    "evaluation": {"recalibration_images": 32},
}


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(Console, "say", lambda self, line: lines.append(line))
    return lines


def run_in(tmp_path, **more):
    run = run_of(SETTINGS, more, data=noise(), folder=tmp_path / "run")
    point = GrowthPoint(stage=0.0, depth=1.0, width=1.0, resolution=1.0)
    grown = Grown(
        form=None, notes=(), points=(point,), functions={}, leave_last_out=None, members=()
    )
    run.folder.write(grown)
    return run


def candidates(run):
    """Networks of the budgets with kernels that the plain base has not."""
    found = []
    for i, budget in enumerate(run.budgets):
        network = scale_within(
            run.space.layout.plain_base, rule="dwr", budget=budget, stage=i, side=28
        )
        stages = tuple(
            Stage(blocks=tuple(replace(block, kernel=5) for block in stage.blocks))
            for stage in network.architecture.stages
        )
        found.append(
            Candidate(
                name=f"S{i}", stage=float(i), origin="searched", budget=budget.target,
                architecture=replace(network.architecture, stages=stages), scaling=Scaling(),
            )
        )  # fmt: skip
    return found


@pytest.mark.slow
def test_the_look_is_done_once_and_the_best_rule_makes_every_rival(tmp_path, told):
    run = run_in(tmp_path)
    everyone = candidates(run)
    rivals = rivals_of(run, everyone, everyone)
    look = run.folder.read(RivalLook)
    assert (look.member, look.budget, look.is_named) == ("S1", 0.8e6, True)
    assert [each.rule for each in look.rules] == ["dWr", "dwr", "wr"]
    assert {each.num_images for each in look.rules} == {len(run.data.search)}
    correct = {each.rule: each.num_correct for each in look.rules}
    assert list(look.ranked) == sorted(correct, key=correct.get, reverse=True)
    assert {rival.rule for rival in rivals.values()} == {look.ranked[0]}
    assert [line for line in told if line.startswith("rival: the plain base (26 pixels")]
    # The look is not repeated: nothing is trained, and what was chosen stays.
    shutil.rmtree(run.folder.training)
    before, num = run.folder.read(RivalLook), len(told)
    assert rivals_of(run, everyone, everyone[1:]) == {"S1": rivals["S1"]}
    assert (run.folder.read(RivalLook), len(told)) == (before, num)
    assert not run.folder.training.exists()


@pytest.mark.slow
def test_a_contest_looks_at_every_base_and_then_at_the_rules_of_one(tmp_path, told):
    run = run_in(tmp_path, rival="contest")
    look = rival_look(run, candidates(run))
    assert [(each.base, each.rule) for each in look.bases] == [
        ("conv", "dWr"), ("fused", "dWr"), ("plain", "dWr"),
    ]  # fmt: skip
    assert [each.rule for each in look.rules] == ["dWr", "dwr", "wr"]
    assert look.base == run.space.layout.hand_made[look.name]
    # Equally long: the cheaper a network is to train, the more steps it has.
    steps = {each.base: each.num_steps for each in look.bases}
    assert steps["conv"] > steps["plain"]
    assert f"rival: {base_in_words(look.name)} (26 pixels" in told[-1]
    assert "(conv " in told[-1]


def test_members_that_see_images_often_have_the_plain_base_alone(tmp_path):
    epochs = {"epochs": 39.0, "steps": None, "batch_size": 16}
    retrain = {"searched": "retrain", "recipe": epochs}
    few = run_in(tmp_path, rival="contest", retrain=retrain)
    many = run_in(
        tmp_path, rival="contest", retrain=retrain | {"recipe": epochs | {"epochs": 60.0}}
    )
    assert few.bases_by_hand == ("conv", "fused", "plain")
    assert many.bases_by_hand == ("plain",)
    assert run_in(tmp_path, retrain=retrain).bases_by_hand == ("plain",)  # beside members


def test_what_stands_for_a_searched_member_keeps_the_limits(tmp_path):
    run = run_in(tmp_path, rival="contest", limits={"params": 20_000})
    conv, least = run.space.layout.hand_made["conv"], candidates(run)[0]
    network, why = plain_network(run, conv, least, "wr")
    assert (network, why) == (None, "it misses the limit of 20k params")
    grown, _ = plain_network(run, conv, replace(least, origin="grown"), "wr")
    assert cost.of(grown).params > 20_000


@pytest.mark.parametrize(
    ("correct", "chosen"),
    [
        ((50, 56, 56), "conv"),  # within 7.07 of the best guess
        ((50, 58, 64), "fused"),
        ((50, 58, 66), "plain"),
        ((50, 40, 58), "plain"),
    ],
)
def test_a_base_is_left_for_one_that_is_clearly_ahead(correct, chosen):
    tried = {
        base: LookedAt(rule="wr", num_correct=each, num_images=100)
        for base, each in zip(("conv", "fused", "plain"), correct, strict=True)
    }
    assert best_base(tried) == chosen


@pytest.mark.slow
def test_a_rival_has_its_members_work(tmp_path):
    run = run_in(tmp_path)
    everyone = candidates(run)
    for each in everyone:
        rival = rivals_of(run, everyone, [each])[each.name].job
        ratio = work_of_image(each.architecture) / work_of_image(rival.architecture)
        assert rival.recipe.steps == round(12 * ratio)
        assert run.budgets[0].tolerance >= abs(rival.macs / each.budget - 1)
        assert rival.architecture.resolution <= run.data.side


def test_nobody_who_wants_none_has_any(tmp_path):
    run = run_in(tmp_path, rival="none")
    assert rivals_of(run, candidates(run), candidates(run)) == {}
    assert not run.folder.has(RivalLook)


@pytest.mark.slow
def test_a_base_that_no_file_names_is_told_of_once(tmp_path, told):
    own = tmp_path / "own.yaml"
    own.write_text("like: small\nname: own\n")
    run = run_in(tmp_path, space=str(own))
    everyone = candidates(run)
    assert rivals_of(run, everyone, everyone).keys() == {"S0", "S1"}
    rivals_of(run, everyone, everyone)
    assert sum("the space own names no plain base; taken is" in line for line in told) == 1
    assert not run.folder.read(RivalLook).is_named


@pytest.mark.slow
def test_where_no_rule_meets_a_budget_there_is_none(tmp_path, told):
    """A budget below what any network of these stages costs."""
    run = run_in(tmp_path)
    everyone = candidates(run)
    tiny = replace(everyone[0], budget=2e3)
    assert rivals_of(run, everyone, [tiny]) == {}
    assert sum(line.startswith("rival: none for S0 by ") for line in told) == 3
    run = run_in(tmp_path / "other")
    assert rivals_of(run, [tiny], [tiny]) == {}
    assert run.folder.read(RivalLook).ranked == ()
    assert told[-1].startswith("rival: none: no rule brings the plain base to 2k: ")


def test_better_is_more_than_a_standard_error_of_the_difference():
    def score(correct):
        return Score(num_correct=correct, num_images=1000)

    # Near one half each has 1.58 points, their difference 2.24.
    assert not is_clearly_better(score(522), score(500))
    assert is_clearly_better(score(523), score(500))
    assert not is_clearly_better(score(500), score(500))


# Who has the place


@pytest.fixture
def trained(tmp_path):
    """A run, a candidate and its weights, and its trained rival."""
    run = run_in(tmp_path)
    candidate, *_ = everyone = candidates(run)
    rival = rivals_of(run, everyone, [candidate])["S0"]
    trainings = member_trainings(run, least=candidate.budget)
    run.workshop.train([rival.job, trainings._job(candidate, "scratch")])
    how = MemberWeights(folder=trainings.folder(candidate, "scratch"), weights="retrained")
    return run, trainings, candidate, how, rival


def score_of(folder, num_correct):
    """Give a training another score on the search images."""
    result = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(result | {"num_correct": num_correct}))


def placed(trained):
    run, trainings, candidate, how, rival = trained
    nothing = SimpleNamespace(searched=SimpleNamespace(stages=()))
    made = place(run, nothing, trainings, candidate, how, rival)
    _save(run, made)
    card = (run.folder.family / "S0" / "README.md").read_text()
    return Family.load(run.folder.family), card


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_a_member_that_is_level_stays(trained):
    _, _, candidate, how, rival = trained
    for folder in (how.folder, rival.job.folder):
        score_of(folder, 15)
    family, card = placed(trained)
    (member,), (beside,) = family.members, family.rivals
    assert (member.origin, member.macs) == ("searched", cost.of(candidate.architecture).macs)
    assert (beside.member, beside.replaced) == ("S0", None)
    assert beside.macs == cost.of(rival.job.architecture).macs
    assert beside.num_images == rival.job.recipe.steps * 16
    assert weights(member.path) == weights(how.folder)
    assert "The plain base of the space small, scaled by the rule" in card


@pytest.mark.slow
def test_a_rival_that_is_clearly_better_is_the_member(trained, told):
    _, _, candidate, how, rival = trained
    score_of(how.folder, 8)
    score_of(rival.job.folder, 22)
    family, card = placed(trained)
    (member,), (beside,) = family.members, family.rivals
    assert (member.origin, member.weights, member.name) == ("rival", "retrained", "S0")
    assert member.macs == beside.macs == cost.of(rival.job.architecture).macs
    assert member.accuracy == beside.accuracy
    assert weights(member.path) == weights(rival.job.folder)
    assert member.load() is not None
    before = beside.replaced
    assert (before.origin, before.macs) == ("searched", cost.of(candidate.architecture).macs)
    assert before.accuracy.search == pytest.approx(8 / 30)
    assert "nobody searched it" in card
    assert any(
        "retrain: S0: the plain rival is ahead of what was found, 73.33 %" in t for t in told
    )


@pytest.mark.slow
def test_test_images_are_looked_at_once_each(trained, monkeypatch):
    seen = []
    real = placing.score_on_test
    monkeypatch.setattr(
        placing, "score_on_test", lambda folder, *more: seen.append(folder) or real(folder, *more)
    )
    placed(trained)
    run, _, _, how, rival = trained
    assert sorted(seen) == sorted([how.folder, rival.job.folder])
    tested = [e["name"] for e in json.loads((run.folder.path / "ledger.json").read_text())
              if e["stage"] == "test"]  # fmt: skip
    assert sorted(tested) == ["S0", "S0-rival"]
