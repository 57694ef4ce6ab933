"""What the studies share: command lines, settings, units side by side."""

from __future__ import annotations

import argparse
import importlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from common.command import flag

STUDIES = ("accuracy", "bignas", "claim", "independent", "runtime", "sampling", "scarlet")
studies = pytest.mark.parametrize("name", STUDIES)


def test_studies_use_escalade_through_one_file() -> None:
    folder = Path(__file__).parents[2] / "studies"
    users = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if re.search(r"^\s*(from|import) escalade\b", path.read_text(), re.MULTILINE)
    ]
    assert users == ["common/lab.py"]


def end(name: str, *arguments: str) -> int:
    """The exit code of a study's command."""
    from common.command import command

    with pytest.raises(SystemExit) as ended:
        command(importlib.import_module(name).main, arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


@studies
def test_a_table_of_nothing_is_one_message(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--out", str(tmp_path / "none"), "--results", str(tmp_path)]
    assert end(name, "--table", *places) == 2
    said = capsys.readouterr().err
    assert "none/setting.json: there is no setting here; run without --table first" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@studies
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--sedes", "1"], "--sedes"),
        (["--tabel"], "did you mean --table?"),
        (["--results"], "expected one argument"),
    ],
)
def test_a_mistyped_flag_is_one_message(
    name: str, wrong: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end(name, *wrong, "--out", str(tmp_path / "none")) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("accuracy", "--epochs=-1", "'-1' is no number above 0"),
        ("accuracy", "--seeds=two", "'two' is no whole number from 0 on"),
        ("accuracy", "--workers=0", "'0' is no whole number from 1 on"),
        ("bignas", "--workers=0", "'0' is no whole number from 1 on"),
        ("bignas", "--seeds=-1", "'-1' is no whole number from 0 on"),
        ("bignas", "--epochs=nan", "'nan' is no number above 0"),
        ("bignas", "--slices=3", "3 are too few for thirds; use 9"),
        ("bignas", "--device=cdua", "'cdua' is not known; use auto, cpu, cuda or cuda:N"),
        ("claim", "--epochs=four", "'four' is no number above 0"),
        ("independent", "--population=0", "'0' is no whole number from 1 on"),
        ("independent", "--limit=1.5", "'1.5' is no whole number from 1 on"),
        ("runtime", "--rounds=0", "'0' is no whole number from 1 on"),
        ("runtime", "--factors=2,x", "'x' is not a number"),
        ("runtime", "--bases=resnet51", "resnet51"),
        ("runtime", "--precision=fp8", "fp8"),
        ("sampling", "--paths=many", "'many' is no whole number from 1 on"),
        ("sampling", "--window=inf", "'inf' is no number above 0"),
        ("scarlet", "--study=identity,folsd", "folsd is not known; use rate, identity"),
        ("scarlet", "--networks=20 --ranked=30", "30 of the 20 networks cannot be ranked"),
        ("scarlet", "--device=mps", "'mps' is not supported; use auto, cpu, cuda or cuda:N"),
    ],
)
def test_what_is_wrong_is_one_message_and_nothing_is_begun(
    name: str, wrong: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none"
    assert end(name, *wrong.split(), "--out", str(folder), "--results", str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_another_studys_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from common.study import keep
    from scarlet_study.setting import SHORT

    keep(SHORT, tmp_path)
    assert end("bignas", "--table", "--out", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert "setting.json: not of this study, which has no fair_rate, alone_epochs, networks" in said
    assert said.endswith("give its own folder with --out\n")


@studies
def test_help_says_what_it_does_how_long_and_where_results_go(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end(name, "--help") == 0
    said = capsys.readouterr().out
    module = importlib.import_module(name)
    assert module.__doc__ is not None
    assert module.__doc__.strip() in said
    assert any(word in said for word in ("minutes", "hours"))
    assert f"studies/results/{name}" in said
    for option in ("--table", "--out OUT", "--results RESULTS", "--debug"):
        assert option in said


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "stopped; what is finished is kept, and the same command"),
        (ValueError("resolution: 3 is too small"), 2, "resolution: 3 is too small\n"),
        (RuntimeError("a worker process ended"), 1, "a worker process ended\n"),
        (OSError(28, "No space left on device", "/out/x.json"), 1, "/out/x.json"),
        (MemoryError(), 1, "MemoryError\n"),
    ],
)
def test_how_a_study_ends(
    raised: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from common.command import command

    def main(arguments: Any) -> None:
        assert arguments == ["--seeds", "1"]
        raise raised

    with pytest.raises(SystemExit) as ended:
        command(main, ["--seeds", "1"])
    assert ended.value.code == code
    assert said in capsys.readouterr().err
    if not isinstance(raised, KeyboardInterrupt):
        with pytest.raises(type(raised)):
            command(main, ["--debug", "--seeds", "1"])


@dataclass(frozen=True, kw_only=True)
class Setting:
    epochs: float = flag(2.0, "of every training")
    paths: int = flag(5, "in all")


def test_a_folder_holds_one_setting(tmp_path: Path) -> None:
    from common.study import begun, keep

    keep(Setting(paths=7), tmp_path)
    keep(Setting(paths=7), tmp_path)
    assert begun(Setting, tmp_path) == Setting(paths=7)
    with pytest.raises(ValueError, match="begun with another epochs, paths; give the same options"):
        keep(Setting(epochs=3.0), tmp_path)


def test_a_result_that_no_unit_wrote_is_named(tmp_path: Path) -> None:
    from common.files import read

    assert read(tmp_path / "a.json") is None
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match=r"a\.json: not a result .*give the command again"):
        read(tmp_path / "a.json")


def test_a_unit_is_done_once(tmp_path: Path) -> None:
    from common.files import once

    made = [{"a": 1}, {"a": 2}]
    assert once(tmp_path / "a.json", lambda: made.pop(0)) == {"a": 1}
    assert once(tmp_path / "a.json", lambda: made.pop(0)) == {"a": 1}
    assert made == [{"a": 2}]


def test_flags_of_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    from common.command import add_setting, chosen, parser

    def parse(*words: str, short: Setting | None = None) -> argparse.Namespace:
        made = parser("about", out="runs")
        add_setting(made, Setting(), short=short)
        return made.parse_args(words)

    assert chosen(parse(), Setting(epochs=1.0)) == Setting(epochs=1.0)
    assert chosen(parse("--paths", "9"), Setting(epochs=1.0)) == Setting(epochs=1.0, paths=9)
    with pytest.raises(SystemExit):
        parse("--help", short=Setting(epochs=0.5))
    said = capsys.readouterr().out
    assert "of every training (2.0, with --short 0.5)" in said
    assert "in all (5)" in said


def _double(bench: Any, asked: int, link: Any) -> tuple[int, str, int]:
    return 2 * asked, bench.device, bench.num_workers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "workers", "asked", "own"),
    [("cpu", 2, 3, 2), ("cpu:0", 2, 3, 1), ("cpu:0", 1, 3, 1), ("cpu:0", 2, 1, 2)],
)
def test_units_run_here_on_cpu_and_side_by_side_elsewhere(
    device: str, workers: int, asked: int, own: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has all processes, or is one of them: `own` is how many it may start."""
    from common import bench as module
    from common import lab
    from escalade.data import load

    pools: list[int] = []

    class Pool:
        def __init__(self, work: Any, *, num_workers: int, shared: Any) -> None:
            assert set(shared) == {f"{s}/{k}" for s in ("train", "search") for k in _PARTS}
            pools.append(num_workers)
            self.work, self.shared = work, shared

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def run(self, jobs: Any, on_report: Any) -> Any:
            state = self.work.setup(self.shared)
            assert len(state.data.train) == 20
            for index in reversed(range(len(jobs))):
                yield index, self.work.run(state, jobs[index], None)

    monkeypatch.setattr(lab, "WorkerPool", Pool)
    data = load("demo", cache_dir=Path("unused"), limit=20)
    bench = module.Bench(data=data, num_recalibration=8, num_workers=workers, say=print)
    found = dict(replace(bench, device=device).side_by_side(_double, range(asked)))
    assert found == {each: (2 * each, device, own) for each in range(asked)}
    assert pools == ([2] if own == 1 and workers == 2 else [])


_PARTS = ("images", "labels")
