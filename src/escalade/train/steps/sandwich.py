"""The sandwich step: several paths, one of which teaches the others (BigNAS, section 3.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from escalade.config.settings import SupernetConfig
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.traits import Traits
from escalade.train.step import Batch, Step, TrainingObjective, add_gradients
from escalade.train.steps.path_sequence import side_at
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining

if TYPE_CHECKING:
    from escalade.config.recipe import Recipe
    from escalade.core.network.architecture import Architecture
    from escalade.core.sampling.sandwich_paths import StepPaths
    from escalade.supernet.elastic import Side
    from escalade.supernet.shared_weights import SharedWeights

REGULARISE = ("largest", "all")
PATCHES = ("same", "different")


class SandwichTraining(SupernetTraining):
    """The largest, the smallest and random paths in every step."""

    own = ("num_random", "distillation", "regularise", "patches", "recipe.drop_rate")
    remedy = "use supernet.step: sandwich"

    def suits(self, traits: Traits) -> bool:
        return traits.shares

    def paths(self, task: SupernetTask) -> Sandwich:
        return Sandwich(
            task.space.training,
            sampler=self.sampler_for(task),
            seed=task.seed,
            num_random=task.settings.num_random,
        )

    def step(self, task: SupernetTask, supernet: SharedWeights) -> Step:
        settings = task.settings
        return SandwichStep(
            supernet,
            sandwich=self.paths(task),
            objective=task.objective,
            recipe=settings.recipe,
            distillation=settings.distillation,
            regularise=settings.regularise,
            patches=settings.patches,
            coupled=settings.coupled,
        )

    def num_crops(self, settings: SupernetConfig) -> int:
        return 1 if settings.patches == "same" else settings.num_random + 2

    def words(self, settings: SupernetConfig) -> str:
        taught = "the labels teach all"
        if settings.distillation:
            taught = "the others learn the largest one's predictions (in-place distillation)"
        whom = "the largest alone" if settings.regularise == "largest" else "all"
        return (
            "sandwich rule (BigNAS, section 3.1): the largest, the smallest and "
            f"{settings.num_random} random paths a step; {taught}; dropout and weight decay on "
            f"{whom}; {settings.patches} patches"
        )


class SandwichStep:
    """Trains a step's largest, smallest and random paths; their gradients add up.

    The largest learns from the labels. The others learn from its soft labels alone, those of its
    own forward pass in this very step, detached, at temperature 1 (in-place distillation). Each
    path's graph is gone before the next path runs, so the peak of memory is the largest path's.

    Weight decay is the optimizer's, once a step. The loss that is returned is the largest path's
    (without one, the mean of all), or nan if any path's is not finite.

    Args:
        supernet: the weights.
        sandwich: the paths of each step.
        objective: loss and input statistics; only who learns from labels has them smoothed.
        recipe: its dropout, and what weight decay `regularise="all"` adds.
        distillation: without, every path learns from the labels.
        distil_from: the first step of distillation; before it every path learns from the labels,
            since a teacher that knows nothing yet slows all paths down
            (docs/studies/bignas_recipe.md).
        regularise: `largest` drops out on the largest path only (the paper's rule); `all` on every
            path, and each path after the first decays the weights that it uses once more, as if
            every path's own loss had the penalty (the ablation of Fig. 7).
        patches: `same` resizes one crop of each image to every path's resolution; `different` gives
            each path a crop of its own (the comparison in section 3.1); its batches are made with
            `num_crops=sandwich.num_paths`.
        coupled: alternate between the left and the right channels (BCNet) by the step's parity,
            all paths of a step on one side.

    Raises:
        ValueError: if distillation or dropout has no largest path, or for unknown choices.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        sandwich: StepPaths,
        objective: TrainingObjective,
        recipe: Recipe,
        distillation: bool = True,
        distil_from: int = 0,
        regularise: str = "largest",
        patches: str = "same",
        coupled: bool = False,
    ) -> None:
        for name, value, known in (
            ("regularise", regularise, REGULARISE),
            ("patches", patches, PATCHES),
        ):
            if value not in known:
                raise ValueError(f"{name}: {value!r} is not known; use {' or '.join(known)}")
        regularises_all = regularise == "all"
        if not sandwich.with_ends:
            _require_no_largest(distillation, recipe=recipe, regularises_all=regularises_all)
        self._supernet = supernet
        self._sandwich = sandwich
        self._objective = objective
        self._distil_from = distil_from if distillation else None
        self._drop_rate = recipe.drop_rate
        self._drop_rate_below = recipe.drop_rate if regularises_all else 0.0
        self._decay_below = recipe.weight_decay if regularises_all else 0.0
        self._num_crops = sandwich.num_paths if patches == "different" else 1
        self._coupled = coupled

    def __call__(self, batch: Batch) -> Tensor:
        paths = self._sandwich.at(batch.step)
        side = side_at(batch.step) if self._coupled else "left"
        distils = self._distil_from is not None and batch.step >= self._distil_from
        losses: list[Tensor] = []
        teacher: Tensor | None = None
        for own, path in zip(self._crops(batch), paths.all, strict=True):
            is_largest = path is paths.largest
            logits = self._logits(own, path.running, side=side, is_largest=is_largest)
            if teacher is None:
                loss = self._objective.label_loss(own, logits)
            else:
                loss = self._objective.losses.of_soft_labels(logits, teacher)
            losses.append(add_gradients(loss, own))
            if is_largest and distils:
                teacher = self._objective.losses.soft_labels(logits)
            if self._decay_below and len(losses) > 1:
                self._decay(path.running, share=batch.share, side=side)
        return _reported(torch.stack(losses), has_largest=paths.largest is not None)

    def _logits(
        self, batch: Batch, architecture: Architecture, *, side: Side, is_largest: bool
    ) -> Tensor:
        drop_rate = self._drop_rate if is_largest else self._drop_rate_below

        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, architecture, side=side, drop_rate=drop_rate)
            return logits

        return self._objective.logits(batch, resolution=architecture.resolution, forward=forward)

    def _decay(self, architecture: Architecture, *, share: float, side: Side) -> None:
        """Add the gradient of a path's own penalty, share * decay / 2 * sum of squares."""
        weights = self._supernet.slices(architecture, side=side).values()
        penalty = torch.stack([w.square().sum() for w in weights if w.dim() > 1]).sum()
        (penalty * (share * self._decay_below / 2)).backward()  # type: ignore[no-untyped-call]

    def _crops(self, batch: Batch) -> list[Batch]:
        """The batch that each path sees."""
        images, num = batch.images, self._num_crops
        found = images.shape[1] if images.dim() == 5 else 1
        if found != num:
            raise ValueError(
                f"patches: the batches have {found} crops of each image, and this step takes "
                f"{num}; make them with num_crops={num}"
            )
        if self._decay_below:  # whose passes come after those of the paths
            batch = replace(batch, on_last=None)
        passes = batch.passes(self._sandwich.num_paths)
        if num == 1:
            return passes
        crops = zip(passes, images.unbind(1), strict=True)
        return [replace(own, images=crop) for own, crop in crops]


def _require_no_largest(distillation: bool, *, recipe: Recipe, regularises_all: bool) -> None:
    if distillation:
        raise ValueError(
            "distillation: the soft labels are those of the largest path, and none is trained; "
            "train with the largest path, or without distillation"
        )
    if recipe.drop_rate and not regularises_all:
        raise ValueError(
            f"recipe.drop_rate: {recipe.drop_rate} is for the largest path, and none is trained; "
            "train with the largest path, without dropout, or regularise all"
        )


def _reported(losses: Tensor, *, has_largest: bool) -> Tensor:
    loss = losses[0] if has_largest else losses.mean()
    return torch.where(losses.isfinite().all(), loss, torch.nan)
