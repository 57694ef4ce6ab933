"""The study of BigNAS, a few steps long, and its parts on planted results."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from escalade.artefacts.files import write_json
from escalade.cli.parser import UsageError
from escalade.core.network import cost
from escalade.data.fashion_mnist import DEBIAN
from escalade.supernet.recalibrate import path_statistics
from escalade.train.schedule import rate_factor

TINY = "--limit 64 --steps 2 --slices 9 --skeletons 2 --variations 2 --population 2 --bases 1"
FEW = "--strategies 2 --seeds 1 --workers 1 --short"


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_smoke_trains_scores_searches_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import bignas
    from bignas_study import scalenet, selection, supernets

    few = {step: replace(of, rates=(0.1, 0.2)) for step, of in supernets.TRIES.items()}
    monkeypatch.setattr(supernets.Work, "tries", few)
    monkeypatch.setattr(selection, "NUM_SEARCHES", 1)
    monkeypatch.setattr(scalenet, "ITERATIONS", 1)
    monkeypatch.setattr(scalenet, "GENERATIONS", 1)
    places = ["--out", str(tmp_path / "run"), "--results", str(tmp_path)]
    wanted = ["--study", "rate,slices,interference,step,start,recalibration,selection,scalenet"]
    bignas.main([*TINY.split(), *FEW.split(), *wanted, *places])
    found = json.loads((tmp_path / "bignas_short.json").read_text())
    assert [row["name"] for row in found["studies"]["rate"]] == [
        "sandwich, 0.1",
        "sandwich, 0.2",
        "single path, 0.1",
        "single path, 0.2",
    ]
    assert [row["name"] for row in found["studies"]["step"]] == [
        "sandwich, distilled",
        "single, equal images",
        "single, equal time",
        "single, equal passes",
        "sandwich, labels only",
        "sandwich, tuned recipe",
        "single, tuned recipe, equal passes",
    ]
    assert found["studies"]["schedule"] == found["studies"]["patches"] == []
    assert [row["name"] for row in found["slices"]] == ["small", "middle", "big"]
    assert found["all_slices"]["slices_minus_alone"]["num"] == 3
    assert found["all_slices"]["tuned_minus_alone"]["num"] == 3
    for kind in ("together", "distilled", "half"):
        assert found["all_slices"][f"{kind}_minus_alone"]["num"] == 3
    assert found["others"][0]["name"] == "the best recipe"
    _, before, after = (row["seeds"]["0"]["all"] for row in found["others"])
    assert after != before
    assert [row["name"] for row in found["interference"]] == [
        "nothing",
        "all paths, by sandwiches",
        "the small network alone",
        "small and middle",
        "all three",
    ]
    losses = {row["name"]: row["losses"][0] for row in found["start"]}
    assert len(losses) == 4
    # In the first step all arms have the same weights, and the largest path learns from labels.
    starts = [json.loads(p.read_text())["losses"][0] for p in (tmp_path / "run/start").iterdir()]
    assert starts == pytest.approx([starts[0]] * 4)
    assert len(set(losses.values())) == 4
    assert [row["name"] for row in found["recalibration"]] == [
        "the slice's own, 128 images",
        "the slice's own, 1,024 images",
        "the slice's own, 8,192 images",
        "running averages of all paths",
        "the largest path's",
    ]
    usual = found["recalibration"][1]["minus_usual"]
    assert usual["difference"] == 0
    for row in found["selection"]:
        assert all(abs(m / b - 1) <= 0.05 for m, b in zip(row["macs"], row["budgets"], strict=True))
        assert len(row["judged"]) == 5
    assert [row["name"] for row in found["scalenet"]] == [
        "sandwich, sliced",
        "single path, sliced",
        "single path, fine-tuned",
        "single path, together, sliced",
    ]
    assert (tmp_path / "bignas_short_step.svg").read_text().startswith("<svg")

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    text = (tmp_path / "bignas_short.md").read_text()
    capsys.readouterr()
    bignas.main([*TINY.split(), *FEW.split(), *wanted, *places])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")} == before
    assert text in capsys.readouterr().out
    bignas.main(["--short", "--table", *places])
    assert text in capsys.readouterr().out
    with pytest.raises(ValueError, match="begun with another epochs"):
        bignas.main([*TINY.split(), *FEW.split(), "--epochs", "7", *places])


def test_every_supernet_has_a_folder_of_its_own(tmp_path: Path) -> None:
    from bignas_study.arms import ARMS
    from bignas_study.setting import SHORT
    from bignas_study.supernets import PACE, Work

    work = Work(setting=SHORT, folder=tmp_path)
    write_json(tmp_path / PACE, {"ratio": 6.5})
    trainings = {
        training
        for study in ARMS.values()
        for seed in (0, 1)
        for training in work.arms(study(work), seed).values()
    }
    assert len({work.job(training).folder for training in trainings}) == len(trainings)
    for name in ("step", "initialisation", "schedule", "regularisation", "patches"):
        assert next(iter(work.arms(ARMS[name](work), 1).values())) == work.reference(1)
    longer = work.arms(ARMS["step"](work), 0)["single, equal time"]
    assert (longer.step, longer.epochs) == ("single_path", 19.5)


def test_arms_change_what_they_name(tmp_path: Path) -> None:
    from bignas_study.arms import ARMS
    from bignas_study.setting import Setting
    from bignas_study.supernets import Work

    work = Work(setting=Setting(), folder=tmp_path)
    reference = asdict(work.reference(0))

    def changes(study: str) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in asdict(training).items() if value != reference[name]}
            for training in work.arms(ARMS[study](work), 0).values()
        ]

    off = {"zero_residual": False}, {"transitions": False}
    slow = {"learning_rate": pytest.approx(0.12)}
    full = [{}, off[0], off[1], off[0] | off[1]]
    assert changes("initialisation") == full + [change | slow for change in full]
    assert changes("schedule") == [{}, {"schedule": "exponential"}, {"schedule": "cosine"}]
    assert changes("regularisation") == [{}, {"regularise": "all"}]
    assert changes("patches") == [{}, {"patches": "different"}]
    tuned = {"schedule": "cosine", "learning_rate": 0.8, "zero_residual": False}
    tuned |= {"drop_rate": 0.0, "weight_decay": 1e-4}
    assert changes("paths") == [tuned, tuned | {"num_random": 4}, tuned | {"num_random": 6}]
    steady = {"batch_size": 64, "clip_grad_norm": 1.0}
    assert changes("recipe")[7:9] == [tuned | {"batch_size": 64}, tuned | steady]
    short = tuned | {"epochs": 4.0}
    assert changes("stability")[:2] == [short, short | {"clip_grad_norm": 1.0}]
    assert changes("stability")[3] == short | steady
    labels = {"distillation": False}
    alone = {"step": "single_path", "epochs": 80}
    assert changes("step")[2:] == [alone, labels, tuned, tuned | alone]
    names = ["schedule", "learning_rate", "zero_residual", "drop_rate", "weight_decay"]
    ladder = [{name: tuned[name] for name in names[:num]} for num in range(len(names) + 1)]
    assert changes("recipe")[: len(ladder)] == ladder
    faster = {name: tuned[name] for name in names[:3]}
    assert changes("distillation")[:3] == [{}, {"distil_after": 0.3}, labels]
    assert changes("distillation")[3:] == [faster, faster | {"distil_after": 0.5}, faster | labels]


def test_the_two_exponential_schedules_decay_alike_until_one_ends() -> None:
    from bignas_study.setting import DECAYING, ENDING, SHORT, Training

    training = Training(seed=0, epochs=1, learning_rate=0.4)
    both = [SHORT.supernet_recipe(replace(training, schedule=name)) for name in (ENDING, DECAYING)]

    def factors(progress: float) -> list[float]:
        return [
            rate_factor(
                progress,
                schedule=recipe.schedule,
                warmup=0.0,
                end_ratio=recipe.end_ratio,
                constant_after=recipe.constant_after,
            )
            for recipe in both
        ]

    for progress in (0.1, 0.35, 0.7):
        first, second = factors(progress)
        assert first == pytest.approx(second)
    assert factors(1.0) == pytest.approx([0.05, 0.05 ** (1 / 0.7)])


def test_the_best_rate_is_taken_once_all_are_tried(tmp_path: Path) -> None:
    from bignas_study.setting import SANDWICH, SHORT, SINGLE
    from bignas_study.supernets import Work

    plan = Work(setting=SHORT, folder=tmp_path)
    tried = plan.tried(SANDWICH)
    for training, accuracy in zip(tried[:-1], (0.5, 0.8, 0.7), strict=True):
        write_json(plan.job(training).folder / "rate.json", {"accuracies": [accuracy, accuracy]})
    assert plan.rate(SANDWICH) == 0.4
    write_json(plan.job(tried[-1]).folder / "rate.json", {"accuracies": [0.1, 0.1]})
    assert plan.rate(SANDWICH) == tried[1].learning_rate == 0.2
    assert plan.rate(SINGLE) == 0.4
    given = Work(setting=replace(SHORT, sandwich_rate=0.3), folder=tmp_path)
    assert (given.rate(SANDWICH), given.rate(SINGLE)) == (0.3, 0.4)


def test_slices_reach_over_the_range_and_are_the_same_for_every_supernet() -> None:
    from bignas_study.setting import SHORT, Training
    from bignas_study.space import BUDGETS, budgets_networks, spread

    training = Training(seed=0, epochs=1, learning_rate=1)
    paths = spread(SHORT, training)
    macs = [cost.of(path.architecture).macs for path in paths]
    assert len({path.key for path in paths}) == 30
    assert macs == sorted(macs)
    assert macs[0] < 0.25e6 < 5.5e6 < macs[-1]
    assert all(after / before < 1.3 for before, after in pairwise(macs))
    bare = spread(SHORT, replace(training, transitions=False, seed=3))
    assert [path.genome for path in bare] == [path.genome for path in paths]
    assert not any(
        block.transition for path in bare for s in path.architecture.stages for block in s.blocks
    )
    for path, budget in zip(budgets_networks(), BUDGETS, strict=True):
        assert cost.of(path.architecture).macs == pytest.approx(budget.target, rel=0.01)


def test_shared_statistics_of_one_path_are_its_own() -> None:
    """Averaged over one path alone they must be what recalibration gives that path."""
    from bignas_study.recalibration import Shared
    from bignas_study.setting import SHORT, Training
    from bignas_study.space import spread
    from bignas_study.supernets import Work

    training = Training(seed=0, epochs=1, learning_rate=1, zero_residual=False)
    job = Work(setting=SHORT, folder=Path("unused")).job(training)
    supernet = job.empty()
    path = spread(SHORT, training)[14].architecture
    generator = torch.Generator().manual_seed(0)
    side = path.resolution
    batches = list(torch.randn(3, 16, 1, side, side, generator=generator))
    shared = Shared(supernet)
    with torch.no_grad():
        for batch in batches:
            supernet.run(batch, path, normalise=shared.normalise(learns=True, momentum=None))
        own = path_statistics(supernet, path, batches)
        x = batches[0]
        expected = supernet(x, path, statistics=own)
        result = supernet.run(x, path, normalise=shared.normalise(learns=False))
        torch.testing.assert_close(result, expected)
        space = job.space
        other = space.path(space.smallest).architecture
        supernet.run(batches[1], other, normalise=shared.normalise(learns=True))
        changed = supernet.run(x, path, normalise=shared.normalise(learns=False))
    assert not torch.allclose(changed, expected)


def test_thirds_are_means_of_equal_parts() -> None:
    from bignas_study.results import thirds

    means = thirds([0.1, 0.3, 0.5, 0.7, 0.6, 1.0])
    assert means == pytest.approx({"small": 0.2, "middle": 0.6, "big": 0.8, "all": 3.2 / 6})


@pytest.mark.slow
def test_planted_results_give_the_planted_gaps(tmp_path: Path) -> None:
    from bignas_study.results import to_json
    from bignas_study.setting import SHORT
    from bignas_study.space import budgets_networks
    from bignas_study.supernets import Work
    from bignas_study.table import SAID, markdown
    from common.alone import Unit
    from common.comparison import ALONE

    setting = replace(SHORT, slices=9)
    plan = Work(setting=setting, folder=tmp_path)

    def arms(seed: int) -> dict[str, Any]:
        return plan.arms(plan.ending, seed)

    for seed, shift in enumerate((0.0, 0.01)):
        folder = plan.job(plan.reference(seed)).folder
        write_json(folder / "budgets.json", {"accuracies": [0.8 + shift, 0.85 + shift, 0.9]})
        write_json(folder / "supernet.json", {"device_seconds": 10.0, "images": 100})
        macs, accuracies = list(range(1, 10)), [0.8 + shift] * 6 + [0.9] * 3
        write_json(folder / "slices.json", {"macs": macs, "accuracies": accuracies})
        for path, accuracy in zip(budgets_networks(), (0.79, 0.85, 0.88), strict=True):
            unit = Unit(architecture=path.architecture, seed=seed)
            result = {"accuracy": accuracy + shift, "device_seconds": 1.0}
            write_json(tmp_path / ALONE / f"{unit.name}.json", result)
    tuned = plan.job(arms(0)["tuned"]).folder
    write_json(tuned / "budgets.json", {"accuracies": [0.82, 0.85, 0.9]})
    together = plan.job(arms(1)["together"]).folder
    write_json(together / "budgets.json", {"accuracies": [0.79, 0.86, 0.89]})
    cosine = plan.job(replace(plan.reference(0), schedule="cosine")).folder
    write_json(cosine / "supernet.json", {"device_seconds": 10.0, "images": 100})
    write_json(cosine / "slices.json", {"macs": list(range(1, 10)), "accuracies": [0.9] * 9})
    found = to_json(plan)
    gaps = [row["slices_minus_alone"] for row in found["slices"]]
    assert [gap["difference"] for gap in gaps] == pytest.approx([0.01, 0.0, 0.015])
    assert found["all_slices"]["slices_minus_alone"]["difference"] == pytest.approx(0.025 / 3)
    assert found["studies"]["patches"] == []
    row, other = found["studies"]["schedule"]
    assert other["minus_first"]["small"]["difference"] == pytest.approx(0.1)
    assert row["groups"]["small"]["mean"] == pytest.approx(0.805)
    assert row["groups"]["small"]["standard_error"] == pytest.approx(0.005)
    assert row["groups"]["big"]["mean"] == pytest.approx(0.9)
    assert row["minus_first"]["all"]["difference"] == 0
    text = markdown(found)
    params = f"{found['slices'][0]['params'] / 1e3:.0f} k"
    assert f"| small | 0.40 M | {params} | 16 | 1-2-2 |" in text
    assert (
        "| the paper's recipe | 80.50 ± 0.50 (2) | 85.50 ± 0.50 (2) | 90.00 ± 0.00 (2) | +1.00"
        in text
    )
    assert "| tuned | 82.00 (1) | 85.00 (1) | 90.00 (1) | +3.00 | +0.00 | +2.00 | +1.67" in text
    assert "| best |" not in text
    assert list(SAID) == list(plan.ending)
    assert "| alone | 79.50 ± 0.50 (2) | 85.50 ± 0.50 (2) | 88.50 ± 0.50 (2) | - |" in text
    assert found["slices"][0]["tuned_minus_alone"]["difference"] == pytest.approx(0.03)


@pytest.mark.slow
def test_tables_of_half_a_study_keep_their_columns(tmp_path: Path) -> None:
    """One network is trained alone so far."""
    from bignas_study.results import to_json
    from bignas_study.setting import SHORT
    from bignas_study.space import budgets_networks
    from bignas_study.supernets import Work
    from bignas_study.table import markdown
    from common.alone import Unit
    from common.comparison import ALONE

    plan = Work(setting=SHORT, folder=tmp_path)
    half = plan.job(plan.arms(plan.ending, 0)["half"]).folder
    write_json(half / "budgets.json", {"accuracies": [0.8, 0.85, 0.9]})
    unit = Unit(architecture=budgets_networks()[1].architecture, seed=0)
    write_json(tmp_path / ALONE / f"{unit.name}.json", {"accuracy": 0.86, "device_seconds": 1.0})
    text = markdown(to_json(plan))
    row = "| best, its second half together | 80.00 (1) | 85.00 (1) | 90.00 (1) "
    assert f"{row}| - | -1.00 | - | -1.00 |" in text
    assert "| alone | - | 86.00 (1) | - | - | - | - | - |" in text


def test_names_of_studies_are_checked() -> None:
    import bignas

    with pytest.raises(
        UsageError, match="slcies is not known; use rate, slices, half, interference"
    ):
        bignas.main(["--study", "slcies"])
