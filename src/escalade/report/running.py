"""What the supernet runs for a network, as far as the run folder tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from escalade.core.network.architecture import Architecture
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.report.artefacts import Run


def running(run: Run, genome: Sequence[int] | None) -> Architecture | None:
    """A path with every identity at its place; None in a space whose paths are their networks.

    Raises:
        ValueError: if space.json is damaged.
    """
    if genome is None or not run.space:
        return None
    space = _space(json.dumps(run.space))
    return space.path(genome).runs


@lru_cache(maxsize=1)
def _space(text: str) -> Space:
    """The run's space; for no ladder, whose strategies no path here has."""
    return Space(layouts.parse(json.loads(text), where="space.json"), factors=(1.0,))
