"""Training a family on together: its members stay slices of one set of weights.

A supernet's weights serve every network of the space, which costs each of them something
(docs/studies/bignas_slices.md). Once the members are chosen, some epochs in which they alone train,
all in every step, give that back, and they still are slices of the same supernet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from escalade.core.space.path import Path as NetworkPath
from escalade.family.trainings.jobs import TrainingJob
from escalade.family.trainings.making import Workplace
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.loop import TrainResult
from escalade.train.prepare import objective
from escalade.train.steps.together import TogetherStep


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherJob(TrainingJob):
    """One training of a family's members in their supernet.

    Attributes:
        members: paths of the supernet.
        distillation: what the costliest member's predictions count for the others; see
            `TogetherStep`.
        start: says which weights it starts from, so that no checkpoint of others is taken up.
    """

    stream = "together"
    members: tuple[NetworkPath, ...]
    distillation: float
    start: str

    def train_in(self, supernet: SharedWeights, place: Workplace) -> TrainResult:
        """Train a supernet's weights on, by steps of the members alone.

        Every member learns in every step, the costliest from the labels, the others also from its
        predictions, all with the recipe's dropout. Tensors that no member uses stay as they are;
        parts of others that none uses see weight decay alone.

        Args:
            supernet: trained, on the device; changed in place.
            place: whose training images alone are touched.

        Raises:
            ValueError: if there are no members, one is there twice, the supernet does not hold
                one, or `distillation` is no share.
        """
        step = TogetherStep(
            partial(supernet, drop_rate=self.recipe.drop_rate),
            paths=self.members,
            objective=objective(self.recipe, place.data, runtime=place.runtime),
            distillation=self.distillation,
        )
        return self.train(
            step,
            network=supernet,
            place=place,
            identity={
                "data": place.data.train_digest,
                "distillation": self.distillation,
                "members": " ".join(path.key for path in self.members),
                "start": self.start,
            },
        )
