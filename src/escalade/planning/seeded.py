"""A run from a pretrained network: what settings say of it, read; and the space around it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from escalade.artefacts import digests
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.seed_facts import SeedFacts
from escalade.config import Config
from escalade.core.space.make_around import around
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.family.packaging import package
from escalade.family.packaging.package import Package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.planning.learned_images import images_learned, keep_learned
from escalade.seeds.seed import Seed
from escalade.supernet.weights_file import digest

# Classes that the space is laid out for before the images are looked at.
FEW_CLASSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeed:
    """A pretrained network with what a run keeps of it, and where it was read."""

    source: str
    seed: Seed
    facts: SeedFacts


def read_network(config: Config) -> ReadSeed | None:
    """The pretrained network that settings name; None where they name none.

    Raises:
        Invalid: if it cannot be read, or settings do not go with it.
    """
    named = config.seed_network
    if named is None:
        return None
    from escalade.seeds.read_seed import read_seed  # timm takes seconds to load

    seed = read_seed(
        named.source, architecture=named.architecture, in_channels=config.dataset.in_channels
    )
    facts = SeedFacts(
        name=seed.name,
        architecture=seed.architecture,
        mean=seed.images.mean,
        std=seed.images.std,
        origin=seed.origin,
        licence=seed.licence,
        notes=seed.notes,
        digest=_digest(seed),
        learned=images_learned(named.source),
    )
    if config.space not in (None, space_name(facts)):
        problem = f"{config.space} is given, but a run from a network searches around it"
        raise Invalid(problem, path=("space",), remedy="leave it out, or leave --from out")
    if named.digest not in (None, facts.digest):
        problem = f"{named.source} is not the network that these settings were written with"
        raise Invalid(problem, path=("seed_network", "digest"), remedy="leave the digest out")
    return ReadSeed(source=named.source, seed=seed, facts=facts)


def seeded(config: Config, facts: SeedFacts | None) -> Config:
    """Settings with what follows from the pretrained network: its digest, and its channels."""
    if facts is None or config.seed_network is None:
        return config
    channels = config.dataset.in_channels or facts.architecture.in_channels
    source = Path(config.seed_network.source).expanduser()
    named = config.seed_network.source if not source.exists() else str(source.resolve())
    return replace(
        config,
        seed_network=replace(config.seed_network, digest=facts.digest, source=named),
        dataset=replace(config.dataset, in_channels=channels),
    )


def space_name(facts: SeedFacts) -> str:
    """What the space around a network is called."""
    return f"around_{facts.name}"


def space_around(facts: SeedFacts, config: Config) -> Space:
    """The space around a pretrained network, for the ladder of settings.

    Raises:
        Invalid: if there is none, or no such network has the least budget.
    """
    network = replace(facts.architecture, name=facts.name, num_classes=FEW_CLASSES)
    budgets = config.ladder.budgets if config.budgets else ()
    layout = around(network, budgets=budgets, name=space_name(facts))
    factors = config.ladder.factors if config.budgets else (1.0,)
    return Space(layout, factors=factors, kind=config.budget_kind)


def keep_network(folder: RunFolder, read: ReadSeed) -> None:
    """Write the network into the run folder, unless it is there whole."""
    start = folder.seed_network
    if folder.has(SeedFacts) and digests.is_whole(start, package.WEIGHTS, package.CONFIG):
        return
    facts, network = read.facts, read.seed.architecture
    packed = Package(
        architecture=network,
        classes=tuple(str(i) for i in range(network.num_classes)),
        licence=facts.licence,
        preprocessing=Preprocessing(
            in_channels=network.in_channels,
            side=read.seed.images.side,
            resolution=network.resolution,
            mean=facts.mean,
            std=facts.std,
        ),
    )
    package.write(start, package=packed, state=read.seed.tensors)
    if facts.learned is not None:
        keep_learned(folder, read.source)
    folder.write(facts)


def _digest(seed: Seed) -> str:
    """Of all that a run takes over."""
    parts = (digest(seed.network()), seed.architecture.key, seed.images.mean, seed.images.std)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
