"""`latency --export-parts` and `--import`: what another device times, and what came back."""

from __future__ import annotations

import argparse
from pathlib import Path

from escalade.cli.output import write_json, write_line
from escalade.cli.parser import UsageError

DEFAULT_BUDGETS = "1M,2M,4M"


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("another device")
    group.add_argument("--export-parts", type=Path, metavar="DIR", help="write what it has to time")
    group.add_argument(
        "--import", type=Path, dest="times", metavar="TIMES.json", help="check what came back"
    )
    group.add_argument("--space", help="whose parts: a space's name or file (default small)")
    group.add_argument("--budgets", help=f"sizes in macs that matter (default {DEFAULT_BUDGETS})")
    group.add_argument("--grow", type=int, help="members beyond them (default 2)")
    group.add_argument("--channels", type=int, help="of the images, 1 or 3 (default 3)")
    group.add_argument("--classes", type=int, help="of the images (default 10)")


def is_asked(options: argparse.Namespace) -> bool:
    """Whether the command is about another device.

    Raises:
        UsageError: for options that belong elsewhere.
    """
    asked = [options.export_parts, options.times]
    if all(asked) or (any(asked) and options.architectures):
        raise UsageError("latency: give one of networks, --export-parts and --import")
    for name in ("space", "budgets", "grow", "channels", "classes"):
        if getattr(options, name) is not None and options.export_parts is None:
            raise UsageError(f"--{name}: goes with --export-parts")
    return any(asked)


def run(options: argparse.Namespace) -> None:
    """Write a folder, or read what came back."""
    _import(options) if options.times is not None else _export(options)


def _export(options: argparse.Namespace) -> None:
    from escalade.core.numbers.budget import Budget, Ladder
    from escalade.core.numbers.shown import parse_amount
    from escalade.core.values.invalid import within
    from escalade.family.exports.part_export import RUNNER, export_parts
    from escalade.spaces.load import load

    for name in ("channels", "classes"):
        if (number := getattr(options, name)) is not None and number < 1:
            raise UsageError(f"--{name}: {number} is not positive")
    if not (size := options.batch_size or "1").isdecimal() or int(size) < 1:
        raise UsageError(f"--batch-size: {size!r} is not a positive number")
    with within("--budgets"):
        texts = (options.budgets or DEFAULT_BUDGETS).split(",")
        ladder = Ladder(tuple(Budget(parse_amount(text)) for text in texts))
    space = load(options.space or "small", factors=ladder.factors)
    num = export_parts(
        space.with_data(in_channels=options.channels or 3, num_classes=options.classes or 10),
        options.export_parts,
        ladder=ladder,
        num_grown=2 if options.grow is None else options.grow,
        batch_size=int(size),
    )
    write_line(
        f"wrote {num} ONNX files; on the device, with onnxruntime:\n"
        f"python {options.export_parts / RUNNER} TIMES.json\n"
        "and here: escalade latency --import TIMES.json"
    )


def _import(options: argparse.Namespace) -> None:
    from escalade.core.values.codec import encode
    from escalade.evaluate.timing import run_table
    from escalade.evaluate.timing.imported import read_table

    table = read_table(options.times)
    if options.format == "json":
        write_json(encode(table.facts))
        return
    for line in run_table.describe(table):
        write_line(f"latency {line}")
    write_line(
        f"next    escalade run --budgets 4ms,8ms --budget-kind latency --space NAME "
        f"--set latency.table={options.times} --data FOLDER"
    )
