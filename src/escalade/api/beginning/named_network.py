"""The pretrained network that settings name: read anew, or as a run has it that began with it."""

from __future__ import annotations

from pathlib import Path

from escalade.api.beginning.claim import asked_config
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.seed_facts import SeedFacts
from escalade.config import Config
from escalade.core.values.invalid import Invalid
from escalade.planning.seeded import ReadSeed, read_network, seeded
from escalade.train.console import Console


def named_network(given: Config, out: Path) -> tuple[Config, ReadSeed | None]:
    """Settings with what follows from the network that they name, and the network.

    Where its source is gone, a run that began with it goes on with what it keeps, and says so;
    then no network is given.

    Args:
        out: the run folder, which need not be there.

    Raises:
        Invalid: if there is no such network.
    """
    try:
        read = read_network(given)
    except Invalid as error:
        facts = _kept(given, RunFolder(out))
        if facts is None:
            raise
        Console().say(f"from: {error.problem}; the run goes on with {facts.name} from its own copy")
        return seeded(given, facts), None
    return seeded(given, None if read is None else read.facts), read


def _kept(given: Config, folder: RunFolder) -> SeedFacts | None:
    """What a run keeps of a network from such a source; None where there is no such run."""
    if given.seed_network is None or not folder.config.is_file() or not folder.has(SeedFacts):
        return None
    begun = asked_config(folder, given).seed_network
    if begun is None or Path(begun.source).name != Path(given.seed_network.source).name:
        return None
    return folder.read(SeedFacts)
