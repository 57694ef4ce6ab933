"""Searches over paths, all behind ask and tell."""

from escalade.search.alone.random_models import RandomModels
from escalade.search.coarse.grid_search import CoarseToFine
from escalade.search.coarse.skeletons import CoarseGrid
from escalade.search.dialogue import drive
from escalade.search.front.breeding import Roulette
from escalade.search.front.constraints import Constraint
from escalade.search.front.controller import PPO
from escalade.search.front.front_search import NSGA2
from escalade.search.joint.independent_search import IndependentSearch
from escalade.search.joint.markov_chain import MCEA
from escalade.search.joint.random_search import RandomSearch
from escalade.search.operators.evolution import Evolution
from escalade.search.protocol import Searcher
from escalade.search.surrogate.choosing import Choice, Chosen
from escalade.search.surrogate.surrogate_search import SurrogateSearch

__all__ = [
    "Choice",
    "Chosen",
    "CoarseGrid",
    "CoarseToFine",
    "Constraint",
    "Evolution",
    "IndependentSearch",
    "MCEA",
    "NSGA2",
    "PPO",
    "RandomModels",
    "RandomSearch",
    "Roulette",
    "Searcher",
    "SurrogateSearch",
    "drive",
]
