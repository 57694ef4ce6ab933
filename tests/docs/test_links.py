"""Links, files and modules that the documents name exist."""

from __future__ import annotations

import re
from pathlib import Path

from documents import (
    DOCS,
    DOCUMENTS,
    PACKAGE,
    ROOT,
    anchors,
    documents,
    prose_of,
    spans,
    text_of,
)

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"[\w./-]+\.(?:py|yaml|yml|toml|jsonl?|md|svg|html|sqlite|safetensors|onnx|pt2?)")
# Files of a user's own in examples, and those of another device.
EXAMPLES = {"photo.jpg", "birds.yaml", "curves.svg", "curves.html", "made.json", "config.yaml"}
EXAMPLES |= {"parts.json", "TIMES.json", "time_parts.py", "labels.jsonl"}

WRITTEN = {"model.py"}  # into a member's folder
SOURCE = re.compile(r"(?<![\w./{-])((?:[a-z_]+/)*[a-z_]+\.py)\b")
MODULE = re.compile(r"`((?:[a-z_]+\.)+\w+)`")


def test_the_documents_are_found() -> None:
    names = {path.name for path in DOCUMENTS}
    expected = {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "method.md"}
    assert expected <= names


@documents
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(prose_of(document)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{document.name} links to {target}"


def test_the_index_leads_to_every_page() -> None:
    pages = set(DOCS.rglob("*.md")) - {DOCS / "index.md"}
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for index in (DOCS / "index.md", DOCS / "studies" / "index.md")
        for target in LINK.findall(text_of(index))
    }
    assert pages - linked == {DOCS / "studies" / "index.md"} - linked


@documents
def test_files_exist(document: Path) -> None:
    elsewhere = EXAMPLES | _files_of_a_run()
    for span in spans(document):
        setting = span.startswith("export.")
        if FILE.fullmatch(span) and not setting and Path(span).name not in elsewhere:
            places = (ROOT, PACKAGE, PACKAGE / "spaces", document.parent, ROOT / "studies")
            found = "NAME" in span or any((place / span).is_file() for place in places)
            assert found or span.startswith("runs/"), f"{document.name} names {span}"


def test_files_of_a_run_are_written_by_the_program() -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    for name in _files_of_a_run():
        assert re.search(rf"""["'/]{re.escape(name)}["']""", source), name


def test_sources_name_pages_that_are_there() -> None:
    """Comments and docstrings, of YAML and templates, too."""
    for folder in ("src", "studies", "benchmarks", "tests"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".yaml", ".j2"):
                for page in re.findall(r"\bdocs/[\w/-]+(?:\.md)?", file.read_text("utf-8")):
                    assert (ROOT / page).exists(), f"{file.relative_to(ROOT)} names {page}"


def test_sources_name_files_and_modules_that_are_there() -> None:
    """Comments and docstrings of the package: `train/loop.py`, `core.scaling.rules.parse`."""
    rooms = {room.name for room in PACKAGE.iterdir() if room.is_dir()} - {"search", "supernet"}
    elsewhere = EXAMPLES | _files_of_a_run() | WRITTEN
    for file in PACKAGE.rglob("*.py"):
        text, where = file.read_text(encoding="utf-8"), file.relative_to(ROOT)
        for name in SOURCE.findall(text):
            places = (ROOT, PACKAGE, file.parent)
            found = name in elsewhere or any((place / name).is_file() for place in places)
            assert found, f"{where} names {name}"
        for name in MODULE.findall(text):
            first, *rest = name.split(".")
            if first in rooms and not FILE.fullmatch(name):  # those two are groups of settings
                assert _is_there(PACKAGE / first, rest), f"{where} names {name}"


def _is_there(at: Path, names: list[str]) -> bool:
    """Whether a dotted name leads to a module, or to something that one defines."""
    for i, name in enumerate(names):
        if (at / name).is_dir():
            at /= name
        elif (module := at / f"{name}.py").is_file():
            source = module.read_text(encoding="utf-8")
            return all(re.search(rf"\b{each}\b", source) for each in names[i + 1 :])
        else:
            return False
    return True


def test_the_map_names_every_room() -> None:
    text = text_of(ROOT / "ARCHITECTURE.md")
    for room in PACKAGE.iterdir():
        if room.is_dir() and (room / "__init__.py").exists():
            assert f"`{room.name}/`" in text, room.name


def test_the_map_names_rooms_that_are_there() -> None:
    for span in spans(ROOT / "ARCHITECTURE.md"):
        if re.fullmatch(r"[a-z]+/", span) and span not in ("training/", "family/"):
            assert any((place / span).is_dir() for place in (ROOT, PACKAGE)), span


def _files_of_a_run() -> set[str]:
    """Names of files in the reference of the run folder."""
    page = spans(DOCS / "reference" / "run_folder.md")
    return {Path(span).name for span in page if FILE.fullmatch(span)}
