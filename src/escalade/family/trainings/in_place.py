"""Training one child in place: a supernet of the largest path and the child alone.

In-place distillation from scratch (BigNAS, Table 3, distillation B): the two share weights, the
largest path learns from the labels, the child from its soft labels, and then the child is sliced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.sandwich_paths import Pair
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.shape import AnyShape
from escalade.family.trainings.jobs import MemberJob
from escalade.family.trainings.making import Made, Workplace, slice_member
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.prepare import objective
from escalade.train.runtime import Runtime
from escalade.train.steps.sandwich import SandwichStep


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlaceJob(MemberJob):
    """One training of a child beside the path that teaches it.

    Attributes:
        largest: the path that teaches.
        child: the path that is sliced.
        shape: what the supernet holds; both paths are in it.
        zero_residual: as for `Supernet`.
        regularise: as for `SandwichStep`.
        patches: as for `SandwichStep`.
    """

    stream = "in_place"
    largest: NetworkPath
    child: NetworkPath
    shape: AnyShape
    zero_residual: bool = False
    regularise: str = "largest"
    patches: str = "same"

    @property
    def architecture(self) -> Architecture:
        """What comes out of it."""
        return self.child.architecture

    @property
    def macs(self) -> int:
        return sum(cost.of(path.running).macs for path in (self.largest, self.child))

    def make(self, place: Workplace) -> Made:
        """Train the child in place, slice and finish it.

        Raises:
            ValueError: if the supernet does not hold a path, or the two are one network.
        """
        data, runtime = place.data, place.runtime
        supernet = _initial(self, runtime)
        pair = Pair(largest=self.largest, child=self.child)
        step = SandwichStep(
            supernet,
            sandwich=pair,
            objective=objective(self.recipe, data, runtime=runtime),
            recipe=self.recipe,
            regularise=self.regularise,
            patches=self.patches,
        )
        result = self.train(
            step,
            network=supernet,
            place=place,
            identity={
                "architecture": self.child.key,
                "data": data.train_digest,
                "largest": self.largest.key,
                "zero_residual": str(self.zero_residual),
                "regularise": self.regularise,
                "patches": self.patches,
            },
            num_crops=pair.num_paths if self.patches == "different" else 1,
        )
        made = slice_member(supernet, self.child.running, place=place)
        return replace(
            made, num_steps=result.num_steps, num_images=result.num_images, seconds=result.seconds
        )


def _initial(job: InPlaceJob, runtime: Runtime) -> SharedWeights:
    with runtime.private_randomness():
        torch.manual_seed(torch_seed(job.seed, job.stream, job.name, "weights"))
        supernet = make_supernet(job.shape, zero_residual=job.zero_residual)
    return supernet.to(runtime.device)
