"""The command line: the only reader of argv. Nothing here imports torch before a verb needs it."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

from escalade import __version__
from escalade.cli import cache_command, inspection, latency_command, runs, scaling_commands
from escalade.cli.output import open_streams, write_line, write_text
from escalade.cli.parser import Parser, UsageError
from escalade.cli.signals import interruptible
from escalade.core.values.invalid import brief
from escalade.train.parents import leave_ranks

# Threads that wait for each other by spinning slow training down six times where anything else
# runs on the same cores; this must be set before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Verbs of which a run folder keeps what they have done.
KEEPING = (
    "demo",
    "run",
    "train",
    "search",
    "grow",
    "retrain",
    "export",
    "quantise",
    "report",
    "analyse",
    "audit",
)
# Verbs that several ranks do together; any other is done by the first of them.
SHARED = ("demo", "run", "train", "search", "retrain", "analyse", "audit")
STOPPED = (130, 143)  # by Ctrl-C, by SIGTERM
# How torch says so, on CPU and on CUDA.
_NO_MEMORY = re.compile("can't allocate memory|out of memory", re.IGNORECASE)
_ASKED = re.compile(r"(?:tried|unable) to allocate ([\d.]+) (\w+)", re.IGNORECASE)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of `escalade`; ends the process with the exit code (docs/reference/cli.md)."""
    open_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    if debug:
        arguments.remove("--debug")
    code = _run(arguments, debug=debug)
    if code in STOPPED:
        os._exit(code)  # taking the interpreter apart may wait for threads
    sys.exit(code)


def _run(arguments: list[str], *, debug: bool) -> int:
    try:
        command, options = _parse(arguments)
        if not _is_shared(options) and not leave_ranks():
            return 0
        kept = "; what is done is kept. Go on with" if options.command in KEEPING else ". Again"
        farewell = f"escalade: stopped{kept}: escalade {shlex.join(arguments)}"
        return interruptible(lambda: command(options), farewell=farewell)
    except KeyboardInterrupt:
        return STOPPED[0]
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to write has no reader
        return 1
    except (UsageError, ValueError) as error:
        return _fail(error, 2, debug=debug)
    except (FloatingPointError, RuntimeError, OSError, MemoryError) as error:
        is_wrong = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        return _fail(error, 2 if is_wrong else 1, debug=debug)


def _is_shared(options: Any) -> bool:
    on_others = options.command == "retrain" and options.data is not None
    return options.command in SHARED and not on_others


def _fail(error: BaseException, code: int, *, debug: bool) -> int:
    if debug:
        raise error
    lines = [line for line in _describe(error).splitlines()[:3] if line.strip()]
    text = "\n".join(lines) or type(error).__name__
    write_line(brief(f"escalade: {text}"))
    return code


def _describe(error: BaseException) -> str:
    if _is_memory(error):
        return (
            f"there is not enough memory{_asked(str(error))}: use smaller batches, a lower "
            "resolution or fewer workers"
        )
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    remedy = ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = "\nmake room and give the same command again; nothing is lost"
    return f"{where}{error.strerror}{remedy}"


def _is_memory(error: BaseException) -> bool:
    """Whether there was too little memory, as Python, numpy, the system or torch says it."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    in_words = isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error))
    return isinstance(error, MemoryError) or bool(in_words)


def _asked(message: str) -> str:
    """How much was asked for at once, where the message says so."""
    found = _ASKED.search(message)
    if found is None:
        return ""
    from escalade.core.numbers.shown import amount

    value, unit = found.groups()
    return f" for {amount(float(value), 'memory')}" if unit == "bytes" else f" for {value} {unit}"


def _parse(arguments: list[str]) -> tuple[Callable[[Any], None], Any]:
    parser = Parser(
        prog="escalade",
        description="Search a base network and the scaling strategies that grow it into a family.",
        epilog="Start with `escalade plan --data FOLDER --budgets 1M,2M,4M`: it trains nothing.",
    )
    parser.add_argument("--version", action="version", version=f"escalade {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    runs.add_commands(commands)
    inspection.add_commands(commands)
    latency_command.add_commands(commands)
    scaling_commands.add_commands(commands)
    cache_command.add_commands(commands)
    if not arguments:
        write_text(parser.format_help())
        raise UsageError("name a command, such as `escalade demo`")
    options = parser.parse_args(arguments)
    if options.command is None:
        raise UsageError("name a command, such as `escalade demo`")
    options.arguments = arguments
    command: Callable[[Any], None] = options.run_command
    return command, options
