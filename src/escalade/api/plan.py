"""What a run would do and take, told in seconds; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from escalade.api.beginning.begin import make_runtime, resolved
from escalade.api.beginning.claim import placed
from escalade.artefacts.run_folder import RunFolder
from escalade.config import resolve
from escalade.planning.ahead import look_ahead, settle
from escalade.planning.outlook import Outlook
from escalade.planning.seeded import read_network, seeded

NOWHERE = RunFolder(Path())


def plan(layers: Sequence[Mapping[str, Any]]) -> Outlook:
    """Check settings against their data, their space and this device.

    Raises:
        ValueError: for anything a run could not do, with what would work.
    """
    given = placed(resolve(*layers))
    read = read_network(given)
    given = seeded(given, None if read is None else read.facts)
    run = resolved(given, folder=NOWHERE, runtime=make_runtime(given), read=read)
    return look_ahead(settle(run))
