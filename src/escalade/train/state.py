"""What a training is made of between two steps, and how it is saved and resumed."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.core.values.invalid import Invalid
from escalade.train import checkpoint
from escalade.train.averaging import WeightAverage
from escalade.train.interrupt import TrainingDiverged
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import Runtime


class TrainingState:
    """Weights, momentum, steps done, seconds spent, and the losses since the last metrics line.

    Args:
        network: trained in place.
        recipe: makes the optimizer.
        name: the stage, in messages.
        path: the checkpoint file, or None.
        identity: a checkpoint with another is refused.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        recipe: Recipe,
        runtime: Runtime,
        name: str,
        path: Path | None,
        identity: dict[str, str],
    ) -> None:
        # Convolutions take 0.6 of the default layout's time on CPU.
        self.network = network.to(runtime.device).to(memory_format=torch.channels_last).train()
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(network, recipe=recipe)
        self.average: WeightAverage | None = None  # set before `resume`, if there is one
        self.runtime = runtime
        self.done = 0
        self.seconds = 0.0
        self.loss_sum = torch.zeros((), device=runtime.device)
        self.loss_num = 0
        self._name = name
        self._learning_rate = recipe.learning_rate
        self._path = path
        self._identity = identity
        self._saved: int | None = None
        self._clock = runtime.clock()

    def resume(self) -> int:
        """Go on from the checkpoint, if there is one; all ranks from rank 0's. Returns the step."""
        content = None
        if self._path is not None and self.runtime.is_main:
            content = checkpoint.load(self._path)
        content = self.runtime.broadcast(content)
        if content is None:
            self.runtime.broadcast_weights(self.network)
            return 0
        assert self._path is not None
        _require_same(content["identity"], self._identity, self._path)
        checkpoint.check_finite(self._path, content["network"])
        self.network.load_state_dict(content["network"])
        self.optimizer.load_state_dict(content["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(content["average"])
        self.done = self._saved = int(content["step"])
        self.seconds = float(content["seconds"])
        self.loss_sum.copy_(content["loss_sum"])
        self.loss_num = int(content["loss_num"])
        return self.done

    def count(self, loss: Tensor) -> None:
        self.done += 1
        self.loss_sum += loss
        self.loss_num += 1

    def tick(self) -> None:
        """Add the time since the last tick."""
        now = self.runtime.clock()
        self.seconds += now - self._clock
        self._clock = now

    def mean_loss(self) -> float:
        """Mean since the last metrics line, on this rank; 0 if there was no step."""
        return float(self.loss_sum) / max(1, self.loss_num)

    def reset_loss(self) -> None:
        """Begin a new metrics line."""
        self.loss_sum.zero_()
        self.loss_num = 0

    def require_finite_loss(self, loss: Tensor) -> None:
        """Stop a training whose loss is NaN or infinite on any rank."""
        value = float(self.runtime.mean(loss))
        if not math.isfinite(value):
            raise self._diverged(f"the loss is {value}")

    def save(self) -> None:
        """Write the checkpoint (rank 0), unless the weights are not finite."""
        if not math.isfinite(float(nn.utils.get_total_norm(self.parameters))):
            raise self._diverged("a weight is not finite")
        if self._path is not None and self.runtime.is_main:
            content = {
                "identity": self._identity,
                "step": self.done,
                "seconds": self.seconds,
                "loss_sum": self.loss_sum,
                "loss_num": self.loss_num,
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            }
            if self.average is not None:
                content["average"] = self.average.state_dict()
            checkpoint.save(self._path, content)
        self._saved = self.done

    def _diverged(self, what: str) -> TrainingDiverged:
        if self._path is None or self._saved is None:
            kept = "no checkpoint was saved before"
        else:
            kept = f"the last good checkpoint is step {self._saved}, {self._path}"
        return TrainingDiverged(
            f"{self._name}: {what} after step {self.done}; {kept}\n"
            f"train again, in a folder of its own, with a learning rate below "
            f"{self._learning_rate:g}"
        )


def _require_same(saved: dict[str, str], wanted: dict[str, str], path: Path) -> None:
    for key in sorted(saved.keys() | wanted.keys()):
        if saved.get(key) != wanted.get(key):
            before, now = (of.get(key, "not said") for of in (saved, wanted))
            raise Invalid(
                f"this checkpoint was trained with {key} = {before}, now it is {now}",
                path=(str(path),),
                remedy=f"\nuse the old value, or another run folder; or {checkpoint.REMEDY}",
            )
