from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import NonCallableMock

import pytest
import torch
from tiny_evaluation import evaluator, image_data, some_paths, split, supernet

from escalade.core.network import cost
from escalade.data.batching.batches import evaluation_batches
from escalade.data.splits.split import Split
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ScoreRow
from escalade.supernet.extract import extract
from escalade.supernet.recalibrate import recalibrate
from escalade.train import allocator
from escalade.train.interrupt import Interrupted
from rank_processes import run_ranks


def _correct(file: Path, **options: object) -> dict[str, int]:
    paths = some_paths()
    with evaluator(file, **options) as made:  # type: ignore[arg-type]
        return {p.key: s.num_correct for p, s in zip(paths, made.score(paths), strict=True)}


@pytest.mark.slow
def test_a_score_does_not_depend_on_order_company_or_workers(tmp_path: Path) -> None:
    together = _correct(tmp_path / "one.sqlite")
    assert len(set(together.values())) > 3
    with evaluator(tmp_path / "alone.sqlite") as made:
        alone = {path.key: made.score([path])[0].num_correct for path in some_paths()[::-1]}
    assert alone == together
    assert _correct(tmp_path / "two.sqlite", num_workers=2) == together
    rows = [
        [replace(row, seconds=0.0) for row in EvaluationStore(tmp_path / name).rows()]
        for name in ("one.sqlite", "alone.sqlite", "two.sqlite")
    ]
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("coupled", [False, True])
def test_a_score_is_that_of_the_recalibrated_slice(tmp_path: Path, coupled: bool) -> None:
    network, data = supernet(coupled=coupled), image_data()
    path = some_paths()[0]
    side = path.architecture.resolution
    made = evaluator(tmp_path / "s.sqlite", network=network, data=data)
    score = made.score([path])[0]
    (search,) = _batches(data.search, side, 50)
    logits = torch.zeros(50, 3)
    for name in ("left", "right") if coupled else ("left",):
        sliced = extract(network, path.architecture, side=name)  # type: ignore[arg-type]
        train = _batches(data.train.subset(torch.arange(64)), side, 16)
        recalibrate(sliced, (images for images, _ in train))
        with torch.no_grad():
            logits += sliced(search[0])
    assert score.num_correct == int((logits.argmax(1) == search[1]).sum())
    assert score.num_images == 50
    assert score.accuracy == score.num_correct / 50


def _batches(images: object, side: int, size: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    device = torch.device("cpu")
    return list(
        evaluation_batches(
            images,  # type: ignore[arg-type]
            resolution=side,
            mean=(0.5,),
            std=(0.3,),
            device=device,
            batch_size=size,
        )
    )


def test_scores_are_replayed_not_measured(tmp_path: Path) -> None:
    paths = some_paths()
    first = evaluator(tmp_path / "s.sqlite")
    scores = first.score([*paths, paths[0]])
    assert (first.count.num_asked, first.count.num_measured) == (9, 8)
    assert first.count.num_images == 8 * (64 + 50)
    assert first.count.seconds > 0
    second = evaluator(tmp_path / "s.sqlite")
    assert second.score(paths) == scores[:8]
    assert (second.count.num_asked, second.count.num_measured) == (8, 0)


def test_other_weights_data_and_settings_are_measured_anew(tmp_path: Path) -> None:
    paths = some_paths(2)
    base = evaluator(tmp_path / "s.sqlite")
    base.score(paths)
    others = [
        evaluator(tmp_path / "s.sqlite", network=supernet(seed=1)),
        evaluator(tmp_path / "s.sqlite", network=supernet(coupled=True)),
        evaluator(tmp_path / "s.sqlite", data=replace(image_data(), search_digest="other")),
    ]
    for other in others:
        other.score(paths)
        assert other.count.num_measured == 2
    assert len(EvaluationStore(tmp_path / "s.sqlite").rows()) == 8


def test_test_images_are_never_looked_at(tmp_path: Path) -> None:
    untouchable = NonCallableMock(spec=Split)
    with evaluator(tmp_path / "s.sqlite", data=replace(image_data(), test=untouchable)) as made:
        made.score(some_paths(2))
    assert untouchable.mock_calls == []


def test_a_stopped_evaluation_keeps_what_it_measured(tmp_path: Path) -> None:
    paths = some_paths()
    done: list[tuple[int, int]] = []
    made = evaluator(tmp_path / "s.sqlite")
    with pytest.raises(Interrupted):
        made.score(
            paths,
            progress=lambda *at: done.append(at),
            should_stop=lambda: bool(done),
        )
    num = done[-1][0]  # of the first job: paths that begin alike are measured together
    assert 0 < num < 8
    assert len(EvaluationStore(tmp_path / "s.sqlite").rows()) == num
    again = evaluator(tmp_path / "s.sqlite")
    scores = again.score(paths)
    assert again.count.num_measured == 8 - num
    assert scores == evaluator(tmp_path / "straight.sqlite").score(paths)


def test_rows_carry_the_costs(tmp_path: Path) -> None:
    path = some_paths(1)[0]
    evaluator(tmp_path / "s.sqlite").score([path])
    (row,) = EvaluationStore(tmp_path / "s.sqlite", read_only=True).rows()
    costs = cost.of(path.architecture)
    assert (row.macs, row.params, row.activations) == (costs.macs, costs.params, costs.activations)
    assert row.resolution == path.architecture.resolution


def test_memory_limit_changes_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _correct(tmp_path / "kept.sqlite")
    monkeypatch.setattr("escalade.evaluate.evaluator.CACHE_BYTES", 1)
    assert _correct(tmp_path / "anew.sqlite") == expected
    monkeypatch.setattr(
        "escalade.evaluate.evaluator.CACHE_BYTES", 2 * 64 * 100 * 4
    )  # one at a time
    assert _correct(tmp_path / "some.sqlite") == expected


def test_memory_that_is_given_back_at_every_batch_changes_no_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlimited, given_back = _correct(tmp_path / "one.sqlite"), []
    monkeypatch.setattr(allocator, "ROOM", 0.0)
    monkeypatch.setattr(allocator.heap, "bound", 1)
    monkeypatch.setattr(allocator, "give_back", lambda: given_back.append(True))
    assert _correct(tmp_path / "two.sqlite") == unlimited
    assert len(given_back) > len(unlimited)


def test_a_stop_is_heard_between_batches(tmp_path: Path) -> None:
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) == 3

    with evaluator(tmp_path / "s.sqlite") as made, pytest.raises(Interrupted):
        made.score(some_paths(1), should_stop=stop)
    assert len(asked) == 3
    assert EvaluationStore(tmp_path / "s.sqlite").rows() == []


def test_recalibration_takes_whole_batches() -> None:
    settings = EvaluationSettings(num_recalibration=1024, recalibration_batch=128)
    assert settings.num_images(5000) == 1024
    assert settings.num_images(1000) == 896
    assert settings.num_images(100) == 100
    with pytest.raises(ValueError, match="recalibration: 10 images are too few for a batch of 128"):
        EvaluationSettings(num_recalibration=10)


def test_larger_search_split(tmp_path: Path) -> None:
    """More images than a batch."""
    data = image_data(search=split(300, seed=7))
    assert evaluator(tmp_path / "s.sqlite", data=data).score(some_paths(1))[0].num_images == 300


SCRIPT = Path(__file__).with_name("rank_evaluation.py")


@pytest.mark.slow
def test_two_ranks_store_what_one_stores(tmp_path: Path) -> None:
    run_ranks(SCRIPT, tmp_path / "two.sqlite")
    with evaluator(tmp_path / "one.sqlite") as one:
        one.score(some_paths())
    assert _rows(tmp_path / "two.sqlite") == _rows(tmp_path / "one.sqlite")


def _rows(file: Path) -> list[ScoreRow]:
    return [replace(row, seconds=0.0) for row in EvaluationStore(file).rows()]
