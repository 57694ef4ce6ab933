"""The supernet of any space."""

from __future__ import annotations

from escalade.core.space.shape import AnyShape, ChoiceShape, NetworkShape, SupernetShape
from escalade.supernet.choice_supernet import ChoiceSupernet
from escalade.supernet.nested import NestedSupernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.supernet import Supernet

# What messages call a supernet that has no options.
PLAIN = {ChoiceShape: "of a choice space", NetworkShape: "around a network"}


def make_supernet(
    shape: AnyShape, *, coupled: bool = False, zero_residual: bool = False
) -> SharedWeights:
    """A supernet of a shape, its weights drawn from torch's global generator.

    Args:
        shape: what it must hold (`Space.shape`).
        coupled, zero_residual: as for `Supernet`.

    Raises:
        ValueError: if one without them is to be coupled, or to begin with zero residuals.
    """
    if isinstance(shape, SupernetShape):
        return Supernet(shape, coupled=coupled, zero_residual=zero_residual)
    check_options(shape, coupled=coupled, zero_residual=zero_residual)
    return ChoiceSupernet(shape) if isinstance(shape, ChoiceShape) else NestedSupernet(shape)


def check_options(shape: AnyShape, *, coupled: bool, zero_residual: bool) -> None:
    """Refuse what only a supernet of stages has.

    Raises:
        ValueError: naming the setting.
    """
    if isinstance(shape, SupernetShape):
        return
    for name, wanted in (("coupled", coupled), ("zero_residual", zero_residual)):
        if wanted:
            raise ValueError(
                f"supernet.{name}: the supernet {PLAIN[type(shape)]} has no such thing; use false"
            )
