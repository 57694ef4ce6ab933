"""`scale` and `compare`: what scaling rules make of networks, and networks side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from escalade.cli.output import table, write_json, write_line
from escalade.cli.parser import UsageError
from escalade.cli.side_by_side_rows import LEGEND, growth_rows, layer_rows, layer_words

if TYPE_CHECKING:
    from escalade.core.network.architecture import Architecture
    from escalade.evaluate.timing.device_latency import DeviceLatency

Commands = Any
KINDS = ("macs", "params", "activations", "memory")
ALL_KINDS = (*KINDS, "memory_fp16", "memory_int8", "latency")
PLOTTED = ("d", "w", "r", "dwr", "dWr")
# The plot's factors: from 1 to at least this, and so many of them.
PLOT_REACH, NUM_PLOTTED = 32.0, 97


def add_commands(commands: Commands) -> None:
    scale = commands.add_parser("scale", help="scale a network by a rule")
    scale.add_argument(
        "architecture", metavar="ARCH", help="a known name, a file, or NAME:RULE:FACTOR"
    )
    scale.add_argument("--by", metavar="S", help="the factor in macs, such as 11")
    scale.add_argument("--to", metavar="AMOUNT", help="find the factor for a cost, such as 4G")
    scale.add_argument("--kind", choices=ALL_KINDS, default="macs", help="what --to counts")
    scale.add_argument(
        "--rule",
        default="dWr",
        help="d w r dw dr wr dwr dWr compound, alpha=0.8 or d1_w8_g8_r1 (default dWr)",
    )
    scale.add_argument("--out", type=Path, metavar="FILE", help="write the architecture file")
    scale.add_argument(
        "--plot", type=Path, metavar="FILE", help="costs of several rules, .html or .svg"
    )
    _add_latency_options(scale)
    scale.add_argument("--format", choices=("text", "json"), default="text")
    scale.set_defaults(run_command=_scale)
    compare = commands.add_parser("compare", help="networks side by side")
    compare.add_argument(
        "architectures",
        nargs="+",
        metavar="ARCH",
        help="known names, files, or scaled ones: NAME:RULE:FACTOR, NAME:RULE:4G",
    )
    compare.add_argument(
        "--kind",
        choices=ALL_KINDS,
        default="macs",
        help="what amounts like 4G count; with latency, networks are also timed",
    )
    compare.add_argument("--blocks", action="store_true", help="every layer, side by side")
    _add_latency_options(compare)
    compare.add_argument("--format", choices=("text", "json"), default="text")
    compare.set_defaults(run_command=_compare)


def _add_latency_options(parser: argparse.ArgumentParser) -> None:
    """What a latency is, with `--kind latency`."""
    parser.add_argument("--batch-size", type=int, help="of a latency: images at a time (default 1)")
    parser.add_argument("--threads", type=int, help="of a latency: CPU threads (default 1)")
    parser.add_argument("--device", help="of a latency: auto, cpu, cuda or cuda:N (default auto)")


def _latency(options: argparse.Namespace) -> DeviceLatency | None:
    """This device's latencies, where the command is about them."""
    names = ("batch_size", "threads", "device")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.kind != "latency":
        if given:
            flag = f"--{next(iter(given)).replace('_', '-')}"
            raise UsageError(f"{flag}: goes with --kind latency")
        return None
    from escalade.evaluate.timing.device_latency import DeviceLatency

    return DeviceLatency(**given, say=write_line)


def _scale(options: argparse.Namespace) -> None:
    from escalade.core.scaling.rules import parse
    from escalade.spaces import scaled as networks

    if (options.by is None) == (options.to is None):
        raise UsageError("scale: give --by with a factor, or --to with an amount, such as --by 4")
    if options.plot is not None:
        from escalade.report.rule_page import check_suffix

        check_suffix(options.plot)
    chosen = parse(options.rule)
    base = networks.load(options.architecture)
    latency = _latency(options)
    factor, made = _made(base, options, latency)
    predicted = None
    if latency is not None:
        predicted = latency.predict(base, made, rule=options.rule, factor=factor)
    if options.out is not None:
        _write_architecture(options.out, made)
    if options.plot is not None:
        _plot(base, made, factor, options)
    scaling = {"rule": chosen.name, "factor": factor} | chosen.scaling(factor).to_json()
    scaling["group_width"] = chosen.group_ratio(factor)
    if options.format == "json":
        found = _costs(made) | {"scaling": scaling, "architecture": made.to_json()}
        write_json(found if predicted is None else found | {"latency": predicted.to_json()})
        return
    ratios = ", ".join(f"{name} x{scaling[name]:.4g}" for name in ("depth", "width", "resolution"))
    write_line(f"{base.name or 'network'} by rule {chosen.name}, factor {factor:g}: {ratios}")
    seconds = None if predicted is None else (predicted.base, predicted.seconds)
    for line in table(("", "base", "scaled", "ratio"), _rows((base, made), seconds, ratio=True)):
        write_line(line)
    if predicted is not None:
        write_line(str(predicted))


def _made(
    base: Architecture, options: argparse.Namespace, latency: DeviceLatency | None
) -> tuple[float, Architecture]:
    """The factor and the network that it makes."""
    from escalade.core.numbers.shown import parse_amount
    from escalade.core.scaling.scale_by import scale
    from escalade.core.scaling.solve_factor import solve_factor
    from escalade.core.values.invalid import within
    from escalade.spaces.scaled import read_factor

    if options.to is None:
        factor = read_factor(options.by)
        return factor, scale(base, options.rule, factor)
    with within("--to"):
        target = parse_amount(options.to, kind=options.kind, kind_flag="--kind")
    if latency is not None:
        solved = latency.solve(base, rule=options.rule, seconds=target)
    else:
        solved = solve_factor(base, options.rule, target, options.kind)
    return solved.factor, solved.architecture


def _write_architecture(path: Path, architecture: Architecture) -> None:
    from escalade.artefacts.files import write_json as write_file

    write_file(path, architecture.to_json())
    write_line(f"wrote {path}")


def _plot(
    base: Architecture, made: Architecture, factor: float, options: argparse.Namespace
) -> None:
    from escalade.core.network import cost
    from escalade.core.scaling.exponents import cost_curve, factors_between
    from escalade.report.rule_page import write

    factors = factors_between(min(1.0, factor), max(PLOT_REACH, factor), NUM_PLOTTED)
    rules = dict.fromkeys((*PLOTTED, options.rule))
    write(
        options.plot,
        base=base.name or "network",
        curves=[cost_curve(base, rule, factors) for rule in rules],
        chosen=(options.rule, factor, cost.of(made)),
    )
    write_line(f"wrote {options.plot}")


def _compare(options: argparse.Namespace) -> None:
    from escalade.spaces import scaled as networks

    latency = _latency(options)
    solve = None if latency is None else latency.network
    found = [networks.load(text, kind=options.kind, solve=solve) for text in options.architectures]
    seconds = None if latency is None else latency.measured(found)
    named = zip(options.architectures, found, strict=True)
    words = [layer_words(*each) for each in named] if options.blocks else []
    if options.format == "json":
        rows = [_costs(each) | _shape(each) for each in found]
        for row, value in zip(rows, seconds or (), strict=False):
            row["latency"] = value
        for row, blocks in zip(rows, words, strict=False):
            row["blocks"] = blocks
        write_json({"networks": rows} | ({} if latency is None else latency.conditions))
        return
    names = [each.name or text for each, text in zip(found, options.architectures, strict=True)]
    grew = growth_rows(options.architectures, found)
    for line in table(("", *names), [*_rows(found, seconds), *grew, *layer_rows(words)]):
        write_line(line)
    if words:
        write_line(LEGEND)
    if latency is not None:
        write_line(f"latency: measured now, in turns, on {latency}")


def _costs(architecture: Architecture) -> dict[str, Any]:
    from escalade.core.network import cost

    total = asdict(cost.of(architecture))
    return {"name": architecture.name, "resolution": architecture.resolution} | total


def _shape(architecture: Architecture) -> dict[str, Any]:
    return {
        "depth": sum(architecture.depths),
        "depths": list(architecture.depths),
        "widths": list(architecture.widths),
        "group_widths": [stage.blocks[-1].group_width for stage in architecture.stages],
    }


def _rows(
    networks: Sequence[Architecture],
    seconds: Sequence[float] | None = None,
    *,
    ratio: bool = False,
) -> Iterator[tuple[str, ...]]:
    """A row for each property, a column for each network; the ratio is the last to the first."""
    from escalade.core.numbers.shown import amount

    numbers = [_costs(each) | _shape(each) for each in networks]
    for kind in (*KINDS, "resolution", "depth"):
        values = [each[kind] for each in numbers]
        show = partial(amount, kind=kind) if kind in KINDS else str
        last = (f"{values[-1] / values[0]:.2f}",) if ratio else ()
        yield kind, *map(show, values), *last
        if kind == KINDS[-1] and seconds is not None:
            last = (f"{seconds[-1] / seconds[0]:.2f}",) if ratio else ()
            yield "latency", *(amount(value, "latency") for value in seconds), *last
    blank = ("",) if ratio else ()
    for kind in ("depths", "widths"):
        yield kind, *("-".join(map(str, each[kind])) for each in numbers), *blank
    yield "group widths", *map(_groups, networks), *blank


def _groups(architecture: Architecture) -> str:
    from escalade.core.network import kinds

    words = []
    for stage in architecture.stages:
        block = stage.blocks[-1]
        whole = "one group" if "group_width" in kinds.of(block).has else "depthwise"
        words.append(whole if block.group_width is None else str(block.group_width))
    is_word = len(set(words)) == 1 and not words[0].isdecimal()
    return words[0] if is_word else "-".join(words)
