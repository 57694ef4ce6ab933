"""The plain base of a space, which searches look at first."""

from __future__ import annotations

from escalade.core.network.architecture import Architecture
from escalade.core.space.population import IntArray
from escalade.core.space.space import Space


def plain_genome(space: Space) -> IntArray | None:
    """The genome of the base that the space's file names as plain; None where it has none."""
    base: Architecture | None = getattr(space.layout, "plain_base", None)
    if base is None:
        return None
    try:
        return space.encode(base)
    except ValueError:  # it is no network of the space itself
        return None
