"""`latency`: how long networks take on this device."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from escalade.cli import other_device
from escalade.cli.output import passing, write_json, write_line
from escalade.cli.parser import UsageError

if TYPE_CHECKING:
    from torch import nn

    from escalade.core.network.architecture import Architecture
    from escalade.train.runtime import Runtime

Commands = Any
SMALL = 1 << 30  # bytes of weights that nobody asks about
REPEATS = {False: 30, True: 10}  # of inference and of training steps
_HEADER = ("network", "pixels", "batch", "macs", "params", "activations", "ms", "images/s")


def add_commands(commands: Commands) -> None:
    parser = commands.add_parser("latency", help="time of inference or training on this device")
    parser.add_argument(
        "architectures",
        nargs="*",
        metavar="ARCH",
        help="known names, architecture files, members' folders, or NAME:RULE:FACTOR",
    )
    parser.add_argument("--resolution", type=int, help="of all of them")
    parser.add_argument(
        "--batch-size",
        help="images at a time, or `auto`: what fits in half of the free memory "
        "(default 1, with --train auto)",
    )
    parser.add_argument("--train", action="store_true", help="time training steps")
    parser.add_argument(
        "--backend",
        choices=("eager", "compile", "onnx"),
        default="eager",
        help="compile takes a minute and more for each network",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--repeats", type=int, help="timed rounds (default 30, with --train 10)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    other_device.add_options(parser)
    parser.set_defaults(run_command=_latency)


def _latency(options: argparse.Namespace) -> None:
    if other_device.is_asked(options):
        other_device.run(options)
        return
    if not options.architectures:
        raise UsageError("latency: name a network, or use --export-parts or --import")
    batch_size = _batch_size(options.batch_size, train=options.train)
    repeats = REPEATS[options.train] if options.repeats is None else options.repeats
    if repeats < 1:
        raise UsageError(f"--repeats: {repeats} is not positive")

    with passing("latency: loading PyTorch"):
        from escalade.core.network import cost
        from escalade.family.exports.network_times import time_networks
        from escalade.train.runtime import Runtime

    runtime = Runtime(device=options.device, precision=options.precision, threads=options.threads)
    networks: dict[str, tuple[nn.Module, Architecture]] = {}
    weights = {}
    for name in dict.fromkeys(options.architectures):
        network, architecture, weights[name] = _load(name, options.resolution, runtime)
        networks[name] = network, architecture
    found = time_networks(
        networks,
        runtime=runtime,
        batch_size=batch_size,
        train=options.train,
        backend=options.backend,
        num_repeats=repeats,
        num_warmup=max(1, repeats // 6),
    )
    rows = []
    for name, timed in found.items():
        architecture = networks[name][1]
        total = cost.of(architecture)
        row = {
            "name": architecture.name or name,
            "resolution": architecture.resolution,
            "macs": total.macs,
            "params": total.params,
            "activations": total.activations,
            "weights": weights[name],
            "batch_size": timed.batch_size,
            "seconds": {
                "median": timed.seconds.median,
                "low": timed.seconds.low,
                "high": timed.seconds.high,
            },
            "images_per_second": timed.images_per_second,
        }
        rows.append(row)
    result = _conditions(options, runtime) | {"repeats": repeats, "networks": rows}
    write_json(result) if options.format == "json" else _write_table(result)


def _batch_size(given: str | None, *, train: bool) -> int | None:
    """None is by memory."""
    if given is None:
        return None if train else 1
    if given == "auto":
        return None
    if not given.isdecimal() or int(given) < 1:
        raise UsageError(f"--batch-size: {given!r} is neither a positive number nor auto")
    return int(given)


def _load(
    name: str, resolution: int | None, runtime: Runtime
) -> tuple[nn.Module, Architecture, str]:
    """Network, architecture and where its weights are from; a member's folder has its own."""
    from escalade.family.packaging import package
    from escalade.nets.build import build
    from escalade.spaces import scaled

    folder = Path(name)
    is_member = (folder / package.CONFIG).is_file()
    architecture = package.read(folder).architecture if is_member else scaled.load(name)
    if resolution is not None:
        architecture = replace(architecture, resolution=resolution)
    if is_member:
        return package.load_network(folder), architecture, "member"
    _check_memory(architecture, name, runtime)
    return build(architecture), architecture, "random"


def _check_memory(architecture: Architecture, name: str, runtime: Runtime) -> None:
    """Refuse a network whose weights do not fit, which the system would end the process for."""
    from escalade.core.network import cost
    from escalade.core.numbers.shown import amount
    from escalade.core.values.invalid import Invalid

    needed = 4 * cost.of(architecture).params
    if needed > SMALL and needed > (free := runtime.free_memory()):
        takes, left = amount(needed, "memory"), amount(free, "memory")
        raise Invalid(f"its weights take {takes}, and {left} are free", path=(name,))


def _conditions(options: argparse.Namespace, runtime: Runtime) -> dict[str, Any]:
    import torch

    return {
        "device": runtime.device_name,
        "threads": None if runtime.on_cuda else torch.get_num_threads(),
        "precision": runtime.precision,
        "backend": options.backend,
        "mode": "training" if options.train else "inference",
    }


def _write_table(result: dict[str, Any]) -> None:
    from escalade.core.numbers.shown import amount

    lines = [_HEADER]
    for row in result["networks"]:
        ms = {key: 1000 * seconds for key, seconds in row["seconds"].items()}
        lines.append(
            (
                row["name"],
                str(row["resolution"]),
                str(row["batch_size"]),
                *(amount(row[kind]) for kind in ("macs", "params", "activations")),
                f"{ms['median']:.4g} ({ms['low']:.4g} to {ms['high']:.4g})",
                f"{row['images_per_second']:.4g}",
            )
        )
    sizes = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *rest in lines:
        cells = [f"{cell:>{size}}" for cell, size in zip(rest, sizes[1:], strict=True)]
        write_line("  ".join([f"{first:<{sizes[0]}}", *cells]))
    device = result["device"]
    if result["threads"] is not None:
        device = f"CPU, {result['threads']} thread{'s' if result['threads'] > 1 else ''}"
    is_random = any(row["weights"] != "member" for row in result["networks"])
    write_line(
        f"{result['mode']}: median (quartiles), timed rounds: {result['repeats']}; {device}, "
        f"{result['precision']}, {result['backend']}{', random weights' if is_random else ''}"
    )
