"""`scale` and `compare` by latency: on a made-up device, and with the real timer on this one."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from additive_device import Additive
from escalade.core.network.architecture import Architecture
from escalade.core.scaling.scale_by import scale
from escalade.evaluate.timing import part_times as layer_times
from escalade.evaluate.timing import rule_survey
from escalade.evaluate.timing.device_latency import DeviceLatency
from escalade.evaluate.timing.part_times import TurnTimer
from escalade.spaces import known

FLAGS = ("--kind", "latency", "--device", "cpu")
UNMET = (
    r"target: no factor of rule dWr brings small within 5 % of [\d.]+ms latency; nearest: "
    r"[\d.]+ms below \(factor [\d.]+\) and [\d.]+ms above \(factor [\d.]+\)"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few parts and networks, few rounds: a table of seconds."""
    monkeypatch.setattr(rule_survey, "NUM_SCALED", 10)
    monkeypatch.setattr(rule_survey, "NUM_WHOLE", 6)
    monkeypatch.setattr(layer_times, "SECONDS", 0.5)


@pytest.fixture
def made_up(monkeypatch):
    """Latencies of a made-up device, so that what is found does not depend on this one."""
    device = Additive(overhead=1e-4)
    monkeypatch.setattr(TurnTimer, "__call__", lambda _, modules: device(modules))


@pytest.fixture
def base(tmp_path) -> Architecture:
    """EfficientNet-B0 at 32 pixels and a quarter of its macs, as a file."""
    small = replace(scale(known.load("efficientnet_b0"), "w", 0.25), resolution=32, name="small")
    (tmp_path / "small.json").write_text(json.dumps(small.to_json()))
    return small


def amount(seconds: float) -> str:
    return f"{1e3 * seconds:.6g}ms"


def prediction(ended) -> dict:
    """What `--format json` says of the latency."""
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["latency"]


@pytest.mark.slow
@pytest.mark.usefixtures("made_up")
def test_scale_to_a_latency(escalade, base, tmp_path):
    device = DeviceLatency(device="cpu")
    (now,) = device.measured([base])
    target = 1.6 * now
    command = ("scale", "small.json", "--to", amount(target), *FLAGS)
    ended = escalade(*command, "--out", "made.json", "--format", "json")
    assert ended.code == 0, ended.err
    assert "latency: measuring small and parts of what rules make of it" in ended.err
    found = json.loads(ended.out)
    latency = found["latency"]
    assert list(latency) == ["predicted", "predicted_base", "device", "settings", "check"]
    assert latency["predicted"] == pytest.approx(target, rel=0.05)
    assert latency["predicted_base"] == pytest.approx(now, rel=0.05)
    assert latency["settings"] == "batch 1, 1 thread, fp32"
    assert latency["check"]["num"] > 0
    assert found["scaling"]["factor"] > 1
    made = Architecture.from_json(json.loads((tmp_path / "made.json").read_text()))
    assert made == Architecture.from_json(found["architecture"])
    assert device.measured([made]) == pytest.approx([target], rel=0.1)
    # The table was kept: the same answer without measuring, by text and by the factor found.
    again = escalade(*command, "--format", "json")
    assert (again.err, json.loads(again.out)) == ("", found)
    text = escalade("scale", "small.json", "--by", found["scaling"]["factor"], *FLAGS).err
    assert "measuring" not in text
    (row,) = (line.split() for line in text.splitlines() if line.startswith("latency  "))
    assert row[3] == f"{latency['predicted'] / latency['predicted_base']:.2f}"
    assert "predicted, not measured, for" in text
    assert "median error" in text


@pytest.mark.slow
@pytest.mark.usefixtures("made_up")
def test_a_latency_between_two_networks_is_refused_with_both(escalade, base):
    """Many stages have another layer at once, so no network is within 5 %."""
    rule = ("--rule", "d", *FLAGS, "--format", "json")
    below, above = (
        prediction(escalade("scale", "small.json", "--by", factor, *rule))["predicted"]
        for factor in (1.49, 1.51)
    )
    assert above > 1.12 * below
    ended = escalade("scale", "small.json", "--to", amount((below * above) ** 0.5), *rule)
    assert (ended.code, ended.out) == (2, "")
    assert re.search(UNMET.replace("dWr", "d"), ended.err), ended.err
    assert f"nearest: {1e3 * below:.4g}ms below" in ended.err
    assert f" and {1e3 * above:.4g}ms above" in ended.err


@pytest.mark.slow
def test_this_device_is_measured_once(escalade, base, tmp_path):
    """The real timer, whose times nobody knows: a target is met, or refused with both sides."""
    command = ("scale", "small.json", "--by", 4, *FLAGS)
    measured = escalade(*command, "--format", "json")
    far = prediction(measured)
    assert "latency: measuring small and parts of what rules make of it" in measured.err
    (path,) = (tmp_path / "cache" / "latency").glob("*.json")
    assert f"kept in {path}" in measured.err
    kept = path.read_bytes()
    again = escalade(*command, "--format", "json")
    assert (again.err, again.out) == ("", measured.out)
    device = DeviceLatency(device="cpu")
    assert (far["device"], far["settings"]) == (device.device, device.settings)
    text = escalade(*command).err
    assert f"predicted, not measured, for {device.device} (batch 1, 1 thread, fp32)" in text
    assert 0 < far["predicted_base"] <= far["predicted"]

    target = (far["predicted_base"] * far["predicted"]) ** 0.5
    ended = escalade("scale", "small.json", "--to", amount(target), *FLAGS, "--format", "json")
    if ended.code == 0:
        assert ended.err == ""
        assert prediction(ended)["predicted"] == pytest.approx(target, rel=0.0501)
    else:
        assert (ended.code, ended.out) == (2, "")
        assert re.search(UNMET, ended.err), ended.err
    assert path.read_bytes() == kept


@pytest.mark.slow
@pytest.mark.usefixtures("made_up")
def test_a_table_is_widened_where_it_does_not_reach(escalade, base):
    assert escalade("scale", "small.json", "--by", 1.2, *FLAGS).code == 0
    assert "measuring" in escalade("scale", "small.json", "--by", 3, *FLAGS).err
    assert "measuring" not in escalade("scale", "small.json", "--by", 2, "--rule", "d", *FLAGS).err


@pytest.mark.slow
@pytest.mark.usefixtures("made_up")
def test_a_damaged_table_is_named(escalade, base, tmp_path):
    assert escalade("scale", "small.json", "--by", 1.2, *FLAGS).code == 0
    (path,) = (tmp_path / "cache" / "latency").glob("*.json")
    for text in ("{", "{}", '{"rows": [{}]}'):
        path.write_text(text)
        ended = escalade("scale", "small.json", "--by", 1.2, *FLAGS)
        assert ended.code == 2
        assert str(path) in ended.err
        assert "delete it and it will be measured again" in ended.err


@pytest.mark.slow
@pytest.mark.usefixtures("made_up")
def test_compare_at_equal_latency(escalade, base):
    (now,) = DeviceLatency(device="cpu").measured([base])
    names = [f"small.json:{rule}:{amount(1.8 * now)}" for rule in ("w", "d")]
    ended = escalade("compare", *names, "small.json", *FLAGS, "--format", "json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert found["settings"] == "batch 1, 1 thread, fp32"
    seconds = [network["latency"] for network in found["networks"]]
    assert seconds == pytest.approx([1.8 * now, 1.8 * now, now], rel=0.1)
    shown = escalade("compare", *names, *FLAGS).err
    assert "latency: measured now, in turns, on" in shown
    assert shown.count("measuring small") == 0


@pytest.mark.slow
def test_what_is_too_large_is_not_measured(escalade, base):
    ended = escalade("scale", "small.json", "--by", 100_000, "--rule", "w", *FLAGS)
    assert ended.code == 2
    assert "too many to measure networks as large" in ended.err
