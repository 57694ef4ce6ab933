"""What a run would do and take, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from escalade.config import Config, Recipe
from escalade.core.network import cost
from escalade.core.numbers.shown import amount, duration, memory, percent
from escalade.core.space.space_summary import bars
from escalade.core.values.codec import encode
from escalade.evaluate.timing import run_table
from escalade.family.trainings.equal_time import RULES
from escalade.planning.data_lines import data_facts, data_lines
from escalade.planning.device_times import DeviceTimes
from escalade.planning.grown_limits import grown_above_limits
from escalade.planning.member_sizes import MemberSizes
from escalade.planning.path_costs import StageReach
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.planning.stage_times import StageTimes
from escalade.planning.start_trials import start_places, tries_starts

# Below so many epochs of the smallest member nothing is trained to its end (docs/studies/worth.md),
# and below so many search images a score has a standard error of five points and more.
FEW_EPOCHS, FEW_IMAGES = 10.0, 100
# What follows from a look at both starts.
_FOLLOWS = {
    "switch": "where from scratch is clearly ahead the run goes on so, and takes another time",
    "tell": "the run says which looks better",
    "stop": "where from scratch is clearly ahead the run stops",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontCosts:
    """What paths within the limits cost, where members are chosen of a front."""

    members: int
    objectives: Sequence[str]
    constraints: Sequence[str]
    min: float
    max: float
    mean: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A checked run and what it means on this data and this device.

    Attributes:
        run: with its schedule fitted, where hours were given.
        given: its settings before that.
        stages: what paths cost against each budget.
        front: without budgets, what they cost within the limits.
        histogram: of the costs of what is trained on.
        seconds: of every stage.
        times: what was timed.
    """

    run: Run
    given: Config
    sizes: MemberSizes
    stages: tuple[StageReach, ...]
    front: FrontCosts | None
    histogram: Mapping[str, Any]
    seconds: StageTimes
    times: DeviceTimes

    @property
    def memory(self) -> int:
        """Expected peak bytes, of all processes together; on CUDA of the GPU."""
        holding = self.run.runtime.holding
        return self.times.peak_memory if holding is None else holding.peak

    def to_json(self) -> dict[str, Any]:
        """Stable keys for programs."""
        run, space = self.run, self.run.space
        front = {"front": None if self.front is None else asdict(self.front)}
        return {
            "data": data_facts(run.data),
            **({} if run.seed is None else {"from": self._seed_facts()}),
            "space": {"name": space.name, "size": space.size, "distinct": space.distinct},
            "budget_kind": run.config.budget_kind,
            "stages": [asdict(stage) for stage in self.stages],
            **(front if space.traits.has_supernet else {}),
            "grown": [budget.target for budget in self.sizes.beyond] if run.budgets else [],
            "histogram": dict(self.histogram),
            "seconds": asdict(self.seconds) | {"total": self.seconds.total},
            "epochs": self.epochs,
            "memory_bytes": self.memory,
            "latency": None if space.latency is None else encode(space.latency.facts),
        }

    def _seed_facts(self) -> dict[str, Any]:
        assert self.run.seed is not None
        job = seed_job(self.run)
        return {
            "name": self.run.seed.name,
            "digest": self.run.seed.digest,
            "resolution": job.architecture.resolution,
            "macs": job.macs,
        }

    def text(self, *, command: str) -> str:
        """For people, ending with the next command."""
        kind, table = self.run.config.budget_kind, self.run.space.latency
        low, high = (amount(self.histogram["edges"][at], kind) for at in (0, -1))
        limits = self.run.config.limits.items()
        drawn = "trained on, " if self.run.space.traits.has_supernet else ""
        lines = [
            *data_lines(self.run.data),
            *self._seed_lines(),
            self._space_line(),
            *self._member_lines(),
            *(f"limit   at most {amount(most, each)} {each}" for each, most in limits),
            *(f"grow    {note}" for note in grown_above_limits(self.run, self.sizes)),
            *self._rival_lines(),
            *([] if table is None else [f"latency {each}" for each in run_table.describe(table)]),
            *(
                [f"paths   {bars(self.histogram['counts'])} {drawn}{low} to {high} {kind}"]
                if self.seconds.evaluations
                else []
            ),
            *(f"search  {note}" for note in self.run.method.left_undone(self.run.task)),
            self._time_line(),
            *self._epoch_lines(),
            self._memory_line(),
            f"next    {command}",
        ]
        return "\n".join(lines) + "\n"

    def _space_line(self) -> str:
        space = self.run.space
        if space.traits.has_supernet:
            return f"space   {space.name}: {float(space.distinct or 0):.3g} distinct paths"
        return f"space   {space.name}: {float(space.size):.3g} genomes, no supernet"

    def _member_lines(self) -> list[str]:
        run, settings = self.run, self.run.config.grow
        kind, num = run.config.budget_kind, len(self.sizes.searched)
        growing = run.method.growing(run.space.traits, num_searched=num, function=settings.function)
        lines = [
            f"  S{row.stage}  {amount(row.budget, kind)} {kind}: paths cost "
            f"{amount(row.min, kind)} to {amount(row.max, kind)}, "
            f"{percent(row.share)} of them meet it"
            for row in self.stages
        ]
        if not self.seconds.evaluations:
            amounts = [amount(budget.target, kind) for budget in self.sizes.all]
            return [f"  S{i}  {each} {kind}" for i, each in enumerate(amounts)]
        if not run.space.traits.has_supernet:
            lines[-1] += f"; the best of {self.seconds.evaluations} random ones, "
            lines[-1] += f"{_length(run.config.search.recipe)} each"
        how = growing.how(settings)
        if self.front is not None:
            lines += _front_lines(self.front, kind=kind)
            beyond = range(num, num + settings.num)
            return lines + [f"  S{i}  twice the {kind} of S{i - 1}: {how}" for i in beyond]
        if settings.num and not growing.grows:
            lines.append("  none is grown: that takes two budgets or more, and one base for all")
        return lines + [
            f"  S{i}  {amount(budget.target, kind)}: {how}"
            for i, budget in enumerate(self.sizes.beyond, start=num)
        ]

    def _seed_lines(self) -> list[str]:
        """The network that the run starts from, and what is done with it first."""
        run = self.run
        if run.seed is None:
            return []
        whole, job = cost.of(run.seed.architecture), seed_job(run)
        own, side = run.seed.architecture.resolution, job.architecture.resolution
        return [
            f"from    {run.seed.name}: {amount(whole.macs, 'macs')} macs at {own} pixels, "
            f"{amount(whole.params, 'params')} params",
            f"        fine-tuned whole at {side} pixels ({amount(job.macs, 'macs')} macs, "
            f"{_length(job.recipe)}); it teaches, and the supernet begins as it",
            *self._start_lines(),
        ]

    def _start_lines(self) -> list[str]:
        """The look at both starts."""
        run = self.run
        if not tries_starts(run):
            return []
        assert run.config.seed_network is not None
        kind = run.config.budget_kind
        tried = (amount(place.budget.target, kind) for place in start_places(run))
        return [
            f"        before that it is tried shortly against a plain network from scratch, at "
            f"{' and '.join(tried)}; {_FOLLOWS[run.config.seed_network.scratch]}"
        ]

    def _rival_lines(self) -> list[str]:
        if self.run.config.rival == "none":
            return []
        if self.run.seed is not None:
            return [
                f"rival   beside every member, and trained for as long, {self.run.seed.name} "
                "itself, fine-tuned, at the largest resolution within the budget"
            ]
        rules = f"{', '.join(RULES[:-1])} or {RULES[-1]}"
        if not self.run.searches:
            return [
                f"members {self._bases()} of {self.run.space.name}, by {RULES[0]} where that "
                "reaches all budgets"
                + (", whichever is ahead after short trainings" if self._is_tried else "")
            ]
        if self.run.config.rival == "contest":
            return [
                f"rival   {self._bases()} of {self.run.space.name} by {rules}; members are made of "
                "the best of these, or of what was found, whichever is ahead after short trainings"
            ]
        return [
            f"rival   beside every member, and trained for as long, the plain base of "
            f"{self.run.space.name} by {rules}; a short look chooses"
        ]

    @property
    def _is_tried(self) -> bool:
        return len(self.run.bases_by_hand) > 1

    def _bases(self) -> str:
        names = self.run.bases_by_hand
        if len(names) == 1:
            return f"the {names[0]} base"
        return f"the bases {', '.join(names[:-1])} and {names[-1]}"

    def _memory_line(self) -> str:
        holding = self.run.runtime.holding
        beside = holding is not None and holding.workers > 1
        words = f", {holding.workers} processes beside the run's own" if holding and beside else ""
        return f"memory  about {memory(self.memory)}{words}"

    def _time_line(self) -> str:
        seconds, config = self.seconds, self.run.config
        parts = []
        if self.run.has_supernet:
            steps = config.supernet.recipe.num_images(self._num_train) // self._batch_size
            parts.append(f"train {duration(seconds.train)} ({steps:,} steps)")
        if seconds.evaluations:
            scores = self.run.method.scores_in_words(seconds.evaluations, config.search)
            parts.append(f"search {duration(seconds.search)} ({scores})")
        if seconds.confirm:
            parts.append(f"finalists {duration(seconds.confirm)}")
        parts += [f"retrain {duration(seconds.retrain)}", f"export {duration(seconds.export)}"]
        return f"time    about {duration(seconds.total)} here: {', '.join(parts)}"

    @property
    def epochs(self) -> list[float]:
        """How often each member's training sees its images; by hand they may train longer."""
        return [
            self.run.config.retrain.recipe_alone(self._num_train, ratio=ratio).num_images(
                self._num_train
            )
            / self._num_train
            for ratio in self.sizes.ratios
        ]

    @property
    def _num_train(self) -> int:
        return len(self.run.data.train)

    @property
    def _batch_size(self) -> int:
        return self.run.config.supernet.recipe.for_images(self._num_train).batch_size

    def _epoch_lines(self) -> list[str]:
        """How long members train, and whether that is enough; none where slices do not."""
        if not self.run.config.retrain.way.alone:
            return []
        first, last = self.epochs[0], self.epochs[-1]
        to = f", S{len(self.epochs) - 1} {last:.3g} times" if len(self.epochs) > 1 else ""
        lines = [f"        S0 sees the {self._num_train:,} training images {first:.3g} times{to}"]
        if first < FEW_EPOCHS:
            lines.append(
                "        which is too few to train them to their end: use a longer --hours, "
                "smaller budgets or fewer of them"
            )
        if len(self.run.data.search) < FEW_IMAGES:
            lines.append(
                f"        {len(self.run.data.search)} search images choose between networks, which "
                "is little more than chance; dataset.search_size takes more"
            )
        return lines


def _front_lines(front: FrontCosts, *, kind: str) -> list[str]:
    """Members chosen of a front."""
    limits = " and ".join(front.constraints)
    return [
        f"  S0 to S{front.members - 1}: {front.members} equispaced on the front of "
        f"{', '.join(front.objectives)}" + (f" where {limits}" if limits else ""),
        f"  paths within the limits on costs have {amount(front.min, kind)} to "
        f"{amount(front.max, kind)} {kind}, {percent(front.share)} of those drawn",
    ]


def _length(recipe: Recipe) -> str:
    return f"{recipe.steps} steps" if recipe.steps is not None else f"{recipe.epochs:g} epochs"
