"""How a run begins, or is taken up: resolved once, checked, and given its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from escalade.api.beginning.claim import (
    begun_config,
    check_same,
    check_usable,
    claim,
    free_folder,
    make_folder,
    placed,
    with_place,
)
from escalade.api.beginning.named_network import named_network
from escalade.api.beginning.same_images import (
    check_place,
    check_same_classes,
    check_same_images,
    keep_images,
    keep_place,
)
from escalade.api.beginning.try_starts import keep_without_network
from escalade.artefacts.owning import mark, owned
from escalade.artefacts.planned import ImagesByClass, Planned, SpaceFacts, Splits
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.seed_facts import SeedFacts
from escalade.config import Config, resolve
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.evaluate.timing import run_table
from escalade.evaluate.timing.scoring_precision import faster_precision
from escalade.planning.ahead import look_ahead, settle
from escalade.planning.begun_space import begun_space, named_space
from escalade.planning.completing import complete, told
from escalade.planning.data_lines import data_notes
from escalade.planning.path_costs import check_budgets
from escalade.planning.resolved_run import Run
from escalade.planning.run_memory import hold
from escalade.planning.seeded import ReadSeed, keep_network, space_around
from escalade.train.bookkeeping import note_machine
from escalade.train.console import Console
from escalade.train.interrupt import Stop
from escalade.train.runtime import Runtime, default_threads


@contextmanager
def begin(
    layers: Sequence[Mapping[str, Any]],
    *,
    out: Path,
    should_stop: Stop | None = None,
    or_next: bool = False,
) -> Iterator[Run]:
    """Make or take up the run of these settings; its folder is owned in the body.

    What cannot run leaves no folder behind, so that the corrected command can use its name.

    Raises:
        ValueError: for anything wrong with settings, data or folder.
    """
    given, read = named_network(placed(resolve(*layers)), out)
    runtime = make_runtime(given)
    chosen = str(free_folder(given, out) if or_next and runtime.is_main else out)
    folder = RunFolder(Path(runtime.broadcast(chosen)))
    if folder.path != out and runtime.is_main:
        Console().say(f"run: into {folder.path}; {out} is taken")
    run: Run | None = None
    if runtime.is_main and not folder.config.exists():
        check_usable(folder.path)
        made = resolved(given, folder=folder, runtime=runtime, should_stop=should_stop, read=read)
        run = ahead(made)
        make_folder(folder.path)
    seen = None if runtime.is_main else _decoded_with_main(given, folder, runtime, read)
    if runtime.is_main:
        folder.check_links()
    with _owned(folder.path, runtime):
        if runtime.is_main and folder.config.exists():  # another may have begun it meanwhile
            check_same(folder, given)
            mark(folder.path)  # a copy may have come without it
            run = None
        elif run is not None:
            _claim(run)
        if runtime.is_main and read is not None:
            keep_network(folder, read)
        if runtime.is_main:
            keep_without_network(folder, given)
        runtime.barrier()
        run = run or open_run(folder.path, given=given, should_stop=should_stop, runtime=runtime)
        if seen is not None and (seen.seed is None) == (run.seed is None):
            run = run.sharing(seen)
        take_up(run)
        if runtime.is_main and not run.is_new:
            keep_place(run)
        with _held(run, limit=given.memory):
            yield run


@contextmanager
def taken_up(path: Path, *, should_stop: Stop | None = None) -> Iterator[Run]:
    """The run in a folder, which is owned in the body; its images are those it began with.

    Raises:
        Invalid: if there is none, another process works there, or something in it is damaged.
    """
    run = open_run(path, should_stop=should_stop)
    with _owned(path, run.runtime):
        take_up(run)
        with _held(run):
            yield run


def open_run(
    path: Path,
    *,
    given: Config | None = None,
    should_stop: Stop | None = None,
    runtime: Runtime | None = None,
) -> Run:
    """The run in a folder; its images may be in another place by now, which `given` tells.

    Raises:
        Invalid: if there is none, or its settings or its space are damaged.
    """
    folder = RunFolder(path)
    folder.check_links()
    config = begun_config(folder)
    config = config if given is None else with_place(config, given)
    space = begun_space(folder, config)
    run = _run(config, space, folder, runtime or make_runtime(config), should_stop)
    return run if config.seed_network is None else replace(run, seed=folder.read(SeedFacts))


def resolved(
    given: Config,
    *,
    folder: RunFolder,
    runtime: Runtime,
    should_stop: Stop | None = None,
    read: ReadSeed | None = None,
) -> Run:
    """A run that has not begun, of settings that are resolved, from the network that was read.

    Latency budgets without a space are for the named one whose typical network is nearest.
    """
    if read is not None:
        space = space_around(read.facts, given)
        run = _run(given, space, folder, runtime, should_stop)
        return replace(run, is_new=True, seed=read.facts)
    if given.budget_kind == "latency" and given.space is None and given.budgets:
        if given.latency.table is not None or given.latency.backend == "onnx":
            problem = "name one for such latency budgets, such as --space small"
            raise Invalid(problem, path=("space",))
        measuring = run_table.timer(given.latency, runtime)
        given = replace(given, space=run_table.nearest_space(given.budgets[0], measuring))
    run = _run(given, named_space(given), folder, runtime, should_stop)
    return replace(run, is_new=True)


def make_runtime(config: Config) -> Runtime:
    """Where this process computes."""
    threads = config.threads or default_threads()
    return Runtime(device=config.device, precision=config.precision, threads=threads)


def check_data(run: Run) -> None:
    """The data must be what the run began with; then plan.json is there.

    Raises:
        Invalid: if it is not, or a budget is out of reach.
    """
    folder = run.folder
    if not run.is_new:
        check_place(run)
    data, planned = run.data, folder.find(Planned)
    if planned is not None:
        check_same_classes(planned.classes, data, where=folder.path)
    goes_on = planned is not None and _is_of_network(run, planned)
    if not goes_on:
        check_same_images(
            data,
            began=None if planned is None else planned.digests,
            listed=folder.images,
            where=folder.path,
            is_trained=folder.is_trained,
        )
    if run.runtime.is_main:
        keep_images(data, folder.images, anew=goes_on)
    if planned is not None and not goes_on:
        return
    check_budgets(run)
    for path, reason in data.skipped[:5]:
        run.console.say(f"data: left out {path}: {reason}")
    if data.skipped:
        run.console.say(f"data: {len(data.skipped)} unusable images left out")
    for note in data_notes(data):
        run.console.say(f"data: {note}")
    if run.runtime.is_main:
        folder.write(_planned(run))


def _is_of_network(run: Run, planned: Planned) -> bool:
    """Whether what was planned is of the run from a network, before this went on from scratch.

    Its images were made ready for that, at other sizes.
    """
    return run.folder.from_network.exists() and planned.space.name != run.base_space.name


def _decoded_with_main(
    given: Config, folder: RunFolder, runtime: Runtime, read: ReadSeed | None
) -> Run | None:
    """A run's images on a rank that otherwise would wait until rank 0 has decoded them.

    None where only the first look, which is rank 0's, tells the space and so the images' side;
    and of what is wrong rank 0 tells.
    """
    if given.space is None and given.budget_kind == "latency":
        return None
    with suppress(ValueError, OSError):
        run = resolved(given, folder=folder, runtime=runtime, read=read)
        return run if run.images else None
    return None


def _owned(path: Path, runtime: Runtime) -> AbstractContextManager[None]:
    return owned(path, say=Console().say, rank=runtime.rank)


@contextmanager
def _held(run: Run, *, limit: float | None = None) -> Iterator[None]:
    """Keep the run to its memory in the body: what is said now goes before what was."""
    if run.runtime.holding is None:
        hold(run, limit=limit or run.config.memory)
    try:
        yield
    finally:
        run.runtime.hold(None)


def take_up(run: Run) -> None:
    """Check that a run's images are its own, and note where it works from now on.

    Raises:
        Invalid: if they are others, or a budget is out of reach.
    """
    check_data(run)
    if run.runtime.is_main:
        note_machine(run.folder, run.runtime)


def ahead(run: Run) -> Run:
    """Check and settle a new run, and fit its schedule where hours are given."""
    run = settle(run)
    if changed := told(run.base_space, run.method):
        run.console.say(f"run: {changed}")
    for note in (run.seed.origin, *run.seed.notes) if run.seed else ():
        run.console.say(f"from: {note}")
    run = _with_precision(run)
    if run.config.hours is not None and not run.config.fitted:
        outlook = look_ahead(run)
        run.console.say(outlook.text(command=f"runs now, into {run.folder.path}").rstrip())
        run = outlook.run
    else:
        for note in run.method.left_undone(run.task):
            run.console.say(f"search: {note}")
    return run


def _with_precision(run: Run) -> Run:
    """Decide what scores are computed in, where nobody has."""
    evaluation = run.config.evaluation
    if evaluation.precision is not None:
        return run
    found = faster_precision(run.space.layout.middle, runtime=run.runtime)
    return run.with_config(replace(run.config, evaluation=replace(evaluation, precision=found)))


def _claim(run: Run) -> None:
    claim(run.folder, run.config, run.base_space)
    if run.table is not None:
        run_table.keep(run.folder, run.table, run.books)
        for line in run_table.describe(run.table):
            run.console.say(f"latency: {line}")


def _run(
    config: Config, space: Space, folder: RunFolder, runtime: Runtime, should_stop: Stop | None
) -> Run:
    config, method = complete(config, space)
    if config.threads is not None and not runtime.on_cuda:
        runtime.use_threads(config.threads)  # those that it began with
    return Run(
        config=config,
        method=method,
        base_space=space,
        runtime=runtime,
        folder=folder,
        console=Console(quiet=not runtime.is_main),
        should_stop=should_stop or (lambda: False),
    )


def _planned(run: Run) -> Planned:
    data, space = run.data, run.space
    return Planned(
        data=data.name,
        classes=data.classes,
        split=Splits(train=len(data.train), search=len(data.search), test=len(data.test)),
        images=ImagesByClass(
            train=data.counts(data.train).images,
            search=data.counts(data.search).images,
            test=data.counts(data.test).images,
        ),
        digests=data.digests,
        side=data.side,
        task=data.task,
        skipped=tuple(data.skipped),
        remarks=tuple(data_notes(data)),
        space=SpaceFacts(name=space.name, size=space.size, distinct=space.distinct),
        latency=None if run.table is None else run.table.facts,
    )
