"""The order of stages: each reads what earlier ones wrote, and is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from escalade.api.beginning.begin import begin, open_run, taken_up
from escalade.api.beginning.choose_start import with_start
from escalade.api.export import export
from escalade.api.grow import grow
from escalade.api.report import report
from escalade.api.retrain import retrain
from escalade.api.search import search
from escalade.api.train import train
from escalade.family.family import Family
from escalade.planning.resolved_run import Run
from escalade.report.contents import read
from escalade.report.roster import family_rows
from escalade.report.terminal import family_table
from escalade.report.worth import worth_of
from escalade.train.interrupt import Interrupted, Stop

STAGES: dict[str, Callable[[Run], None]] = {
    "train": train,
    "search": search,
    "grow": grow,
    "retrain": retrain,
    "export": export,
    "report": report,
}
# Stages in which all ranks work together.
SHARED = ("train", "search", "retrain")


def run(
    layers: Sequence[Mapping[str, Any]],
    *,
    out: Path,
    should_stop: Stop | None = None,
    or_next: bool = False,
) -> Family:
    """All stages, from images and budgets to an exported family and its report.

    The same call after a kill, an error or Ctrl-C goes on where it was, and ends with the same
    result.

    Args:
        layers: settings, later ones winning; see `escalade.config.resolve`.
        out: the run folder.
        or_next: where another run has that folder, take the first of out-2, out-3, ... that is
            free or holds this one.

    Raises:
        ValueError: for anything wrong with settings, data or folder.
        Interrupted: `should_stop` said so; nothing is lost.
    """
    with begin(layers, out=out, should_stop=should_stop, or_next=or_next) as begun:
        made = with_start(begun)
        for name, do in STAGES.items():
            if made.runtime.any(made.should_stop()):
                raise Interrupted(f"stopped before {name}")
            if made.runtime.is_main or name in SHARED:
                do(made)
            made.runtime.barrier()
    family = Family.load(made.folder.family)
    made.console.say("")
    made.console.show(family_table(family))
    contents = read(made.folder.path)
    if told := worth_of(contents, family_rows(contents)):
        made.console.say(told)
    made.console.say(f"open {made.folder.path / 'report.html'}")
    return family


def stage(
    name: str, path: Path, *, should_stop: Stop | None = None, member: str | None = None
) -> None:
    """One stage of an existing run, from its folder alone.

    Raises:
        ValueError: if an earlier stage is missing, naming its command.
    """
    if name == "report":  # which needs no images, and may look at a run at work
        opened = open_run(path, should_stop=should_stop)
        if opened.runtime.is_main:
            report(opened)
        opened.runtime.barrier()
        return
    with taken_up(path, should_stop=should_stop) as begun:
        made = with_start(begun) if name == "train" else begun
        if name == "retrain":
            retrain(made, member=member)
        elif made.runtime.is_main or name in SHARED:
            STAGES[name](made)
        made.runtime.barrier()
