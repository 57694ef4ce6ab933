"""Both starts of a run from a pretrained network: tried once, for equal device time, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import seed_runs
from escalade.api.beginning import try_starts as starts
from escalade.api.beginning.try_starts import keep_without_network, try_starts
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.starts_tried import StartsTried, StartTrial
from escalade.config import read_file, resolve
from escalade.core.network import cost
from escalade.core.values.invalid import Invalid
from escalade.family.packaging import package
from escalade.family.trainings.equal_time import work_of_image
from escalade.planning.device_times import DeviceTimes
from escalade.planning.member_sizes import sizes_of
from escalade.planning.seed_training import network_of
from escalade.planning.seeded import read_network, seeded
from escalade.planning.stage_times import stage_times
from escalade.planning.start_trials import start_places, why_untried
from escalade.report.start_words import from_scratch, start_on_card, starts_in_words
from escalade.train.console import Console

# A millisecond for a million macs, nothing else.
TIMES = DeviceTimes(path=4e-3, fixed=0.0, per_mac=1e-9, processes=2, alone=1.0, peak_memory=0)
# A sixth of it is 10 steps.
RECIPE = {
    "retrain": {"recipe": {"steps": 60, "batch_size": 8}},
    "budgets": [2.0 * seed_runs.MACS, 4.0 * seed_runs.MACS],
}
COMMAND = "`escalade run --config a/run/from_scratch.yaml --out a/run-scratch`"


def tried(*pairs, **more):
    """A look whose networks have so many of 100 images right, the pretrained one first."""
    trials = tuple(
        StartTrial(
            budget=1e6, resolution=32, rule="dWr",
            seed=Entrant(macs=10, num_steps=1, num_correct=seed),
            scratch=Entrant(macs=10, num_steps=1, num_correct=scratch),
        )
        for seed, scratch in pairs
    )  # fmt: skip
    given = {"seed": "lite0", "space": "small", "num_images": 100, "trials": trials}
    return StartsTried(**(given | more))


def with_scratch(run, scratch):
    named = replace(run.config.seed_network, scratch=scratch)
    return run.with_config(replace(run.config, seed_network=named))


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A run that has tried both starts; not to be changed."""
    run = seed_runs.run_from(tmp_path_factory.mktemp("starts"), RECIPE)
    try_starts(run)
    return run


def kept(run, name):
    """A training's result, and the network of its weights."""
    folder = run.folder.training / name
    return json.loads((folder / "result.json").read_text()), package.read(folder).architecture


def test_both_train_for_the_same_device_time_within_the_budget(looked):
    held = looked.folder.read(StartsTried)
    assert (held.seed, held.space, held.num_images) == ("little-0", "small", 30)
    assert [trial.budget for trial in held.trials] == RECIPE["budgets"]
    for at, (trial, budget) in enumerate(zip(held.trials, looked.budgets, strict=True)):
        seed, whole = kept(looked, f"start-S{at}-seed")
        scratch, plain = kept(looked, f"start-S{at}-scratch")
        assert replace(whole, name="", resolution=16) == replace(
            network_of(looked), name="", resolution=16
        )
        assert trial.resolution == whole.resolution
        assert cost.of(whole).macs <= budget.target
        assert cost.of(replace(whole, resolution=whole.resolution + 1)).macs > budget.target
        assert {b.kernel for stage in plain.stages for b in stage.blocks} == {3}
        assert abs(cost.of(plain).macs / budget.target - 1) <= budget.tolerance
        assert seed["num_steps"] == trial.seed.num_steps == 10
        time = 10 * work_of_image(whole)
        assert abs(trial.scratch.num_steps * work_of_image(plain) - time) <= work_of_image(plain)
        for result, entrant in ((seed, trial.seed), (scratch, trial.scratch)):
            assert result["num_correct"] == entrant.num_correct


def test_a_plain_network_beyond_the_limits_is_not_tried(looked):
    (place, *_), space = starts.start_places(looked), starts._space_from_scratch(looked)
    rule, plain = starts._plain(looked, space, place)
    least = cost.of(plain).params
    for limit, found in ((least, rule), (100, None)):
        run = looked.with_config(replace(looked.config, limits={"params": limit}))
        made = starts._plain(run, space, place)
        assert (made[0] if made else None) == found


def test_it_is_done_once_and_again_to_the_same_bits(looked, tmp_path, monkeypatch):
    again = seed_runs.run_from(tmp_path, RECIPE)
    # Killed between the trainings: one of them is there already.
    jobs = starts._jobs
    monkeypatch.setattr(starts, "_trial", lambda *_: pytest.fail("as a kill would"))
    monkeypatch.setattr(starts, "_jobs", lambda run, place, plain: jobs(run, place, plain)[:1])
    with pytest.raises(pytest.fail.Exception):
        try_starts(again)
    monkeypatch.undo()
    try_starts(again)
    texts = [(run.folder.path / "starts.json").read_bytes() for run in (looked, again)]
    assert texts[0] == texts[1]
    monkeypatch.setattr(starts, "_tried", lambda run: pytest.fail("tried again"))
    try_starts(again)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (tried((60, 50), (70, 66)), "Starting from lite0 was worth +7.00 ± 4.81 points on the "
         "search images, in the mean over 2 budgets, against a plain network of the space small "
         "from scratch, after a short training of both; so it looks like the better start."),
        (tried((60, 58)), "at one budget, against a plain network of the space small from "
         "scratch, after a short training of both; that is too close to tell."),
        (tried((60, 64)), "that is too close to tell."),
        (tried((60, 70)), "after a short training of both; so from scratch looks better: "
         + COMMAND),
        (tried((60, 70), switched=True), "after a short training of both; so the run goes on from "
         "scratch (seed_network.scratch: tell stays with lite0)."),
        (tried((60, 70), note="it would not fit"), "from scratch looks better, but cannot be had: "
         "it would not fit."),
        (tried(note="it would not fit"), "Whether lite0 or no start is better is not known: it "
         "would not fit."),
    ],
)  # fmt: skip
def test_it_is_told_in_a_sentence(held, words):
    told = starts_in_words(held, Path("a/run"))
    assert told.endswith(words)


def test_a_run_that_is_to_stop_does_so_once(looked, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(Console, "say", lambda self, line: lines.append(line))
    monkeypatch.setattr(starts, "_tried", lambda run: tried((60, 70)))
    folder = replace(looked.folder, path=tmp_path)
    run = with_scratch(replace(looked, folder=folder), "stop")
    with pytest.raises(Invalid, match="from scratch looks better than from lite0") as error:
        try_starts(run)
    assert from_scratch(tmp_path) in str(error.value)
    assert len(lines) == 1
    try_starts(run)
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("held", "words"),
    [(tried((60, 70), switched=True), "scratch"), (tried((70, 60)), "lite0"), (tried(), "")],
)
def test_the_card_says_what_the_run_started_from(held, words):
    told = start_on_card(held)
    assert told.endswith(f"The run started from {words}." if words else "")
    assert bool(told) == bool(words)


@pytest.mark.parametrize(
    ("pair", "scratch"),
    [((70, 60), "stop"), ((60, 64), "stop"), ((60, 70), "tell"), ((60, 64), "switch")],
)
def test_a_run_goes_on_where_nothing_says_otherwise(looked, tmp_path, monkeypatch, pair, scratch):
    monkeypatch.setattr(starts, "_tried", lambda run: tried(pair))
    run = with_scratch(replace(looked, folder=replace(looked.folder, path=tmp_path)), scratch)
    try_starts(run)
    assert run.folder.read(StartsTried) == tried(pair)


def test_without_there_is_nothing_to_try(looked, tmp_path):
    run = with_scratch(replace(looked, folder=replace(looked.folder, path=tmp_path)), "none")
    try_starts(run)
    assert not run.folder.has(StartsTried)


def test_what_cannot_be_tried_is_said(looked, tmp_path):
    folder = replace(looked.folder, path=tmp_path)
    tiny = replace(looked.config, budgets=[2e3, 3e3])
    run = replace(looked.with_config(tiny), folder=folder)
    run.__dict__["data"] = looked.data
    assert not start_places(run)
    try_starts(run)
    held = run.folder.read(StartsTried)
    assert (held.trials, held.note) == ((), why_untried(run))
    assert "no resolution within the budgets" in held.note
    # Nobody is told to begin what would be refused.
    small = seed_runs.run_from(tmp_path / "small")
    try_starts(small)
    assert "from scratch, 42.43k macs at stage 0 is outside what the space small" in (
        small.folder.read(StartsTried).note
    )
    front = replace(looked.config, budgets=[])
    assert why_untried(looked.with_config(front)) == "there is no budget to try both at"


def test_the_plan_counts_two_trainings_a_budget(looked):
    """Each of the images of the look and a score, by a millisecond for a million macs."""
    sizes = sizes_of(looked)
    with_look = stage_times(looked, sizes, TIMES).retrain
    without = stage_times(with_scratch(looked, "none"), sizes, TIMES).retrain
    score = 0.25 * (30 + 32)
    seconds = [
        1e-9 * cost.of(place.seed).macs * (80 + score) for place in start_places(looked)
    ]  # fmt: skip
    assert len(seconds) == 2
    # Two processes: each does half.
    assert with_look - without == pytest.approx(sum(seconds))


def test_the_settings_of_the_same_run_from_scratch(tmp_path):
    """What a user gave, without the network and what follows from it."""
    file, network = seed_runs.write(tmp_path)
    named = {"source": str(file), "architecture": str(network)}
    usual = {"data": "noise", "budgets": "40k,80k", "hours": 0.5}
    given = resolve(
        usual, {"seed_network": named, "supernet": {"step": "taught", "opening": "in_turn"}}
    )
    run = seed_runs.run_from(tmp_path)
    keep_without_network(run.folder, seeded(given, read_network(given).facts))
    assert resolve(read_file(run.folder.without_network)) == resolve(usual)
    before = run.folder.without_network.stat().st_mtime_ns
    keep_without_network(run.folder, given)
    assert run.folder.without_network.stat().st_mtime_ns == before
    other = replace(run.folder, path=tmp_path / "other")
    keep_without_network(other, resolve(usual))
    assert not other.without_network.exists()
