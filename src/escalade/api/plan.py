"""What a run would do and take, told in seconds; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from escalade.api import estimate as estimates
from escalade.api import latency, schedule, timing
from escalade.api.console import duration
from escalade.api.design import is_design, settle
from escalade.api.design_plan import DesignPlan, plan_design
from escalade.api.estimate import Estimate
from escalade.api.plan_text import bars, data_line
from escalade.api.search import make_searcher
from escalade.api.session import load_images, make_runtime, path_sampler
from escalade.api.timing import Timing
from escalade.config import Config, resolve
from escalade.core.budget import Budget, format_amount
from escalade.core.design_space import DesignSpace
from escalade.core.layer_space import LayerSpace
from escalade.core.seeds import generator
from escalade.core.space_summary import candidate_paths, histogram
from escalade.data import ImageData
from escalade.spaces import choose
from escalade.spaces.load import SupernetSpace

NUM_PATHS = 20_000
NUM_PATHS_PER_STAGE = 20_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A checked configuration and what it means on this data and this device."""

    config: Config
    data: ImageData
    space: SupernetSpace
    stages: tuple[dict[str, Any], ...]
    histogram: Mapping[str, Any]
    estimate: Estimate
    timing: Timing

    def to_json(self) -> dict[str, Any]:
        """Stable keys for programs."""
        data, config = self.data, self.config
        return {
            "data": {
                "name": data.name,
                "classes": list(data.classes),
                "in_channels": data.in_channels,
                "side": data.side,
                "train": len(data.train),
                "search": len(data.search),
                "test": len(data.test),
                "skipped": [list(entry) for entry in data.skipped],
            },
            "space": {
                "name": self.space.name,
                "size": self.space.size,
                "distinct": self.space.distinct,
            },
            "budget_kind": config.budget_kind,
            "stages": list(self.stages),
            "grown": [b.target for b in config.ladder.grown(config.grow.num)],
            "histogram": dict(self.histogram),
            "seconds": asdict(self.estimate) | {"total": self.estimate.total},
            "memory_bytes": self.memory,
            "latency": None if self.space.latency is None else self.space.latency.to_json(),
        }

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
            f"space   {self.space.name}: {float(self.space.distinct):.3g} distinct paths",
        ]
        how = "grown by the fitted rule"
        if isinstance(self.space, LayerSpace):
            how = f"the largest slice scaled by {config.grow.rule}"
        for stage in self.stages:
            lines.append(
                f"  S{stage['stage']}  {format_amount(stage['budget'], kind)} {kind}: "
                f"paths cost {format_amount(stage['min'], kind)} to "
                f"{format_amount(stage['max'], kind)}, "
                f"{stage['share']:.1%} of them meet it"
            )
        first = len(config.budgets)
        for i, budget in enumerate(config.ladder.grown(config.grow.num)):
            lines.append(f"  S{first + i}  {format_amount(budget.target, kind)}: {how}")
        if table is not None:
            lines += [f"latency {line}" for line in latency.describe(table)]
        lines += [
            f"paths   {bars(self.histogram['counts'])} trained on, "
            f"{format_amount(self.histogram['edges'][0], kind)} to "
            f"{format_amount(self.histogram['edges'][-1], kind)} {kind}",
            f"time    about {duration(seconds.total)} here: train {duration(seconds.train)}, "
            f"search {duration(seconds.search)} ({seconds.evaluations:,} scores at most), retrain "
            f"{duration(seconds.retrain)}, export {duration(seconds.export)}",
            f"memory  about {self.memory / 2**30:.1f} GiB",
            f"next    {command}",
        ]
        return "\n".join(lines) + "\n"


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
    measured = timing.time_run(config, space, data, runtime)
    sizes = {"num_train": len(data.train), "num_search": len(data.search)}
    if config.hours is not None and not config.fitted:
        config = schedule.fit(config, space, measured, **sizes)
    drawn = path_sampler(config, space).draw(generator(config.seed, "plan"), NUM_PATHS)
    return Plan(
        config=config,
        data=data,
        space=space,
        stages=stages,
        histogram=histogram(space.costs(drawn, config.budget_kind)),
        estimate=estimates.estimate(config, space, measured, **sizes),
        timing=measured,
    )


def check_complete(config: Config) -> None:
    """A run needs a ladder of a kind that can be counted."""
    if not config.budgets:
        raise ValueError("budgets: give a ladder, such as --budgets 1M,2M,4M; or use --preset")


def check_feasible(
    config: Config,
) -> tuple[ImageData, SupernetSpace, tuple[dict[str, Any], ...]]:
    """The images, the space for them, and what its paths cost against each budget.

    Raises:
        ValueError: if the data, the space, a budget or a setting cannot be used.
    """
    space = choose.space_for(config.space, config.ladder)
    assert not isinstance(space, DesignSpace)
    data = load_images(config, space)
    space = space.with_data(in_channels=data.in_channels, num_classes=data.num_classes)
    space = latency.with_table(config, space, make_runtime(config))
    stages = check_budgets(config, space)
    path_sampler(config, space)  # they check their settings
    make_searcher(config, space, num_images=len(data.search))
    return data, space, stages


def check_budgets(config: Config, space: SupernetSpace) -> tuple[dict[str, Any], ...]:
    """What the paths of each scaling stage cost against its budget.

    Raises:
        ValueError: for a budget outside what the stage's paths reach, with the feasible range.
    """
    rows, kind = [], config.budget_kind
    for stage, budget in enumerate(config.ladder.budgets):
        rng = generator(0, "feasible", stage)
        paths = candidate_paths(space, rng, stage, num=NUM_PATHS_PER_STAGE)
        costs = space.costs(paths, kind)
        low, high = costs.min().item(), costs.max().item()
        if not low <= budget.target <= high:
            raise ValueError(
                f"budgets: {format_amount(budget.target, kind)} {kind} at stage {stage} is "
                f"outside what the space {space.name} reaches there, {format_amount(low, kind)} to "
                f"{format_amount(high, kind)};\n{_moves(space, stage, budget, low)}"
            )
        share = float(((costs >= budget.low) & (costs <= budget.high)).mean())
        mean = float(costs.mean())
        rows.append(
            {"stage": stage, "budget": budget.target, "min": low, "max": high}
            | {"mean": mean, "share": share}
        )
    return tuple(rows)


def _moves(space: SupernetSpace, stage: int, budget: Budget, low: int) -> str:
    way = "raise" if budget.target < low else "lower"
    is_base = stage == 0 or isinstance(space, LayerSpace)
    where = "the widths and resolutions" if is_base else f"the ratios of scaling stage {stage}"
    return f"{way} the budget, name another --space, or change {where} in your own"
