"""Both starts of a run from a pretrained network, tried shortly before it goes on with that.

At the smallest budget and at the middle one: the network, fine-tuned at the largest resolution
within the budget, and the plain base of the space that a run from scratch would have, scaled to
the budget. Both train by the members' recipe and for the same device time.
"""

from __future__ import annotations

from dataclasses import replace

from escalade.api.choosing.rules_look import like_member, scaled_plain
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.files import write_text
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.starts_tried import StartsTried, StartTrial
from escalade.config import Config, RetrainConfig, SearchConfig, SupernetConfig
from escalade.core.network.architecture import Architecture
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.equal_time import RULES
from escalade.family.trainings.kept import read_made
from escalade.planning.completing import complete
from escalade.planning.kept_limits import missed_limits
from escalade.planning.path_costs import check_budgets
from escalade.planning.resolved_run import Run
from escalade.planning.start_trials import StartPlace, start_places, why_untried
from escalade.report.start_words import from_scratch, starts_in_words
from escalade.spaces import choose
from escalade.train.steps import needs_teacher


def try_starts(run: Run) -> None:
    """Try both starts, unless that is done, and tell which looks better.

    Whether the run is to go on from scratch is decided here, once, and stands in starts.json.

    Raises:
        Interrupted: while they trained; the same call goes on.
        Invalid: once, where from scratch is ahead and the run is to stop then.
    """
    named = run.config.seed_network
    if named is None or named.scratch == "none":
        return
    if run.runtime.any(run.folder.has(StartsTried) or run.folder.supernet.exists()):
        return
    tried = _tried(run)
    tried = replace(tried, switched=named.scratch == "switch" and tried.scratch_is_ahead)
    if run.runtime.is_main:
        run.folder.write(tried)
    run.runtime.barrier()
    run.console.say(f"start: {starts_in_words(tried, run.folder.path)}")
    if tried.scratch_is_ahead and named.scratch == "stop":
        raise Invalid(
            f"from scratch looks better than from {tried.seed}, so the run stops",
            path=("seed_network", "scratch"),
            remedy=f"\n{from_scratch(run.folder.path)} starts from scratch; "
            "the same command again goes on here",
        )


def keep_without_network(folder: RunFolder, given: Config) -> None:
    """Write the settings of the same run from scratch into the run folder.

    Args:
        folder: of the run.
        given: its settings, before anything followed from the space around its network.
    """
    if given.seed_network is None or folder.without_network.exists():
        return
    supernet = given.supernet
    step = None if needs_teacher(supernet.step) else supernet.step
    without = replace(
        given,
        seed_network=None,
        space=None,
        dataset=replace(given.dataset, in_channels=None),
        supernet=replace(supernet, step=step, opening=SupernetConfig().opening),
    )
    write_text(folder.without_network, without.to_yaml())


def _tried(run: Run) -> StartsTried:
    """The look at both starts."""
    assert run.seed is not None
    untried = StartsTried(seed=run.seed.name, space=None, num_images=len(run.data.search))
    if why := why_untried(run):
        return replace(untried, note=why)
    try:
        space = _space_from_scratch(run)
    except ValueError as error:
        problem = getattr(error, "problem", str(error))
        return replace(untried, note=f"from scratch, {problem}")
    scaled = [(place, _plain(run, space, place)) for place in start_places(run)]
    pairs = [(place, each[0], _jobs(run, place, each[1])) for place, each in scaled if each]
    if not pairs:
        limits = " within the limits" if run.config.limits else ""
        note = f"no rule brings the plain base of {space.name} to a budget that is tried{limits}"
        return replace(untried, note=note)
    run.workshop.train([job for _, _, jobs in pairs for job in jobs], stage="train")
    trials = tuple(_trial(place, rule, jobs) for place, rule, jobs in pairs)
    return replace(untried, space=space.name, trials=trials)


def _space_from_scratch(run: Run) -> Space:
    """The space of the same run without its network, for the images at hand.

    Raises:
        ValueError: if there is none that reaches all budgets.
    """
    given, space = run.config, choose.space_for(None, run.config.ladder)
    settings = replace(
        given,
        seed_network=None,
        space=None,
        supernet=SupernetConfig(),
        search=SearchConfig(),
        retrain=RetrainConfig(),
        rival="none",
    )
    config, method = complete(settings, space)
    scratch = replace(run, config=config, method=method, base_space=space, seed=None, is_new=True)
    scratch.__dict__["data"] = run.data
    check_budgets(scratch)
    method.check_networks(scratch.task)
    return scratch.space


def _plain(run: Run, space: Space, place: StartPlace) -> tuple[str, Architecture] | None:
    """The plain base at a budget, by the first rule that brings it there within all limits."""
    stage = run.config.ladder.stage(place.budget.target)
    for rule in RULES:
        name = f"{space.name}-{rule}"
        network, _ = scaled_plain(
            run, space.layout.plain_base, place.budget, rule=rule, stage=stage, name=name
        )
        if network is not None and not missed_limits(run, network):
            return rule, network
    return None


def _jobs(run: Run, place: StartPlace, plain: Architecture) -> tuple[RetrainJob, RetrainJob]:
    name, start = f"start-S{place.at}", run.folder.seed_network
    return (
        like_member(run, place.seed, f"{name}-seed", place.work, start=start),
        like_member(run, plain, f"{name}-scratch", place.work),
    )


def _trial(place: StartPlace, rule: str, jobs: tuple[RetrainJob, RetrainJob]) -> StartTrial:
    seed, scratch = (_entrant(job) for job in jobs)
    return StartTrial(
        budget=place.budget.target,
        resolution=place.seed.resolution,
        rule=rule,
        seed=seed,
        scratch=scratch,
    )


def _entrant(job: RetrainJob) -> Entrant:
    made = read_made(job.folder)
    return Entrant(macs=job.macs, num_steps=made.num_steps, num_correct=made.search.num_correct)
