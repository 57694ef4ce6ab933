"""The supernet of any space."""

from __future__ import annotations

from collections.abc import Callable

from escalade.core.space.shape import AnyShape, ChoiceShape, NetworkShape, SupernetShape
from escalade.supernet.choice_supernet import ChoiceSupernet
from escalade.supernet.nested import NestedSupernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.supernet import Supernet

SUPERNETS: dict[type, Callable[..., SharedWeights]] = {
    SupernetShape: Supernet,
    ChoiceShape: ChoiceSupernet,
    NetworkShape: NestedSupernet,
}


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
    options = check_options(shape, coupled=coupled, zero_residual=zero_residual)
    return SUPERNETS[type(shape)](shape, **dict.fromkeys(options, True))


def check_options(shape: AnyShape, *, coupled: bool, zero_residual: bool) -> list[str]:
    """The options that are asked for.

    Raises:
        ValueError: naming the setting of one that this supernet does not have.
    """
    given = {"coupled": coupled, "zero_residual": zero_residual}
    asked = [name for name, wanted in given.items() if wanted]
    if asked and SUPERNETS[type(shape)] is not Supernet:
        raise ValueError(f"supernet.{asked[0]}: only supernets of stages have it; use false")
    return asked
