"""Runs command lines in forks of a process that has everything imported, one after the other.

An import takes longer than a golden run. Requests are JSON lines on stdin, with `arguments` and a
file for all output; the exit code goes to stdout.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import traceback


def main() -> None:
    """Answer requests until there are no more."""
    import escalade

    for module in pkgutil.walk_packages(escalade.__path__, "escalade."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(request["arguments"], output=request["output"])
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(arguments: list[str], *, output: str) -> None:
    """Run to the end, then leave without taking the interpreter's copy apart."""
    from escalade.cli import main as command_line

    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 1
    try:
        command_line(arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
