"""What goes wrong around a run: one clear message each, and nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from escalade import load
from escalade.artefacts import digests
from escalade.family.family import Family
from running import promised, tiny_run


def lines(text: str) -> list[str]:
    """Without the lines that say what the run was doing."""
    at = text.index("escalade: ")
    return text[at:].splitlines()


def fails(result, code: int, *words: str) -> str:
    """The message, after checking its form."""
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    message = lines(result.err)
    assert 1 <= len(message) <= 3
    for word in words:
        assert word in "\n".join(message)
    return "\n".join(message)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("budgets", "bad"), [("1k,2k", "1k"), ("0.4M,90M", "225"), ("50M,100M", "50M")]
)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_infeasible_budgets_give_the_range(escalade, tmp_path, budgets, bad, verb):
    arguments = tiny_run(tmp_path / "run", "--budgets", budgets)
    result = escalade(verb, *arguments[1:])
    message = fails(result, 2, "budgets", bad)
    assert re.search(r"\d+(\.\d+)?[kMG] to \d+(\.\d+)?[kMG]|by 1 to \d+", message)


def test_a_typo_in_a_configuration_file(escalade, tmp_path):
    (tmp_path / "my.yaml").write_text("data: demo\nbudgets: [1M, 2M]\nserach: {rounds: 2}\n")
    result = escalade("run", "--config", tmp_path / "my.yaml", "--out", tmp_path / "run")
    fails(result, 2, "serach", "did you mean search?")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_space_of_a_run_cannot_be_edited(escalade, copied):
    before, config = promised(copied), copied / "config.yaml"
    config.write_text(config.read_text().replace("space: small", "space: medium"))
    (copied / "search.json").unlink()
    for command in (["run", "--config", config, "--out", copied], ["search", copied]):
        fails(escalade(*command), 2, "space is medium, but the run began with small; write that")
    config.write_text(config.read_text().replace("space: medium", "space: small"))
    assert escalade("search", copied).code == 0
    assert promised(copied) == before


def test_a_run_folder_of_another_configuration(escalade, copied):
    before = promised(copied)
    result = escalade(*tiny_run(copied, exports=True, search__rounds=2))
    fails(result, 2, "another configuration", "search.rounds is 1 there, 2 here", "--out")
    assert promised(copied) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": "demmo"},
        {"budgets": "[1k, 2k]"},
        {"device": "tpu"},
        {"search__strategies": 1},
        {"supernet__weights": "equl"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_command_that_cannot_run_leaves_no_folder(escalade, tmp_path, wrong):
    """So the corrected command may use its name."""
    fails(escalade(*tiny_run(tmp_path / "run", **wrong)), 2)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_run(escalade, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    fails(escalade(*tiny_run(tmp_path)), 2, "neither empty nor a run folder")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_a_run_killed_before_its_first_file_was_whole(escalade, finished, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / f"run/.part-{8 * '0a'}-config.yaml").write_text("data: de")
    (tmp_path / "run/.lock").write_text("process 1")
    result = escalade(*tiny_run(tmp_path / "run"))
    assert result.code == 0, result.err
    assert promised(tmp_path / "run") == promised(finished)


@pytest.mark.slow
def test_a_run_folder_below_a_file(escalade, tmp_path):
    (tmp_path / "file").touch()
    fails(escalade(*tiny_run(tmp_path / "file")), 2, "is a file", "--out")
    fails(escalade(*tiny_run(tmp_path / "file/run")), 2, "cannot make the run folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_to_write(escalade, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    fails(escalade(*tiny_run(tmp_path / "closed/run")), 2, "ermission", "--out")
    fails(escalade(*tiny_run(tmp_path / "closed")), 2, "permission", "--out")


@pytest.mark.slow
def test_a_full_disk(escalade, finished, tmp_path):
    """Files beyond a size cannot be written: the run fails at its first larger one.

    With more room it goes on from there, to the next that is too large.
    """
    run = tmp_path / "run"
    command = tiny_run(run)
    for kilobytes in (1, 30, 200, 1000, 8000, 15000):
        result = escalade(*command, file_bytes=kilobytes * 1000, checkpoint_seconds=0)
        fails(result, 1, str(run), "make room")
        assert [path.name for path in run.rglob(".part-*")] == []
    result = escalade(*command)
    assert result.code == 0, result.err
    assert promised(run) == promised(finished)


@pytest.mark.slow
def test_a_full_disk_while_exporting(escalade, finished, copied):
    exports = [copied / "family/S0" / name for name in ("model.onnx", "program.pt2")]
    for path in exports:
        path.unlink()
    fails(escalade("export", copied, file_bytes=20_000), 1, "S0", "make room")
    result = escalade("export", copied)
    assert result.code == 0, result.err
    assert all(path.is_file() for path in exports)


@pytest.mark.slow
def test_an_export_that_the_card_does_not_tell_of_is_made_again(escalade, copied):
    """As after a kill between the two."""
    card = copied / "family/S1/README.md"
    whole = card.read_text()
    short = "".join(line for line in whole.splitlines(True) if "`program.pt2`:" not in line)
    assert short != whole
    card.write_text(short)
    digests.seal(card.parent, card.name)
    result = escalade("export", str(copied))
    assert result.code == 0, result.err
    assert "export: S1/program.pt2 agrees" in result.err
    assert "model.onnx" not in result.err
    assert card.read_text() == whole


@pytest.mark.slow
def test_a_loss_that_is_not_finite(escalade, tmp_path):
    run = tmp_path / "run"
    command = tiny_run(
        run,
        supernet__recipe__steps=300,
        supernet__recipe__learning_rate=1e6,
        supernet__recipe__warmup=0.9,
    )
    result = escalade(*command, checkpoint_seconds=0)
    message = fails(result, 1, "not finite" if "weight" in result.err else "loss is")
    step = re.search(r"the last good checkpoint is step (\d+), (\S+)", message)
    assert step, message
    assert step[2] == str(run / "supernet/checkpoint.pt")
    assert "learning rate below 1e+06" in message
    assert (run / "supernet/checkpoint.pt").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_member_that_was_deleted_is_made_again(escalade, finished, copied, file):
    (copied / "family/S1" / file).unlink()
    (copied / "latency.json").unlink()
    fails(escalade("export", copied), 2, file, "escalade retrain")
    assert escalade("retrain", copied).code == 0
    assert promised(copied) == promised(finished)


DAMAGED = {
    "supernet/supernet.safetensors": "train: ",
    "family/S0/model.safetensors": "retrain: S0/",
    "family/S0/config.json": "retrain: S0/",
    "family/S1/model.py": "retrain: S1/",
    "family/S1/README.md": "retrain: S1/",
    "family/S2/model.onnx": "export: S2/",
    "family/S2/program.pt2": "export: S2/",
}


@pytest.mark.slow
def test_damaged_results_are_noticed_and_made_again(escalade, finished, copied):
    """Cut in half or changed in one bit: nothing of it is used, and nothing is told of it."""
    for i, name in enumerate(DAMAGED):
        content = bytearray((copied / name).read_bytes())
        if i % 2:
            content[len(content) // 2] ^= 1
            (copied / name).write_bytes(content)
        else:
            (copied / name).write_bytes(content[: len(content) // 2])
    fails(escalade("report", copied), 2, "S0/", "is not what was written", "digests.json")
    with pytest.raises(ValueError, match=r"S0/.* is not what was written"):
        load(copied)
    with pytest.raises(ValueError, match=r"S0/.* is not what was written"):
        Family.load(copied)["S0"].load()
    result = escalade(*tiny_run(copied, exports=True))
    assert result.code == 0, result.err
    for name, stage in DAMAGED.items():
        line = re.search(
            rf"{stage}.*{Path(name).name} is not what was written; made again", result.err
        )
        assert line, f"{name}: {result.err}"
    assert promised(copied) == promised(finished)
    for name in ("supernet/supernet.safetensors", "family/S1/model.py"):
        assert (copied / name).read_bytes() == (finished / name).read_bytes()
    load(copied)
    assert escalade("report", copied).code == 0


@pytest.mark.slow
def test_a_damaged_supernet(escalade, finished, copied):
    (copied / "search.json").unlink()
    (copied / "supernet/supernet.safetensors").write_bytes(b"nothing")
    fails(escalade("search", copied), 2, "supernet.safetensors", "escalade train")
    (copied / "supernet/supernet.safetensors").unlink()
    for stage in ("train", "search"):
        assert escalade(stage, copied).code == 0
    assert (copied / "search.json").read_bytes() == (finished / "search.json").read_bytes()


def test_damaged_files(escalade, copied):
    """Every file that is read says what it is, and what makes it anew."""
    (copied / "search.json").write_text('{"stages": [')
    fails(escalade("grow", copied, "--to", "5M"), 2, "search.json", "escalade search")
    (copied / "family/family.json").write_text("[]")
    fails(escalade("export", copied), 2, "family.json", "escalade retrain")
    (copied / "config.yaml").write_text("data: [")
    fails(escalade("report", copied), 2, "config.yaml", "YAML")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{}", '{"classes": 3}', "[1, 2]"])
def test_a_damaged_plan_is_made_again(escalade, finished, copied, text):
    """Which `escalade run` of the folder alone could not do: it is no command."""
    (copied / "plan.json").write_text(text)
    message = fails(escalade("export", copied), 2, "plan.json", "delete it and it is made again")
    assert "`escalade run" not in message
    (copied / "plan.json").unlink()
    result = escalade("export", copied)
    assert result.code == 0, result.err
    assert (copied / "plan.json").read_bytes() == (finished / "plan.json").read_bytes()


def test_a_damaged_space_is_made_again(escalade, copied):
    (copied / "space.json").write_text("{")
    fails(escalade("export", copied), 2, "space.json", "delete it and it is made again")
    (copied / "space.json").unlink()
    assert escalade("export", copied).code == 0


def test_a_damaged_checkpoint(escalade, finished, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.yaml", "plan.json"):
        shutil.copy(finished / name, run)
    (run / "supernet").mkdir()
    (run / "supernet/checkpoint.pt").write_bytes(b"PK\x03\x04 nothing")
    fails(escalade("train", run), 2, "checkpoint.pt", "damaged", "delete it")
