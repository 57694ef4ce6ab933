"""Prices of single layers: those of a network with one block, by the twins that price networks.

So tables made of them agree exactly with `core.network.cost`, and with a latency table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture, Block, Head, Stage, Stem
from escalade.core.network.parts import parts_of

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Whole numbers: macs, params, activations, or nanoseconds with a device's table.

    Attributes:
        kind: macs, params, activations or latency.
        in_channels, num_classes, head_activation: of the space.
        latency: a device's table, for latency.
    """

    kind: str
    in_channels: int
    num_classes: int
    head_activation: str
    latency: LatencyTable | None = None

    @classmethod
    def of(cls, data: Any, kind: str, latency: LatencyTable | None) -> Price:
        """The prices of a space's layers."""
        return cls(
            kind=kind,
            in_channels=data.in_channels,
            num_classes=data.num_classes,
            head_activation=data.head.activation,
            latency=latency,
        )

    def stem(self, stem: Stem, side: int) -> int:
        """Of the first convolution of an image of that side."""
        return self._of(0, stem, side)

    def block(self, block: Block, in_width: int, side: int) -> int:
        """Of a block whose input has that width and side."""
        return self._of(1, Stem(width=in_width, stride=1), side, block=block)

    def head(self, width: int, in_width: int, side: int) -> int:
        """Of the last convolution and all after it."""
        return self._of(2, Stem(width=in_width, stride=1), side, head_width=width)

    def _of(
        self,
        section: int,
        stem: Stem,
        side: int,
        *,
        block: Block | None = None,
        head_width: int = 1,
    ) -> int:
        """The price of the stem (0), the only block (1) or the head (2)."""
        network = Architecture(
            resolution=side,
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=stem,
            stages=(Stage(blocks=(block or Block(kind="dsconv", width=stem.width),)),),
            head=Head(width=head_width, activation=self.head_activation),
        )
        if self.latency is None:
            return int(getattr(cost.stages(network)[section], self.kind))
        parts = list(parts_of(network))
        chosen = parts[section:] if section == 2 else parts[section : section + 1]
        model = self.latency.model
        return sum(int(model.nanoseconds(part.group, part.sizes)) for part in chosen)
