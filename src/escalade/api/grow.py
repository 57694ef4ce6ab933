"""The grow stage: the fitted rule, and members that nobody searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from escalade.api import design, latency, sizes
from escalade.api.methods import scales
from escalade.api.run_folder import RunFolder
from escalade.api.session import Session
from escalade.artefacts.files import write_json
from escalade.config import Config
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, Ladder, format_amount, format_seconds, parse_amount
from escalade.core.numbers.seeds import generator
from escalade.core.scaling import extrapolation as growth_rule
from escalade.core.scaling.extrapolation import Growth
from escalade.core.scaling.grown_members import Member, solve
from escalade.core.scaling.lattice import CostOf
from escalade.core.scaling.ratios import Scaling, realised
from escalade.core.scaling.rule_comparison import compare

# How many times the last searched stage an extrapolation may reach before it is called a guess.
FAR = 2.0


def grow(session: Session) -> None:
    """Fit the growth functions to the searched strategies and make the larger members."""
    folder, config = session.folder, session.config
    if folder.growth.exists():
        session.console.say("grow: done before")
        return
    searched = Searched(folder, config)
    budgets = config.grown
    if not searched.can_grow:
        session.console.say(f"grow: no members are grown: {searched.why_not}")
        content: dict[str, Any] = {
            "form": None,
            "notes": [searched.why_not],
            "points": [{"stage": 0.0, "depth": 1.0, "width": 1.0, "resolution": 1.0}],
            "functions": {},
            "leave_last_out": None,
            "members": [],
        }
    else:
        first = len(config.budgets)
        members = [
            searched.member(budget, name=f"S{first + i}") for i, budget in enumerate(budgets)
        ]
        content = searched.growth.to_json(members=members)
        content["members"] = [searched.entry(member) for member in members]
        for member in members:
            amount = format_amount(member.budget.target, member.budget.kind)
            session.console.say(
                f"grow: {member.name} at {amount}: "
                f"{member.architecture.resolution} pixels, widths "
                f"{'-'.join(map(str, member.architecture.widths))}, depths "
                f"{'-'.join(map(str, member.architecture.depths))} (extrapolated)"
            )
    write_json(folder.growth, content)


class Searched:
    """What a search found, ready to be grown.

    Ratios are those that the networks really stand in: multipliers that round to the same
    network cannot be told apart (docs/deviations.md).
    """

    def __init__(self, folder: RunFolder, config: Config) -> None:
        search = folder.read(folder.search, stage="search")
        self.config = config
        self.stages = search["stages"]
        self.architectures = [
            Architecture.from_json(stage["architecture"], where=f"{folder.search}:stages")
            for stage in self.stages
        ]
        self.ladder: Ladder = config.ladder
        self.why_not = ""
        if len(self.stages) == 1:
            self.why_not = "one budget only: there is no growth to fit"
        elif search["searcher"] == "independent":
            self.why_not = "independent searches share no base: there is no growth to fit"
        self.can_grow = not self.why_not
        self.divisors = tuple(search["divisors"])
        self.latency_of: CostOf | None = None
        if config.budget_kind == "latency":
            self.latency_of = latency.table_of(folder).of

    @property
    def base(self) -> Architecture:
        return self.architectures[0]

    @property
    def growth(self) -> Growth:
        """The fitted growth functions."""
        form = self.config.grow.function
        if len(self.stages) == 2 and form in ("exponential", "squared"):
            form = "linear"
        return growth_rule.fit(
            [self.ladder.stage(stage["budget"]) for stage in self.stages],
            scalings=[realised(self.base, arch) for arch in self.architectures],
            form=form,
        )

    def tied(self) -> list[list[Scaling]]:
        """Per searched stage, the realised strategies whose scores cannot be told apart."""
        return [
            [
                realised(self.base, Architecture.from_json(tie["architecture"]))
                for tie in stage["tied"]
            ]
            for stage in self.stages[1:]
        ]

    def member(self, budget: Budget, *, name: str, function: str | None = None) -> Member:
        """The network of any budget on the fitted curve."""
        growth = self.growth
        stage = self.ladder.stage(budget.target)
        rng = generator(self.config.seed, "growth", name)
        return solve(
            self.base,
            growth=growth,
            budget=budget,
            stage=stage,
            name=name,
            form=function,
            width_divisor=self.divisors[0],
            resolution_divisor=self.divisors[1],
            cost_of=self.latency_of,
            interval=growth.interval(stage, tied=self.tied(), rng=rng, form=function),
        )

    def entry(self, member: Member) -> dict[str, Any]:
        """A member as growth.json has it, with what the rules of `grow.compare` make instead."""
        rules = compare(
            self.base,
            rules=self.config.grow.compare,
            budget=member.budget,
            stage=member.stage,
            latency_of=self.latency_of,
        )
        return self.plain(member) | {"compared": [rule.to_json() for rule in rules]}

    def plain(self, member: Member) -> dict[str, Any]:
        """A member's JSON, with its predicted latency where budgets are latencies."""
        if self.latency_of is None:
            return member.to_json()
        return member.to_json() | {"latency": self.latency_of(member.architecture)}


def grow_to(path: Path, amount: str) -> dict[str, Any]:
    """The network of any budget by the growth rule of a run; nothing is written.

    Raises:
        ValueError: if the run was not searched, or no rounding meets the budget.
    """
    folder = RunFolder(path)
    config = sizes.found(folder.load_config(), folder)
    target = parse_amount(amount, kind=config.budget_kind, where="--to")
    least = config.budgets[0]
    if target < least:
        raise ValueError(
            f"--to: {amount} is below the base network's budget; "
            f"the rule grows from {format_amount(least, config.budget_kind)} {config.budget_kind}"
        )
    budget = Budget(target, config.budget_kind, config.tolerance)
    if not scales(config, folder.load_space(config)):
        return design.grow_to(folder, config, budget)
    searched = Searched(folder, config)
    if not searched.can_grow:
        raise ValueError(f"{path}: {searched.why_not}")
    member = searched.member(budget, name=f"to_{format_amount(target, config.budget_kind)}")
    notes = list(searched.growth.notes)
    last = config.ladder.stage(config.budgets[-1])
    if member.stage > FAR * last:
        notes.append(
            f"stage {member.stage:.1f} is far beyond the last searched stage, {last:.1f}: a guess"
        )
    extrapolation = target > config.budgets[-1]
    return searched.plain(member) | {"extrapolation": extrapolation, "notes": notes}


def growth(path: Path) -> dict[str, Any]:
    """The fitted rule and the grown members of a run, as in growth.json.

    Raises:
        ValueError: if the run has not grown yet.
    """
    folder = RunFolder(path)
    return folder.read(folder.growth, stage="grow")


def describe_grown(grown: dict[str, Any]) -> str:
    """A grown network for people."""
    arch = Architecture.from_json(grown["architecture"])
    lines = [
        f"{arch.resolution} pixels, stem {arch.stem.width}, widths "
        f"{'-'.join(map(str, arch.widths))}, depths {'-'.join(map(str, arch.depths))}",
        f"{grown['macs']:,} macs ({grown['gap']:+.1%} of the budget), {grown['params']:,} params, "
        f"{grown['activations']:,} activations"
        + (f", {format_seconds(grown['latency'])} predicted" if "latency" in grown else ""),
    ]
    for dimension in ("depth", "width", "resolution"):
        if grown["interval"] is None:
            lines.append(f"  {dimension} x {grown['solved'][dimension]:.3f}")
            continue
        low, high = grown["interval"][dimension]
        lines.append(
            f"  {dimension} x {grown['solved'][dimension]:.3f} "
            f"(predicted {grown['predicted'][dimension]:.3f}, tied strategies give "
            f"{low:.3f} to {high:.3f})"
        )
    if grown["extrapolation"] and grown["interval"] is not None:
        lines.append("  extrapolated beyond the searched stages")
    lines.extend(f"  note: {note}" for note in grown["notes"])
    return "\n".join(lines) + "\n"
