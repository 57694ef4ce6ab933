"""A study's command line: flags that all have, errors as one message, results as files."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from common.lab import Interrupted, Parser, Recipe, UsageError, num_cores, recipe

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


def parser(about: str | None, *, out: str) -> Parser:
    """The parser of a study, with the flags that all studies have.

    Args:
        about: the script's docstring: what the study does, its hours and its results.
        out: the default folder of its work, in words.
    """
    made = Parser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--table", action="store_true", help="only write and print the tables")
    made.add_argument("--out", type=Path, help=f"work folder ({out})")
    made.add_argument("--results", type=Path, default=RESULTS, help="folder of tables and pictures")
    made.add_argument("--debug", action="store_true", help="show tracebacks")
    return made


def add_counts(parser: Parser, counts: Mapping[str, tuple[int, str]]) -> None:
    """How much is to be trained, by name the default and what is counted, and side by side."""
    for name, (default, said) in counts.items():
        parser.add_argument(f"--{name}", type=count, default=default, help=f"{said} ({default})")
    side_by_side = "trainings side by side (one a core)"
    parser.add_argument("--workers", type=positive, default=num_cores(), help=side_by_side)


def flag(default: Any, said: str) -> Any:
    """A field of a setting that is a flag; `said` is its help."""
    return field(default=default, metadata={"said": said})


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """What settings of studies that train have in common: how a smoke test is short."""

    limit: int | None = flag(None, "images of each split, for a smoke test")
    steps: int | None = flag(None, "of every training, for a smoke test")

    def recipe(self, epochs: float, learning_rate: float) -> Recipe:
        """Of the claim test, at some length and rate."""
        return recipe(epochs, learning_rate, steps=self.steps, limit=self.limit)


def add_setting(parser: Parser, setting: Any, *, short: Any = None) -> None:
    """A flag for every `flag` of a setting, a dataclass; None if not given.

    Its values are the defaults, with `--short` those of `short`.
    """
    for each in _flags(setting):
        text = str(each.type)
        number: Any = str if text == "str" else positive if "int" in text else above_zero
        values = dict.fromkeys(getattr(of, each.name) for of in (setting, short) if of)
        default = ", with --short ".join(str(value) for value in values if value is not None)
        said = each.metadata["said"] + (f" ({default})" if default else "")
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=number, help=said)


def chosen(options: argparse.Namespace, start: Any) -> Any:
    """A setting with the values of the flags that were given."""
    given = {each.name: getattr(options, each.name) for each in _flags(start)}
    return replace(start, **{name: value for name, value in given.items() if value is not None})


def whole(least: int) -> Callable[[str], int]:
    """Reads a whole number from so many on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return number

    return read


positive, count = whole(1), whole(0)


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


def _flags(setting: Any) -> list[Field[Any]]:
    return [each for each in fields(setting) if "said" in each.metadata]
