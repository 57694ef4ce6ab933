"""A study's command line: flags that all have, errors as one message, results as files."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from escalade.artefacts.files import write_json, write_text
from escalade.cli.parser import Parser, UsageError
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import num_cores

RESULTS = Path(__file__).parents[1] / "results"
Main = Callable[[Sequence[str]], None]


def command(main: Main, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a study's `main` and end the process as the command `escalade` does.

    What a user can mend is one message and exit code 2, a failure on the way 1, Ctrl-C 130.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if debug:
        given.remove("--debug")
    try:
        main(given)
    except KeyboardInterrupt:
        _fail("stopped; what is finished is kept, and the same command goes on", 130)
    except (UsageError, ValueError) as error:
        if debug:
            raise
        _fail(str(error), 2)
    except (Interrupted, FloatingPointError, RuntimeError, OSError, MemoryError) as error:
        if debug:
            raise
        _fail(str(error) or type(error).__name__, 1)
    sys.exit(0)


def _fail(text: str, code: int) -> NoReturn:
    sys.stderr.write(f"{Path(sys.argv[0]).name}: {text}\n")
    sys.exit(code)


def parser(about: str | None, *, out: Path | None, out_help: str = "work folder") -> Parser:
    """The parser of a study, with the flags that all studies have.

    Args:
        about: the script's docstring: what the study does, its hours and its results.
        out: default folder of its work; None where other options say.
        out_help: what `--help` says of it.
    """
    made = Parser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--table", action="store_true", help="only write and print the tables")
    default = "" if out is None else f" ({out})"
    made.add_argument("--out", type=Path, default=out, help=f"{out_help}{default}")
    made.add_argument("--results", type=Path, default=RESULTS, help="folder of tables and pictures")
    made.add_argument("--debug", action="store_true", help="show tracebacks")
    return made


def add_workers(parser: Parser, *, device: bool = False) -> None:
    """How many trainings run side by side, and where."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=num_cores(),
        help="trainings side by side (one a core)",
    )
    if device:
        parser.add_argument(
            "--device", default="cpu", help="cpu, or cuda, which all trainings share (cpu)"
        )


def add_setting(parser: Parser, kind: type, *, default: Any = None) -> None:
    """A flag for every field of a setting.

    Args:
        parser: to add to.
        kind: the setting's class; its docstring says what the fields are.
        default: a setting whose values the flags have; without, a flag not given is None.
    """
    for field in fields(kind):
        text = str(field.type)
        number: Any = str if text == "str" else positive if "int" in text else above_zero
        value = None if default is None else getattr(default, field.name)
        said = None if value is None else f"({value})"
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=number, default=value, help=said)


def given(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """The values of a setting's flags."""
    return {field.name: getattr(options, field.name) for field in fields(kind)}


def positive(text: str) -> int:
    """Reads a whole number from 1 on."""
    return _whole(text, least=1)


def count(text: str) -> int:
    """Reads a whole number from 0 on."""
    return _whole(text, least=0)


def above_zero(text: str) -> float:
    """Reads a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def among(known: Collection[str], *, every: bool = False) -> Callable[[str], list[str]]:
    """Reads comma-separated names; with `every`, `all` stands for all of them."""

    def read(text: str) -> list[str]:
        names = list(known) if every and text == "all" else text.split(",")
        if wrong := [name for name in names if name not in known]:
            more = ", or all" if every else ""
            raise argparse.ArgumentTypeError(
                f"{wrong[0]} is not known; use {', '.join(known)}{more}"
            )
        return names

    return read


def write_results(
    found: Any, text: str, folder: Path, name: str, *, pictures: Mapping[str, str] | None = None
) -> None:
    """Write a study's results: NAME.json, NAME.md and SVG files; print the tables."""
    for picture, content in (pictures or {}).items():
        write_text(folder / picture, content)
    write_json(folder / f"{name}.json", found)
    write_text(folder / f"{name}.md", text)
    print(text)


def _whole(text: str, *, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
    return number
