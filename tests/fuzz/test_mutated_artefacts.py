"""Runs of strangers: whatever a file in one says, a verb answers or refuses it, inside the run."""

from __future__ import annotations

import copy
import os
import random
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import mutations
import pytest
import strangers
import yaml
from hypothesis import given, settings

from running import tell

EXAMPLES = 40
# Every field with every verb that reads its file, in the place of a sample; 1 for all that there
# are, of which there are thousands, 50 for every fiftieth.
EVERY = "ESCALADE_EVERY_FIELD"
WRONG = (*mutations.NUMBERS, *mutations.OTHERS, *mutations.TEXTS, *strangers.PATHS)


@pytest.fixture(scope="module")
def place(finished, tmp_path_factory):
    """A folder with a copy of the finished run, which every example changes and puts back."""
    folder = tmp_path_factory.mktemp("strangers")
    run = strangers.copied(finished, folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ESCALADE_CACHE", str(folder / "cache"))
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)  # where it was found to be before
        yield run


def check(run: Path, words: tuple[str, ...]) -> None:
    """A verb on a run: no traceback, nothing written outside, a brief message where it refuses."""
    with strangers.only_writes_in(run.parent):
        ended = strangers.command(*words)
    assert ended.code in (0, 1, 2), ended.err
    if ended.code:
        message = ended.err[ended.err.index("escalade: ") :].rstrip("\n").split("\n")
        assert len(message) <= 3, ended.err
        assert max(map(len, message)) <= 400, ended.err
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ended.err), ended.err


def files(run: Path) -> list[str]:
    """All that hold values."""
    found = [*run.glob("**/*.json"), *run.glob("**/*.yaml")]
    return sorted(str(path.relative_to(run)) for path in found)


def write(path: Path, content: Any) -> None:
    """Write a file with this content, as JSON or YAML by its name."""
    is_yaml = path.suffix == ".yaml"
    text = yaml.dump(content, allow_unicode=True) if is_yaml else strangers.as_json(content)
    path.write_bytes(text.encode(errors="surrogatepass"))


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=EXAMPLES, derandomize=True, database=None)
def test_some_fields_of_any_file_read_by_any_verb(finished, place, data):
    name = data.draw(st.sampled_from(files(finished)))
    write(place / name, strangers.changed(data.draw, strangers.read(finished, name)))
    words = data.draw(st.sampled_from(strangers.readers(name)))
    if unmade := data.draw(st.sampled_from(strangers.UNMADE)):
        strangers.remove(place / unmade)
    try:
        check(place, words)
    finally:
        strangers.copied(finished, place)


def combinations(run: Path) -> list[tuple[str, tuple[Any, ...], tuple[str, ...]]]:
    """Files, their fields and the verbs that read them."""
    return [
        (name, field, words)
        for name in files(run)
        for field in strangers.fields(strangers.read(run, name))
        for words in strangers.readers(name)
    ]


@pytest.mark.slow
@pytest.mark.skipif(EVERY not in os.environ, reason=f"all take hours; {EVERY}=1 has them")
def test_all_fields_and_all_verbs_that_read_them(finished, place, request):
    """A wrong value each, drawn of those that have been wrong elsewhere."""
    rng = random.Random(0)
    every = combinations(finished)
    rng.shuffle(every)
    chosen = every[:: int(os.environ[EVERY])]
    for name, field, words in chosen:
        content, value = strangers.read(finished, name), rng.choice(WRONG)
        strangers.put(content, field, copy.deepcopy(value))
        write(place / name, content)
        try:
            check(place, words)
        except BaseException as error:
            error.add_note(f"{name}: {field} as {value!r:.99}, read by {' '.join(words)}")
            raise
        finally:
            strangers.copied(finished, place)
    tell(request, f"{len(chosen):,} of {len(every):,} pairs of a field and a verb")


@pytest.mark.slow
def test_every_file_has_readers_and_fields(finished):
    """So that the count above means something."""
    every = combinations(finished)
    assert {name for name, *_ in every} == set(files(finished))
    assert {words for *_, words in every} == set(strangers.VERBS)
    assert len(every) > 5_000


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=EXAMPLES // 4, derandomize=True, database=None)
def test_files_that_are_torn(finished, place, data):
    """Cut, with bytes put in, or nothing but noise."""
    found = [str(path.relative_to(finished)) for path in finished.glob("**/*") if path.is_file()]
    name = data.draw(st.sampled_from(sorted(found)))
    content = (finished / name).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    noise = data.draw(st.binary(max_size=20))
    after = data.draw(st.sampled_from((0, 1, len(noise), len(content))))
    (place / name).write_bytes(content[:at] + noise + content[at + after :])
    words = data.draw(st.sampled_from(strangers.VERBS))
    try:
        check(place, words)
    finally:
        strangers.copied(finished, place)


SQL = (
    "UPDATE evaluations SET num_images = 0, count = 0",
    "UPDATE evaluations SET value = 'x'",
    "UPDATE evaluations SET macs = 9223372036854775807",
    "UPDATE evaluations SET macs = 0, params = 0, activations = 0",
    "UPDATE evaluations SET resolution = x'00'",
    "DELETE FROM evaluations",
    "DROP TABLE evaluations",
    "INSERT INTO latencies VALUES ('s', 'part', '{', 1.0)",
    "CREATE TRIGGER t BEFORE INSERT ON evaluations BEGIN SELECT RAISE(ABORT, 'no'); END",
)


@pytest.mark.parametrize("statement", SQL)
@pytest.mark.parametrize(
    "words", [("report", "run"), ("search", "run")], ids=lambda words: words[0]
)
def test_stores_of_strangers(finished, place, statement, words):
    connection = sqlite3.connect(place / "evaluations.sqlite")
    with connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)
    connection.close()
    (place / "search.json").unlink()
    try:
        check(place, words)
    finally:
        strangers.copied(finished, place)
