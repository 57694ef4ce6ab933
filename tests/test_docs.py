"""The documents name only what exists: links, verbs, flags, modules, settings and files."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from escalade.cli import inspection, latency_command, runs, scaling_commands
from escalade.cli.parser import Parser
from escalade.config import Config, read_preset, resolve
from escalade.core.numbers.seeds import generator
from escalade.core.space.layouts import parse
from escalade.core.space.space import Space
from escalade.spaces import load

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "escalade"
FOLDERS = (ROOT, ROOT / "docs", ROOT / "studies")
DOCUMENTS = sorted(file for folder in FOLDERS for file in folder.glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def test_the_documents_are_found() -> None:
    names = {path.name for path in DOCUMENTS}
    expected = {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "method.md"}
    assert expected <= names


@documents
def test_relative_links_resolve(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in _anchors(file), f"{document.name} links to {target}"


@documents
def test_commands_have_their_verb_and_flags(document: Path) -> None:
    verbs = _verbs()
    for command in _commands(document.read_text(encoding="utf-8")):
        words = shlex.split(command, comments=True)[1:]
        words = [word for word in words if word not in ("--debug", "...", ">", "space.json")]
        if words[:1] in (["--help"], ["--version"]) or not words:
            continue
        assert words[0] in verbs, f"{document.name}: {command}"
        known = verbs[words[0]]._option_string_actions
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in known, f"{document.name}: {command}"


@documents
def test_settings_after_set_exist(document: Path) -> None:
    for key, value in re.findall(r"--set ([\w.]+)=([^\s`]+)", document.read_text(encoding="utf-8")):
        settings: Any = yaml.safe_load(value)
        for part in reversed(key.split(".")):
            settings = {part: settings}
        ladder = {} if key == "search.members" else read_preset("smoke")
        assert isinstance(resolve(ladder, settings), Config)


@documents
def test_modules_and_files_exist(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for span in SPAN.findall(text):
        if re.fullmatch(r"[\w/.-]+/[\w.-]*\.(py|yaml)|[\w/-]+\.py", span):
            places = (ROOT / span, PACKAGE / span)
            of_a_run = span == "model.py" or span.startswith(("RUN/", "runs/"))
            assert of_a_run or any(place.is_file() for place in places), span
        elif document.name == "ARCHITECTURE.md" and re.fullmatch(r"[a-z]+/", span):
            places = (ROOT / span, PACKAGE / span)
            run_folder = span in ("training/", "family/")
            assert run_folder or any(place.is_dir() for place in places), span


def test_the_map_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for room in PACKAGE.iterdir():
        if room.is_dir() and (room / "__init__.py").exists():
            assert f"`{room.name}/`" in text, room.name


@documents
def test_python_examples_import_what_exists(document: Path) -> None:
    for language, code in FENCE.findall(document.read_text(encoding="utf-8")):
        if language != "python":
            continue
        compile(code, document.name, "exec")
        for module, names in re.findall(r"^from (escalade[\w.]*) import (.+)$", code, re.MULTILINE):
            loaded = importlib.import_module(module)
            for name in map(str.strip, names.split(",")):
                known = hasattr(loaded, name) or importlib.util.find_spec(f"{module}.{name}")
                assert known, f"{module}.{name}"


def test_the_example_spaces_are_spaces() -> None:
    blocks = FENCE.findall((ROOT / "docs" / "spaces.md").read_text(encoding="utf-8"))
    texts = [code for language, code in blocks if language == "yaml"]
    own, layers, design = (parse(yaml.safe_load(text), where="example") for text in texts)
    space = Space(own, factors=(1.0, 2.0, 4.0))
    assert space.traits.scales
    assert all(len(space.strategies(stage)) for stage in range(3))
    assert len(Space(layers).sample_genomes(generator(0, "docs"), 3)) == 3
    assert len(Space(design).sample_genomes(generator(0, "docs"), 3)) == 3


def test_the_example_choice_spaces_are_spaces(tmp_path: Path) -> None:
    blocks = FENCE.findall((ROOT / "docs" / "identities.md").read_text(encoding="utf-8"))
    sizes = []
    for text in (code for language, code in blocks if language == "yaml"):
        file = tmp_path / "space.yaml"
        file.write_text(text)
        sizes.append(load.load(str(file)).size)
    assert sizes == [5**7, 13**9]


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "run_folder.md").read_text(encoding="utf-8")
    spans = set(SPAN.findall(text))
    settings = yaml.safe_load(resolve(read_preset("smoke")).to_yaml())
    for key, value in settings.items():
        if not isinstance(value, dict):
            assert key in spans, key
            continue
        for inner, entry in value.items():
            assert f"{key}.{inner}" in spans, f"{key}.{inner}"
            for field in entry if isinstance(entry, dict) else ():
                assert field in spans, f"{key}.{inner}.{field}"


def _commands(text: str) -> Iterator[str]:
    for language, code in FENCE.findall(text):
        if language == "sh":
            for line in code.splitlines():
                line = line.strip().removeprefix("time ")
                if line.startswith("escalade "):
                    yield line
    for span in SPAN.findall(FENCE.sub("", text)):
        if span.startswith("escalade "):
            yield span


def _verbs() -> dict[str, argparse.ArgumentParser]:
    commands = Parser(prog="escalade").add_subparsers(parser_class=Parser)
    runs.add_commands(commands)
    inspection.add_commands(commands)
    latency_command.add_commands(commands)
    scaling_commands.add_commands(commands)
    verbs: dict[str, argparse.ArgumentParser] = commands.choices  # type: ignore[assignment]
    return verbs


def _anchors(file: Path) -> set[str]:
    """Headings as they are linked to: lower case, without punctuation, spaces as hyphens."""
    text = FENCE.sub("", file.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
