"""What the supernet runs for a network, as far as the run folder tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from escalade.core.network.architecture import Architecture
from escalade.core.space import choice_data
from escalade.core.space.choice_space import ChoiceSpace
from escalade.report.artefacts import Run


def running(run: Run, genome: Sequence[int] | None) -> Architecture | None:
    """A path with every identity at its place; None in a space whose paths are their networks.

    Raises:
        ValueError: if space.json is damaged.
    """
    space = _choices(json.dumps(run.space)) if run.space and genome is not None else None
    return space.path(genome, space.base_triple).runs if space and genome is not None else None


@lru_cache(maxsize=1)
def _choices(text: str) -> ChoiceSpace | None:
    data = json.loads(text)
    if not choice_data.is_choices(data):
        return None
    return ChoiceSpace(choice_data.parse(data, where="space.json"))
