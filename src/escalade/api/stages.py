"""The order of stages: each reads what earlier ones wrote, and is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from escalade.api import analysis, latency
from escalade.api.analysis import Analysis
from escalade.api.claim import claim
from escalade.api.console import Console
from escalade.api.design import grow_by_rule, is_design, search_models, settle, settled
from escalade.api.design_plan import check_budget
from escalade.api.design_plan import check_feasible as check_design
from escalade.api.export import export
from escalade.api.grow import grow
from escalade.api.methods import scales
from escalade.api.plan import check_budgets, check_complete, check_feasible, plan
from escalade.api.report import report, write_plan
from escalade.api.retrain import retrain
from escalade.api.run_folder import AGAIN, RunFolder
from escalade.api.search import search
from escalade.api.session import Session, make_runtime
from escalade.api.stop import Stop
from escalade.api.train import train_supernet
from escalade.config import Config, resolve
from escalade.core.space.space import Space
from escalade.core.values.codec import encode
from escalade.family.family import Family
from escalade.report.text import family_table
from escalade.train.interrupt import Interrupted


def _search(session: Session) -> None:
    if session.space.traits.has_supernet:
        search(session)
    else:
        search_models(session, session.space)


def _grow(session: Session) -> None:
    if scales(session.config, session.space):
        grow(session)
    else:
        grow_by_rule(session)


STAGES: dict[str, Callable[[Session], None]] = {
    "train": train_supernet,
    "search": _search,
    "grow": _grow,
    "retrain": retrain,
    "export": export,
    "report": report,
}

# Stages in which all ranks work together.
SHARED = ("train", "search", "retrain")


def run(
    layers: Sequence[Mapping[str, Any]], *, out: Path, should_stop: Stop | None = None
) -> Family:
    """All stages, from images and budgets to an exported family and its report.

    The same call after a kill, an error or Ctrl-C goes on where it was, and ends with the same
    result.

    Args:
        layers: settings, later ones winning; see `escalade.config.resolve`.
        out: the run folder.
        should_stop: asked after every step.

    Raises:
        ValueError: for anything wrong with settings, data or folder.
        Interrupted: `should_stop` said so; nothing is lost.
    """
    resolved = resolve(*layers)
    config = settle(resolved, RunFolder(out))
    check_complete(config)
    runtime = make_runtime(config)
    console = Console(quiet=not runtime.is_main)
    if changed := settled(resolved, config):
        console.say(f"run: {changed}")
    if runtime.is_main:
        _take_up(layers, config, out, console)
    runtime.barrier()
    folder = RunFolder(out)
    session = _session(folder, folder.load_config(), console, should_stop)
    _check_data(session)
    for name in STAGES:
        _run_stage(name, session)
    family = Family.load(folder.family)
    console.say("")
    console.show(family_table(encode(family)))
    console.say(f"open {folder.path / 'report.html'}")
    return family


def stage(
    name: str, path: Path, *, should_stop: Stop | None = None, member: str | None = None
) -> None:
    """One stage of an existing run, from its folder alone.

    Raises:
        ValueError: if an earlier stage is missing, naming its command.
    """
    folder = RunFolder(path)
    session = _session(folder, folder.load_config(), Console(), should_stop)
    if name == "report":
        report(session)
        return
    _check_data(session)
    if name == "retrain":
        retrain(session, member=member)
    else:
        STAGES[name](session)


def analyse(
    path: Path, wanted: Analysis | None = None, *, should_stop: Stop | None = None
) -> dict[str, Any]:
    """The after-analysis of a run whose members have weights (BigNAS, section 5).

    Returns:
        What analysis.json holds (docs/run_folder.md).

    Raises:
        ValueError: if the run has no slices to analyse, or not what is asked for.
        Interrupted: `should_stop` said so; the same call goes on.
    """
    wanted = wanted or Analysis()
    folder = RunFolder(path)
    session = _session(folder, folder.load_config(), Console(), should_stop)
    analysis.check(session, wanted)
    _check_data(session)
    return analysis.analyse(session, wanted)


def _run_stage(name: str, session: Session) -> None:
    """One stage; those that only compute or write files are rank 0's."""
    if session.runtime.any(session.should_stop()):
        raise Interrupted(f"stopped before {name}")
    if session.runtime.is_main or name in SHARED:
        STAGES[name](session)
    session.runtime.barrier()


def _take_up(
    layers: Sequence[Mapping[str, Any]], config: Config, out: Path, console: Console
) -> None:
    """Make or take up the run folder, its schedule fitted to the device where hours are given.

    What cannot run leaves no folder behind, so that the corrected command can use its name.
    """
    folder = RunFolder(out)
    space: Space | None = None
    if folder.config.exists():
        config = latency.as_begun(config, folder)
    elif config.hours is not None and not config.fitted:
        planned = plan(layers)
        console.say(planned.text(command=f"runs now, into {out}").rstrip())
        config, space = planned.config, planned.space
    else:
        config = latency.with_space(config, make_runtime(config))
        space = _checked(config)
    claim(out, config)
    if config.needs_latency and latency.stored(folder) is None:
        space = space or _checked(folder.load_config())
        assert space.latency is not None
        latency.keep(folder, space.latency, make_runtime(config))
        for line in latency.describe(space.latency):
            console.say(f"latency: {line}")


def _checked(config: Config) -> Space:
    """The space, after a look at everything that a run needs."""
    return check_design(config)[1] if is_design(config) else check_feasible(config)[1]


def _session(folder: RunFolder, config: Config, console: Console, stop: Stop | None) -> Session:
    return Session(
        folder=folder, config=config, console=console, should_stop=stop or (lambda: False)
    )


def _check_data(session: Session) -> None:
    """The data must be what the run began with; the budgets must be in reach."""
    folder, data = session.folder, session.data
    if folder.plan.exists():
        before = folder.read(folder.plan).get("classes")
        if not isinstance(before, list):
            raise ValueError(f"{folder.plan}: has no classes; delete it and {AGAIN}")
        if before != list(data.classes):
            raise ValueError(
                f"{session.config.data}: the run began with {len(before)} classes, "
                f"now there are {data.num_classes} or other ones;\nput the data back as it was, "
                "or start another run with --out"
            )
        return
    if session.space.traits.has_supernet:
        check_budgets(session.config, session.space)
    else:
        check_budget(session.config, session.space)
    for path, reason in data.skipped[:5]:
        session.console.say(f"data: left out {path}: {reason}")
    if data.skipped:
        session.console.say(f"data: {len(data.skipped)} unreadable images left out")
    if session.runtime.is_main:
        write_plan(session)
