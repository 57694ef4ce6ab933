"""The searches by the name that `search.method` has; nothing outside knows these names."""

from __future__ import annotations

from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid, check_known, within
from escalade.search.methods.by_hand import ByHandMethod
from escalade.search.methods.coarse_to_fine import CoarseToFineMethod
from escalade.search.methods.independent import IndependentMethod
from escalade.search.methods.mcea import MceaMethod
from escalade.search.methods.method import Method, Task
from escalade.search.methods.models import ModelsMethod
from escalade.search.methods.nsga2 import Nsga2Method
from escalade.search.methods.random import RandomMethod
from escalade.search.methods.surrogate import SurrogateMethod

# The first that is made for a space is its usual one.
METHODS: dict[str, Method] = {
    "models": ModelsMethod("models"),
    "mcea": MceaMethod("mcea"),
    "coarse_to_fine": CoarseToFineMethod("coarse_to_fine"),
    "nsga2": Nsga2Method("nsga2"),
    "random": RandomMethod("random"),
    "independent": IndependentMethod("independent"),
    "surrogate": SurrogateMethod("surrogate"),
    "by_hand": ByHandMethod("by_hand"),
}
# Of runs that are too short for a search.
UNSEARCHED = METHODS["by_hand"]


def method_of(name: str | None, traits: Traits, *, space: str) -> Method:
    """The search of a run: the one that is named, or the one that suits the space.

    Args:
        name: as `search.method` has it.

    Raises:
        Invalid: for an unknown name, or if the space does not have what the method searches.
    """
    usual = next(method for method in METHODS.values() if method.is_made_for(traits))
    if name is None:
        return usual
    with within("search", "method"):
        check_known(name, METHODS)
        method = METHODS[name]
        if method.can_search(traits):
            return method
        others = [each for each in METHODS.values() if each.can_search(traits)]
        names = [each.name for each in others if each is usual or not each.is_front]
        raise Invalid(
            f"{name} {method.needs.format(space=space)}",
            remedy=f"use {', '.join(names[:-1])} or {names[-1]}{method.elsewhere}",
        )


__all__ = ["METHODS", "UNSEARCHED", "Method", "Task", "method_of"]
