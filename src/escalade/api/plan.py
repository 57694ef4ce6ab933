"""What a run would do and take, told in seconds; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from escalade.api import estimate as estimates
from escalade.api import latency, schedule, sizes, timing
from escalade.api.console import duration
from escalade.api.design import is_design, settle
from escalade.api.design_plan import DesignPlan, plan_design
from escalade.api.estimate import Estimate
from escalade.api.methods import grows, made_for, scales
from escalade.api.plan_text import bars, data_facts, data_line, front_lines, scores
from escalade.api.run_folder import named_space
from escalade.api.search import check_search
from escalade.api.session import load_images, make_runtime, path_sampler
from escalade.api.timing import Timing
from escalade.api.train import check_step
from escalade.config import Config, resolve
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths, histogram
from escalade.data import ImageData

NUM_PATHS = 20_000
NUM_PATHS_PER_STAGE = 20_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A checked configuration and what it means on this data and this device.

    `stages` say what paths cost against each budget; `front`, of a run without budgets, what they
    cost within the constraints.
    """

    config: Config
    data: ImageData
    space: Space
    stages: tuple[dict[str, Any], ...]
    front: Mapping[str, Any] | None
    histogram: Mapping[str, Any]
    estimate: Estimate
    timing: Timing

    def to_json(self) -> dict[str, Any]:
        """Stable keys for programs."""
        config = self.config
        return {
            "data": data_facts(self.data),
            "space": {
                "name": self.space.name,
                "size": self.space.size,
                "distinct": self.space.distinct,
            },
            "budget_kind": config.budget_kind,
            "stages": list(self.stages),
            "front": None if self.front is None else dict(self.front),
            "grown": [budget.target for budget in self._grown],
            "histogram": dict(self.histogram),
            "seconds": asdict(self.estimate) | {"total": self.estimate.total},
            "memory_bytes": self.memory,
            "latency": None if self.space.latency is None else self.space.latency.to_json(),
        }

    @property
    def _num_paths(self) -> int:
        return self.space.distinct or self.space.size

    @property
    def memory(self) -> int:
        """Expected peak bytes of this process."""
        return self.timing.peak_memory + 2 * self.data.train.num_bytes

    def text(self, *, command: str) -> str:
        """For people, ending with the next command."""
        data, config, seconds = self.data, self.config, self.estimate
        kind, table = config.budget_kind, self.space.latency
        lines = [
            data_line(data),
            f"space   {self.space.name}: {float(self._num_paths):.3g} distinct paths",
        ]
        how = "grown by the fitted rule"
        if not scales(config, self.space):
            how = f"the largest searched member scaled by {config.grow.rule}"
        for stage in self.stages:
            lines.append(
                f"  S{stage['stage']}  {format_amount(stage['budget'], kind)} {kind}: "
                f"paths cost {format_amount(stage['min'], kind)} to "
                f"{format_amount(stage['max'], kind)}, "
                f"{stage['share']:.1%} of them meet it"
            )
        first = len(config.budgets)
        for i, budget in enumerate(self._grown):
            lines.append(f"  S{first + i}  {format_amount(budget.target, kind)}: {how}")
        if config.grow.num and not grows(config, self.space):
            lines.append("  none is grown: that takes two budgets or more, and one base for all")
        if self.front is not None:
            lines += front_lines(self.front, kind=kind, num_grown=config.grow.num, how=how)
        if table is not None:
            lines += [f"latency {line}" for line in latency.describe(table)]
        lines += [
            f"paths   {bars(self.histogram['counts'])} trained on, "
            f"{format_amount(self.histogram['edges'][0], kind)} to "
            f"{format_amount(self.histogram['edges'][-1], kind)} {kind}",
            f"time    about {duration(seconds.total)} here: train {duration(seconds.train)}, "
            f"search {duration(seconds.search)} "
            f"({scores(seconds.evaluations, constraints=config.search.constraints)}), retrain "
            f"{duration(seconds.retrain)}, export {duration(seconds.export)}",
            f"memory  about {self.memory / 2**30:.1f} GiB",
            f"next    {command}",
        ]
        return "\n".join(lines) + "\n"

    @property
    def _grown(self) -> tuple[Budget, ...]:
        """Budgets of the members to grow, where they are known before the search."""
        known = self.config.budgets and grows(self.config, self.space)
        return self.config.grown if known else ()


def plan(layers: Sequence[Mapping[str, Any]]) -> Plan | DesignPlan:
    """Check a configuration against its data, its space and this device.

    Raises:
        ValueError: for anything a run could not do, with what would work.
    """
    config = settle(resolve(*layers))
    check_complete(config)
    if is_design(config):
        return plan_design(config)
    runtime = make_runtime(config)
    config = latency.with_space(config, runtime)
    data, space, stages = check_feasible(config)
    sized = sizes.expected(config, space)
    if not grows(config, space):
        sized = replace(sized, grow=replace(sized.grow, num=0))
    measured = timing.time_run(sized, space, data, runtime)
    images = {"num_train": len(data.train), "num_search": len(data.search)}
    if config.hours is not None and not config.fitted:
        sized = schedule.fit(sized, space, measured, **images)
        members = replace(sized.search, members=config.search.members)
        config = replace(sized, budgets=config.budgets, search=members, grow=config.grow)
    drawn = path_sampler(config, space).draw(generator(config.seed, "plan"), NUM_PATHS)
    return Plan(
        config=config,
        data=data,
        space=space,
        stages=stages,
        front=None if config.budgets else _front(sized, space),
        histogram=histogram(space.costs(drawn, config.budget_kind)),
        estimate=estimates.estimate(sized, space, measured, **images),
        timing=measured,
    )


def check_complete(config: Config) -> None:
    """A run needs a ladder, or a search that does without and a space for it."""
    if config.budgets:
        return
    without = config.search.method == "nsga2" and not is_design(config)
    if not without and not (config.space and config.search.method is None and _fronts(config)):
        raise ValueError(
            "budgets: give a ladder, such as --budgets 1M,2M,4M; use --preset; or choose members "
            "of a front by search.method nsga2"
        )
    named_space(config)


def _fronts(config: Config) -> bool:
    """Whether the space is one that nsga2 is made for."""
    space = named_space(config)
    return space.traits.has_supernet and made_for(space) == "nsga2"


def check_feasible(
    config: Config,
) -> tuple[ImageData, Space, tuple[dict[str, Any], ...]]:
    """The images, the space for them, and what its paths cost against each budget.

    Raises:
        ValueError: if the data, the space, a budget or a setting cannot be used.
    """
    space = named_space(config)
    assert space.traits.has_supernet
    data = load_images(config, space)
    space = space.with_data(in_channels=data.in_channels, num_classes=data.num_classes)
    space = latency.with_table(config, space, make_runtime(config))
    stages = check_budgets(config, space)
    check_step(config, space)
    check_search(config, space, num_images=len(data.search))
    return data, space, stages


def check_budgets(config: Config, space: Space) -> tuple[dict[str, Any], ...]:
    """What the paths of each scaling stage cost against its budget; nothing without budgets.

    Raises:
        ValueError: for a budget outside what the stage's paths reach, with the feasible range.
    """
    rows, kind = [], config.budget_kind
    for stage, budget in enumerate(config.ladder.budgets if config.budgets else ()):
        rng = generator(0, "feasible", stage)
        at = stage if scales(config, space) else 0
        paths = candidate_paths(space, rng, at, num=NUM_PATHS_PER_STAGE)
        costs = space.costs(paths, kind)
        low, high = costs.min().item(), costs.max().item()
        if not low <= budget.target <= high:
            raise ValueError(
                f"budgets: {format_amount(budget.target, kind)} {kind} at stage {stage} is "
                f"outside what the space {space.name} reaches there, {format_amount(low, kind)} to "
                f"{format_amount(high, kind)};\n{_moves(at, budget, low)}"
            )
        share = float(((costs >= budget.low) & (costs <= budget.high)).mean())
        mean = float(costs.mean())
        rows.append(
            {"stage": stage, "budget": budget.target, "min": low, "max": high}
            | {"mean": mean, "share": share}
        )
    return tuple(rows)


def _front(config: Config, space: Space) -> dict[str, Any]:
    """What paths cost within the constraints, and what members may come to cost."""
    costs, share = sizes.allowed_costs(config, space)
    search = config.search
    return {
        "members": len(config.budgets),
        "objectives": config.objectives,
        "constraints": search.constraints,
        "min": costs.min().item(),
        "max": costs.max().item(),
        "mean": float(costs.mean()),
        "share": share,
    }


def _moves(stage: int, budget: Budget, low: int) -> str:
    way = "raise" if budget.target < low else "lower"
    where = f"the ratios of scaling stage {stage}" if stage else "the widths and resolutions"
    return f"{way} the budget, name another --space, or change {where} in your own"
