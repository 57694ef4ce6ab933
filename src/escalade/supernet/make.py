"""The supernet of any space."""

from __future__ import annotations

from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.shape import SupernetShape
from escalade.supernet.choice_supernet import ChoiceSupernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.supernet import Supernet


def make_supernet(
    shape: SupernetShape | ChoiceShape, *, coupled: bool = False, zero_residual: bool = False
) -> SharedWeights:
    """A supernet of a shape, its weights drawn from torch's global generator.

    Args:
        shape: what it must hold (`Space.shape`).
        coupled, zero_residual: as for `Supernet`.

    Raises:
        ValueError: if a choice space's is to be coupled, or to begin with zero residuals.
    """
    if isinstance(shape, SupernetShape):
        return Supernet(shape, coupled=coupled, zero_residual=zero_residual)
    check_options(shape, coupled=coupled, zero_residual=zero_residual)
    return ChoiceSupernet(shape)


def check_options(
    shape: SupernetShape | ChoiceShape, *, coupled: bool, zero_residual: bool
) -> None:
    """Refuse what a choice space's supernet does not have.

    Raises:
        ValueError: naming the setting.
    """
    if isinstance(shape, SupernetShape):
        return
    for name, wanted in (("coupled", coupled), ("zero_residual", zero_residual)):
        if wanted:
            raise ValueError(
                f"supernet.{name}: the supernet of a choice space has no such thing; use false"
            )
