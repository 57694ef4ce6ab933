"""Scores of networks trained alone: the store, its keys, and what a stop leaves behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_evaluation import image_data

from escalade.config.recipe import Recipe
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Path
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.score import Score
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.trained_alone import AloneEvaluator, Trained
from escalade.spaces.load import load
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import Runtime

RECIPE = Recipe(epochs=1)


class Trainer:
    """Trains nothing: the last network given is done first; stops after `most`."""

    def __init__(self, most=99):
        self.most, self.trained = most, []

    def __call__(self, items):
        for done, (key, architecture) in enumerate(reversed(items)):
            if done == self.most:
                raise Interrupted("stopped")
            self.trained.append(key)
            score = Score(num_correct=sum(architecture.depths), num_images=50)
            yield key, Trained(score=score, seconds=2.0, num_images=130)


def some_paths(num=4) -> list[Path]:
    space = load("regnet_y_small").with_data(in_channels=1, num_classes=3)
    return [space.path(genome) for genome in space.sample_genomes(generator(0, "alone"), num)]


def evaluator(file, trainer, *, recipe=RECIPE, seed=0, data=None, settings=None, precision="fp32"):
    return AloneEvaluator(
        trainer,
        data=data or image_data(),
        store=EvaluationStore(file),
        runtime=Runtime(device="cpu", precision=precision),
        settings=settings or EvaluationSettings(num_recalibration=64, recalibration_batch=16),
        recipe=recipe,
        seed=seed,
    )


def test_scores_are_those_of_the_networks_in_their_order(tmp_path):
    paths, trainer = some_paths(), Trainer()
    seen = []
    found = evaluator(tmp_path / "s", trainer)
    scores = found.score([*paths, paths[0]], progress=lambda done, of: seen.append((done, of)))
    assert [score.num_correct for score in scores] == [
        sum(path.architecture.depths) for path in [*paths, paths[0]]
    ]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    count = found.count
    assert (count.num_asked, count.num_measured, count.num_images) == (5, 4, 4 * 130)
    assert count.seconds == 8.0


def test_rows_tell_costs(tmp_path):
    (path,) = some_paths(1)
    evaluator(tmp_path / "s", Trainer()).score([path])
    (row,) = EvaluationStore(tmp_path / "s", read_only=True).rows()
    found = cost.of(path.architecture)
    assert row.supernet.startswith("alone-")
    assert (row.path, row.resolution) == (path.key, path.architecture.resolution)
    assert (row.macs, row.params, row.activations) == (
        found.macs,
        found.params,
        found.activations,
    )


def test_what_is_known_is_not_trained_again(tmp_path):
    paths, first, again = some_paths(), Trainer(), Trainer()
    before = evaluator(tmp_path / "s", first).score(paths[:3])
    after = evaluator(tmp_path / "s", again).score(paths)
    assert again.trained == [paths[3].key]
    assert after[:3] == before


def test_a_stop_keeps_what_is_done(tmp_path):
    paths, stopped, again = some_paths(), Trainer(most=2), Trainer()
    with pytest.raises(Interrupted):
        evaluator(tmp_path / "s", stopped).score(paths)
    scores = evaluator(tmp_path / "s", again).score(paths)
    assert len(stopped.trained) == 2
    assert set(again.trained) == {path.key for path in paths} - set(stopped.trained)
    assert [score.num_correct for score in scores] == [sum(p.architecture.depths) for p in paths]


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": replace(RECIPE, epochs=2)},
        {"recipe": replace(RECIPE, learning_rate=0.1)},
        {"seed": 1},
        {"precision": "bf16"},
        {"data": replace(image_data(), train_digest="other")},
        {"settings": EvaluationSettings(num_recalibration=32, recalibration_batch=16)},
    ],
)
def test_other_trainings_are_other_scores(tmp_path, change):
    paths, again = some_paths(2), Trainer()
    evaluator(tmp_path / "s", Trainer()).score(paths)
    evaluator(tmp_path / "s", again, **change).score(paths)
    assert len(again.trained) == 2
