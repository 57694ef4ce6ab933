"""Files of a run: whole or not at all, under names of their own, and never through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from escalade.artefacts import digests, files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    files.write_text(tmp_path / "new" / "a.txt", "one\n")
    files.write_text(tmp_path / "new" / "a.txt", "two\n")
    assert {p.name: p.read_text() for p in (tmp_path / "new").iterdir()} == {"a.txt": "two\n"}


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")

    def fail(file) -> None:
        file.write(b"tw")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        files.write_atomically(path, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "one"


def test_no_link_is_followed(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "run"
    folder.mkdir()
    victim.write_text("mine\n")
    (folder / "report.html").symlink_to(victim)
    files.write_text(folder / "report.html", "page\n")
    assert not (folder / "report.html").is_symlink()
    (folder / "metrics.jsonl").symlink_to(victim)
    with pytest.raises(OSError, match=r"metrics\.jsonl"):
        files.append_line(folder / "metrics.jsonl", "{}")
    assert victim.read_text() == "mine\n"


def test_two_writers_of_one_file_have_names_of_their_own(tmp_path: Path) -> None:
    seen = []

    def write(file) -> None:
        file.write(b"outer")
        files.write_bytes(tmp_path / "a", b"inner")
        seen.extend(p.name for p in tmp_path.iterdir())

    files.write_atomically(tmp_path / "a", write)
    assert (tmp_path / "a").read_bytes() == b"outer"
    assert len([name for name in seen if files.is_part(name)]) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    inside, outside = tmp_path / "run" / "family" / "S0", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
    left = f".part-{os.urandom(8).hex()}-model.onnx"
    kept = (".part-notes", "model.onnx", f"part-{8 * '0a'}-x")
    for name in (left, *kept):
        (inside / name).touch()
    (outside / left).touch()
    (inside / "link").symlink_to(outside)
    files.sweep(tmp_path / "run")
    assert {p.name for p in inside.iterdir()} == {*kept, "link"}
    assert (outside / left).exists()


@pytest.mark.parametrize("locks_there", [True, False])
def test_what_another_is_writing_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks_there: bool
) -> None:
    """Until it has its name, be the file closed before that or not."""
    if not locks_there:
        monkeypatch.setattr(files.locks, "fcntl", None)
    plain = os.replace

    def replacing(part, path) -> None:
        files.sweep(tmp_path)
        plain(part, path)

    monkeypatch.setattr(os, "replace", replacing)
    for name in "abc":
        files.write_atomically(tmp_path / "S0" / name, lambda file: files.sweep(tmp_path))
    assert {path.name for path in (tmp_path / "S0").iterdir()} == set("abc")


def test_processes_that_write_while_others_sweep(tmp_path: Path) -> None:
    """As owners of the whole folder do who know nothing of a report that is being written."""
    children = []
    for number in range(4):
        if (child := os.fork()) == 0:
            try:
                for i in range(300):
                    if number % 2:
                        files.sweep(tmp_path)
                    else:
                        files.write_bytes(tmp_path / "S0" / f"{number}-{i % 3}", b"x")
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    names = {path.name for path in (tmp_path / "S0").iterdir()}
    assert names == {f"{number}-{i}" for number in (0, 2) for i in range(3)}


def test_without_locks_what_is_old_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.locks, "fcntl", None)
    names = [f".part-{8 * byte}-x" for byte in ("0a", "0b")]
    for name in names:
        (tmp_path / name).touch()
    os.utime(tmp_path / names[0], (0, 0))
    files.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [names[1]]


def test_digests_tell_what_changed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"content of " + name.encode())
    digests.seal(tmp_path, "a")
    assert digests.is_whole(tmp_path, "a")
    assert not digests.is_whole(tmp_path, "a", "b")
    digests.seal(tmp_path, "b")
    digests.check_whole(tmp_path, "a", "b", "never noted", remedy="")
    (tmp_path / "b").write_bytes((tmp_path / "b").read_bytes()[:5])
    assert digests.changed(tmp_path, ("a", "b", "c")) == ["b"]
    with pytest.raises(ValueError, match=r"b: is not what was written; make it"):
        digests.check_whole(tmp_path, *digests.noted(tmp_path), remedy="make it")
    (tmp_path / "b").unlink()
    with pytest.raises(ValueError, match=r"b: is missing; make it"):
        digests.check_whole(tmp_path, "b", remedy="make it")
    digests.seal(tmp_path, "a")  # what is gone is forgotten
    assert list(digests.noted(tmp_path)) == ["a"]


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "0'])
def test_damaged_digests_switch_no_check_off(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").touch()
    (tmp_path / digests.FILE).write_text(text)
    for look in (digests.is_whole, digests.changed, digests.seal):
        with pytest.raises(ValueError, match=r"digests.json: not a list of digests .*; delete it"):
            look(tmp_path, "a")
    (tmp_path / digests.FILE).unlink()
    assert not digests.is_whole(tmp_path, "a")  # nobody knows, so that it is made again
    digests.check_whole(tmp_path, "a", remedy="")


def test_digests_name_nothing_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "S0"
    folder.mkdir()
    (tmp_path / "a").touch()
    (folder / digests.FILE).write_text('{"../a": "x", "/etc/passwd": "x", "": "x"}')
    assert digests.noted(folder) == {}
    assert not digests.is_whole(folder, "../a")
