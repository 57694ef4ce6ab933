"""The after-analysis: slices beside the same networks trained on and alone (BigNAS, section 5)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalade.api.analysis_record import Record
from escalade.api.analysis_trials import ARMS, RATES, Network, Trial, Trials
from escalade.api.members import candidates
from escalade.api.session import Session
from escalade.api.trainings import is_done, slice_into, train_all
from escalade.artefacts.analysed import Analysed
from escalade.core.values.codec import decode
from escalade.report.terminal import analysis_table

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
        ValueError: if an arm is not known, or a rate or the length is not positive.
    """

    members: tuple[str, ...] | None = None
    arms: tuple[str, ...] = ARMS
    rates: tuple[float, ...] = RATES
    epochs: float | None = None

    def __post_init__(self) -> None:
        for arm in self.arms:
            _check_name("arms", arm, ARMS)
        for rate in self.rates:
            if not 0 < rate < math.inf:
                raise ValueError(f"rates: {rate:g} is no positive number")
        if self.epochs is not None and not 0 < self.epochs < math.inf:
            raise ValueError(f"epochs: {self.epochs:g} is no positive number")


def check(session: Session, wanted: Analysis) -> None:
    """Whether the run can be analysed, before its images are read.

    Raises:
        ValueError: if it has no supernet or a coupled one, is not retrained yet, or has no such
            members.
    """
    folder, config = session.folder, session.config
    if not (space := folder.load_space(config)).traits.has_supernet:
        raise ValueError(
            f"{folder.path}: the space {config.space} is a {space.traits.noun}: it has no "
            "supernet, and so no slices to analyse"
        )
    if config.supernet.coupled:
        raise ValueError(
            f"{folder.path}: its supernet is coupled (supernet.coupled), so a path is two networks "
            "and has no slice to analyse"
        )
    folder.read(folder.family / "family.json", stage="retrain")
    everyone = candidates(session)
    searched = [each.name for each in everyone if each.origin == "searched"]
    for name in wanted.members or ():
        if name in [each.name for each in everyone if each.origin == "grown"]:
            raise ValueError(
                f"members: {name} is grown, no slice of the supernet; use {', '.join(searched)}"
            )
        _check_name("members", name, searched)


def analyse(session: Session, wanted: Analysis) -> dict[str, Any]:
    """Slice, fine-tune, train from scratch and with both distillations, as far as not done yet.

    Every accuracy is on the search split; test images are not touched. The same call goes on
    after a kill, and calls for other arms, members, rates or lengths add to what is there.

    Returns:
        What analysis.json holds (docs/run_folder.md).

    Raises:
        Interrupted: the session's `should_stop` said so; nothing is lost.
    """
    members = _members(session)
    teacher = _teacher(session, members)
    trials = Trials(session, teacher=teacher, epochs=wanted.epochs)
    chosen = [each for each in members if wanted.members is None or each.name in wanted.members]
    record = Record(session, networks=[*members, teacher], teacher=teacher.name)
    for network in chosen:
        trial = trials.slice(network)
        slice_into(session, trial.folder, network.path.running, supernet=session.load_supernet)
        record.add(trial)
        if is_done((ended := trials.together(network)).folder):
            record.add(ended)
    asked = _asked(trials, chosen, wanted, record)
    # The teacher of distillation A is among those trained alone.
    waiting = {trial.name: trial for trial in asked if trial.arm == "distil_a"}
    others = {trial.name: trial for trial in asked if trial.arm != "distil_a"}
    for group in (others, waiting):
        _train(session, group, record)
    session.console.say("")
    session.console.show(analysis_table(decode(Analysed, record.content)))
    session.console.say(f"`escalade report {session.folder.path}` adds it to the report")
    return record.content


def _asked(
    trials: Trials, chosen: Sequence[Network], wanted: Analysis, record: Record
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
            record.leave_out(network, "distil_b", why="it is the network that teaches")
        else:
            asked.append(trials.distil_b(network))
    return asked


def _train(session: Session, group: Mapping[str, Trial], record: Record) -> None:
    """Train side by side what is not done, and write down each as it is done."""
    for trial in group.values():
        if is_done(trial.folder):
            record.add(trial)
    jobs = [trial.job for trial in group.values() if trial.job is not None]
    train_all(session, jobs, stage=STAGE, on_done=lambda job: record.add(group[job.name]))


def _members(session: Session) -> list[Network]:
    """The searched members as paths of the supernet, smallest first."""
    searched = [each for each in candidates(session) if each.origin == "searched"]
    return [Network(name=each.name, path=each.path) for each in searched]


def _teacher(session: Session, members: Sequence[Network]) -> Network:
    """The largest network that the supernet trained; with a ladder, the largest member."""
    if not session.space.traits.has_one_largest:
        return members[-1]
    space = session.space.training
    return Network(name=TEACHER, path=space.path(space.largest))


def _check_name(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        cased = [each for each in known if each.lower() == name.lower()]
        close = cased or difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
        raise ValueError(f"{what}: {name!r} is not known; {hint}")
