"""One owner a folder, however the one before it ended."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from escalade.artefacts import locks, owning
from escalade.artefacts.owning import contents, owned


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owning, "WAIT_SECONDS", 0.0)


def holder(folder: Path) -> int:
    """A process that owns a folder until it is killed."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        with owned(folder):
            os.write(told, b"x")
            signal.pause()
    os.read(ready, 1)
    os.close(ready), os.close(told)
    return child


def test_the_second_owner_is_told_of_the_first(tmp_path: Path) -> None:
    child = holder(tmp_path)
    try:
        words = rf"another process works there \(process {child} on .*, since \d.*\); wait for it"
        with pytest.raises(ValueError, match=words), owned(tmp_path):
            pass
        with owned(tmp_path, rank=1):  # the first rank owns for all
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert [p.name for p in tmp_path.iterdir()] == [owning.LOCK]
    assert contents(tmp_path) == []
    left = tmp_path / f".part-{8 * '0a'}-config.yaml"
    left.touch()
    with owned(tmp_path):  # a killed owner owns nothing, and what it was writing goes
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


def test_an_owner_in_this_very_process_counts(tmp_path: Path) -> None:
    with owned(tmp_path), pytest.raises(ValueError, match="another process"), owned(tmp_path):
        pass
    with owned(tmp_path):
        pass


def test_who_waits_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owning, "WAIT_SECONDS", 60.0)
    child = holder(tmp_path)
    if os.fork() == 0:
        os.kill(child, signal.SIGKILL)
        os._exit(0)
    with owned(tmp_path):
        assert (tmp_path / owning.LOCK).read_text().startswith(f"process {os.getpid()} on ")
    for _ in range(2):
        os.wait()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    victim, run = tmp_path / "victim", tmp_path / "run"
    run.mkdir()
    victim.write_text("mine")
    (run / owning.LOCK).symlink_to(victim)
    with pytest.raises(ValueError, match="cannot write there"), owned(run):
        pass
    assert victim.read_text() == "mine"


def test_a_file_system_without_locks_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    said: list[str] = []
    with owned(tmp_path, say=said.append):
        pass
    assert said == [
        f"{tmp_path}: no locks on this file system; let one command at a time work there"
    ]


def test_a_folder_that_cannot_be_written_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(locks.os, "open", refuse)
    words = "cannot write there: Read-only file system"
    with pytest.raises(ValueError, match=words), owned(tmp_path):
        pass


def test_temporary_files_of_dead_processes_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "escalade-dead.pt").touch()
    (tmp_path / "other.pt").touch()
    handle, path = locks.temporary_file("escalade-", ".pt")
    other, second = locks.temporary_file("escalade-", ".pt")
    assert {p.name for p in tmp_path.iterdir()} == {"other.pt", path.name, second.name}
    os.close(handle), os.close(other)


def test_only_one_file_knows_how_to_lock() -> None:
    source = Path(locks.__file__).parents[1]
    known = [p.name for p in source.rglob("*.py") if "fcntl" in p.read_text(encoding="utf-8")]
    assert known == ["locks.py"]


def test_a_full_disk_keeps_nobody_from_owning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(locks.os, "write", full)
    with owned(tmp_path):
        assert (tmp_path / owning.LOCK).read_bytes() == b""
    assert list(tmp_path.iterdir()) == []


def test_temporary_folders_go_with_the_body_or_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks.tempfile, "tempdir", str(tmp_path))
    with locks.temporary_folder("escalade-") as mine:
        (mine / "some").touch()
        with locks.temporary_folder("escalade-") as other:
            assert mine.is_dir()
            assert other.is_dir()
            assert other != mine
        assert (mine / "some").exists()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "escalade-dead.lock").touch()
    (tmp_path / "escalade-dead.lock.d").mkdir()
    (tmp_path / "escalade-dead.lock.d" / "left").touch()
    with locks.temporary_folder("escalade-") as mine:
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {mine.name, mine.name.removesuffix(".d")}
