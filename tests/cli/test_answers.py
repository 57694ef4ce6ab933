"""Good input: JSON alone on stdout with stable keys, text for people on stderr."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from escalade.cli.choices_table import choices_lines
from escalade.planning import ahead, device_times
from escalade.spaces import known
from escalade.spaces.load import load


def test_cost_as_json(escalade):
    ended = escalade("cost", "efficientnet_b0", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == {
        "name": "efficientnet_b0",
        "resolution": 224,
        "macs": 385_814_752,
        "params": 5_288_548,
        "activations": 6_748_036,
        "memory": 4 * (96 * 112**2 + 96 * 56**2),  # the first depthwise convolution of stride 2
    }


def test_cost_at_another_resolution(escalade):
    ended = escalade("cost", "mobilenet_v2", "--resolution", "192", "--format", "json")
    found = json.loads(ended.out)
    assert found["resolution"] == 192
    assert found["params"] == 3_504_872  # torchvision's
    assert (
        found["macs"] < json.loads(escalade("cost", "mobilenet_v2", "--format", "json").out)["macs"]
    )


def test_cost_of_a_scaled_network(escalade):
    """RegNetZ-500MF to 4GF of Table 7."""
    found = json.loads(escalade("cost", "regnet_z_500mf:dWr:8.1", "--format", "json").out)
    assert (found["name"], found["resolution"]) == ("regnet_z_500mf:dWr:8.1", 248)
    assert f"{found['params'] / 1e6:.1f}" == "41.1"


def test_cost_of_every_layer(escalade):
    ended = escalade("cost", "efficientnet_b0", "--layers", "--format", "json")
    found = json.loads(ended.out)
    for kind in ("macs", "params", "activations"):
        assert sum(layer[kind] for layer in found["layers"]) == found[kind]


def test_cost_of_every_stage(escalade):
    ended = escalade("cost", "regnet_y_400mf", "--stages", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    keys = ["name", "depth", "width", "resolution", "macs", "params", "activations", "memory"]
    assert [list(stage) for stage in found["stages"]] == [keys] * 6
    assert [stage["depth"] for stage in found["stages"]] == [0, 1, 3, 6, 6, 0]
    for kind in ("macs", "params", "activations"):
        assert sum(stage[kind] for stage in found["stages"]) == found[kind]
    assert max(stage["memory"] for stage in found["stages"]) == found["memory"]


@pytest.mark.parametrize(
    ("flag", "more", "last"),
    [("--stages", ["peak", "bytes"], ["4,616,192"]), ("--layers", [], [])],
)
def test_cost_tables_are_aligned(escalade, flag, more, last):
    ended = escalade("cost", "regnet_y_400mf", flag)
    assert (ended.code, ended.out) == (0, "")
    header, *rows, total, told = ended.err.splitlines()
    columns = ["macs", "share", "params", "share", "activations", "share", *more]
    assert header.split()[-len(columns) :] == columns
    assert len({len(line) for line in (header, *rows, total)}) == 1
    assert re.split("  +", total) == [
        *("total", "401,842,848", "100.0 %", "4,344,144", "100.0 %", "3,892,496", "100.0 %", *last)
    ]
    shares = [float(re.split("  +", row)[-5 - len(last)].rstrip(" %")) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(rows))
    assert told.startswith("regnet_y_400mf at 224 pixels: 401,842,848 macs")


def test_cost_as_text(escalade):
    ended = escalade("cost", "efficientnet_b0")
    assert (ended.code, ended.out) == (0, "")
    assert "385,814,752 macs" in ended.err


def test_cost_of_a_file(escalade, tmp_path):
    architecture = known.load("mobilenet_v2").renamed("mine")
    (tmp_path / "mine.json").write_text(json.dumps(architecture.to_json()))
    ended = escalade("cost", "mine.json", "--format", "json")
    assert json.loads(ended.out)["name"] == "mine"


def test_cost_of_a_file_with_layers_left_out(escalade, tmp_path):
    block = {"kind": "mbconv", "expansion": 3, "width": 16, "skip": False}
    stages = [
        [{"kind": "identity", "width": 8, "stride": 2}, block],
        [{"kind": "linear", "width": 24, "stride": 2}],
    ]
    content = {
        "format": 1,
        "name": "shallow",
        "resolution": 16,
        "num_classes": 10,
        "stem": {"width": 8},
        "stages": [{"blocks": blocks} for blocks in stages],
        "head": {"width": 32},
    }
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    ended = escalade("cost", path, "--layers", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = {layer["name"]: layer for layer in json.loads(ended.out)["layers"]}
    cost = {"macs": 0, "params": 0, "activations": 0}
    assert found["blocks.0.0.pool"] == {"name": "blocks.0.0.pool"} | cost
    cost = {"macs": 16 * 24 * 4, "params": 16 * 24, "activations": 24 * 4}
    assert found["blocks.1.0.conv"] == {"name": "blocks.1.0.conv"} | cost
    stages[1][0]["kernel"] = 3
    path.write_text(json.dumps(content))
    ended = escalade("cost", path)
    assert ended.code == 2
    assert "stages[1].blocks[0].kernel: linear has none; use 1" in ended.err


def test_known_architectures(escalade):
    assert json.loads(escalade("cost", "--list", "--format", "json").out) == known.names()
    assert escalade("cost", "--list").err.split() == known.names()


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["uniform", "hierarchical"])
def test_space_as_json(escalade, sampler):
    """The keys of docs/reference/cli.md, at the size of its promise: 750,000 paths."""
    flags = ["--num-paths", 750_000, "--sampler", sampler, "--format", "json"]
    ended = escalade("space", "scalenet", *flags)
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert list(found) == ["space", "size", "distinct", "stages", "histogram", "macs"]
    assert [list(stage) for stage in found["stages"]] == [
        ["stage", "strategies", "distinct", "macs"]
    ] * 4
    assert [stage["strategies"] for stage in found["stages"]] == [1, 48, 75, 147]
    assert found["size"] == 9 * 120**5 * (1 + 48 + 75 + 147)
    assert found["distinct"] == 9 * 120**5 * sum(s["distinct"] for s in found["stages"])
    assert set(found["macs"]) == {"min", "max", "mean", "std"}
    edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
    assert (len(edges), len(counts), sum(counts)) == (65, 64, 750_000)
    assert (edges[0], edges[-1]) == (found["macs"]["min"], found["macs"]["max"])
    ratios = [b / a for a, b in itertools.pairwise(edges)]
    assert max(ratios) - min(ratios) < 1e-9


def test_space_answers_the_same_for_the_same_seed(escalade):
    flags = ["--num-paths", 500, "--format", "json"]
    first = escalade("space", "small", *flags, "--seed", 3).out
    assert escalade("space", "small", *flags, "--seed", 3).out == first
    assert escalade("space", "small", *flags, "--seed", 4).out != first


def test_space_made_for_a_ladder(escalade):
    ended = escalade("space", "small", "--budgets", "1M,3M", "--num-paths", 500, "--format", "json")
    stages = json.loads(ended.out)["stages"]
    assert len(stages) == 2
    assert 2.4 < stages[1]["macs"]["mean"] / stages[0]["macs"]["mean"] < 3.75


@pytest.mark.parametrize("sampler", ["uniform", "hierarchical"])
def test_layer_space_as_json(escalade, sampler):
    """The same keys; one stage, and genomes for paths."""
    flags = ["--num-paths", 5000, "--sampler", sampler, "--format", "json"]
    ended = escalade("space", "bignas", *flags)
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert list(found) == ["space", "size", "distinct", "stages", "histogram", "macs"]
    assert [(s["stage"], s["strategies"], s["distinct"]) for s in found["stages"]] == [(0, 1, 1)]
    assert found["size"] == found["distinct"] > 10**12
    assert sum(found["histogram"]["counts"]) == 5000
    assert 217_632_640 <= found["macs"]["min"] <= found["macs"]["max"] <= 1_891_542_528


def test_layer_space_as_text(escalade):
    ended = escalade("space", "bignas", "--num-paths", 100)
    assert (ended.code, ended.out) == (0, "")
    assert "smallest: 192 pixels, 12 blocks, 217,632,640 macs, 3,845,940 params" in ended.err
    assert "largest: 320 pixels, 26 blocks, 1,891,542,528 macs, 11,016,998 params" in ended.err
    assert "macs, as drawn: " in ended.err
    assert ended.err.startswith("bignas: 4,005,888,086,497,296,384,000 paths\n")


def test_choice_space(escalade):
    ended = escalade("space", "scarlet", "--num-paths", 2000, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["size"] == found["distinct"] == 13**19
    macs = found["macs"]
    assert 23_156_736 <= macs["min"] < macs["mean"] < macs["max"] <= 561_340_928
    assert macs["std"] > 0
    ended = escalade("space", "scarlet", "--num-paths", 100)
    assert "smallest: 224 pixels, 5 blocks, 23,156,736 macs, 1,305,864 params" in ended.err
    assert "largest: 224 pixels, 20 blocks, 561,340,928 macs, 9,038,096 params" in ended.err


def test_space_as_text(escalade):
    ended = escalade("space", "scalenet", "--num-paths", 1)
    assert (ended.code, ended.out) == (0, "")
    assert "stage 3" in ended.err


TINY_PLAN = ["plan", "--preset", "smoke", "--set", "dataset.limit=60"]
TINY_PLAN += ["--set", "supernet.recipe.batch_size=16", "--set", "retrain.recipe.batch_size=16"]


@pytest.fixture
def briefly(monkeypatch, demo_in_memory):
    """Times for a moment and in this process, where it does not matter how well."""
    monkeypatch.setattr(device_times, "SUPERNET_SECONDS", 0.1)
    monkeypatch.setattr(device_times, "MEMBER_SECONDS", 0.02)
    return ["--set", "workers=1"]


@pytest.mark.slow
def test_plan_as_json(escalade, briefly, tmp_path):
    ended = escalade(*TINY_PLAN, *briefly, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["data"]["train"] == 60
    assert len(found["data"]["classes"]) == 10
    assert [stage["budget"] for stage in found["stages"]] == [0.4e6, 0.8e6]
    assert all(stage["min"] <= stage["budget"] <= stage["max"] for stage in found["stages"])
    assert found["grown"] == [1.6e6]
    assert found["seconds"]["total"] > 0
    assert found["memory_bytes"] > 0
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_plan_as_text_ends_with_the_next_command(escalade, briefly, tmp_path):
    ended = escalade(*TINY_PLAN, *briefly, "--format", "text", "--out", "my plan")
    assert (ended.code, ended.out) == (0, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("next    escalade run --preset smoke --set dataset.limit=60")
    assert last.endswith("--out 'my plan'")
    assert "--format" not in last
    assert escalade(*TINY_PLAN, *briefly).err.splitlines()[-1].endswith("--out runs/smoke")
    assert list(tmp_path.iterdir()) == [tmp_path / "cache"]


@pytest.mark.slow
def test_a_plan_proposes_a_folder_that_is_free(escalade, briefly, tmp_path):
    (tmp_path / "runs/smoke").mkdir(parents=True)
    (tmp_path / "runs/smoke/config.yaml").write_text("data: demo\nbudgets: [1.0e+6]\n")
    assert escalade(*TINY_PLAN, *briefly).err.splitlines()[-1].endswith("--out runs/smoke-2")


@pytest.mark.slow
def test_plan_fits_the_schedule_to_hours(escalade, monkeypatch):
    found = device_times.DeviceTimes(
        path=0.04, fixed=1e-3, per_mac=3e-9, processes=1, alone=0.8, peak_memory=10**9
    )
    monkeypatch.setattr(ahead, "time_run", lambda *_: found)
    totals = []
    for hours in (0.1, 1):
        ended = escalade(*TINY_PLAN, "--hours", hours, "--format", "json")
        assert ended.code == 0, ended.err
        totals.append(json.loads(ended.out)["seconds"]["total"])
    assert totals[0] == pytest.approx(360, rel=0.05)
    assert totals[0] < totals[1] <= 1.05 * 3600  # members of 60 images are trained long before


@pytest.mark.slow
def test_hours_that_are_too_short(escalade, briefly):
    ended = escalade(*TINY_PLAN, *briefly, "--hours", 0.00001)
    assert ended.code == 2
    assert "hours: 1e-05 are too short here" in ended.err


def rows(name: str, **more) -> list[str]:
    return [" ".join(line.split()) for line in choices_lines(load(name, **more))]


def test_scarlet_lists_its_13_choices_with_their_indices():
    """SCARLET, Table 1: expansions 3 and 6, kernels 3, 5, 7, with and without SE; identity."""
    listed = rows("scarlet")[-13:]
    assert listed[0] == "0 expansion 3, kernel 3"
    assert listed[1] == "1 expansion 3, kernel 3, se"
    assert listed[11] == "11 expansion 6, kernel 7, se"
    assert listed[12] == "12 identity"
    assert "stages[1].choice 0 to 12 in each of 4 layers" in rows("scarlet")


def test_a_space_that_scales_lists_genes_and_ratios():
    listed = rows("small", factors=(1.0, 2.0))
    assert "stages[0].kernel 3 5 7 in each of 3 layers" in listed
    assert "stages[1].width 16 20 24 32" in listed
    assert "scaling depth 1 1.25 1.5 2 2.5" in listed


def test_long_ranges_are_said_by_their_ends():
    assert "wa 2 to 40, 3,801 values" in rows("regnet_y_small")
