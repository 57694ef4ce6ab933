"""Verbs that only compute: `cost` and `space`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from escalade.cli.output import write_json, write_line
from escalade.cli.parser import UsageError

Commands = Any


def add_commands(commands: Commands) -> None:
    """Add `cost` and `space`."""
    cost = commands.add_parser("cost", help="macs, params and activations of a network")
    cost.add_argument("architecture", nargs="?", metavar="ARCH", help="a known name or a file")
    cost.add_argument("--resolution", type=int)
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
    from escalade.core import cost
    from escalade.spaces import known

    if options.list:
        names = known.names()
        write_json(names) if options.format == "json" else write_line("\n".join(names))
        return
    if options.architecture is None:
        raise UsageError("name an architecture or a file; `escalade cost --list` lists the known")
    architecture = known.load(options.architecture)
    if options.resolution is not None:
        architecture = replace(architecture, resolution=options.resolution)
    total = cost.of(architecture)
    result: dict[str, Any] = {
        "name": architecture.name,
        "resolution": architecture.resolution,
        "macs": total.macs,
        "params": total.params,
        "activations": total.activations,
    }
    rows = [(c.name, c.macs, c.params, c.activations) for c in cost.layers(architecture)]
    if options.format == "json":
        keys = ("name", "macs", "params", "activations")
        layers = [dict(zip(keys, row, strict=True)) for row in rows]
        write_json(result | {"layers": layers} if options.layers else result)
        return
    if options.layers:
        for row in rows:
            write_line(f"{row[0]:32} {row[1]:>14,} {row[2]:>12,} {row[3]:>12,}")
    write_line(
        f"{architecture.name} at {architecture.resolution} pixels: {total.macs:,} macs, "
        f"{total.params:,} params, {total.activations:,} activations"
    )


def _space(options: argparse.Namespace) -> None:
    from escalade.core.budget import Budget, Ladder, format_amount, parse_amount
    from escalade.core.space_summary import summarise
    from escalade.spaces.load import load

    if options.num_paths < 1:
        raise UsageError(f"--num-paths: {options.num_paths} is not positive")
    if options.budgets is None:
        factors = _default_factors(options.space)
    else:
        targets = [parse_amount(part) for part in options.budgets.split(",")]
        factors = Ladder(tuple(Budget(target) for target in targets)).factors
    space = load(options.space, factors=factors)
    summary = summarise(
        space, sampler=options.sampler, num_paths=options.num_paths, seed=options.seed
    )
    if options.format == "json":
        write_json(summary)
        return
    write_line(f"{summary['space']}: {summary['size']:,} paths, {summary['distinct']:,} distinct")
    for stage in summary["stages"]:
        write_line(
            f"  stage {stage['stage']}: {stage['strategies']} strategies, "
            f"{stage['distinct']} distinct, mean {format_amount(stage['macs']['mean'])} macs "
            f"({format_amount(stage['macs']['min'])} to {format_amount(stage['macs']['max'])})"
        )
    counts = summary["histogram"]["counts"]
    bars = " ▁▂▃▄▅▆▇█"
    top = max(counts)
    line = "".join(bars[round(8 * count / top)] for count in counts)
    low, high = summary["macs"]["min"], summary["macs"]["max"]
    write_line(f"  macs, {options.sampler}: {format_amount(low)} |{line}| {format_amount(high)}")


def _default_factors(name: str) -> tuple[float, ...] | None:
    """A doubling ladder of three for spaces that make their strategies for a ladder."""
    from escalade.spaces.load import read

    return (1.0, 2.0, 4.0) if read(name).grid is not None else None
