"""Searches over paths, all behind ask and tell."""

from escalade.search.design_space import DesignSpaceSearch
from escalade.search.dialogue import drive
from escalade.search.evolution import Evolution
from escalade.search.independent import IndependentSearch
from escalade.search.mcea import MCEA
from escalade.search.protocol import Searcher
from escalade.search.random import RandomSearch
from escalade.search.result import SearchResult

__all__ = [
    "DesignSpaceSearch",
    "Evolution",
    "IndependentSearch",
    "MCEA",
    "RandomSearch",
    "SearchResult",
    "Searcher",
    "drive",
]
