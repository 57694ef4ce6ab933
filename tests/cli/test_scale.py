"""`scale` and `compare`: answers, files, and wrong input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.scale_by import scale
from escalade.spaces import known
from escalade.spaces.load import load

IMAGES = Path(__file__).parents[2] / "docs" / "images"
KEYS = ["name", "resolution", "macs", "params", "activations", "memory"]
# SCARLET's published code: the choice of each of 19 layers.
GENOMES = {
    "scarlet_a": [4, 8, 2, 5, 7, 3, 7, 0, 5, 4, 2, 5, 0, 5, 7, 9, 1, 7, 11],
    "scarlet_b": [1, 3, 1, 11, 0, 2, 11, 1, 12, 2, 1, 1, 11, 1, 9, 9, 12, 11, 9],
    "scarlet_c": [3, 1, 3, 12, 12, 0, 11, 1, 1, 2, 5, 4, 1, 5, 1, 12, 7, 11, 9],
}
# Command line, and words of the message.
WRONG = [
    ("scale", "ARCH"),
    ("scale efficientnet_b0", "--by with a factor, or --to"),
    ("scale efficientnet_b0 --by 2 --to 4G", "--by with a factor, or --to"),
    ("scale efficientnet_b9 --by 2", "did you mean efficientnet_b7?"),
    ("scale efficientnet_b0 --by two", "factor: 'two' is not a number"),
    ("scale efficientnet_b0 --by 0", "factor: 0.0 is not a positive number"),
    ("scale efficientnet_b0 --by=-2", "factor: -2.0 is not a positive number"),
    ("scale efficientnet_b0 --by inf", "factor: inf is not a positive number"),
    ("scale efficientnet_b0 --by 2 --rule dWR", "did you mean dWr?"),
    ("scale efficientnet_b0 --by 2 --rule d1_x2", "'x2'"),
    ("scale efficientnet_b0 --by 2 --rule alpha=2", "outside 0 to 1"),
    ("scale efficientnet_b0 --by 2 --rule g1", "only group widths"),
    ("scale efficientnet_b0 --by 0.001 --rule r", "resolution: 8 is too small"),
    ("scale efficientnet_b0 --by 1e9 --rule d", "at most 2,000"),
    ("scale efficientnet_b0 --to four", "--to: cannot read 'four'"),
    ("scale efficientnet_b0 --to 4M --kind params --rule r", "leaves efficientnet_b0 at 5.289M"),
    ("scale efficientnet_b0 --to 1k", "above (factor", "nothing below"),
    ("scale efficientnet_b0 --to 4G --kind mac", "did you mean macs?"),
    ("scale efficientnet_b0 --by 2 --rul d", "did you mean --rule?"),
    ("scale efficientnet_b0 --by 2 --plot curves.png", "curves.png", ".html or .svg"),
    ("scale torn.json --by 2", "torn.json: not a JSON file"),
    ("scale groups.json --by 2", "stages[1].blocks[0].group_width", "7 does not divide"),
    ("scale missing.json --by 2", "missing.json.stages[0].blocks[0].width: missing"),
    ("scale efficientnet_b0 --to 4G --kind latency", "--to: cannot read '4G'", "like 4ms"),
    ("scale efficientnet_b0 --to 9s --kind latency --device cpu", "9 s are too slow", "most 5 s"),
    ("scale efficientnet_b0 --by 1e300 --rule r", "pixels a side; at most 1,000,000"),
    ("scale efficientnet_b0 --to 4ms", "times are of --kind latency"),
    ("scale efficientnet_b0 --to 4G --threads 2", "--threads: goes with --kind latency"),
    ("scale efficientnet_b0 --to 4ms --kind latency --batch-size 0", "batch_size: 0 is not"),
    ("scale efficientnet_b0 --to 4ms --kind latency --device tpu", "device: 'tpu'"),
    ("compare efficientnet_b0 --batch-size 2", "--batch-size: goes with --kind latency"),
    ("compare efficientnet_b0:w:4ms", "times are of --kind latency"),
    ("compare", "ARCH"),
    ("compare efficientnet_b0 mobilenet_v", "'mobilenet_v'"),
    ("compare efficientnet_b0:dwR:2", "did you mean dw"),
    ("compare efficientnet_b0:dwr:4x", "cannot read '4x'"),
]


@pytest.fixture(autouse=True)
def files(tmp_path):
    (tmp_path / "torn.json").write_text("{")
    regnet = known.load("regnet_z_500mf").to_json()
    regnet["stages"][1]["blocks"][0]["group_width"] = 7
    (tmp_path / "groups.json").write_text(json.dumps(regnet))
    mobile = known.load("mobilenet_v2").to_json()
    del mobile["stages"][0]["blocks"][0]["width"]
    (tmp_path / "missing.json").write_text(json.dumps(mobile))


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[0])
def test_wrong_input(refused, line):
    refused(*line)


def test_scale_as_json(escalade):
    """EfficientNet-B0 to 4GF of Table 8."""
    flags = ("--by", 11, "--rule", "dWr", "--format", "json")
    ended = escalade("scale", "efficientnet_b0", *flags)
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert list(found) == [*KEYS, "scaling", "architecture"]
    printed = [f"{found['macs'] / 1e9:.1f}", *(f"{found[k] / 1e6:.1f}" for k in KEYS[3:5])]
    assert printed == ["4.1", "36.1", "29.2"]
    assert (found["name"], found["resolution"]) == ("efficientnet_b0:dWr:11", 252)
    assert found["scaling"] == {
        "rule": "dWr",
        "factor": 11.0,
        "depth": pytest.approx(11**0.1),
        "width": pytest.approx(11**0.4),
        "resolution": pytest.approx(11**0.05),
        "group_width": pytest.approx(11**0.4),
    }
    made = Architecture.from_json(found["architecture"])
    assert made == scale(known.load("efficientnet_b0"), "dWr", 11.0)


def test_scale_takes_fast_scaling_unless_told(escalade):
    """RegNetZ-500MF to 4GF of Tables 7 and 8."""
    ended = escalade("scale", "regnet_z_500mf", "--by", "8.1", "--format", "json")
    found = json.loads(ended.out)
    assert found["scaling"]["rule"] == "dWr"
    printed = [f"{found['macs'] / 1e9:.1f}", *(f"{found[k] / 1e6:.1f}" for k in KEYS[3:5])]
    assert printed == ["4.0", "41.1", "19.4"]


def test_scale_as_text(escalade):
    ended = escalade("scale", "regnet_z_500mf", "--by", "8.1")
    assert (ended.code, ended.out) == (0, "")
    first, *table = ended.err.splitlines()
    assert first.startswith("regnet_z_500mf by rule dWr, factor 8.1: depth x1.233, width x2.309")
    rows = {line.split("  ")[0]: line.split()[-3:] for line in table}
    assert rows["macs"] == ["506.9M", "4.008G", "7.91"]
    assert rows["resolution"] == ["224", "248", "1.11"]
    assert rows["widths"][1:] == ["16-40-104-256", "40-96-240-592"]
    assert rows["group widths"][1:] == ["4-4-4-4", "8-8-8-8"]


@pytest.mark.parametrize(
    ("kind", "amount", "target"),
    [("macs", "4G", 4e9), ("params", "20M", 20e6), ("activations", "20M", 20e6)],
)
def test_scale_to_a_cost(escalade, kind, amount, target):
    flags = ("--to", amount, "--kind", kind, "--rule", "dWr", "--format", "json")
    found = json.loads(escalade("scale", "efficientnet_b0", *flags).out)
    assert found[kind] == pytest.approx(target, rel=0.02)
    factor = found["scaling"]["factor"]
    again = escalade("scale", "efficientnet_b0", "--by", factor, "--format", "json")
    assert json.loads(again.out) == found


def test_scale_writes_an_architecture_file_that_scales_on(escalade, tmp_path):
    """Hybrid scaling in two steps: the file is a base like any other."""
    ended = escalade("scale", "regnet_z_4gf", "--by", "3.885", "--out", "big.json")
    assert ended.code == 0
    assert "wrote big.json" in ended.err
    stated = Architecture.from_json(json.loads((tmp_path / "big.json").read_text()))
    assert stated == scale(known.load("regnet_z_4gf"), "dWr", 3.885)
    found = json.loads(escalade("scale", "big.json", "--by", "1", "--format", "json").out)
    assert f"{found['macs'] / 1e9:.1f}" == "15.9"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["curves.html", "curves.svg"])
def test_scale_plots_the_rules_side_by_side(escalade, tmp_path, name):
    ended = escalade("scale", "mobilenet_v2", "--by", 3, "--rule", "alpha=0.5", "--plot", name)
    assert ended.code == 0
    assert f"wrote {name}" in ended.err
    text = (tmp_path / name).read_text()
    assert "What scaling mobilenet_v2 costs" in text
    for rule in ("d", "w", "r", "dwr", "dWr", "alpha=0.5"):
        assert f">{rule}<" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flags"), [("efficientnet_b0", ("--by", "11")), ("regnet_z_500mf", ("--to", "4G"))]
)
def test_the_pictures_of_the_document_are_what_its_commands_make(escalade, tmp_path, name, flags):
    assert escalade("scale", name, *flags, "--plot", "made.svg").code == 0
    assert (tmp_path / "made.svg").read_text() == (IMAGES / f"scaling_{name}.svg").read_text()


def test_compare_as_json(escalade):
    names = ("efficientnet_b0", "resnext50_32x4d", "regnet_z_500mf:dWr:8.1")
    ended = escalade("compare", *names, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)["networks"]
    keys = [*KEYS, "depth", "depths", "widths", "group_widths"]
    assert [list(each) for each in found] == [keys] * 3
    assert [each["name"] for each in found] == list(names)
    assert found[0]["macs"] == 385_814_752
    assert found[0]["group_widths"] == [None] * 7
    assert found[1]["group_widths"] == [4, 8, 16, 32]
    assert (found[2]["depth"], found[2]["depths"]) == (26, [1, 5, 11, 9])


def test_compare_as_text(escalade):
    ended = escalade("compare", "efficientnet_b0", "resnet50", "efficientnet_b0:dwr:4G")
    assert (ended.code, ended.out) == (0, "")
    header, *lines = ended.err.splitlines()
    assert header.split()[:2] == ["efficientnet_b0", "resnet50"]
    rows = {line.split("  ")[0]: line.split()[1:] for line in lines}
    assert rows["macs"][:2] == ["385.8M", "4.089G"]
    assert rows["widths"][1] == "256-512-1024-2048"
    assert rows["group widths"][1:] == ["depthwise", "one", "group", "depthwise"]


@pytest.mark.parametrize("command", ["scale", "compare"])
def test_help(escalade, command):
    ended = escalade(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith("usage: escalade")


@pytest.mark.parametrize(
    "command",
    [
        "scale efficientnet_b0 --by 11 --out made.json",
        "scale regnet_z_500mf --to 4G",
        "compare efficientnet_b0 resnet50:dWr:4G",
    ],
)
def test_nothing_heavy_is_imported(command, tmp_path):
    heavy = ["torch", "torchvision", "timm", "numpy", "scipy", "plotly", "pymoo", "jsonargparse"]
    program = (
        "import sys; from escalade.cli import main\n"
        f"try: main({command.split()})\n"
        "except SystemExit as ended: assert not ended.code\n"
        f"sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.stderr.splitlines()[-1] == "[]"


def test_layers_side_by_side_are_those_of_the_figure(escalade):
    """SCARLET, Fig. 5: by the genomes of its published code, the identities at their places."""
    names = ("scarlet_a", "scarlet_b", "scarlet_c")
    ended = escalade("compare", *names, "--blocks", "--format", "json")
    assert ended.code == 0, ended.err
    blocks = {each["name"]: each["blocks"] for each in json.loads(ended.out)["networks"]}
    choices = load("scarlet").genes[0].choices
    for name in names:
        kept = [word for stage in blocks[name] for word in stage][1:]  # the first is fixed
        genome = GENOMES[name]
        assert [word in ("id", "pool/2") for word in kept] == [gene == 12 for gene in genome]
        for word, gene in zip(kept, genome, strict=True):
            if gene < 12:
                block = choices[gene]
                se = "se" if block.se else ""
                wanted = f"k{block.kernel}e{block.expansion:g}{se}"
                assert word.removesuffix("/2") == wanted
    shown = escalade("compare", *names, "--blocks").err
    assert " ".join(next(r for r in shown.splitlines() if "stage 4, layer 3" in r).split()) == (
        "stage 4, layer 3 k7e3se id k3e3se"
    )
    assert "id: identity" in shown
    assert "stage" not in escalade("compare", *names).err


def test_table_3_at_equal_macs(escalade):
    """Fast and Accurate Model Scaling: activations of grouped convolutions as s, 1, s^1/2."""
    base = "regnet_y_400mf"
    names = [f"{base}:{rule}:1.4G" for rule in ("w1_g0", "g1", "w")]
    ended = escalade("compare", base, *names)
    assert ended.code == 0, ended.err
    lines = (re.split(r"\s{2,}", line) for line in ended.err.splitlines()[1:])
    rows = {name: cells for name, *cells in lines}
    macs = [float(each.removesuffix("G")) for each in rows["macs"][1:]]
    assert max(macs) / min(macs) < 1.1
    powers = [float(each) for each in rows["group convs' activations, power"]]
    assert powers == pytest.approx([1, 0, 0.5], abs=0.1)
    powers = [float(each) for each in rows["group convs' params, power"]]
    # By then stages are one group: the table assumes that groups are narrower than that.
    assert powers == pytest.approx([1, 1, 1], abs=0.2)
    assert "grew" not in escalade("compare", base, "resnet50").err
