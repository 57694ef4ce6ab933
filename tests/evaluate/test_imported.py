"""Another device's times: what is written to be timed, and the table made of what came back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from escalade.core.latency.work import works_of
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, Ladder
from escalade.evaluate.timing.imported import read_table
from escalade.family.exports.part_export import LIST, RUNNER, export_parts
from escalade.spaces.load import load

OVERHEAD, CALL = 3e-4, 5e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What of a small space is to be timed; not to be changed."""
    made = tmp_path_factory.mktemp("other") / "parts"
    space = load("bignas_small", in_channels=1, num_classes=3)
    ladder = Ladder((Budget(5e5), Budget(1e6)))
    assert export_parts(space, made, ladder=ladder, num_grown=1, batch_size=1) > 100
    return made


@pytest.fixture
def times(folder):
    """What a made-up device takes, by the work alone."""
    found = json.loads((folder / LIST).read_text())
    for entry in found["items"]:
        if entry["role"] == "call":
            entry["seconds"] = CALL
        elif entry["role"] == "part":
            entry["seconds"] = CALL + _seconds(entry["item"]["terms"])
        else:
            network = Architecture.from_json(entry["item"])
            parts = sum(_seconds(work.terms) for work in works_of(network))
            entry["seconds"] = OVERHEAD + 1.5 * parts
    return found | {"device": "made up", "settings": "batch 1"}


def _seconds(terms):
    return 2e-5 + 1e-9 * sum(amount for name, amount in terms if name != "call")


def put(times, tmp_path):
    path = tmp_path / "TIMES.json"
    path.write_text(json.dumps(times))
    return path


@pytest.mark.slow
def test_held_out_networks_are_predicted(times, tmp_path):
    table = read_table(put(times, tmp_path))
    assert table.settings == "made up, batch 1"
    check = table.check
    assert len(check.measured) == 20
    assert check.median < 0.01
    assert check.rank_correlation > 0.999
    overhead, factor = table.correction
    assert overhead == pytest.approx(OVERHEAD, rel=0.1)
    assert factor == pytest.approx(1.5, rel=0.05)


def test_the_runner_fills_the_list(folder, tmp_path):
    """It needs nothing of this package."""
    few = json.loads((folder / LIST).read_text())
    few["items"] = [few["items"][0], few["items"][-1]]
    for name in (RUNNER, *(entry["file"] for entry in few["items"])):
        shutil.copy(folder / name, tmp_path / name)
    (tmp_path / LIST).write_text(json.dumps(few))
    out = tmp_path / "TIMES.json"
    command = [sys.executable, tmp_path / RUNNER, out, "--device", "mine", "--seconds", "0.01"]
    subprocess.run(command, check=True, env={}, cwd=tmp_path)
    found = json.loads(out.read_text())
    assert (found["device"], found["settings"]) == ("mine", "batch 1, 1 thread, onnxruntime")
    part, network = (entry["seconds"] for entry in found["items"])
    assert 0 < part < network < 1


def test_nothing_is_overwritten(folder):
    with pytest.raises(ValueError, match="is not empty; name another folder"):
        export_parts(
            load("small", factors=(1.0,)),
            folder,
            ladder=Ladder((Budget(1e6),)),
            num_grown=0,
            batch_size=1,
        )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "items: 1 of [0-9]+ have no time, such as call-0000"),
        (-1.0, r"items: 1 of [0-9]+ have impossible times, such as call-0000 \(-1.0\)"),
        (0.0, "have impossible times"),
        (float("nan"), "have no time"),
        ("fast", r"items\[0\].seconds: expected a number, got .fast."),
    ],
)
def test_times_that_are_none(times, tmp_path, seconds, words):
    times["items"][0]["seconds"] = seconds
    with pytest.raises(ValueError, match=words):
        read_table(put(times, tmp_path))


def test_lists_that_are_none(times, tmp_path):
    times["items"] = [entry for entry in times["items"] if entry["role"] != "check"]
    with pytest.raises(ValueError, match=r"items: there is no check; keep all of parts\.json"):
        read_table(put(times, tmp_path))
    times["items"][1]["item"] = {"group": 3}
    for role in ("calibration", "check"):
        times["items"].append(times["items"][-1] | {"role": role})
    with pytest.raises(ValueError, match="an item is neither a part nor a network"):
        read_table(put(times, tmp_path))
    with pytest.raises(ValueError, match="there is no list of times here; `escalade latency"):
        read_table(tmp_path / "none.json")


def test_another_devices_budgets_price_populations(times, tmp_path):
    space = load("bignas_small", in_channels=1, num_classes=3)
    table = read_table(put(times, tmp_path))
    genomes = space.sample_genomes(np.random.default_rng(0), 5)
    for genome in genomes:
        network = space.path(genome).architecture
        parts = sum(_seconds(work.terms) for work in works_of(network))
        assert table.of(network) == pytest.approx(OVERHEAD + 1.5 * parts, rel=0.1)
