"""An argument parser whose errors are one clear message with the nearest valid name."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from escalade.core.values.invalid import closest
from escalade.core.values.plain import one_line


class UsageError(Exception):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    """argparse without the usage block, with `did you mean`."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}{self._hint(message)}")

    def _hint(self, message: str) -> str:
        unknown = re.search(r"unrecognized arguments: (\S+)", message)
        if unknown:
            return _nearest(unknown[1].split("=")[0], list(self._option_string_actions))
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if choice:
            return _nearest(choice[1], re.findall(r"[\w-]+", choice[2]))
        return f" (see `{self.prog} --help`)"

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Report unknown options where they stand, so that hints come from the right command."""
        known, rest = super().parse_known_args(args, namespace)
        if rest and self._subparsers is None:
            self.error(f"unrecognized arguments: {' '.join(map(one_line, rest))}")
        return known, rest


def _nearest(name: str, known: list[str]) -> str:
    close = closest(name, known)
    return f"; did you mean {close}?" if close else ""
