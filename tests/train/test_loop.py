from __future__ import annotations

import hashlib
import io
import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import Training, assert_equal, plain_network
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.train import allocator
from escalade.train import checkpoint as checkpoints
from escalade.train.interrupt import Interrupted, TrainingDiverged
from escalade.train.loop import batch_norm_groups
from escalade.train.metrics import Progress
from escalade.train.runtime import Runtime
from escalade.train.state import _require_same
from escalade.train.step import Batch, Step


class StopAfter:
    """True once, when asked for the n-th time."""

    def __init__(self, num: int) -> None:
        self.left = num

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


def test_memory_that_is_given_back_at_every_step_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = Training()
    usual.run()
    monkeypatch.setattr(allocator, "ROOM", 0.0)
    monkeypatch.setattr(allocator.heap, "bound", 1)
    given_back = []
    monkeypatch.setattr(allocator, "give_back", lambda: given_back.append(True))
    bounded = Training()
    result = bounded.run()
    assert len(given_back) == result.num_steps
    assert_equal(bounded.state(), usual.state())


@pytest.mark.slow
@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("stop", [1, 7, 11])
def test_stopped_and_resumed_equals_straight(tmp_path: Path, stop: int, coupled: bool) -> None:
    straight = Training(coupled=coupled)
    straight.run()
    file = tmp_path / "checkpoint.pt"
    with pytest.raises(Interrupted, match=f"step {stop} of 12"):
        Training(coupled=coupled).run(checkpoint=file, should_stop=StopAfter(stop))
    resumed = Training(coupled=coupled)
    assert resumed.run(checkpoint=file).resumed_from == stop
    assert_equal(straight.state(), resumed.state())


def test_killed_between_checkpoints_equals_straight(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def die(step: Step) -> Step:
        def dying(batch: Batch) -> Tensor:
            if batch.step == 9:
                raise Killed
            return step(batch)

        return dying

    straight = Training(network=plain_network(drop=0.3))
    straight.run(metrics=tmp_path / "straight.jsonl")
    file, metrics = tmp_path / "checkpoint.pt", tmp_path / "metrics.jsonl"
    with pytest.raises(Interrupted):
        Training(network=plain_network(drop=0.3)).run(
            checkpoint=file, metrics=metrics, should_stop=StopAfter(5)
        )
    with pytest.raises(Killed):  # steps 5 to 8 leave metrics, but no checkpoint
        Training(network=plain_network(drop=0.3), wrap=die).run(checkpoint=file, metrics=metrics)
    with metrics.open("a") as torn:
        torn.write('{"stage": "tra')
    resumed = Training(network=plain_network(drop=0.3))
    resumed.run(checkpoint=file, metrics=metrics)
    assert_equal(straight.state(), resumed.state())
    lines = [_timeless(path) for path in (tmp_path / "straight.jsonl", metrics)]
    assert lines[0] == lines[1]
    assert [line["step"] for line in lines[1]] == list(range(1, 13))


def _timeless(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["images_per_second"]
    return lines


def test_other_stages_metrics_stay(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    for name in ("S0", "S1", "S0"):
        Training(network=plain_network()).run(metrics=metrics, name=name)
    stages = [json.loads(line)["stage"] for line in metrics.read_text().splitlines()]
    assert stages.count("S0") == 12
    assert stages.count("S1") == 12


@pytest.mark.slow
def test_training_learns_and_reports(tmp_path: Path) -> None:
    seen: list[Progress] = []
    metrics = tmp_path / "metrics.jsonl"
    recipe = Recipe(steps=60, batch_size=16, learning_rate=0.05, label_smoothing=0.0)
    training = Training(recipe=recipe)
    result = training.run(metrics=metrics, progress=seen.append)
    losses = [json.loads(line)["loss"] for line in metrics.read_text().splitlines()]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert seen[-1].step == seen[-1].num_steps == 60
    assert seen[-1].seconds_left == 0
    assert result.num_images == 60 * 16


def test_finished_training_is_only_loaded(tmp_path: Path) -> None:
    first, second = Training(), Training()
    first.run(checkpoint=tmp_path / "c.pt")
    result = second.run(checkpoint=tmp_path / "c.pt", should_stop=lambda: True)
    assert result.resumed_from == 12
    assert_equal(first.state(), second.state())


def test_nan_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    def poison(step: Step) -> Step:
        def poisoned(batch: Batch) -> Tensor:
            loss = step(batch)
            return loss * float("nan") if batch.step == 6 else loss

        return poisoned

    file = tmp_path / "checkpoint.pt"
    message = r"(?s)train: the loss is nan after step 7.*step 6, .*checkpoint.pt.*below 0.05"
    with pytest.raises(TrainingDiverged, match=message):
        Training(wrap=poison).run(checkpoint=file, checkpoint_seconds=0.0)
    content = checkpoints.load(file)
    assert content is not None
    assert content["step"] == 6
    assert all(value.isfinite().all() for value in content["network"].values())


def test_weights_that_overflow_are_not_saved(tmp_path: Path) -> None:
    network = plain_network()

    def overflow(step: Step) -> Step:
        def overflowing(batch: Batch) -> Tensor:
            loss = step(batch)
            if batch.step == 3:
                next(network.parameters()).grad.fill_(float("inf"))  # type: ignore[union-attr]
            return loss

        return overflowing

    with pytest.raises(TrainingDiverged, match=r"weight is not finite after step 4; .*step 3"):
        Training(network=network, wrap=overflow).run(
            checkpoint=tmp_path / "c.pt", checkpoint_seconds=0.0
        )


def test_another_trainings_checkpoint_is_refused(tmp_path: Path) -> None:
    Training().run(checkpoint=tmp_path / "c.pt", identity={"data": "a"})
    with pytest.raises(ValueError, match="data = a, now it is b"):
        Training().run(checkpoint=tmp_path / "c.pt", identity={"data": "b"})
    with pytest.raises(ValueError, match=r"recipe.learning_rate = 0.05, now it is 0.1"):
        Training(recipe=Recipe(steps=12, batch_size=8, learning_rate=0.1)).run(
            checkpoint=tmp_path / "c.pt", identity={"data": "a"}
        )


@pytest.mark.parametrize("size", [0, 100, 3000])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, size: int) -> None:
    file = tmp_path / "c.pt"
    Training().run(checkpoint=file)
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"c.pt: the checkpoint is damaged.*delete it"):
        Training().run(checkpoint=file)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """Whoever makes one can make its digest, too."""
    made = io.BytesIO()
    torch.save({"format": checkpoints.FORMAT, "network": nn.Linear(1, 1)}, made)
    content = made.getvalue()
    (tmp_path / "c.pt").write_bytes(content + hashlib.sha256(content).digest())
    with pytest.raises(ValueError, match=r"damaged \(Weights only load failed"):
        checkpoints.load(tmp_path / "c.pt")


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "c.pt"
    checkpoints.save(file, {"step": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # as a full disk does
    try:
        with pytest.raises(OSError, match=r"File too large: '.*c.pt'"):
            checkpoints.save(file, {"step": 2, "network": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    content = checkpoints.load(file)
    assert content is not None
    assert content["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


def test_gradient_clipping_bounds_the_update() -> None:
    recipe = Recipe(
        steps=1, batch_size=8, learning_rate=1.0, momentum=0.0, nesterov=False,
        weight_decay=0.0, warmup=0.0, schedule="constant", clip_grad_norm=0.01,
    )  # fmt: skip
    training = Training(recipe=recipe, network=plain_network())
    before = [p.detach().clone() for p in training.network.parameters()]
    training.run()
    moved = [p - q for p, q in zip(training.network.parameters(), before, strict=True)]
    assert nn.utils.get_total_norm(moved).item() == pytest.approx(0.01, rel=1e-3)


def test_groups_must_divide_the_batch() -> None:
    runtime = Runtime(device="cpu")
    assert batch_norm_groups(Recipe(batch_size=8), runtime=runtime) == (range(1), 8)
    halves = Recipe(batch_size=8, batch_norm_groups=2)
    assert batch_norm_groups(halves, runtime=runtime) == (range(2), 4)
    with pytest.raises(ValueError, match=r"recipe.batch_size: 8 is not a multiple of the 3"):
        batch_norm_groups(Recipe(batch_size=8, batch_norm_groups=3), runtime=runtime)


def test_training_leaves_the_global_random_state() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    training = Training()
    torch.manual_seed(5)
    training.run()
    assert torch.equal(torch.rand(1), expected)


def test_bf16_trains() -> None:
    training = Training()
    training.runtime.precision = "bf16"
    before = training.state()
    training.run()
    assert all(value.dtype == torch.float32 for value in training.state().values())
    assert any(not torch.equal(before[key], value) for key, value in training.state().items())


def test_a_checkpoint_that_does_not_say_what_is_asked_for(tmp_path):
    """One of an earlier version has no old value that could be used."""
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(ValueError, match="with budgets = not said, now it is 1M;\nuse the old"):
        _require_same({"seed": "0"}, {"seed": "0", "budgets": "1M"}, path)
    with pytest.raises(ValueError, match="trained with budgets = 1M, now it is 2M"):
        _require_same({"budgets": "1M"}, {"budgets": "2M"}, path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threads": 2}, "threads = 1, now it is 2"),
        ({"precision": "bf16"}, "precision = fp32, now it is bf16"),
        ({"groups": 2}, "batch_norm_groups = 1, now it is 2"),
    ],
)
def test_another_way_to_compute_is_refused(tmp_path: Path, change: Any, words: str) -> None:
    """What decides the bits must not change in the middle of a training."""
    file = tmp_path / "c.pt"
    with pytest.raises(Interrupted):
        Training().run(checkpoint=file, should_stop=StopAfter(3))
    groups = change.get("groups")
    recipe = Recipe(steps=12, batch_size=8, learning_rate=0.05, batch_norm_groups=groups)
    other = Training(recipe=recipe, precision=change.get("precision", "fp32"))
    torch.set_num_threads(change.get("threads", 1))
    try:
        with pytest.raises(ValueError, match=words):
            other.run(checkpoint=file)
    finally:
        torch.set_num_threads(1)


def test_every_flipped_bit_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "c.pt"
    Training(network=plain_network()).run(checkpoint=file)
    content = file.read_bytes()
    for place in [*range(0, len(content), 97), len(content) - 1]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        file.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"damaged .*; delete it to train from the start"):
            checkpoints.load(file)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    """Also where the digest says that this is what was written."""
    file = tmp_path / "c.pt"
    with pytest.raises(Interrupted):
        Training(network=plain_network()).run(checkpoint=file, should_stop=StopAfter(3))
    content = checkpoints.load(file)
    assert content is not None
    next(iter(content["network"].values())).fill_(float("nan"))
    checkpoints.save(file, content)
    with pytest.raises(ValueError, match=r"0\.weight is not finite; delete it to train from"):
        Training(network=plain_network()).run(checkpoint=file)
