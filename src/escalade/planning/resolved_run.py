"""A run, resolved once: settings, space, search, images, device."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from escalade.artefacts.planned import Planned
from escalade.artefacts.run_folder import RunFolder, command
from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Searched
from escalade.artefacts.seed_facts import SeedFacts
from escalade.config import Config, DatasetConfig
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.scaling.rules import rule
from escalade.core.space.plain_network import PLAIN
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, within
from escalade.data import ImageData, load
from escalade.data.cache.cache_room import Say, default_cache
from escalade.data.named_sets import is_folder
from escalade.data.seen_before import without_seen
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.timing import run_table
from escalade.evaluate.timing.imported import read_table
from escalade.family.trainings.making import Workplace
from escalade.family.trainings.workshop import Workshop
from escalade.planning.learned_images import learned_by_seed
from escalade.planning.onnx_table import onnx_table
from escalade.search.growing.found import Found
from escalade.search.growing.observed import Observed, observed
from escalade.search.methods import UNSEARCHED, Method, Task
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import load_weights
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.console import Console
from escalade.train.interrupt import Stop
from escalade.train.runtime import Runtime
from escalade.train.steps import SupernetTask

KEPT = ("data", "space", "table")
# From as many epochs of the smallest member on, what learns fast at first is no longer ahead
# (docs/studies/bases.md).
MANY_EPOCHS = 40


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run; everything heavy is made when first asked for, and once.

    Attributes:
        base_space: the space, as its file has it.
        folder: the run folder, which need not be there yet.
        is_new: nothing was measured yet, so that a latency table may be.
        seed: the pretrained network that the run starts from, if there is one.
    """

    config: Config
    method: Method
    base_space: Space
    runtime: Runtime
    folder: RunFolder
    console: Console
    should_stop: Stop
    is_new: bool = False
    seed: SeedFacts | None = None

    def with_config(self, config: Config) -> Run:
        """The same run by other settings, which change neither data nor space."""
        other = replace(self, config=config)
        other.__dict__.update({name: v for name, v in self.__dict__.items() if name in KEPT})
        return other

    def sharing(self, other: Run) -> Run:
        """The same run with the images of another one, which are not read again."""
        made = replace(self)
        made.__dict__["images"] = other.images
        return made

    @property
    def has_supernet(self) -> bool:
        """Whether one is trained, whose slices are scored."""
        return self.method.needs_supernet

    @property
    def searches(self) -> bool:
        """Whether networks are compared, of a supernet or trained alone; else made by hand."""
        return self.method is not UNSEARCHED

    @property
    def bases_by_hand(self) -> tuple[str, ...]:
        """The bases that a short look tries: best guesses first, the plain one last.

        The plain base alone beside members; where latency is measured, which is known of the
        space's own kinds of blocks; and where members see their images so often that a short look
        misleads.
        """
        num_train, recipe = len(self.data.train), self.config.retrain.recipe
        is_long = recipe.for_images(num_train).num_images(num_train) >= MANY_EPOCHS * num_train
        if self.config.rival != "contest" or self.space.latency is not None or is_long:
            return (PLAIN,)
        return (*(each.name for each in self.space.layout.bases), PLAIN)

    @cached_property
    def images(self) -> ImageData:
        """The images, decoded once and divided by the run's seed.

        What happens to the cache the rank tells that it happens to. A run from a pretrained network
        normalises images as that does.
        """
        console = self.console if self.runtime.is_main else Console()
        images = load_images(self.config, self.base_space, say=console.say)
        if self.seed is None or self.config.seed_network is None:
            return images
        learned = learned_by_seed(self.seed, self.config.seed_network.source, self.folder)
        images = without_seen(images, learned, policy=self.config.dataset.duplicates)
        return replace(images, mean=self.seed.mean, std=self.seed.std)

    @cached_property
    def data(self) -> ImageData:
        """The images by the name that they had when the run began, wherever they are now."""
        planned = self._planned
        return self.images if planned is None else replace(self.images, name=planned.data)

    @cached_property
    def side(self) -> int:
        """Pixels a side that images are kept at; known without images once the run has begun."""
        return self.data.side if self._planned is None else self._planned.side

    @property
    def _planned(self) -> Planned | None:
        return None if self.is_new else self.folder.find(Planned)

    @cached_property
    def space(self) -> Space:
        """The space for the data, with the latency table where one is needed."""
        space, table = self._untimed_space, self.table
        return space if table is None else space.with_latency(table)

    @cached_property
    def _untimed_space(self) -> Space:
        space = self.base_space.with_data(
            in_channels=self.data.in_channels, num_classes=self.data.num_classes
        )
        return space.with_limits(self.config.limits) if self.config.limits else space

    @cached_property
    def table(self) -> LatencyTable | None:
        """The latency table, None where none is needed.

        Raises:
            Invalid: if the run has begun without one.
        """
        if not self.needs_latency:
            return None
        if not self.is_new:
            return run_table.read(self.folder)
        if self.config.latency.table is not None:
            with within("latency", "table"):
                return read_table(Path(self.config.latency.table).expanduser())
        if self.config.latency.backend == "onnx":
            return onnx_table(
                self._untimed_space,
                self._sizes(),
                num_grown=self.config.grow.num,
                settings=self.config.latency,
            )
        return run_table.measured(
            self._untimed_space,
            self._sizes(),
            num_grown=self.config.grow.num,
            rule=self.config.grow.rule,
            measuring=run_table.timer(self.config.latency, self.runtime),
        )

    @property
    def needs_latency(self) -> bool:
        """Whether a budget, an objective or a limit is a latency."""
        names = self.method.measures(self.config.search)
        return self.config.budget_kind == "latency" or "latency" in names

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """What users gave; none where a search chooses members' sizes."""
        return self.config.ladder.budgets if self.config.budgets else ()

    @cached_property
    def task(self) -> Task:
        """What is searched."""
        return self._task(self.space)

    @property
    def supernet_task(self) -> SupernetTask:
        """What the supernet trains on."""
        return SupernetTask(
            settings=self.config.supernet,
            space=self.space,
            budgets=self.budgets,
            seed=self.config.seed,
            data=self.data,
            runtime=self.runtime,
        )

    @cached_property
    def books(self) -> Bookkeeper:
        """The ledger's."""
        return Bookkeeper(self.folder, self.runtime)

    @property
    def evaluation(self) -> EvaluationSettings:
        """How paths and members are scored."""
        return EvaluationSettings.of(self.config.evaluation, num_train=len(self.data.train))

    @property
    def place(self) -> Workplace:
        """Where networks are trained."""
        return Workplace(
            data=self.data,
            runtime=self.runtime,
            settings=self.evaluation,
            progress=self.console.training,
            should_stop=self.should_stop,
        )

    @property
    def workshop(self) -> Workshop:
        """Where members get their weights."""
        return Workshop(
            place=self.place,
            num_workers=self.config.workers,
            books=self.books,
            console=self.console,
        )

    def new_supernet(self) -> SharedWeights:
        """The supernet with the initial weights of the run's seed."""
        return self.supernet_task.new_supernet()

    def load_supernet(self, path: Path) -> SharedWeights:
        """The supernet with the weights of one of the run's files.

        Raises:
            Invalid: if it is missing or damaged.
        """
        stage = "train" if path == self.folder.supernet else "retrain"
        remedy = f"run {command(stage, self.folder.path)}"
        return load_weights(self.new_supernet(), path, remedy=remedy)

    def found(self) -> Found:
        """What the search found.

        Raises:
            Invalid: if it is not done.
        """
        searched = self.folder.read(Searched)
        latency = self.config.budget_kind == "latency"
        return Found(
            searched=searched,
            ladder=self.ladder(stage.budget for stage in searched.stages),
            settings=self.config.grow,
            seed=self.config.seed,
            latency_of=run_table.read(self.folder).of if latency else None,
            observed=self._observed(searched) if self.config.follows_law else None,
            most_side=self.side,
        )

    def _observed(self, searched: Searched) -> Observed | None:
        """All scores and confirmations of the search; None where its scores were not kept."""
        scored = self.folder.find(Scored)
        if scored is None:
            return None
        return observed(
            self.space,
            scored=scored,
            searched=searched,
            share=self.config.search.finalist_share,
            most_side=self.side,
        )

    def ladder(self, chosen: Iterable[float]) -> Ladder:
        """The budgets; where nobody gave any, the sizes that were chosen."""
        if self.config.budgets:
            return self.config.ladder
        return self.config.ladder_of(sorted(set(chosen)))

    def grown(self, ladder: Ladder) -> tuple[Budget, ...]:
        """Budgets of the members to grow, which go on with the ladder's last ratio.

        Members chosen of a front stand in no ratio that anyone asked for: the largest is doubled.
        """
        return ladder.grown(self.config.grow.num, doubles=not self.config.budgets)

    def _task(self, space: Space) -> Task:
        config = self.config
        return Task(
            space=space,
            settings=config.search,
            budgets=self.budgets,
            kind=config.budget_kind,
            tolerance=config.tolerance,
            seed=config.seed,
        )

    def _sizes(self) -> Ladder:
        """Sizes that members may have, in macs where a front is of latencies not known yet."""
        if self.budgets:
            return self.config.ladder
        return Ladder(self.method.expected_untimed(self._task(self._untimed_space)))


def load_images(config: Config, space: Space, *, say: Say = lambda text: None) -> ImageData:
    """A run's images; the space tells the side that a folder's are decoded to.

    Raises:
        Invalid: if the data or a setting cannot be used.
    """
    settings = config.dataset
    side = settings.side
    if side is None and is_folder(config.data) and Path(config.data).expanduser().exists():
        side = _largest_side(config, space)
    try:
        images = load(
            config.data,
            cache_dir=default_cache(),
            side=side,
            in_channels=settings.in_channels,
            seed=config.seed,
            search_size=settings.search_size,
            limit=settings.limit,
            max_skipped=settings.max_skipped,
            duplicates=settings.duplicates,
            levels=settings.levels,
            root=None if settings.root is None else Path(settings.root).expanduser(),
            task=settings.task,
            say=say,
        )
        return replace(images, balance=settings.balance)
    except Invalid as error:
        is_setting = error.path[:1] and error.path[0] in {f.name for f in fields(DatasetConfig)}
        raise error.inside("dataset") if is_setting else error from None


def _largest_side(config: Config, space: Space) -> int:
    """The largest resolution of the run's networks; those trained alone are scaled by the rule."""
    side = space.largest_side
    if space.traits.has_supernet:
        return side
    ladder = config.ladder
    last = (*ladder.budgets, *ladder.grown(config.grow.num))[-1]
    return math.ceil(side * rule(config.grow.rule, last.target / config.budgets[0]).resolution)
