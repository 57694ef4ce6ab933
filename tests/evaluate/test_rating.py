"""Scores of several labels: average precision by its definition, and wherever a score goes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_evaluation as tiny
import torch
from torch import Tensor, nn

from escalade.artefacts.contested import Bout, Contested
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.scored import Scored
from escalade.core.values.codec import decode, encode
from escalade.data.image_data import ImageData
from escalade.data.listing.label_sets import LabelSets
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.rating import ONE, RateSeveral, average_precisions
from escalade.evaluate.score import Score, accuracy, score_by_class
from escalade.evaluate.store import EvaluationStore
from escalade.supernet.extract import extract
from escalade.train.runtime import Runtime

SETS = LabelSets(sets=((0,), (0, 1), (0, 2), (1,), (2,)), num_classes=3)


def by_definition(scores: list[float], targets: list[bool]) -> float:
    """Precision times the recall that is gained, threshold by threshold from above."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        chosen = [
            target for score, target in zip(scores, targets, strict=True) if score >= threshold
        ]
        recall = sum(chosen) / sum(targets)
        total += (recall - before) * sum(chosen) / len(chosen)
        before = recall
    return total


@pytest.mark.parametrize("values", [2, 5, 1000])
def test_average_precision_is_its_definition(values: int) -> None:
    """With many images of equal score, some, and none."""
    rng = np.random.default_rng(values)
    scores = rng.integers(0, values, (50, 4)).astype(np.float32) / 7
    targets = rng.random((50, 4)) < 0.3
    found = average_precisions(torch.tensor(scores), torch.tensor(targets).double())
    expected = [by_definition(scores[:, i].tolist(), targets[:, i].tolist()) for i in range(4)]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


def test_average_precision_is_scikit_learns() -> None:
    """As `sklearn.metrics.average_precision_score` of 1.9.1 has it."""
    scores = [[0.9, 0.1], [0.8, 0.4], [0.8, 0.35], [0.3, 0.8], [0.2, 0.8], [0.1, 0.2]]
    targets = [[1, 0], [0, 0], [1, 1], [0, 1], [1, 0], [0, 1]]
    found = average_precisions(torch.tensor(scores), torch.tensor(targets).double())
    assert found.tolist() == pytest.approx([0.7555555555555555, 0.5333333333333333], abs=1e-12)


def test_a_network_that_gives_no_numbers_knows_nothing() -> None:
    targets = torch.tensor([[1.0], [0.0], [0.0], [0.0]]).double()
    assert average_precisions(torch.full((4, 1), torch.nan), targets).tolist() == [0.25]


def test_every_class_counts_the_same_and_one_without_images_not() -> None:
    labels = torch.tensor([0, 0, 0, 3, 3, 3])
    marks = torch.tensor([[3, 0, 9.0], [2, 0, 9], [1, 0, 9], [0, 3, 9], [0, 2, 9], [0, 1, 9]])
    rating = RateSeveral(SETS.targets)
    assert rating.worth(marks, labels) == 6.0
    assert rating.by_class(marks, labels, num_classes=3) == (3.0, 3.0, 0.0)
    marks[:, 1] *= -1  # all images of the class stand behind the others
    behind = (1 / 4 + 2 / 5 + 3 / 6) / 3
    assert rating.worth(marks, labels) == pytest.approx(6 * (1 + behind) / 2)


def drawn(num: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Logits that tell something of the labels."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, len(SETS.sets), (num,), generator=rng)
    return torch.randn(num, 3, generator=rng) + SETS.targets[labels], labels


def test_the_error_of_few_images_is_that_of_leaving_out_one_after_another() -> None:
    marks, labels = drawn(12, seed=3)
    rating = RateSeveral(SETS.targets)
    scores = []
    for each in range(12):
        kept = torch.arange(12) != each
        scores.append(rating.worth(marks[kept], labels[kept]) / 11)
    mean = sum(scores) / 12
    expected = math.sqrt(11 / 12 * sum((score - mean) ** 2 for score in scores))
    assert rating.error(marks, labels) == pytest.approx(expected)
    assert rating.error(marks[:1], labels[:1]) is None


def test_the_error_is_about_as_far_as_scores_of_other_images_are_apart() -> None:
    rating = RateSeveral(SETS.targets)
    samples = [drawn(300, seed=seed) for seed in range(60)]
    scores = torch.tensor([rating.worth(*each) / 300 for each in samples])
    errors = [rating.error(*each) or 0.0 for each in samples[:10]]
    assert sum(errors) / 10 == pytest.approx(float(scores.std()), rel=0.3)


def test_a_score_with_an_error_of_its_own_has_its_interval() -> None:
    share = Score(num_correct=80, num_images=100)
    assert share.standard_error == pytest.approx(0.04)
    other = replace(share, error=0.1)
    assert other.standard_error == 0.1
    assert other.interval == (pytest.approx(0.604, abs=1e-3), pytest.approx(0.996, abs=1e-3))
    assert replace(share, error=0.2).interval[1] == 1.0
    assert ONE.error(torch.ones(3) > 0, torch.zeros(3)) is None


def several(split: Split, *, seed: int) -> Split:
    rng = torch.Generator().manual_seed(seed)
    return Split(split.images, torch.randint(0, len(SETS.sets), (len(split),), generator=rng))


def data_of_sets() -> ImageData:
    data = tiny.image_data()
    parts = {name: getattr(data, name) for name in ("train", "search", "test")}
    made = {name: several(part, seed=i) for i, (name, part) in enumerate(parts.items())}
    return replace(
        data, label_sets=SETS, train=made["train"], search=made["search"], test=made["test"]
    )


def test_counts_are_of_classes_not_of_sets() -> None:
    split = Split(torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.tensor([0, 1, 1, 4]))
    counts = data_of_sets().counts(split)
    assert (counts.images, counts.total, counts.is_even) == ((3, 2, 1), 4, True)
    assert "'a' has 3 of the 4 test images, the least 1." in counts.cautions()[0]
    assert "always answering" not in " ".join(counts.cautions())


class Mean(nn.Module):
    """Three logits from the mean brightness."""

    def forward(self, images: Tensor) -> Tensor:
        mean = images.mean((1, 2, 3))
        return torch.stack([mean, -mean, mean.square()], dim=1)


def test_scores_of_a_network_by_class() -> None:
    data = data_of_sets()
    runtime = Runtime(device="cpu")
    found = score_by_class(Mean(), data, resolution=10, runtime=runtime)
    searched = replace(data, search=data.test)
    whole = accuracy(Mean(), searched, resolution=10, runtime=runtime, batch_size=3)
    assert found.total.accuracy == pytest.approx(whole.accuracy, abs=1e-12)
    assert found.total.num_images == len(data.test)
    assert found.balanced is None
    shares = found.counts.recalls(found.correct)
    assert np.mean([share for share in shares if share is not None]) == pytest.approx(
        whole.accuracy
    )


@pytest.mark.parametrize("num_workers", [1, 2])
def test_paths_are_scored_alike_by_any_workers_and_from_the_store(
    num_workers: int, tmp_path: Path
) -> None:
    data, paths = data_of_sets(), tiny.some_paths(3)
    supernet = tiny.supernet()
    with EvaluationStore(tmp_path / "e.sqlite") as store:
        found = []
        for _ in range(2):
            with Evaluator(
                supernet,
                data=data,
                store=store,
                runtime=Runtime(device="cpu"),
                settings=tiny.EvaluationSettings(num_recalibration=32, recalibration_batch=16),
                num_workers=num_workers,
            ) as evaluator:
                found.append(evaluator.score(paths))
        assert found[0] == found[1]
        assert {row.count for row in store.rows()} == {None}
        values = {row.path: row.value for row in store.rows()}
    assert [score.accuracy for score in found[0]] == pytest.approx(
        [values[path.key] for path in paths], abs=1e-12
    )
    assert len(set(values.values())) > 1
    assert extract(supernet, paths[0].running) is not None


def test_the_error_is_near_that_of_draws() -> None:
    """An estimate: within a factor of two of the bootstrap's, for classes of like size."""
    rng = np.random.default_rng(0)
    labels = torch.tensor(rng.integers(0, len(SETS.sets), 400))
    targets = SETS.targets[labels].double()
    logits = targets.float() + torch.tensor(rng.normal(size=(400, 3)), dtype=torch.float32)
    rating = RateSeveral(SETS.targets)
    score = Score(num_correct=rating.worth(logits, labels), num_images=400)
    drawn = []
    for _ in range(200):
        rows = torch.tensor(rng.integers(0, 400, 400))
        drawn.append(rating.worth(logits[rows], labels[rows]) / 400)
    assert 0.5 < score.standard_error / np.std(drawn) < 2


def test_files_hold_whole_numbers_and_others() -> None:
    """A score that is a share of images stays a whole number, so that old files are the same."""
    scored = Scored().with_scores(
        np.array([[1], [2]]), np.array([[0], [0]]), num_correct=[3, 2.5], num_images=4
    )
    text = json.dumps(encode(scored))
    assert "[3, 2.5]" in text
    assert decode(Scored, json.loads(text)) == scored
    assert scored.accuracies == [0.75, 0.625]
    found, plain = (Entrant(macs=1, num_steps=1, num_correct=num) for num in (2.5, 2.25))
    bout = Bout(member="S0", budget=1.0, found=found, plain=plain)
    contest = Contested(kept="found", rule="w", num_images=4, bouts=(bout,))
    assert contest.difference == pytest.approx(0.0625)
