"""Verbs that only compute: `cost` and `space`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from escalade.cli.output import table, write_json, write_line
from escalade.cli.parser import UsageError
from escalade.core.numbers.shown import percent

if TYPE_CHECKING:
    from escalade.core.network.architecture import Architecture
    from escalade.core.network.cost import Cost, LayerCost, StageCost
    from escalade.core.space.space import Space

Commands = Any


def add_commands(commands: Commands) -> None:
    cost = commands.add_parser("cost", help="macs, params, activations and memory of a network")
    cost.add_argument(
        "architecture",
        nargs="?",
        metavar="ARCH",
        help="a known name, a file, a member's folder, or NAME:RULE:FACTOR",
    )
    cost.add_argument("--resolution", type=int)
    cost.add_argument("--stages", action="store_true", help="the stem, every stage, the head")
    cost.add_argument("--layers", action="store_true", help="every layer")
    cost.add_argument("--list", action="store_true", help="known architectures")
    cost.add_argument("--format", choices=("text", "json"), default="text")
    cost.set_defaults(run_command=_cost)
    space = commands.add_parser("space", help="size and costs of a search space")
    space.add_argument("space", metavar="SPACE", help="a known name or a file")
    space.add_argument("--sampler", choices=("uniform", "hierarchical"), default="hierarchical")
    space.add_argument("--num-paths", type=int, default=100_000)
    space.add_argument("--seed", type=int, default=0)
    space.add_argument("--budgets", help="the ladder, for spaces that make their strategies for it")
    space.add_argument("--format", choices=("text", "json"), default="text")
    space.set_defaults(run_command=_space)


def _cost(options: argparse.Namespace) -> None:
    from escalade.core.network import cost
    from escalade.core.numbers.shown import amount
    from escalade.spaces import known, scaled

    if options.list:
        names = known.names()
        write_json(names) if options.format == "json" else write_line("\n".join(names))
        return
    if options.architecture is None:
        raise UsageError("name an architecture or a file; `escalade cost --list` lists the known")
    architecture = scaled.load(options.architecture)
    if options.resolution is not None:
        architecture = replace(architecture, resolution=options.resolution)
    total = cost.of(architecture)
    if options.format == "json":
        write_json(_cost_json(architecture, total, options))
        return
    if options.stages:
        _write_stages(cost.stages(architecture), total)
    if options.layers:
        _write_layers(cost.layers(architecture), total)
    write_line(
        f"{architecture.name} at {architecture.resolution} pixels: {total.macs:,} macs, "
        f"{total.params:,} params, {total.activations:,} activations, "
        f"{amount(total.memory, 'memory')} peak memory in fp32"
    )


def _cost_json(
    architecture: Architecture, total: Cost, options: argparse.Namespace
) -> dict[str, Any]:
    from escalade.core.network import cost

    result = {"name": architecture.name, "resolution": architecture.resolution} | asdict(total)
    if options.stages:
        result["stages"] = [asdict(stage) for stage in cost.stages(architecture)]
    if options.layers:
        result["layers"] = [asdict(layer) for layer in cost.layers(architecture)]
    return result


def _write_stages(stages: Sequence[StageCost], total: Cost) -> None:
    rows = [
        (
            *(s.name, str(s.depth or ""), f"{s.width:,}", str(s.resolution)),
            *(*_amounts(s, total), f"{s.memory:,}"),
        )
        for s in stages
    ]
    rows.append(("total", "", "", "", *_amounts(total, total), f"{total.memory:,}"))
    header = ("stage", "depth", "width", "resolution", *_AMOUNTS, "peak bytes")
    for line in table(header, rows):
        write_line(line)


def _write_layers(layers: Sequence[LayerCost], total: Cost) -> None:
    rows = [(layer.name, *_amounts(layer, total)) for layer in layers]
    for line in table(("layer", *_AMOUNTS), [*rows, ("total", *_amounts(total, total))]):
        write_line(line)


_AMOUNTS = ("macs", "share", "params", "share", "activations", "share")


def _amounts(part: Cost | StageCost | LayerCost, total: Cost) -> Iterator[str]:
    """Each cost and its share of the network's."""
    for kind in ("macs", "params", "activations"):
        value = getattr(part, kind)
        yield f"{value:,}"
        yield percent(value / getattr(total, kind))


def _space(options: argparse.Namespace) -> None:
    from escalade.cli.choices_table import choices_lines
    from escalade.core.numbers.budget import Budget, Ladder
    from escalade.core.numbers.shown import amount, parse_amount
    from escalade.core.space.space_summary import bars, summarise
    from escalade.core.values.invalid import within
    from escalade.spaces.load import load

    if options.num_paths < 1:
        raise UsageError(f"--num-paths: {options.num_paths} is not positive")
    if options.budgets is None:
        factors = _default_factors(options.space)
    else:
        with within("--budgets"):
            targets = [parse_amount(part) for part in options.budgets.split(",")]
        factors = Ladder(tuple(Budget(target) for target in targets)).factors
    space = load(options.space, factors=factors)
    num, seed = options.num_paths, options.seed
    summary = summarise(space, sampler=options.sampler, num_paths=num, seed=seed)
    if options.format == "json":
        write_json(summary)
        return
    _write_size(summary)
    for text in choices_lines(space):
        write_line(text)
    if space.traits.has_supernet and not space.traits.scales:
        _write_ends(space)
    for stage in summary["stages"] if space.traits.scales else ():
        write_line(
            f"  stage {stage['stage']}: {_counted(stage['strategies'])}, "
            f"{stage['distinct']} distinct, mean {amount(stage['macs']['mean'])} macs "
            f"({amount(stage['macs']['min'])} to {amount(stage['macs']['max'])})"
        )
    line = bars(summary["histogram"]["counts"])
    low, high = summary["macs"]["min"], summary["macs"]["max"]
    drawn = options.sampler if space.traits.scales else "as drawn"
    write_line(f"  macs, {drawn}: {amount(low)} |{line}| {amount(high)}")


def _counted(num: int) -> str:
    return "1 strategy" if num == 1 else f"{num:,} strategies"


def _write_size(summary: dict[str, Any]) -> None:
    """How many paths there are; networks of a design space are not counted, only its genomes."""
    if summary["distinct"] is None:
        write_line(f"{summary['space']}: {summary['size']:,} genomes, trained alone")
    else:
        size, distinct = summary["size"], summary["distinct"]
        copies = f", {distinct:,} distinct" if distinct != size else ""
        write_line(f"{summary['space']}: {size:,} paths{copies}")


def _write_ends(space: Space) -> None:
    """The networks with the smallest and the largest, or cheapest and costliest, of all choices."""
    from escalade.core.network import cost

    for name, genome in (("smallest", space.smallest), ("largest", space.largest)):
        network = space.path(genome).architecture
        found = cost.of(network)
        write_line(
            f"  {name}: {network.resolution} pixels, {sum(network.depths)} blocks, "
            f"{found.macs:,} macs, {found.params:,} params"
        )


def _default_factors(name: str) -> tuple[float, ...] | None:
    """A doubling ladder of three for spaces that make their strategies for a ladder."""
    from escalade.spaces.load import read

    return (1.0, 2.0, 4.0) if read(name).needs_ladder else None
