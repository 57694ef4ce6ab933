"""The searches by the name that `search.method` has; nothing else knows these names."""

from __future__ import annotations

from escalade.core.space.traits import Traits
from escalade.search.methods.coarse_to_fine import CoarseToFineMethod
from escalade.search.methods.independent import IndependentMethod
from escalade.search.methods.mcea import MceaMethod
from escalade.search.methods.method import Method, Task
from escalade.search.methods.models import ModelsMethod
from escalade.search.methods.nsga2 import Nsga2Method
from escalade.search.methods.random import RandomMethod

# The first that is made for a space is its usual one.
METHODS: dict[str, Method] = {
    "models": ModelsMethod("models"),
    "mcea": MceaMethod("mcea"),
    "coarse_to_fine": CoarseToFineMethod("coarse_to_fine"),
    "nsga2": Nsga2Method("nsga2"),
    "random": RandomMethod("random"),
    "independent": IndependentMethod("independent"),
}


def usual(traits: Traits) -> Method:
    """The search that suits a space, if nobody says otherwise."""
    return next(method for method in METHODS.values() if method.is_made_for(traits))


def method_of(name: str | None, traits: Traits) -> Method:
    """The search of a run: the one that is named, or the one that suits the space.

    What is trained alone is searched in one way only.

    Raises:
        Invalid: for an unknown name.
    """
    if name is not None:
        check_known(name, METHODS)
    if name is None or not traits.has_supernet:
        return usual(traits)
    return METHODS[name]


__all__ = ["METHODS", "Method", "Task", "method_of", "usual"]
