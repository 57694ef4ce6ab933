"""The study of sampling, a few steps long, and its measures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from escalade.data.fashion_mnist import DEBIAN

TINY = "--limit 40 --steps 2 --paths 8 --alone 3 --bases 1 --population 2 --generations 1"
SHORT = "--strategies 2 --iterations 1 --supernet-seeds 1 --search-seeds 1 --seeds 1 --workers 1"


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_smoke_runs_every_part_and_a_second_call_repeats_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sampling

    places = ["--out", str(tmp_path / "run"), "--results", str(tmp_path)]
    sampling.main([*TINY.split(), *SHORT.split(), *places])
    found = json.loads((tmp_path / "sampling.json").read_text())
    assert sum(found["bins"]["num_paths"]) == 8
    assert found["alone"]["num"] == 3
    assert {family["sampler"] for family in found["families"]} == {
        "uniform",
        "hierarchical",
        "balanced",
    }
    for family in found["families"]:
        assert [m["stage"] for m in family["members"]][:3] == [0, 1, 2]
        assert all(len(m["accuracies"]) == 1 for m in family["members"])
        budget = [0.6e6 * 2 ** m["stage"] for m in family["members"]]
        macs = [m["macs"] for m in family["members"]]
        assert macs == pytest.approx(budget, rel=0.02)
    trained = [s["images"] for s in found["supernets"]]
    assert trained == [20, 20, 20]

    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    capsys.readouterr()
    sampling.main([*TINY.split(), *SHORT.split(), *places])
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    assert again == files
    whole = capsys.readouterr().out
    sampling.main(["--table", *places])
    assert capsys.readouterr().out == whole


@pytest.mark.slow
def test_paths_are_distinct_the_same_each_time_and_spread_over_macs() -> None:
    from sampling_study.paths import draw_paths, stratified
    from sampling_study.setting import Setting

    paths = draw_paths(Setting(paths=60))
    assert len({drawn.path.key for drawn in paths}) == 60
    assert [drawn.origin for drawn in paths].count("uniform") == 30
    assert [d.path.key for d in draw_paths(Setting(paths=60))] == [d.path.key for d in paths]
    chosen = sorted(paths[index].macs for index in stratified(paths, 6))
    ordered = sorted(drawn.macs for drawn in paths)
    assert all(ordered[10 * i] <= macs <= ordered[10 * i + 9] for i, macs in enumerate(chosen))


def test_bins_hold_every_path_and_their_means() -> None:
    from sampling_study.paths import by_bin

    macs = [10, 30, 60, 120, 240, 480, 960, 2560]
    means, nums = by_bin(macs, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8])
    assert nums == [1, 1, 1, 1, 1, 1, 1, 1]
    assert means == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8])
    means, nums = by_bin([1, 256, 256], [0.5, 0.2, 0.4])
    assert nums == [1, 0, 0, 0, 0, 0, 0, 2]
    assert means[-1] == pytest.approx(0.3)
    assert math.isnan(means[1])


@pytest.mark.slow
def test_agreement_without_the_trend_ignores_what_macs_explain() -> None:
    from common.statistics import agreement

    rng = np.random.default_rng(0)
    macs = np.geomspace(1e6, 8e6, 40)
    trend = np.log2(macs)
    noise = rng.normal(size=(2, 40)) * 0.05
    unrelated = agreement(trend + noise[0], trend + noise[1], macs)
    assert unrelated["raw"]["pearson"]["value"] > 0.95
    assert abs(unrelated["partial"]["pearson"]["value"]) < 0.4
    same = agreement(trend + noise[0], 3 * trend + noise[0], macs)
    for name in ("pearson", "spearman", "kendall"):
        entry = same["partial"][name]
        assert entry["value"] == pytest.approx(1.0)
        assert entry["low"] <= entry["value"] <= entry["high"] + 1e-9


def test_table3_has_every_m_and_t_once() -> None:
    from sampling_study.families import rows
    from sampling_study.setting import Setting

    both = rows(Setting(), table3=False)
    assert [(row.sampler, row.num_scaled, row.iterations) for row in both] == [
        ("uniform", 2, 4),
        ("hierarchical", 2, 4),
        ("balanced", 2, 4),
    ]
    added = [(r.num_scaled, r.iterations) for r in rows(Setting(), table3=True)[3:]]
    assert sorted(added) == [(1, 4), (2, 1), (2, 2), (2, 6), (2, 8), (3, 4)]
