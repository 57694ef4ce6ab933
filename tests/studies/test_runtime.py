"""The study of runtime, a few batches long, and its statistics on planted times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from escalade.artefacts.files import write_json
from escalade.core.network import cost
from escalade.spaces.known import load

SHORT = "--bases mobilenet_v2 --rules w,d --factors 1.5,2 --resolution 32 --largest-batch 2"
ONCE = "--repeats 1 --threads 1"


@pytest.mark.slow
def test_smoke_times_every_network_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import runtime

    places = ["--out", str(tmp_path / "run"), "--results", str(tmp_path)]
    flags = [*SHORT.split(), *ONCE.split(), *places]
    runtime.main([*flags, "--rounds", "1"])
    found = json.loads((tmp_path / "runtime.json").read_text())
    rows = {(row["rule"], row["factor"]): row for row in found["networks"]}
    assert set(rows) == {("base", 1), ("w", 1.5), ("w", 2), ("d", 1.5), ("d", 2)}
    assert all(row["batch_size"] == 2 for row in rows.values())
    assert rows["base", 1]["params"] == 3_504_872  # torchvision's
    for entry in found["correlations"]:
        assert all(abs(entry["costs"][c]["linear"]["r"]) < 1 + 1e-9 for c in entry["costs"])
    assert {entry["quantity"] for entry in found["predictors"]} == {
        "training",
        "inference",
        "latency",
    }
    for name in ("runtime.svg", "runtime_bases.svg"):
        assert (tmp_path / name).read_text().count("<circle") > 3 * 5

    (tmp_path / "run" / "times" / "mobilenet_v2-w-2.json").unlink()
    kept = _times(tmp_path)
    runtime.main([*flags, "--rounds", "1"])
    assert {path: stamp for path, stamp in _times(tmp_path).items() if path in kept} == kept
    assert len(_times(tmp_path)) == 5
    runtime.main([*flags, "--rounds", "2"])
    for path in _times(tmp_path):
        assert [len(r["training"]) for r in json.loads(path.read_text())["rounds"]] == [1, 1]

    capsys.readouterr()
    runtime.main(["--table", *places])
    assert "### Training step" in capsys.readouterr().out
    with pytest.raises(ValueError, match="begun with another factors"):
        runtime.main([*flags, "--factors", "3"])


def _times(folder: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (folder / "run" / "times").glob("*.json")}


@pytest.mark.slow
def test_a_planted_price_of_activations_and_macs_is_found(tmp_path: Path) -> None:
    from runtime_study.results import to_json
    from runtime_study.setting import Setting, networks
    from runtime_study.table import markdown

    setting = Setting(bases="efficientnet_b0,mobilenet_v2", factors="2,4,8", device="none")
    for network in networks(setting):
        total = cost.of(network.architecture)
        seconds = 2e-8 * total.activations + 5e-11 * total.macs
        _plant(tmp_path, network, training=seconds, inference=1e-8 * total.activations)
    found = to_json(setting, tmp_path)

    both = _of(found["predictors"], quantity="training", scope="all", left_out="base")
    prices = both["models"]["activations, macs"]["prices"]
    assert prices["activations"] == pytest.approx(2e-8)
    assert prices["macs"] == pytest.approx(5e-11)
    assert both["models"]["activations, macs"]["error"] < 1e-6
    assert both["models"]["macs"]["error"] > 0.05
    only = _of(found["correlations"], quantity="inference", scope="mobilenet_v2", rules="all")
    assert only["costs"]["activations"]["linear"]["r"] == pytest.approx(1.0)
    assert only["costs"]["activations"]["given_macs"]["r"] == pytest.approx(1.0)
    assert only["costs"]["macs"]["linear"]["high"] < 0.999
    text = markdown(found)
    assert "mobilenet_v2: activations 1.000 (met), best activations 1.000" in text
    assert "20.00 ns an activation and 50.0 ps a mac" in text


def _plant(folder: Path, network: Any, **seconds: float) -> None:
    times = {name: [4 * value] for name, value in seconds.items()}
    rounds = [{"load": None, "latency": [1.0], **times}]
    key = network.architecture.key
    content = {"key": key, "batch_size": 4, "rounds": rounds}
    write_json(folder / "times" / f"{network.name}.json", content)


def _of(entries: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    (found,) = (e for e in entries if all(e[key] == value for key, value in wanted.items()))
    return found


def test_times_of_another_network_are_refused(tmp_path: Path) -> None:
    from common.times import rounds_done
    from runtime_study.setting import Setting, networks

    first, second = networks(Setting(bases="mobilenet_v2", rules="w", factors="2"))
    assert rounds_done(first, tmp_path) == 0
    write_json(
        tmp_path / "times" / f"{first.name}.json",
        {"key": second.architecture.key, "rounds": []},
    )
    with pytest.raises(ValueError, match="times of another network"):
        rounds_done(first, tmp_path)


def test_networks_that_scaling_does_not_change_are_timed_once() -> None:
    from runtime_study.setting import Setting, networks

    scaled = networks(Setting(bases="mobilenet_v2", rules="w,d", factors="1.0001,4"))
    assert [(n.rule, n.factor) for n in scaled] == [("base", 1), ("w", 4), ("d", 4)]
    with pytest.raises(ValueError, match="--factors: 'x' is not a number"):
        networks(Setting(factors="x"))


def test_layers_of_all_kinds_add_up_to_the_network() -> None:
    from runtime_study.predictors import LAYER_KINDS, features

    for name in ("efficientnet_b0", "regnet_y_400mf", "regnet_z_500mf"):
        found, total = features(load(name)), cost.of(load(name))
        assert sum(found[f"{kind}_macs"] for kind in LAYER_KINDS) == total.macs
        assert sum(found[f"{kind}_activations"] for kind in LAYER_KINDS) == total.activations
        middle = "depthwise" if name.startswith("efficientnet") else "grouped"
        for kind in LAYER_KINDS:
            assert (found[f"{kind}_macs"] > 0) is (kind in ("dense", middle))


@pytest.mark.slow
def test_correlation_is_scipys_and_its_interval_holds_the_truth() -> None:
    from runtime_study.predictors import correlation, given

    rng = np.random.default_rng(0)
    x, noise, other = rng.normal(size=(3, 200))
    y = 0.8 * x + 0.6 * noise
    found = correlation(x, y)
    assert found["r"] == pytest.approx(stats.pearsonr(x, y)[0])
    assert found["low"] < 0.8 < found["high"]
    expected = stats.bootstrap(
        (x, y),
        lambda a, b: stats.pearsonr(a, b)[0],
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected), abs=0.01)
    macs = np.exp(x)
    trend = given(macs**0.5 * np.exp(0.1 * noise), macs**0.9 * np.exp(0.1 * other), macs)
    assert abs(trend["r"]) < 0.2
    same = given(macs**0.5 * np.exp(noise), macs**0.9 * np.exp(2 * noise), macs)
    assert same["r"] == pytest.approx(1.0)


def test_prices_are_never_negative() -> None:
    from runtime_study.predictors import fit

    design = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    assert fit(design, np.array([3.0, 2.0, 1.0])).min() >= 0
    assert fit(design, np.array([5.0, 7.0, 9.0])) == pytest.approx([2.0, 3.0])
