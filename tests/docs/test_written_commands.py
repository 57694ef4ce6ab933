"""Commands written in the documents parse; flags, presets, spaces and networks in them exist."""

from __future__ import annotations

import argparse
import io
import re
import runpy
import sys
from contextlib import redirect_stdout
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from documents import DOCS, ROOT, commands, documents, spans
from escalade.cli import cache_command, inspection, latency_command, runs, scaling_commands
from escalade.cli.parser import Parser, UsageError
from escalade.config import read_preset
from escalade.core.scaling import rules
from escalade.spaces import known, load

RUNNER = "src/escalade/family/exports/time_parts.py"
OF_OTHERS = {"--nproc-per-node"}  # torchrun's


@documents
def test_commands_parse(document: Path) -> None:
    parser = _parser()
    for words in commands(document):
        words = _without_torchrun(words)
        if words[0] == "escalade" and words[1] not in ("--help", "--version"):
            _parse(parser, _before_output(words[1:]))
        elif words[0] == "make":
            assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text(), words
        elif words[0].endswith(".py") or words[0] == "python":
            _check_script(words[words[0] == "python" :])


@documents
def test_flags_exist(document: Path) -> None:
    flags = {option for verb in _verbs().values() for option in verb._option_string_actions}
    flags |= set(_parser()._option_string_actions) | OF_OTHERS
    for span in spans(document):
        for flag in re.findall(r"(?<!\S)(--[a-z][\w-]*)", span):
            assert flag in flags or flag in _flags_of_scripts(), f"{document.name} names {flag}"


@documents
def test_presets_spaces_and_networks_exist(document: Path) -> None:
    for words in map(_without_torchrun, commands(document)):
        if words[0] != "escalade":
            continue
        for flag, name in pairwise(words):
            if flag == "--preset":
                read_preset(name)
            if flag in ("--space", "space") and not name.endswith((".yaml", "SPACE", "NAME")):
                assert name in load.names(), f"{document.name}: {name}"
        if words[1] in ("cost", "scale", "compare", "latency"):
            for name in takewhile(lambda word: word[:2] != "--", _before_output(words[2:])):
                _network(name)


def test_every_verb_and_flag_is_documented() -> None:
    named = " ".join(spans(DOCS / "reference" / "cli.md"))
    for name, verb in _verbs().items():
        assert f"escalade {name}" in named, name
        for option in set(verb._option_string_actions) - {"-h", "--help"}:
            assert re.search(rf"{option}\b", named), f"{name} {option}"


def _parser() -> Parser:
    parser = Parser(prog="escalade")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--version", action="store_true")
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    runs.add_commands(commands)
    inspection.add_commands(commands)
    latency_command.add_commands(commands)
    scaling_commands.add_commands(commands)
    cache_command.add_commands(commands)
    return parser


def _verbs() -> dict[str, argparse.ArgumentParser]:
    actions = _parser()._subparsers._group_actions  # type: ignore[union-attr]
    verbs: dict[str, argparse.ArgumentParser] = actions[0].choices  # type: ignore[assignment]
    return verbs


def _parse(parser: Parser, arguments: list[str]) -> None:
    """Sentences may leave out what a command needs besides the flag that they are about."""
    try:
        parser.parse_args(arguments)
    except UsageError as error:
        if not re.search("arguments are required|expected one argument", str(error)):
            raise


def _without_torchrun(words: list[str]) -> list[str]:
    if words[0] == "torchrun":
        return ["escalade", *words[words.index("escalade.cli") + 1 :]]
    return words


def _before_output(words: list[str]) -> list[str]:
    return words[: words.index(">")] if ">" in words else words


def _network(name: str) -> None:
    """A known architecture, by a known rule; files and folders are a user's own."""
    if not name.isupper() and "/" not in name and not name.endswith(".json"):
        base, *rule = name.split(":")
        known.load(base)
        for text in rule[:1]:
            rules.parse(text)


def _check_script(words: list[str]) -> None:
    """A script of ours is there and has the flags; `model.py` comes with a member."""
    if words[0].endswith(".py") and Path(words[0]).name != "model.py":
        is_runner = Path(words[0]).name == Path(RUNNER).name  # which comes with parts to time
        script = RUNNER if is_runner else words[0]
        for word in words[1:]:
            assert not word.startswith("--") or word in _flags_of_script(script), words


@cache
def _flags_of_script(name: str) -> set[str]:
    """Those in its `--help`."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.syspath_prepend(str(ROOT / Path(name).parent))
        patch.setattr(sys, "argv", [name, "--help"])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / name), run_name="__main__")
    assert end.value.code in (0, None)
    return set(re.findall(r"--[a-z][\w-]*", said.getvalue()))


def _flags_of_scripts() -> set[str]:
    scripts = [*ROOT.glob("studies/*.py"), *ROOT.glob("benchmarks/*.py")]
    names = [str(script.relative_to(ROOT)) for script in scripts if script.stem != "make_embedded"]
    names.append(RUNNER)
    return set().union(*map(_flags_of_script, names))
