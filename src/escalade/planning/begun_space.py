"""The space of a run: as settings name it, or as the run began with it."""

from __future__ import annotations

from pathlib import Path

from escalade.artefacts.files import read_json
from escalade.artefacts.run_folder import AGAIN, RunFolder
from escalade.artefacts.seed_facts import SeedFacts
from escalade.config import Config
from escalade.core.numbers.budget import Ladder
from escalade.core.space import layouts
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, within
from escalade.planning.seeded import space_around
from escalade.search.methods import METHODS
from escalade.spaces import choose, load


def named_space(config: Config) -> Space:
    """The space that settings name, or the nearest to their first budget, for their ladder.

    Raises:
        Invalid: if there is none of that name, or neither budgets nor a name; or for a
            `supernet.identity` that the space cannot have.
    """
    if config.budgets:
        space = choose.space_for(config.space, _ladder(config))
    elif config.space is not None:
        space = load.load(config.space, factors=(1.0,), kind=config.budget_kind)
    elif _chooses_sizes(config):
        problem = "without budgets name one, such as --space bignas_small"
        raise Invalid(problem, path=("space",))
    else:
        raise Invalid(
            "give a ladder, such as --budgets 1M,2M,4M",
            path=("budgets",),
            remedy="use --preset; or choose members of a front by search.method nsga2",
        )
    return _with_identity(space, config.supernet.identity)


def begun_space(folder: RunFolder, config: Config) -> Space:
    """The space that a run began with; a user's own file may have changed or moved since.

    Raises:
        Invalid: if space.json is damaged, or the settings name another space, or other identities.
    """
    if config.seed_network and (folder.from_network.exists() or not folder.space.exists()):
        return space_around(folder.read(SeedFacts), config)
    if not folder.space.exists():
        return named_space(config)
    content = read_json(folder.space, what="space", remedy=AGAIN)
    begun = layouts.parse(content, where=str(folder.space))
    name = None if config.seed_network else _name(config.space)
    if name not in (None, begun.name):
        remedy = "write that" if begun.name in load.names() else "name its file"
        raise Invalid(
            f"space is {name}, but the run began with {begun.name}",
            path=(str(folder.config),),
            remedy=f"{remedy}, or use another --out",
        )
    factors = _ladder(config).factors if config.budgets else (1.0,)
    space = Space(begun, factors=factors, kind=config.budget_kind)
    if _with_identity(space, config.supernet.identity).layout != space.layout:
        raise Invalid(
            f"supernet.identity is {config.supernet.identity}, but the run began with "
            f"{space.layout.identity}",
            path=(str(folder.config),),
            remedy="use that, or another --out",
        )
    return space


def _name(space: str | None) -> str | None:
    """What a space that settings name calls itself; None where nothing tells.

    A user's own file may have moved or changed since the run began.
    """
    if space is None or space in load.names():
        return space
    try:
        return load.read(space).name
    except ValueError:
        if Path(space).suffix or Path(space).exists():
            return None
        raise


def _with_identity(space: Space, identity: str | None) -> Space:
    if identity is None or identity == space.layout.identity:
        return space
    with within("supernet", "identity"):
        return space.with_identity(identity)


def _ladder(config: Config) -> Ladder:
    """What scaling stages are laid out for: members of a front have no stages."""
    ladder = config.ladder
    return Ladder(ladder.budgets[:1]) if _chooses_sizes(config) else ladder


def _chooses_sizes(config: Config) -> bool:
    method = METHODS.get(config.search.method or "")
    return method is not None and method.is_front
