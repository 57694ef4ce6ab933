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
