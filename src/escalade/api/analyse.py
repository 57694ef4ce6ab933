"""The after-analysis: slices beside the same networks trained on and alone (BigNAS, section 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from escalade.api.beginning.begin import open_run, taken_up
from escalade.artefacts.analysed import Analysed
from escalade.artefacts.grown import Grown
from escalade.artefacts.run_folder import command
from escalade.core.values.invalid import Invalid, check_known, within
from escalade.family.analysis.analysis_file import Findings
from escalade.family.analysis.trials import ARMS, RATES, ComparedNetwork, Trial, Trials
from escalade.family.family import Family
from escalade.family.member_candidates import candidates
from escalade.family.trainings.kept import is_done
from escalade.planning.resolved_run import Run
from escalade.report.terminal import analysis_table
from escalade.train.interrupt import Stop

STAGE = "analyse"
TEACHER = "largest"  # its name where it is no member


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What an analysis compares.

    Attributes:
        members: searched members' names; None takes all.
        arms: what is trained for each, of `ARMS`.
        rates: of fine-tuning: constant learning rates, relative to the supernet's peak.
        epochs: length of every training; None gives those from scratch as many images as the
            supernet saw, and its members together after it, and fine-tuning the paper's share of
            the supernet's.

    Raises:
        Invalid: if an arm is not known, or a rate or the length is not positive.
    """

    members: tuple[str, ...] | None = None
    arms: tuple[str, ...] = ARMS
    rates: tuple[float, ...] = RATES
    epochs: float | None = None

    def __post_init__(self) -> None:
        with within("arms"):
            for arm in self.arms:
                check_known(arm, ARMS)
        lengths = () if self.epochs is None else (self.epochs,)
        for name, values in (("rates", self.rates), ("epochs", lengths)):
            for value in values:
                if not 0 < value < math.inf:
                    raise Invalid(f"{value:g} is not a positive number", path=(name,))


def analyse(
    path: Path, wanted: Analysis | None = None, *, should_stop: Stop | None = None
) -> Analysed:
    """Slice, fine-tune, train from scratch and with both distillations, as far as not done yet.

    Every accuracy is on the search split; test images are not touched. The same call goes on
    after a kill, and calls for other arms, members, rates or lengths add to what is there.

    Raises:
        ValueError: if the run has no slices to analyse, or not what is asked for.
        Interrupted: `should_stop` said so; nothing is lost.
    """
    wanted = wanted or Analysis()
    _check(open_run(path), wanted)
    with taken_up(path, should_stop=should_stop) as run:
        return _analyse(run, wanted)


def _analyse(run: Run, wanted: Analysis) -> Analysed:
    members = _members(run)
    chosen = [each for each in members if wanted.members is None or each.name in wanted.members]
    teacher = _teacher(run, members)
    trials = Trials(
        config=run.config,
        space=run.space,
        run=run.folder,
        num_train=len(run.data.train),
        teacher=teacher,
        epochs=wanted.epochs,
    )
    findings = Findings(
        run.folder,
        space=run.space.name,
        networks=[*members, teacher],
        teacher=teacher.name,
        writes=run.runtime.is_main,
    )
    _slice(run, trials, chosen, findings)
    asked = _asked(trials, chosen, wanted, findings)
    # The teacher of distillation A is among those trained alone.
    waiting = {trial.name: trial for trial in asked if trial.arm == "distil_a"}
    others = {trial.name: trial for trial in asked if trial.arm != "distil_a"}
    for group in (others, waiting):
        _train(run, group, findings)
    run.console.say("")
    run.console.show(analysis_table(findings.analysed))
    run.console.say(f"{command('report', run.folder.path)} adds it to the report")
    return findings.analysed


def _check(run: Run, wanted: Analysis) -> None:
    """Whether the run can be analysed, before its images are read."""
    space, where = run.base_space, (str(run.folder.path),)
    if not space.traits.has_supernet:
        raise Invalid(
            f"the space {run.config.space} is a {space.traits.noun}: it has no supernet, and so no "
            "slices to analyse",
            path=where,
        )
    if not run.has_supernet:
        raise Invalid(
            "no supernet was trained (search.method), so there are no slices to analyse", path=where
        )
    if run.config.supernet.coupled:
        raise Invalid(
            "its supernet is coupled (supernet.coupled), so a path is two networks and has no "
            "slice to analyse",
            path=where,
        )
    Family.load(run.folder.family)
    found = run.found()
    everyone = candidates(found.searched, run.folder.read(Grown), found.ladder)
    searched = [each.name for each in everyone if each.origin == "searched"]
    with within("members"):
        for name in wanted.members or ():
            if name in [each.name for each in everyone if each.origin == "grown"]:
                problem = f"{name} was grown, so it is not a slice of the supernet"
                raise Invalid(problem, remedy=f"use {', '.join(searched)}")
            check_known(name, searched)


def _members(run: Run) -> list[ComparedNetwork]:
    """The searched members as paths of the supernet, smallest first."""
    found = run.found()
    everyone = candidates(found.searched, run.folder.read(Grown), found.ladder)
    return [
        ComparedNetwork(name=each.name, path=each.path)
        for each in everyone
        if each.path is not None
    ]


def _teacher(run: Run, members: Sequence[ComparedNetwork]) -> ComparedNetwork:
    """The largest network that the supernet trained; with a ladder, the largest member."""
    if not run.space.traits.has_one_largest:
        return members[-1]
    space = run.space.training
    return ComparedNetwork(name=TEACHER, path=space.path(space.largest))


def _slice(run: Run, trials: Trials, chosen: Sequence[ComparedNetwork], findings: Findings) -> None:
    for network in chosen:
        trial = trials.slice(network)
        run.workshop.slice_into(
            trial.folder,
            network.path.running,
            supernet=lambda: run.load_supernet(run.folder.supernet),
        )
        findings.add(trial)
        if is_done((ended := trials.together(network)).folder):
            findings.add(ended)


def _asked(
    trials: Trials, chosen: Sequence[ComparedNetwork], wanted: Analysis, findings: Findings
) -> list[Trial]:
    """Every training that the arms need, the teacher's included, some more than once."""
    asked: list[Trial] = []
    for network in chosen:
        if "finetune" in wanted.arms:
            asked += [trials.finetune(network, rate) for rate in wanted.rates]
        if "scratch" in wanted.arms:
            asked.append(trials.scratch(network))
        if "distil_a" in wanted.arms:
            asked += [trials.scratch(trials.teacher), trials.distil_a(network)]
        if "distil_b" not in wanted.arms:
            continue
        if network.path.key == trials.teacher.path.key:
            findings.leave_out(network, "distil_b", why="it is the network that teaches")
        else:
            asked.append(trials.distil_b(network))
    return asked


def _train(run: Run, group: Mapping[str, Trial], findings: Findings) -> None:
    """Train side by side what is not done, and write down each as it is done."""
    for trial in group.values():
        if is_done(trial.folder):
            findings.add(trial)
    jobs = [trial.job for trial in group.values() if trial.job is not None]
    run.workshop.train(jobs, stage=STAGE, on_done=lambda job: findings.add(group[job.name]))
