"""Verbs that make or continue a run."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.texts import parse_yaml
from escalade.cli.output import passing, write_json, write_text
from escalade.cli.parser import UsageError
from escalade.cli.signals import should_stop
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid

Commands = Any  # argparse's sub-parser collection has no public type

# What a run takes on this device unless a preset, a file or --hours says otherwise.
DEFAULT_HOURS = 25 / 60
RUNS = Path("runs")  # where run folders are, if nobody says otherwise

_STAGES = {
    "train": "train the supernet",
    "search": "search the base network and its scaling strategies",
    "export": "export every member to timm, ONNX and torch.export",
    "report": "write report.html",
}


def add_commands(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="a whole run on the embedded data, in minutes")
    demo.add_argument("--out", type=Path, default=RUNS / "demo", help="the run folder")
    demo.set_defaults(run_command=_demo)
    plan = commands.add_parser("plan", help="what a run would do and take; trains nothing")
    _add_run_options(plan)
    plan.add_argument("--format", choices=("text", "json"), default="text")
    plan.set_defaults(run_command=_plan)
    run = commands.add_parser("run", help="all stages: images and budgets in, a family out")
    _add_run_options(run)
    run.set_defaults(run_command=_run)
    for name, text in _STAGES.items():
        stage = commands.add_parser(name, help=text)
        stage.add_argument("run", type=Path, metavar="RUN", help="the run folder")
        stage.set_defaults(run_command=_stage, stage=name)
        if name == "export":
            _add_export_options(stage)
    grow = commands.add_parser("grow", help="fit the growth rule and make larger members")
    grow.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    grow.add_argument("--to", metavar="AMOUNT", help="show the network for any budget, like 12G")
    grow.add_argument("--format", choices=("text", "json"), default="text")
    grow.set_defaults(run_command=_grow)
    retrain = commands.add_parser("retrain", help="give every member its final weights")
    retrain.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    retrain.add_argument("--member", help="only this one, such as S2")
    retrain.add_argument("--data", help="train the member on another data set (with --member)")
    retrain.add_argument("--from-weights", action="store_true", help="fine-tune, not from scratch")
    retrain.add_argument("--epochs", type=float, help="of training on the other data set")
    retrain.add_argument("--out", type=Path, help="folder of the new member (with --data)")
    retrain.set_defaults(run_command=_retrain)
    quantise = commands.add_parser("quantise", help="INT8 of every member, beside its ONNX file")
    quantise.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    quantise.add_argument(
        "--tune",
        action="store_true",
        help="where more than a point is lost, train on shortly with the rounding in place",
    )
    quantise.set_defaults(run_command=_quantise)
    _add_analyse(commands)
    audit = commands.add_parser(
        "audit", help="can the search be trusted: some of what it scored, trained as members are"
    )
    audit.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    audit.add_argument(
        "--networks", type=int, default=24, help="of each budget, by strata of the score"
    )
    audit.add_argument("--format", choices=("text", "json"), default="text")
    audit.set_defaults(run_command=_audit)


def _add_export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--opset", type=int, help="of model.onnx, 18 to 25; default the run's")
    parser.add_argument(
        "--preprocessing",
        choices=("outside", "inside"),
        help="inside: model.onnx takes bytes of any size, and prepares them itself",
    )
    parser.add_argument(
        "--executorch", action="store_true", default=None, help="write model.pte, too"
    )
    parser.set_defaults(run_command=_export)


def _add_analyse(commands: Commands) -> None:
    analyse = commands.add_parser(
        "analyse", help="slices beside the same networks fine-tuned and trained alone"
    )
    analyse.add_argument("run", type=Path, metavar="RUN", help="the run folder")
    analyse.add_argument(
        "--members", type=_names, metavar="S0,S2", help="searched members; default all"
    )
    analyse.add_argument(
        "--arms",
        type=_names,
        metavar="ARM,...",
        help="finetune, scratch, distil_a, distil_b; default all",
    )
    analyse.add_argument(
        "--rates",
        type=_numbers,
        metavar="RATE,...",
        help="of fine-tuning, relative to the supernet's peak; default 0.1,0.01,0.001",
    )
    analyse.add_argument(
        "--epochs", type=float, help="of every training; default the supernet's length"
    )
    analyse.add_argument("--format", choices=("text", "json"), default="text")
    analyse.set_defaults(run_command=_analyse)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} is not a list of numbers, such as 0.1,0.01"
        raise argparse.ArgumentTypeError(message) from None


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", help="folder of class folders, a table (.csv, .jsonl), or a data set's name"
    )
    parser.add_argument(
        "--budgets", help="from small to large, such as 60M,120M,240M; none for members of a front"
    )
    parser.add_argument("--budget-kind", help="macs, params, activations, memory or latency")
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="KIND=AMOUNT",
        help="what searched networks may cost at most, such as memory=256kB",
    )
    parser.add_argument("--grow", type=int, metavar="N", help="members to grow beyond the search")
    parser.add_argument("--preset", help="smoke, demo, fashion_mnist, cifar10, ...")
    parser.add_argument("--config", type=Path, help="a YAML file, such as a run's config.yaml")
    parser.add_argument("--space", help="a space's name or file")
    parser.add_argument(
        "--from",
        dest="seed_network",
        metavar="SOURCE",
        help="start from a pretrained network: a timm name, local-dir:FOLDER, a member, a file",
    )
    parser.add_argument(
        "--from-architecture", metavar="NAME", help="what network a file of weights is of"
    )
    parser.add_argument(
        "--balance", help="classes of unequal size in training: none, sampling or loss"
    )
    parser.add_argument("--hours", type=float, help="fit the schedule to this time on this device")
    parser.add_argument("--memory", help="what all processes may hold, such as 4G or 3.5GiB")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, help="the run folder; default runs/NAME, or a free one")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting, such as supernet.recipe.learning_rate=0.4",
    )


def _settings(options: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    """Layers of settings, later ones winning, and the run folder's name where none is given."""
    from escalade.config import read_file, read_preset

    layers: list[dict[str, Any]] = []
    if not options.preset and not options.config:
        layers.append({"hours": DEFAULT_HOURS})
    if options.preset:
        layers.append(read_preset(options.preset))
    if options.config:
        layers.append(read_file(options.config))
    flags = {
        key: getattr(options, key)
        for key in ("data", "budgets", "budget_kind", "space", "hours", "memory", "seed")
        if getattr(options, key) is not None
    }
    if options.grow is not None:
        flags["grow"] = {"num": options.grow}
    if options.balance is not None:
        flags["dataset"] = {"balance": options.balance}
    if options.seed_network is not None:
        flags["seed_network"] = {"source": options.seed_network}
        flags.setdefault("space", None)  # that of a preset is for runs from nothing
        if options.from_architecture is not None:
            flags["seed_network"]["architecture"] = options.from_architecture
    elif options.from_architecture is not None:
        raise UsageError("--from-architecture: it goes with --from FILE, a file of weights")
    if options.limit:
        flags["limits"] = dict(_limit(text) for text in options.limit)
    layers.append(flags)
    layers.extend(_assignment(text) for text in options.set)
    data = next((layer["data"] for layer in reversed(layers) if "data" in layer), None)
    if data is None:
        raise UsageError("--data: name a folder of class folders or a data set; or use --preset")
    return layers, options.preset or _named(data)


def _named(data: Any) -> str:
    """What images are called by; what cannot be is told of when settings are read."""
    return Path(data.replace("\0", "")).resolve().name if isinstance(data, str) else ""


def _limit(text: str) -> tuple[str, str]:
    kind, sign, amount = text.partition("=")
    if not sign or not amount:
        raise UsageError(f"--limit: {text!r} is not KIND=AMOUNT, such as memory=256kB")
    return kind.strip(), amount


def _assignment(text: str) -> dict[str, Any]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise UsageError(f"--set: {text!r} is not KEY=VALUE")
    try:
        inner: Any = parse_yaml(value)
    except Invalid:
        raise UsageError(f"--set {key}: {value!r} is not a YAML value") from None
    for part in reversed(key.split(".")):
        inner = {part: inner}
    settings: dict[str, Any] = inner
    return settings


def _check_given(layers: Sequence[Mapping[str, Any]]) -> None:
    """What can be told of settings without PyTorch, which takes seconds to load.

    Raises:
        Invalid: for a setting that is wrong in itself.
        ValueError: if the images are not there.
    """
    from escalade.config import resolve
    from escalade.data import named_sets

    given = resolve(*layers)
    if named_sets.is_folder(given.data):
        named_sets.found(given.data)


def _of_run(options: argparse.Namespace) -> ModuleType:
    """What works on the run that the command names.

    Raises:
        Invalid: if there is none.
    """
    RunFolder(options.run).check_begun()
    return _api(options)


def _api(options: argparse.Namespace) -> ModuleType:
    """What works on runs."""
    with passing(f"{options.command}: loading PyTorch"):
        from escalade import api
    return api


def _demo(options: argparse.Namespace) -> None:
    api = _api(options)
    from escalade.config import read_preset

    api.run([read_preset("demo")], out=options.out, should_stop=should_stop)


def _plan(options: argparse.Namespace) -> None:
    layers, name = _settings(options)
    _check_given(layers)
    api = _api(options)

    plan = api.plan(layers)
    if options.format == "json":
        write_json(plan.to_json())
    else:
        out = options.out or api.free_folder(plan.given, RUNS / name)
        write_text(plan.text(command=_next_command(options, out)))


def _next_command(options: argparse.Namespace, out: Path) -> str:
    """The run that was planned."""
    arguments = [a for a in options.arguments[1:] if not a.startswith("--format")]
    if "text" in arguments and options.arguments[options.arguments.index("text") - 1] == "--format":
        arguments.remove("text")
    if options.out is None:
        arguments += ["--out", str(out)]
    return f"escalade run {shlex.join(arguments)}"


def _run(options: argparse.Namespace) -> None:
    layers, name = _settings(options)
    _check_given(layers)
    api = _api(options)

    out, or_next = options.out or RUNS / name, options.out is None
    api.run(layers, out=out, should_stop=should_stop, or_next=or_next)


def _stage(options: argparse.Namespace) -> None:
    api = _of_run(options)

    api.stage(options.stage, options.run, should_stop=should_stop)


def _export(options: argparse.Namespace) -> None:
    names = ("opset", "preprocessing", "executorch")
    asked = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    _api(options).export_run(options.run, asked=asked, should_stop=should_stop)


def _grow(options: argparse.Namespace) -> None:
    api = _of_run(options)

    if options.to is None:
        api.stage("grow", options.run, should_stop=should_stop)
        if options.format == "json":
            write_json(encode(api.growth(options.run)))
        return
    grown = api.grow_to(options.run, options.to)
    if options.format == "json":
        write_json(encode(grown))
    else:
        write_text(api.describe_grown(grown))


def _quantise(options: argparse.Namespace) -> None:
    _of_run(options).quantise_run(options.run, tune=options.tune, should_stop=should_stop)


def _retrain(options: argparse.Namespace) -> None:
    if options.data is None:
        if options.from_weights or options.out or options.epochs is not None:
            raise UsageError("--from-weights, --epochs and --out go with --data OTHER")
        api = _of_run(options)
        api.stage("retrain", options.run, should_stop=should_stop, member=options.member)
        return
    if options.member is None:
        raise UsageError("--data: name the member to train, such as --member S2")
    api = _of_run(options)
    api.retrain_on(
        options.run,
        member=options.member,
        data=options.data,
        from_weights=options.from_weights,
        epochs=options.epochs,
        out=options.out,
        should_stop=should_stop,
    )


def _analyse(options: argparse.Namespace) -> None:
    api = _api(options)  # which checks the arms first

    names = ("members", "arms", "rates", "epochs")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    found = api.analyse(options.run, api.Analysis(**given), should_stop=should_stop)
    if options.format == "json":
        write_json(encode(found))


def _audit(options: argparse.Namespace) -> None:
    api = _of_run(options)

    found = api.audit(options.run, networks=options.networks, should_stop=should_stop)
    if options.format == "json":
        write_json(encode(found))
