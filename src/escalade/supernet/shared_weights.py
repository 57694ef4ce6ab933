"""Weights that all paths of a space share, and no memory of any path."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.supernet import shapes
from escalade.supernet.elastic import Side, draw, hold, view
from escalade.supernet.functional import forward
from escalade.supernet.normalise import Normalise, Statistics, by_batch, by_statistics


class SharedWeights(nn.Module):
    """What every supernet is: called with the architecture that shall run.

    There are no running statistics and no buffers. Weights are drawn from torch's global
    generator.

    Args:
        held: all parameters by name, in the order in which they are drawn.
        coupled: whether paths may also run on the right side.
    """

    def __init__(self, held: shapes.Weights, *, coupled: bool = False) -> None:
        super().__init__()
        self.coupled = coupled
        self._owners: dict[str, tuple[nn.Module, str]] = {}
        for name, (shape, groups) in held.items():
            self._owners[name] = hold(self, name, draw(name, shape, groups=groups))

    def forward(
        self,
        x: Tensor,
        architecture: Architecture,
        *,
        side: Side = "left",
        statistics: Statistics | None = None,
        drop_rate: float = 0.0,
    ) -> Tensor:
        """Logits of a path.

        Args:
            x: normalised images at the path's resolution, best in channels_last.
            architecture: what the path runs (`Path.running`); it alone says which weights.
            side: which channels it uses; the right ones need `coupled`.
            statistics: of every batch norm; None takes the batch's.
            drop_rate: dropout before the classifier, from torch's global generator.

        Raises:
            ValueError: if the supernet does not hold the architecture.
        """
        normalise = by_batch if statistics is None else by_statistics(statistics)
        return self.run(x, architecture, side=side, normalise=normalise, drop_rate=drop_rate)

    def run(
        self,
        x: Tensor,
        architecture: Architecture,
        *,
        normalise: Normalise,
        side: Side = "left",
        drop_rate: float = 0.0,
    ) -> Tensor:
        """`forward` with any normalisation, such as one that groups or averages statistics."""
        weights = self.slices(architecture, side=side)
        return forward(x, architecture, weights, normalise=normalise, drop_rate=drop_rate)

    def slices(self, architecture: Architecture, *, side: Side = "left") -> dict[str, Tensor]:
        """The weights that a path uses, as views, under timm's names in forward order.

        Raises:
            ValueError: if the supernet does not hold the architecture, or has no right side.
        """
        if side == "right" and not self.coupled:
            raise ValueError("side: the right side needs a supernet made with coupled=True")
        key_of = self._keys(architecture)
        found = {}
        for name, weight in shapes.of_network(architecture).items():
            if (key := key_of(name)) not in self._owners:
                raise ValueError(f"{name}: the supernet holds no such layer")
            found[name] = view(self._held(key), weight.shape, side=side)
        return found

    def _keys(self, architecture: Architecture) -> Callable[[str], str]:
        """Where the weights of a path stand, by timm's names; `view` checks the sizes.

        Raises:
            ValueError: if the supernet does not hold the architecture.
        """
        raise NotImplementedError

    def _held(self, name: str) -> Tensor:
        """A parameter by name; several times faster than `get_parameter`."""
        module, attribute = self._owners[name]
        weight = module._parameters[attribute]
        assert weight is not None
        return weight
