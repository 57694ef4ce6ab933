"""The one training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.core.numbers.seeds import generator, torch_seed
from escalade.data.batching.augmenting import BatchPart
from escalade.train.allocator import give_back, heap
from escalade.train.averaging import WeightAverage
from escalade.train.interrupt import Interrupted, asking
from escalade.train.metrics import NUM_METRICS, Progress, Reporter
from escalade.train.optimizer import set_learning_rate
from escalade.train.reduction import GradientReduction
from escalade.train.runtime import Runtime
from escalade.train.schedule import rate_factor
from escalade.train.state import TrainingState
from escalade.train.step import Batch, Step

CHECK_EVERY = 20  # on CUDA or several ranks, where looking at a loss means waiting


class Batches(Protocol):
    """The images that this rank trains on in a step, a pure function of the step.

    Only `warmup_epochs` asks how many make an epoch.
    """

    num_per_epoch: int

    def at(self, step: int) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a training did, over all its resumes.

    Attributes:
        num_images: images those steps saw.
        seconds: wall seconds up to the end, without what was lost between a checkpoint and a kill.
        resumed_from: the step this call began with.
    """

    num_steps: int
    num_images: int
    seconds: float
    resumed_from: int


def train(
    step: Step,
    *,
    network: nn.Module,
    batches: Batches,
    recipe: Recipe,
    num_steps: int,
    runtime: Runtime,
    seed: int,
    name: str = "train",
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 30.0,
    identity: Mapping[str, str | int | float] | None = None,
    metrics: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainResult:
    """Train a network in place, from its checkpoint if there is one.

    Stopped and resumed equals straight, bit for bit on CPU: what is random is a function of the
    seed and the step, and the checkpoint holds all the rest. With `recipe.averaging` the network
    ends with the averaged weights.

    Args:
        step: computes gradients; see `escalade.train.steps`.
        network: whose parameters are updated; its state goes into the checkpoint.
        batches: uint8 images and labels by step, this rank's part of the batch (`own_part`).
        num_steps: steps in all, over all resumes.
        name: the stage in metrics and messages.
        checkpoint: the file to resume from and to save to; None trains without.
        checkpoint_seconds: time between saves.
        identity: what else makes this training this one (space, data); a checkpoint of another
            is refused.
        metrics: a file of JSON lines; one process at a time.
        progress: called about twice a second, on rank 0.
        should_stop: asked every step (every `CHECK_EVERY` on CUDA or several ranks).

    Raises:
        Interrupted: `should_stop` said so; the state is saved.
        TrainingDiverged: the loss or a weight is not finite; the last good checkpoint stays.
        ValueError: the checkpoint is damaged or belongs to another training.
    """
    state = TrainingState(
        network,
        recipe=recipe,
        runtime=runtime,
        name=name,
        path=checkpoint,
        identity=_identity(recipe, num_steps=num_steps, seed=seed, runtime=runtime)
        | {key: str(value) for key, value in (identity or {}).items()},
    )
    state.average = _average(state.network, batches=batches, recipe=recipe, num_steps=num_steps)
    first = state.resume()
    reduction = GradientReduction(
        state.parameters, num_ranks=runtime.world_size, begin_sum=runtime.begin_sum
    )
    update = _Update(
        step,
        batches=batches,
        recipe=recipe,
        num_steps=num_steps,
        seed=seed,
        reduction=reduction,
    )
    check_every = CHECK_EVERY if runtime.on_cuda or runtime.world_size > 1 else 1
    line_every = max(1, num_steps // NUM_METRICS)
    reporter = Reporter(
        state,
        recipe=recipe,
        num_steps=num_steps,
        metrics=metrics,
        show=progress,
        stage=name,
    )
    last_save = runtime.clock()
    with (
        reduction,
        runtime.private_randomness(),
        nullcontext() if should_stop is None else asking(),
    ):
        while state.done < num_steps:
            loss = update(state)
            heap.stay_within()
            is_last = state.done == num_steps
            is_line = is_last or state.done % line_every == 0
            if not is_line and state.done % check_every != 0:
                continue
            state.require_finite_loss(loss)
            state.tick()
            reporter.report(is_line=is_line)
            stopping = not is_last and runtime.any(should_stop is not None and should_stop())
            if stopping or is_last or runtime.clock() - last_save >= checkpoint_seconds:
                state.save()
                last_save = runtime.clock()
            if stopping:
                raise Interrupted(f"{name}: stopped at step {state.done} of {num_steps}")
    if state.average is not None:
        state.average.give()
    give_back()
    return TrainResult(
        num_steps=num_steps,
        num_images=num_steps * recipe.batch_size,
        seconds=state.seconds,
        resumed_from=first,
    )


class _Update:
    """One optimizer step: the batch's groups, their gradients, the update."""

    def __init__(
        self,
        step: Step,
        *,
        batches: Batches,
        recipe: Recipe,
        num_steps: int,
        seed: int,
        reduction: GradientReduction,
    ) -> None:
        self._step = step
        self._batches = batches
        self._recipe = recipe
        self._num_steps = num_steps
        self._seed = seed
        self._reduction = reduction

    def __call__(self, state: TrainingState) -> Tensor:
        recipe, runtime, done = self._recipe, state.runtime, state.done
        rate = rate_at(
            done,
            recipe=recipe,
            num_steps=self._num_steps,
            num_per_epoch=_num_per_epoch(self._batches, recipe),
        )
        set_learning_rate(state.optimizer, rate)
        state.optimizer.zero_grad(set_to_none=True)
        loss = self._backward(done, runtime)
        self._reduction.finish()
        if recipe.clip_grad_norm is not None:
            nn.utils.clip_grad_norm_(state.parameters, recipe.clip_grad_norm)
        state.optimizer.step()
        if state.average is not None:
            state.average.update(step=done)
        state.count(loss)
        return loss

    def _backward(self, done: int, runtime: Runtime) -> Tensor:
        images, labels = (part.to(runtime.device) for part in self._batches.at(done))
        groups, size = batch_norm_groups(self._recipe, runtime=runtime)
        ratio = mixup_ratio(done, recipe=self._recipe, seed=self._seed)
        if len(images) != len(groups) * size:
            raise ValueError(
                f"batches: a step has {len(images)} images, and this rank trains on "
                f"{len(groups) * size} of {self._recipe.batch_size}"
            )
        losses = []
        for place, group in enumerate(groups):
            # Dropout differs between groups, and is the same wherever a group runs.
            torch.manual_seed(torch_seed(self._seed, "step", done, group))
            rows = slice(place * size, (place + 1) * size)
            batch = Batch(
                images=images[rows],
                labels=labels[rows],
                step=done,
                share=1 / len(groups),
                ratio=ratio,
                on_last=self._reduction.begin if group == groups[-1] else None,
            )
            losses.append(self._step(batch))
        return torch.stack(losses).mean()


def batch_norm_groups(recipe: Recipe, *, runtime: Runtime) -> tuple[range, int]:
    """This rank's groups among all, and the images in each.

    Raises:
        ValueError: if ranks or groups do not divide the batch.
    """
    num_groups = recipe.batch_norm_groups or runtime.world_size
    if num_groups % runtime.world_size:
        raise ValueError(
            f"recipe.batch_norm_groups: {num_groups} is not a multiple of the "
            f"{runtime.world_size} ranks"
        )
    if recipe.batch_size % num_groups:
        raise ValueError(
            f"recipe.batch_size: {recipe.batch_size} is not a multiple of the {num_groups} "
            "batch-norm groups (one a rank unless batch_norm_groups says otherwise)"
        )
    own = num_groups // runtime.world_size
    return range(runtime.rank * own, (runtime.rank + 1) * own), recipe.batch_size // num_groups


def own_part(recipe: Recipe, *, runtime: Runtime) -> BatchPart:
    """The images of every batch that this rank trains on; errors as for `batch_norm_groups`."""
    groups, size = batch_norm_groups(recipe, runtime=runtime)
    return BatchPart(groups.start * size, groups.stop * size, recipe.batch_size)


def rate_at(
    step: int, *, recipe: Recipe, num_steps: int, num_per_epoch: int | None = None
) -> float:
    """The learning rate of a step, taken in its middle so that the last one still learns."""
    factor = rate_factor(
        (step + 0.5) / num_steps,
        schedule=recipe.schedule,
        warmup=recipe.warmup_share(num_steps=num_steps, num_per_epoch=num_per_epoch),
        end_ratio=recipe.end_ratio,
        constant_after=recipe.constant_after,
        is_beneath=recipe.warmup_epochs is not None,
    )
    return recipe.learning_rate * factor


def mixup_ratio(step: int, *, recipe: Recipe, seed: int) -> float:
    """The ratio of a step's mixup, the same on all ranks; 1 mixes nothing."""
    if recipe.mixup is None:
        return 1.0
    return float(generator(seed, "mixup", step).beta(recipe.mixup, recipe.mixup))


def _average(
    network: nn.Module, *, batches: Batches, recipe: Recipe, num_steps: int
) -> WeightAverage | None:
    if recipe.averaging is None:
        return None
    warmup = recipe.warmup_share(num_steps=num_steps, num_per_epoch=_num_per_epoch(batches, recipe))
    return WeightAverage(
        network,
        share=recipe.averaging,
        num_steps=num_steps,
        num_copied=round(warmup * num_steps),
    )


def _num_per_epoch(batches: Batches, recipe: Recipe) -> int | None:
    return None if recipe.warmup_epochs is None else batches.num_per_epoch


def _identity(recipe: Recipe, *, num_steps: int, seed: int, runtime: Runtime) -> dict[str, str]:
    """What decides the bits of any training, and what must not change halfway."""
    fields = {f"recipe.{key}": value for key, value in asdict(recipe).items()}
    groups = recipe.batch_norm_groups or runtime.world_size
    fields |= {"num_steps": num_steps, "seed": seed, "batch_norm_groups": groups}
    fields |= {"ranks": runtime.world_size, "precision": runtime.precision}
    fields |= {"device": runtime.device.type, "threads": runtime.threads}
    return {key: str(value) for key, value in fields.items()}
