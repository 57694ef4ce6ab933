"""What was planted in a run folder leads nowhere: links, devices, names, words of shells."""

from __future__ import annotations

import ast
import html
import json
import os
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import strangers

from escalade.artefacts.run_folder import RunFolder, command
from escalade.core.values.invalid import Invalid
from escalade.family.family import Family
from escalade.family.packaging import package
from escalade.family.packaging.standalone import script

# Where a link could stand so that a verb writes through it.
PLANTED = (
    *(".report.html.part", "report.html", "metrics.jsonl", "ledger.json", "search.json"),
    *("evaluations.sqlite-wal", "evaluations.sqlite-journal", "family/S0/README.md"),
    *("supernet/.checkpoint.pt.part", "family/family.json", "finetuned"),
)
# But `load`, which writes nothing.
VERBS = [w for w in strangers.VERBS if "run" in w[1:] and w[0] != "load"]


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    """A copy of the finished run, and the folder to work in."""
    made = strangers.copied(finished, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))
    return made


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_is_written_through_a_link(run, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(victim)
    with strangers.only_writes_in(run):
        ended = strangers.command("report", "run")
    assert ended.code == 2
    assert f"{name}: is a symbolic link" in ended.err
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_no_verb_writes_into_a_folder_that_is_a_link(run, tmp_path, words):
    outside = tmp_path / "outside"
    shutil.move(run / "family", outside)
    (run / "family").symlink_to(outside)
    before = {path: path.stat().st_mtime_ns for path in outside.glob("**/*")}
    ended = strangers.command(*words)
    assert ended.code == 2
    assert "family: is a symbolic link" in ended.err
    assert {path: path.stat().st_mtime_ns for path in outside.glob("**/*")} == before


def test_a_pipe_is_not_waited_for(run):
    (run / "growth.json").unlink()
    os.mkfifo(run / "growth.json")
    ended = strangers.command("report", "run")
    assert (ended.code, "growth.json: is neither file nor folder" in ended.err) == (2, True)
    (run / "family/family.json").unlink()
    os.mkfifo(run / "family/family.json")
    with pytest.raises(Invalid, match=r"family.json: is no file"):
        Family.load(run)


@pytest.mark.slow
def test_a_run_folder_may_be_named_by_a_link(run, tmp_path):
    (tmp_path / "mine").symlink_to(run)
    RunFolder(tmp_path / "mine").check_links()
    assert strangers.command("report", str(tmp_path / "mine")).code == 0


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "..", "S2/../../x", "S\n2", "C:\\x"])
@pytest.mark.parametrize("verb", ["retrain", "report", "grow"])
def test_a_grown_member_cannot_be_named_out_of_the_run(run, tmp_path, name, verb):
    growth = json.loads((run / "growth.json").read_text())
    growth["members"][0]["name"] = name
    (run / "growth.json").write_text(json.dumps(growth))
    shutil.rmtree(run / "family")
    with strangers.only_writes_in(run, tmp_path / "cache"):
        ended = strangers.command(verb, "run")
    if verb != "grow":  # which is done before
        assert ended.code == 2
        assert "members[0].name" in ended.err
        assert "cannot be the name of a file" in ended.err


@pytest.mark.parametrize("folder", ["../S0", "/etc", "S0/../../x", "", ".", "S0//x"])
def test_a_member_cannot_be_in_a_folder_elsewhere(run, folder):
    family = json.loads((run / "family/family.json").read_text())
    family["members"][0]["folder"] = folder
    (run / "family/family.json").write_text(json.dumps(family))
    with pytest.raises(Invalid, match=r"members\[0\].folder: .* is not inside the family folder"):
        Family.load(run)


@pytest.mark.parametrize("name", ["a b", "$(touch x)", "it's", "a;b", "`id`", "a\nb", "-rf", "ü"])
def test_commands_can_be_copied(name):
    words = shlex.split(command("report", Path(name))[1:-1])
    assert words[:2] == ["escalade", "report"]
    assert Path(words[2]) == Path(name)
    assert words[2][0] != "-"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a b", "$(touch x)", "it's", "a;b & c", "<b>", 'say "hi"'])
def test_commands_of_the_report_can_be_copied(run, tmp_path, name):
    place = tmp_path / name
    shutil.move(run, place)
    (place / "latency.json").unlink()
    shutil.rmtree(place / "family" / "S1")
    ended = strangers.command("report", str(place))
    assert ended.code == 0, ended.err
    page = (place / "report.html").read_text()
    blocks = [html.unescape(re.sub("<[^>]*>", "", text)) for text in _code(page)]
    shells = [block for block in blocks if block.startswith(("escalade ", "python "))]
    assert len(shells) >= 2
    for block in shells:
        words = shlex.split(block)
        assert any(str(place) in word for word in words), block
        assert all(word in ("escalade", "python", "IMAGE", "NEW_RUN") or "-" in word or "/" in word
                   or word.isalpha() for word in words), block  # fmt: skip
    named = [block for block in blocks if "create_model(" in block]
    for block in named:
        literals = [n.value for n in ast.walk(ast.parse(block)) if isinstance(n, ast.Constant)]
        assert any(str(each).startswith(f"local-dir:{place}/family/S") for each in literals)


def _code(page: str) -> list[str]:
    return re.findall(r"<code>(.*?)</code>", page, re.DOTALL)


def test_generated_code_holds_values_alone(run):
    packed = package.read(run / "family/S0")
    names = ("'); import os; os.abort() #", '"""', "\\", "\n\nraise SystemExit", "{x}", "\u202e")
    classes = (*names, *packed.classes[len(names) :])
    text = script(replace(packed, classes=classes))
    tree = ast.parse(text)
    found = {
        ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    }
    assert ast.literal_eval(found["CLASSES"]) == classes
    assert ast.literal_eval(found["MEAN"]) == packed.preprocessing.mean
    assert "\u202e" not in text


@pytest.mark.parametrize("value", [float("nan"), 1e999, "0); import os", [0.5], None, True])
@pytest.mark.parametrize("field", ["mean", "std"])
def test_numbers_of_generated_code_are_numbers(run, field, value):
    path = run / "family/S0/config.json"
    config = json.loads(path.read_text())
    config["preprocessing"][field] = [value]
    path.write_text(json.dumps(config))
    with pytest.raises(Invalid, match=rf"preprocessing.{field}\[0\]: expected a number"):
        package.read(run / "family/S0")
