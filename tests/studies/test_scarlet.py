"""The study of SCARLET, a few steps long, and its parts on planted results."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from escalade.artefacts.files import write_json
from escalade.cli.parser import UsageError
from escalade.core.network import cost
from escalade.data.batching.batches import prepare
from escalade.data.fashion_mnist import DEBIAN
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.supernet.extract import extract
from escalade.supernet.recalibrate import recalibrate
from escalade.train.runtime import Runtime
from escalade.train.step import Batch
from made_data import grey_data

TINY = "--limit 40 --steps 2 --networks 3 --probes 2 --probed 2 --flipped 6 --ranked 3 --folded 1"
FEW = "--population 4 --generations 2 --searches 1 --seeds 1 --workers 1 --short"
ALL = "rate,identity,constraint,genome,extremes,folds,controller,fairness"


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_smoke_trains_scores_searches_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import scarlet
    from scarlet_study import alone, supernets

    few = {step: replace(of, rates=(0.1, 0.2)) for step, of in supernets.TRIES.items()}
    monkeypatch.setattr(supernets.Work, "tries", few)
    monkeypatch.setattr(alone, "REPEATS", 1)
    assert list(scarlet.PARTS.parts) == ALL.split(",")
    places = ["--out", str(tmp_path / "run"), "--results", str(tmp_path)]
    wanted = ["--study", "all"]
    scarlet.main([*TINY.split(), *FEW.split(), *wanted, *places])
    found = json.loads((tmp_path / "scarlet_short.json").read_text())
    names = {study: [row["name"] for row in rows] for study, rows in found["studies"].items()}
    assert names == {
        "rate": ["fair, 0.1", "fair, 0.2", "single path, 0.1", "single path, 0.2"],
        "identity": ["LET", "identity", "LET with ReLU"],
        "folds": ["some fold (the paper's)", "all fold"],
        "fairness": ["strictly fair", "random, as many an update", "random, one an update"],
    }
    for row in found["studies"]["identity"]:
        assert [point["progress"] for point in row["curves"]["0"]] == [0.5, 1.0]
        assert set(row["flipped"]["0"]) == {"0", "2", "4"}
    assert [row["name"] for row in found["genome"]] == [
        "LET",
        "LET with ReLU",
        "identities removed",
    ]
    assert [row["macs"] for row in found["extremes"]] == [99_200, 4_687_984]
    assert len(found["ranked"]) == 3
    assert len(found["agreement"]) == 3
    assert len(found["folded"]) == 2
    searched = {name: [row["name"] for row in rows] for name, rows in found["searches"].items()}
    assert searched == {
        "constraint": ["the paper's", "no accuracy constraint"],
        "controller": ["the paper's", "no controller", "equal weights", "neither"],
    }
    first, other = found["searches"]["constraint"]
    assert [text.split()[0] for text in first["constraints"]] == ["macs", "accuracy"]
    assert [text.split()[0] for text in other["constraints"]] == ["macs"]
    for picture in ("identity", "folds", "fairness", "ranks", "constraint", "controller"):
        assert (tmp_path / f"scarlet_short_{picture}.svg").read_text().startswith("<svg")

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")}
    text = (tmp_path / "scarlet_short.md").read_text()
    capsys.readouterr()
    scarlet.main([*TINY.split(), *FEW.split(), *wanted, *places])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.json")} == before
    assert text in capsys.readouterr().out
    scarlet.main(["--short", "--table", *places])
    assert text in capsys.readouterr().out
    with pytest.raises(ValueError, match="begun with another epochs"):
        scarlet.main([*TINY.split(), *FEW.split(), "--epochs", "7", *places])


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_what_shares_a_gpu_gives_what_one_after_the_other_gives(tmp_path: Path) -> None:
    """Side by side on the device `cpu:0`, which is no other than `cpu` but by name."""
    import scarlet

    few = [*TINY.split(), *FEW.split(), "--study", "constraint", "--fair-rate", "0.1"]
    found = []
    for name, more in (("cpu", "1"), ("cpu:0", "2")):
        folder = tmp_path / name
        places = ["--out", str(folder / "run"), "--results", str(folder), "--device", name]
        scarlet.main([*few, *places, "--workers", more])
        content = json.loads((folder / "scarlet_short.json").read_text())
        searches = content["searches"]["constraint"]
        found.append([(row["name"], row["front"], row["generations"]) for row in searches])
    assert len(found[0]) == 2
    assert found[0] == found[1]


def make_data(num: int = 64) -> ImageData:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(num) % 10
    noise = torch.randint(0, 60, (num, 1, 28, 28), generator=rng)
    split = Split((noise + 18 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)
    return grey_data(split, split, split, classes="abcdefghij", mean=0.4, std=0.3)


@pytest.mark.slow
def test_looks_are_at_the_weights_between_two_steps(tmp_path: Path) -> None:
    """The accuracy of the extracted network, and nothing else changes."""
    from scarlet_study.networks import spread
    from scarlet_study.probes import looks
    from scarlet_study.setting import SHORT, Training
    from scarlet_study.supernets import Work

    setting = replace(
        SHORT, networks=3, ranked=3, probed=2, probes=2, probe_images=48, recalibration_images=32,
        limit=64, steps=4,
    )  # fmt: skip
    training = Training(seed=0, epochs=1, learning_rate=0.1)
    job, data = Work(setting=setting, folder=tmp_path).job(training), make_data()
    supernet, runtime = job.empty(), Runtime(device="cpu", threads=1)
    step = job.step(supernet, data, runtime)
    batch = Batch(images=data.train.images[:16], labels=data.train.labels[:16], step=0, share=1.0)
    file = job.folder / "probes.json"
    for number in range(4):
        before = {name: p.detach().clone() for name, p in supernet.named_parameters()}
        step(replace(batch, step=number))
        assert len(looks(file)) == (number >= 2)
        with torch.no_grad():
            for name, parameter in supernet.named_parameters():
                assert torch.equal(parameter, before[name])
                if number == 1:  # so that a look at other weights would say something else
                    parameter.mul_(1 + 0.5 * torch.rand_like(parameter))
    x = prepare(data.train.images[:48], resolution=28, mean=data.mean, std=data.std)
    expected = []
    for path in spread(setting, training)[:2]:
        network = extract(supernet, path.running)
        recalibrate(network, [x[:32]])
        with torch.no_grad():
            right = network(x).argmax(1) == data.train.labels[:48]
        expected.append(right.float().mean().item())
    assert looks(file) == [pytest.approx(expected)]


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fair", "random", "single_path"])
def test_on_a_gpu_every_tensor_of_a_step_and_of_a_look_is_there(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by fake tensors, which know their device and refuse another's but hold nothing."""
    from scarlet_study.setting import SHORT, Training
    from scarlet_study.supernets import Work

    told: list[torch.device] = []

    def add_gradients(loss: torch.Tensor, batch: Batch) -> torch.Tensor:
        told.append((loss * batch.share).device)  # a backward pass would want a real GPU
        return loss.detach()

    def count_each(networks: Any, batches: Any, autocast: Any, rating: Any) -> list[int]:
        for images, labels in batches:
            told.extend((logits.argmax(1) == labels).device for logits in networks(images))
        return [0]

    cuda = {"cuda": "cuda:0"}
    monkeypatch.setattr(
        "escalade.train.runtime._device", lambda name: torch.device(cuda.get(name, name))
    )
    monkeypatch.setattr(Runtime, "clock", lambda self: 0.0)
    monkeypatch.setattr(Runtime, "resident_bytes", 1 << 30)
    monkeypatch.setattr("escalade.train.step.add_gradients", add_gradients)
    monkeypatch.setattr("escalade.evaluate.path_meter.count_each", count_each)
    setting = replace(SHORT, networks=3, ranked=3, probed=1, probes=2, limit=64, steps=4)
    training = Training(seed=0, epochs=1, learning_rate=0.1, step=kind)
    job = Work(setting=setting, folder=tmp_path).job(training)
    runtime, data, supernet = Runtime(device="cuda", is_alone=True), make_data(), job.empty()
    with FakeTensorMode(allow_non_fake_inputs=True):
        supernet.to(runtime.device)
        step, batches = job.step(supernet, data, runtime), job.batches(data, runtime)
        for number in (0, 2):  # there is a look before the third step
            images, labels = batches.at(number)
            told += [images.device, labels.device]
            step(Batch(images=images, labels=labels, step=number, share=1.0))
    assert len(json.loads((job.folder / "probes.json").read_text())) == 1
    passes = 1 if kind == "single_path" else 13
    assert len(told) == 2 * (passes + 2) + 1
    assert set(told) == {torch.device("cuda", 0)}


def test_the_device_that_is_asked_for_is_every_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of trainings, scores, searches and networks alone, each in a pool that only writes down."""
    from common import lab
    from scarlet_study import alone, searches
    from scarlet_study.setting import SHORT
    from scarlet_study.supernets import Job, Work

    seen: dict[str, set[str]] = {"train": set(), "score": set(), "search": set(), "alone": set()}

    class NotedPool:
        def __init__(self, work: Any, *, num_workers: int, shared: Any) -> None:
            self.work, self.num = work, num_workers

        def __enter__(self) -> NotedPool:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def run(self, jobs: Any, **_: Any) -> Any:
            bench = self.work.bench
            for index, job in enumerate(jobs):
                if isinstance(job, Job):
                    seen["train"].add(bench.device)
                    cost = {"device_seconds": 1.0, "images": 1}
                    write_json(job.folder / "supernet.json", cost)
                    yield index, None
                    continue
                assert bench.num_workers == 1
                assert len(bench.data.search) == 0
                kind = "search" if isinstance(job, searches.Asked) else "score"
                seen[kind].add(bench.device)
                yield index, {"found": True} if kind == "search" else [0.5] * len(job[1])

    def retrain_all(jobs: Any, place: Any, *, num_workers: int) -> Any:
        seen["alone"].add(place.runtime)
        assert num_workers == 3
        return iter(())

    monkeypatch.setattr(lab, "WorkerPool", NotedPool)
    monkeypatch.setattr(lab, "Runtime", lambda device: device)
    monkeypatch.setattr(lab, "retrain_all", retrain_all)
    setting = replace(SHORT, networks=6, ranked=3, probed=2, flipped=3, folded=1, searches=1)
    data, options = make_data(), argparse.Namespace(workers=3, device="cuda")
    monkeypatch.setattr("common.study.load_images", lambda limit: (data, data.search))
    work = Work(setting=setting, folder=tmp_path, options=options)
    alone.run_fairness(work, 0)
    folder = work.job(work.reference(0)).folder
    write_json(folder / "searched.json", {"accuracies": [0.5], "macs": [1]})
    searches.run(work, "controller", 0)
    assert seen == {kind: {"cuda"} for kind in seen}


def test_random_paths_are_as_many_but_not_fair() -> None:
    from scarlet_study.networks import PLAINEST, space_of
    from scarlet_study.supernets import RandomPaths

    paths = RandomPaths(space_of(PLAINEST), seed=1)
    steps = [[path.genome for path in paths.at(step)] for step in range(40)]
    assert {len(genomes) for genomes in steps} == {13}
    assert steps[0] == [path.genome for path in RandomPaths(space_of(PLAINEST), seed=1).at(0)]
    assert len({genome for genomes in steps for genome in genomes}) > 500
    most = [max(Counter(genome[0] for genome in genomes).values()) for genomes in steps]
    assert sum(most) / len(most) > 2.5  # a fair step has every choice once


def test_every_supernet_has_a_folder_of_its_own(tmp_path: Path) -> None:
    from scarlet_study.setting import SHORT
    from scarlet_study.supernets import ARMS, Work

    work = Work(setting=SHORT, folder=tmp_path)
    trainings = {
        training
        for study in ARMS.values()
        for seed in (0, 1)
        for training in work.arms(study(work), seed).values()
    }
    assert len({work.job(training).folder for training in trainings}) == len(trainings)
    for name in ("identity", "folds", "fairness"):
        assert next(iter(work.arms(ARMS[name](work), 1).values())) == work.reference(1)


def test_arms_change_what_they_name_at_equal_passes(tmp_path: Path) -> None:
    from scarlet_study.setting import Setting
    from scarlet_study.supernets import ARMS, Work

    work = Work(setting=Setting(fair_rate=0.2, single_rate=0.3), folder=tmp_path)
    reference = asdict(work.reference(0))

    def changes(study: str) -> list[dict[str, Any]]:
        return [
            {k: v for k, v in asdict(training).items() if v != reference[k]}
            for training in work.arms(ARMS[study](work), 0).values()
        ]

    assert changes("identity") == [{}, {"identity": "plain"}, {"identity": "let_relu"}]
    assert changes("folds") == [{}, {"folds": True}]
    single = {"step": "single_path", "epochs": 130.0, "learning_rate": 0.3}
    assert changes("fairness") == [{}, {"step": "random"}, single]


def test_kinds_of_search_change_what_they_name(tmp_path: Path) -> None:
    from scarlet_study.searches import KINDS, Asked, searcher
    from scarlet_study.setting import SHORT
    from scarlet_study.supernets import Work

    plan = Work(setting=SHORT, folder=tmp_path)
    job = plan.job(plan.reference(0))
    found = {}
    for kind in {each.name: each for kinds in KINDS.values() for each in kinds}.values():
        asked = Asked(job=job, kind=kind, seed=0, least=0.5)
        method = searcher(asked, SHORT, num_images=100)
        limits = tuple(each.measure for each in method._screen.constraints)
        found[kind.name] = (limits, method._controller is not None, method._weights.tolist()[0])
    both, third = ("macs", "accuracy"), pytest.approx(1 / 3)
    assert found == {
        "the paper's": (both, True, 0.4),
        "no accuracy constraint": (("macs",), True, 0.4),
        "no controller": (both, False, 0.4),
        "equal weights": (both, True, third),
        "neither": (both, False, third),
    }
    (limit,) = (each for each in method._screen.constraints if each.measure == "macs")
    assert limit.limit == pytest.approx(500 / 557 * 4_817_008)


def test_networks_are_the_same_for_every_supernet() -> None:
    from scarlet_study.networks import PLAINEST, extremes, flipped, folded, genome, ranked, spread
    from scarlet_study.setting import SHORT

    others = [replace(PLAINEST, seed=3, identity="plain"), replace(PLAINEST, folds=True)]
    first = [path.genome for path in spread(SHORT, PLAINEST)]
    assert all([path.genome for path in spread(SHORT, other)] == first for other in others)
    forced = flipped(SHORT, PLAINEST)
    for num, paths in forced.items():
        assert {path.genome.count(12) for path in paths} == {num}
        for path, base in zip(paths, forced[0], strict=True):
            kept = [a for a, b in zip(path.genome, base.genome, strict=True) if a == b]
            assert len(kept) == 9 - num
    pairs = zip(folded(SHORT, PLAINEST), folded(SHORT, others[1]), strict=True)
    for usual, other in pairs:
        assert usual.genome == other.genome
        assert usual.architecture.key != other.architecture.key
    assert genome("let").genome == (1, 1, 12, 0, 12, 12, 0, 12, 9)
    assert genome("let").architecture == genome("let_relu").architecture
    assert genome("let").running != genome("let_relu").running
    macs = [cost.of(path.architecture).macs for path in extremes().values()]
    assert macs == [99_200, 4_687_984]
    costs = [50, 10, 40, 20, 30]
    assert ranked(replace(SHORT, ranked=3), costs) == [1, 4, 0]


def test_the_best_rate_is_taken_once_all_are_tried(tmp_path: Path) -> None:
    from scarlet_study.setting import FAIR, SHORT, SINGLE
    from scarlet_study.supernets import Work

    plan = Work(setting=SHORT, folder=tmp_path)
    tried = plan.tried(FAIR)
    for training, accuracy in zip(tried[:-1], (0.5, 0.8, 0.7), strict=True):
        write_json(plan.job(training).folder / "rate.json", {"accuracies": [accuracy, accuracy]})
    assert plan.rate(FAIR) == 0.1
    write_json(plan.job(tried[-1]).folder / "rate.json", {"accuracies": [0.9, 0.9]})
    assert plan.rate(FAIR) == tried[-1].learning_rate == 0.4
    assert plan.rate(SINGLE) == 0.4
    assert {training.epochs for training in plan.tried(SINGLE)} == {13 * tried[0].epochs}


@pytest.mark.slow
def test_planted_results_give_the_planted_gaps(tmp_path: Path) -> None:
    from common.alone import Unit
    from scarlet_study.alone import ranks
    from scarlet_study.networks import PLAINEST, spread
    from scarlet_study.results import to_json
    from scarlet_study.setting import SHORT
    from scarlet_study.supernets import ARMS, Work
    from scarlet_study.table import markdown

    setting = replace(SHORT, networks=10, ranked=5, flipped=2)
    plan = Work(setting=setting, folder=tmp_path)
    macs = [cost.of(path.architecture).macs for path in spread(setting, PLAINEST)]
    order = ranks(setting)
    for seed in (0, 1):
        # The fair one orders the ranked networks as they are alone, the random one the other way.
        arms = plan.arms(ARMS["fairness"](plan), seed).values()
        for training, level, sign in zip(arms, (0.8, 0.7), (1, -1), strict=False):
            folder = plan.job(training).folder
            accuracies = [level] * 10
            for place, index in enumerate(order):
                accuracies[index] = level + sign * (0.01 * place + 0.001 * seed)
            write_json(folder / "supernet.json", {"device_seconds": 10.0, "images": 100})
            write_json(folder / "networks.json", {"macs": macs, "accuracies": accuracies})
            flipped = [0.9, 0.7, 0.6, 0.6, 0.3, 0.5]
            write_json(folder / "flipped.json", {"macs": macs[:6], "accuracies": flipped})
    for place, index in enumerate(order):
        path = spread(setting, PLAINEST)[index]
        unit = Unit(architecture=path.architecture, seed=0)
        result = {"accuracy": 0.5 + 0.02 * place, "device_seconds": 1.0}
        write_json(tmp_path / "alone" / f"{unit.name}.json", result)
    found = to_json(plan)
    fair, random = found["studies"]["fairness"]
    assert fair["mean"]["mean"] == pytest.approx(0.8 + 0.01 + 0.00025)
    assert random["mean"]["minus_first"]["difference"] == pytest.approx(-0.1 - 0.02 - 0.0005)
    assert fair["best"]["mean"] == pytest.approx(0.8405)
    assert random["worst"]["mean"] == pytest.approx(0.6595)
    assert fair["flipped"]["0"] == pytest.approx({"0": 0.8, "2": 0.6, "4": 0.4})
    values = [row["agreement"]["raw"]["kendall"]["value"] for row in found["agreement"]]
    assert values == pytest.approx([1, -1, 1, -1])
    assert found["studies"]["identity"] == found["genome"] == found["searches"]["constraint"] == []
    text = markdown(found)
    assert "| strictly fair | 81.02 ± 0.03 |" in text
    assert "| 80.00 ± 0.00 | 60.00 ± 0.00 | 40.00 ± 0.00 | 100 | 10 |" in text


def test_names_of_studies_are_checked() -> None:
    import scarlet

    with pytest.raises(UsageError, match="identiy is not known; use rate, identity, constraint"):
        scarlet.main(["--study", "identiy"])


def test_too_few_networks_cannot_be_ranked() -> None:
    from scarlet_study.setting import Setting

    with pytest.raises(ValueError, match=r"ranked: 30 of the 20 networks .*use 3 to 20"):
        Setting(networks=20, ranked=30)
