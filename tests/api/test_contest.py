"""What was found against plain networks: short trainings, and what members are made of."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from test_rivals import candidates, run_in

from escalade.api.choosing import contest as contests
from escalade.api.choosing.contest import entered, told_of
from escalade.artefacts.contested import Bout, Contested
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.rival_look import RivalLook
from escalade.core.network import cost
from escalade.core.values.invalid import Invalid
from escalade.family.trainings.equal_time import work_of_image
from escalade.report.contest_words import contest_in_words
from noise_runs import noise, run_of


def bout(found, plain, member="S0"):
    entrants = (Entrant(macs=400_000, num_steps=2, num_correct=each) for each in (found, plain))
    return Bout(member=member, budget=4e5, **dict(zip(("found", "plain"), entrants, strict=True)))


def contest(*pairs, kept="found", rule="wr", base="plain"):
    bouts = tuple(bout(*pair, member=f"S{i}") for i, pair in enumerate(pairs))
    return Contested(kept=kept, base=base, rule=rule, num_images=100, bouts=bouts)


def test_the_difference_is_the_mean_over_budgets():
    found = contest((60, 50), (70, 66))
    assert found.difference == pytest.approx(0.07)
    variances = sum(share * (1 - share) / 100 for share in (0.6, 0.5, 0.7, 0.66))
    assert found.standard_error == pytest.approx(variances**0.5 / 2)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (contest((60, 50), (70, 66)), "+7.00 ± 4.81 points on the search images, in the mean over "
         "2 budgets, against the plain base, scaled by wr, after a short training of both; the "
         "members are what was found."),
        (contest((50, 60), kept="plain"), "at one budget, against the plain base, scaled by wr, "
         "after a short training of both; so the members are made of that."),
        (contest((50, 60), kept="plain", base="conv"), "against the base conv by hand, "
         "scaled by wr, after a short training of both; so the members are made of that."),
        (Contested(kept="found", rule=None, num_images=9, note="no rule reaches them"),
         "What searching was worth is not known: no rule reaches them."),
        (replace(contest((11, 9), kept="plain"), chance=0.1),
         "What searching was worth is not known: after a short training no network was better than "
         "chance. The members are the plain base, scaled by wr, which is the better guess; more "
         "time (--hours) would tell."),
        (Contested(kept="plain", rule="wr", num_images=9),
         "Nothing was searched: the members are the plain base, scaled by wr."),
    ],
)  # fmt: skip
def test_it_is_told_in_a_sentence(held, words):
    assert contest_in_words(held).endswith(words)


@pytest.mark.parametrize(
    ("settings", "rival"),
    [
        ({}, "contest"),
        ({"retrain": {"searched": "retrain"}}, "contest"),
        ({"retrain": {"searched": "together"}}, "beside"),
        ({"retrain": {"searched": "slice"}, "rival": "none"}, "none"),
    ],
)
def test_who_trains_alone_has_a_contest(settings, rival):
    run = run_of({"space": "small", "budgets": "0.4M,0.8M"}, settings, data=noise())
    assert run.config.rival == rival


def test_slices_have_no_contest():
    settings = {"space": "small", "budgets": "0.4M,0.8M", "rival": "contest"}
    with pytest.raises(Invalid, match="begin with the supernet's weights"):
        run_of(settings, {"retrain": {"searched": "finetune"}}, data=noise())


def given(monkeypatch, scores):
    """Contests whose trainings reach what is given, found first, by budget."""
    asked = iter(scores)
    monkeypatch.setattr(
        contests,
        "_entrant",
        lambda job: Entrant(macs=job.macs, num_steps=job.recipe.steps, num_correct=next(asked)),
    )


@pytest.mark.slow
def test_plain_networks_that_are_ahead_or_level_are_the_members(tmp_path, monkeypatch):
    run = run_in(tmp_path, rival="auto")
    assert run.config.rival == "contest"
    everyone = candidates(run)
    half = len(run.data.search) // 2
    given(monkeypatch, [half + each for each in (1, 0, 1, 2)])
    made = entered(run, everyone)
    held = run.folder.read(Contested)
    assert (held.kept, held.difference, held.num_images) == ("plain", 0, len(run.data.search))
    assert held.rule == run.folder.read(RivalLook).ranked[0]
    assert [bout.member for bout in held.bouts] == ["S0", "S1"]
    for before, after, between in zip(everyone, made, held.bouts, strict=True):
        assert (after.name, after.origin) == (before.name, "searched")
        assert after.by_hand == (held.base, held.rule)
        assert after.architecture.name == before.name
        kernels = {b.kernel for stage in after.architecture.stages for b in stage.blocks}
        assert kernels == {3}
        assert abs(cost.of(after.architecture).macs / after.budget - 1) <= 0.05
        assert after.label == f"{before.name}-{held.base}"
        # Trained equally long, whatever the budget: a quarter of the smallest member's 12 steps.
        least = work_of_image(everyone[0].architecture)
        own, by_hand = (work_of_image(each.architecture) for each in (before, after))
        assert between.found.num_steps == max(1, round(3 * least / own))
        assert between.plain.num_steps == max(1, round(3 * least / by_hand))
        assert after.effort == own / by_hand
    assert (made[0].scaling.width, made[0].scaling.depth) == (1, 1)
    # It is held once: nothing is asked again.
    assert entered(run, everyone) == made
    assert "so the members are made of that" in told_of(run)


@pytest.mark.slow
def test_what_was_found_stays_where_it_is_ahead(tmp_path, monkeypatch):
    run = run_in(tmp_path, rival="contest")
    half = len(run.data.search) // 2
    given(monkeypatch, [half + each for each in (1, 2, 3, 1)])
    everyone = candidates(run)
    assert entered(run, everyone) == everyone
    assert json.loads((run.folder.path / "contest.json").read_text())["kept"] == "found"
    assert "the members are what was found" in told_of(run)


@pytest.mark.slow
def test_what_chance_put_ahead_is_no_reason_to_keep_it(tmp_path, monkeypatch):
    run = run_in(tmp_path, rival="contest")
    chance = len(run.data.search) // run.data.num_classes
    given(monkeypatch, [chance + 1, chance, chance + 1, chance])
    entered(run, candidates(run))
    held = run.folder.read(Contested)
    assert held.difference > 0
    assert (held.kept, held.can_tell) == ("plain", False)
    assert "better than chance" in told_of(run)


@pytest.mark.slow
def test_without_a_rule_for_all_budgets_there_is_no_contest(tmp_path, monkeypatch):
    run = run_in(tmp_path, rival="contest")
    monkeypatch.setattr(contests, "plain_network", lambda *_: (None, "too large"))
    everyone = candidates(run)
    assert entered(run, everyone) == everyone
    assert told_of(run) == (
        "What searching was worth is not known: no rule brings the base conv by hand of small to "
        "all budgets."
    )
