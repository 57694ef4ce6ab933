"""The study of independent searches, a few steps long."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

TINY = "--limit 40 --steps 3 --num-bases 1 --rounds 1 --population 2 --generations 1"
SHORT = "--strategies 2 --search-seeds 1 --seeds 1 --workers 1"


@pytest.mark.slow
def test_smoke_every_arm_pays_for_what_it_uses(tmp_path: Path) -> None:
    import independent

    places = ["--out", str(tmp_path / "run"), "--results", str(tmp_path)]
    independent.main([*TINY.split(), *SHORT.split(), *places])
    found = json.loads((tmp_path / "independent.json").read_text())
    images = {family["arm"]: family["cost"]["images"] for family in found["families"]}
    joint = images["joint (ScaleNet)"]
    assert images == {
        "joint (ScaleNet)": joint,
        "a supernet a budget": 3 * joint,
        "a short supernet a budget": joint,
        "one supernet, a search a budget": joint,
        "one supernet, random search": joint,
    }
    for family in found["families"]:
        assert [m["budget"] for m in family["members"]] == found["budgets"]
        macs = [m["macs"] for m in family["members"]]
        assert macs == pytest.approx(found["budgets"], rel=0.05)
        assert family["cost"]["searching"] > 0
        assert family["cost"]["evaluations"] >= 3

    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    text = (tmp_path / "independent.md").read_text()
    independent.main(["--table", *places, "--search-seeds", "1"])
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    assert again == files
    assert (tmp_path / "independent.md").read_text() == text


NUM_JOINT = 701  # what the demo's joint search scores, seed 0


@pytest.mark.slow
def test_searches_of_all_arms_are_as_long_as_the_joint_one() -> None:
    from independent_study.arms import arms, sampler_of, searcher_of
    from independent_study.setting import Setting

    config = Setting().config
    for arm in arms(len(config.budgets))[1:]:
        asked = 0
        for net in arm.nets:
            space = sampler_of(net, config).space
            num = {"num_images": 500, "num_evaluations": NUM_JOINT}
            searcher = searcher_of(arm, net, config, space, **num)
            keys = set()
            while len(population := searcher.ask()):
                keys |= {path.key for path in space.paths(population)}
                searcher.tell(space.costs(population) / 1e8)
            asked += len(keys)
        assert 0.8 * NUM_JOINT <= asked <= NUM_JOINT


@pytest.mark.slow
def test_judge_images_are_not_the_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from common import lab
    from escalade.data import load
    from independent_study.setting import judge_images

    demo = load("demo", cache_dir=Path("unused"), limit=300)
    mixed = torch.arange(20)
    other = load("demo", cache_dir=Path("unused")).test.subset(mixed)
    images = torch.cat([demo.train.images[:20], demo.search.images[:20], other.images])
    labels = torch.cat([demo.train.labels[:20], demo.search.labels[:20], other.labels])
    full = replace(demo, train=type(demo.train)(images, labels))
    monkeypatch.setattr(lab, "load_data", lambda *args, **kwargs: full)
    judge = judge_images(demo)
    assert judge is not None
    assert torch.equal(judge.images, other.images)
    assert torch.equal(judge.labels, other.labels)
