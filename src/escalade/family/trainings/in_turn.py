"""Training a family's members on in the supernet one after another, from the smallest on.

Larger members hold the smaller ones, more or less: each begins with what those before it have
learnt, which costs it nothing. It is progressive growing (Net2Net, Chen et al. 2016) by slices
of one set of weights, so that nothing has to be carried over and any member may follow any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from escalade.core.network import cost
from escalade.core.numbers.seeds import torch_seed
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.shape import SupernetShape
from escalade.family.trainings.jobs import MemberJob, Workplace
from escalade.family.trainings.kept import is_done
from escalade.family.trainings.making import Made, slice_member
from escalade.supernet.digest import digest
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import is_trained, load_weights, save_weights
from escalade.train.prepare import objective
from escalade.train.runtime import Runtime
from escalade.train.together_step import TogetherStep

LEFT = "supernet.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class InTurnJob(MemberJob):
    """One member's turn.

    Attributes:
        member: the path that trains, and is then sliced.
        shape: what the supernet holds.
        start: the supernet's weights as the turn before left them.
    """

    stream = "in_turn"
    member: NetworkPath
    shape: SupernetShape | ChoiceShape
    start: Path

    @property
    def macs(self) -> int:
        return cost.of(self.member.running).macs

    @property
    def needs(self) -> Path:
        return self.start.parent

    @property
    def left(self) -> Path:
        """The supernet's weights after the turn."""
        return self.folder / LEFT

    @property
    def is_done(self) -> bool:
        return is_done(self.folder) and is_trained(self.left)

    def make(self, place: Workplace) -> Made:
        """Train the member in the supernet, keep the supernet's weights, and slice.

        Raises:
            Invalid: if the weights to start from are missing or damaged.
            ValueError: if the supernet does not hold the member.
        """
        data, runtime = place.data, place.runtime
        supernet = load_weights(
            self._blank(runtime), self.start, remedy="give the same command again"
        )
        step = TogetherStep(
            partial(supernet, drop_rate=self.recipe.drop_rate),
            paths=[self.member],
            objective=objective(self.recipe, data, runtime=runtime),
            distillation=0.0,
        )
        identity = {
            "data": data.train_digest,
            "member": self.member.key,
            "start": digest(supernet),
        }
        result = self.train(step, network=supernet, place=place, identity=identity)
        if runtime.is_main:
            save_weights(supernet, self.left)
        made = slice_member(
            supernet, self.member.running, data=data, runtime=runtime, settings=place.settings
        )
        return replace(
            made, num_steps=result.num_steps, num_images=result.num_images, seconds=result.seconds
        )

    def _blank(self, runtime: Runtime) -> SharedWeights:
        with runtime.private_randomness():
            torch.manual_seed(torch_seed(self.seed, self.stream, self.name, "weights"))
            return make_supernet(self.shape).to(runtime.device)
