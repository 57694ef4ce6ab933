"""Searches over paths, all behind ask and tell."""

from escalade.search.breeding import Roulette
from escalade.search.coarse_to_fine import CoarseToFine
from escalade.search.constraints import Constraint
from escalade.search.controller import PPO
from escalade.search.design_space import DesignSpaceSearch
from escalade.search.dialogue import drive
from escalade.search.evolution import Evolution
from escalade.search.independent import IndependentSearch
from escalade.search.mcea import MCEA
from escalade.search.nsga2 import NSGA2
from escalade.search.protocol import Searcher
from escalade.search.random import RandomSearch
from escalade.search.result import SearchResult
from escalade.search.skeletons import CoarseGrid

__all__ = [
    "CoarseGrid",
    "CoarseToFine",
    "Constraint",
    "DesignSpaceSearch",
    "Evolution",
    "IndependentSearch",
    "MCEA",
    "NSGA2",
    "PPO",
    "RandomSearch",
    "Roulette",
    "SearchResult",
    "Searcher",
    "drive",
]
