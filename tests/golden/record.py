"""Records what golden tests compare with: `make golden`, or one of `runs` and `commands`.

Record anew only for a change that is meant to change results, and say in the commit why.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import goldens

from running import Commands


def main(parts: list[str]) -> None:
    """Record the named parts, or both."""
    goldens.EXPECTED.mkdir(exist_ok=True)
    if not parts or "commands" in parts:
        record_commands()
    if not parts or "runs" in parts:
        record_runs()


def record_commands() -> None:
    """Answers and refusals, one line each, so that a difference shows which has changed."""
    recorded = {
        line: goldens.refusal(line) if verb == "wrong" else goldens.answer(line)
        for verb, given in goldens.lines().items()
        for line in given
    }
    rows = [f"{json.dumps(line)}: {json.dumps(found)}" for line, found in recorded.items()]
    goldens.COMMANDS.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def record_runs() -> None:
    """Digests of every run for this version of torch and this kind of CPU."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        commands = Commands(Path(folder))
        for config in goldens.RUNS:
            sys.stderr.write(f"{config.stem}\n")
            found[config.stem] = goldens.run(commands, config, Path(folder) / config.stem)
        commands.close()
    path = goldens.EXPECTED / f"{goldens.machine()}.json"
    recorded = {
        "processor": goldens.processor(),
        "arithmetic": goldens.arithmetic(),
        "runs": found,
    }
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
