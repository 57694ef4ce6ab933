from __future__ import annotations

from dataclasses import dataclass

import pytest

from escalade.cli import main


@dataclass(frozen=True)
class Transcript:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def escalade(capsys, monkeypatch, tmp_path):
    """Runs a command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))

    def run(*arguments: object) -> Transcript:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Transcript(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def refused(escalade):
    """Runs a wrong command line, whose message is short and has some words."""

    def run(line: str, *words: str) -> None:
        ended = escalade(*line.split())
        assert (ended.code, ended.out) == (2, ""), ended.err
        message = ended.err.splitlines()
        assert 1 <= len(message) <= 3
        assert message[0].startswith("escalade: ")
        for word in words:
            assert word in ended.err
        for noise in ("usage:", "Traceback", "config.s", "<class"):
            assert noise not in ended.err

    return run
