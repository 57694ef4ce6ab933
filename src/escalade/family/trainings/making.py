"""A member's weights, finished: batch norm recalibrated, scored on the search split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.data.image_data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.score import Score, accuracy
from escalade.family.identities import Folding
from escalade.family.trainings.warm_start import WarmStart
from escalade.supernet.extract import assemble
from escalade.supernet.folding import Folded, fold
from escalade.supernet.recalibrate import recalibrate
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.interrupt import Stop
from escalade.train.metrics import Progress
from escalade.train.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where networks are trained.

    Attributes:
        data: `train` is trained on, `search` is scored; test images are not touched.
        settings: of the recalibration at the end.
        checkpoint_seconds: time between saves.
        progress: gets a job's name and where it is.
    """

    data: ImageData
    runtime: Runtime
    settings: EvaluationSettings
    checkpoint_seconds: float = 30.0
    progress: Callable[[str, Progress], None] | None = None
    should_stop: Stop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Finished weights and how they came about; travels between processes.

    Attributes:
        architecture: what the weights are of.
        weights: every tensor in timm's names, as safetensors.
        search: the score on the search split.
        num_steps: training steps; 0 for a slice.
        num_images: images those steps saw.
        seconds: wall seconds of the training, over all its resumes.
        start: what came over from other weights, or None from scratch.
        folding: of a slice of a choice space, what became of its identities.
    """

    architecture: Architecture
    weights: bytes = field(repr=False)
    search: Score
    num_steps: int = 0
    num_images: int = 0
    seconds: float = 0.0
    start: WarmStart | None = None
    folding: Folding | None = None

    @property
    def state(self) -> dict[str, Tensor]:
        """The weights as tensors on the CPU, in timm's names."""
        state: dict[str, Tensor] = safetensors.torch.load(self.weights)
        return state


def slice_member(supernet: SharedWeights, running: Architecture, *, place: Workplace) -> Made:
    """Cut a member out of the supernet (left side) and finish it without training.

    Args:
        running: `Path.running`; identities in it are folded where they fold, so that the member's
            architecture may be another.

    Raises:
        ValueError: if the supernet is coupled (a path is then two networks) or does not hold it.
    """
    if supernet.coupled:
        raise ValueError("members of a coupled supernet cannot be sliced; retrain them")
    folded = fold(supernet.slices(running), running)
    network = assemble(folded.weights, folded.architecture)
    return finish(network, folded.architecture, place=place, folding=_folding(folded))


def finish(
    network: nn.Module, architecture: Architecture, *, place: Workplace, **training: Any
) -> Made:
    """Recalibrate batch norm on the leading training images, unaugmented, and score.

    Equal steps for every member, however its weights were made; always in fp32, so that what is
    stored does not depend on the training's precision.

    Args:
        network: of `architecture`; changed in place.
        architecture: the member.
        **training: what the making adds to `Made`.
    """
    data, runtime = place.data, place.runtime
    network.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    recalibrate(network, _images(architecture, place))
    score = accuracy(network, data, resolution=architecture.resolution, runtime=runtime)
    state = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    return Made(
        architecture=architecture, weights=safetensors.torch.save(state), search=score, **training
    )


def _images(architecture: Architecture, place: Workplace) -> Iterator[Tensor]:
    data, settings = place.data, place.settings
    num = settings.num_images(len(data.train))
    batches = data.batches(
        data.train.subset(torch.arange(num)),
        resolution=architecture.resolution,
        batch_size=settings.recalibration_batch,
        device=place.runtime.device,
    )
    return (images for images, _ in batches)


def _folding(folded: Folded) -> Folding | None:
    """What is recorded of a folded slice; None where it had no identity."""
    if not folded.folded and not folded.kept:
        return None
    kept = (f"stages[{i}].blocks[{k}]: {reason}" for (i, k), reason in folded.kept)
    return Folding(folded=len(folded.folded), kept=tuple(kept))
