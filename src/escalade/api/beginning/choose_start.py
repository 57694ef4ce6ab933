"""The start that a run from a pretrained network goes on with: its network, or from scratch.

Where it goes on from scratch it is, from then on, the run of `from_scratch.yaml`: its settings are
resolved and kept in config.yaml as those of any new run are, and all stages follow them.
"""

from __future__ import annotations

from dataclasses import replace

from escalade.api.beginning.begin import ahead, open_run, resolved, take_up
from escalade.api.beginning.claim import with_place
from escalade.api.beginning.try_starts import try_starts
from escalade.artefacts.files import write_json, write_text
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.starts_tried import StartsTried
from escalade.artefacts.texts import read_text
from escalade.config import Config, read_file, resolve
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.planning.path_costs import check_budgets, drawn_costs
from escalade.planning.resolved_run import Run
from escalade.planning.run_memory import hold


def with_start(run: Run) -> Run:
    """The run by the start that it goes on with; both are tried, unless that is done.

    Raises:
        Interrupted: while they trained; the same call goes on.
        Invalid: once, where from scratch is ahead and the run is to stop then.
    """
    try_starts(run)
    tried = run.folder.find(StartsTried)
    if run.seed is None or tried is None or not run.runtime.any(tried.switched):
        return run
    if run.runtime.broadcast(run.runtime.is_main and _goes_on(run, tried)):
        run = open_run(
            run.folder.path, given=run.config, should_stop=run.should_stop, runtime=run.runtime
        )
        take_up(run)
    hold(run, limit=run.config.memory)
    return run


def _goes_on(run: Run, tried: StartsTried) -> bool:
    """Make the run one from scratch; False where there can be none, which is said and kept."""
    try:
        made = _from_scratch(run)
    except ValueError as error:
        problem = " ".join(str(error).split())
        if run.config.threads is not None:
            run.runtime.use_threads(run.config.threads)  # the try may have settled on others
        run.folder.write(replace(tried, switched=False, note=problem))
        run.console.say(f"start: from scratch, {problem}; so the run goes on with {tried.seed}")
        return False
    _write(run.folder, made.config, made.base_space)
    return True


def _from_scratch(run: Run) -> Run:
    """The run from scratch, settled as a new one is.

    Raises:
        ValueError: for anything that it could not do.
    """
    given = with_place(resolve(read_file(run.folder.without_network)), run.config)
    made = resolved(given, folder=run.folder, runtime=run.runtime, should_stop=run.should_stop)
    check_budgets(made)
    drawn_costs(made)
    return ahead(made)


def _write(folder: RunFolder, config: Config, space: Space) -> None:
    """Let the folder be the run's of these settings; config.yaml, the last, makes it so.

    After a kill before that it is still the run from the network, which does this again.
    """
    write_text(folder.from_network, read_text(folder.config))
    write_json(folder.space, layouts.to_json(space.layout))
    write_text(folder.config, config.to_yaml())
