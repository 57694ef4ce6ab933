"""What a user calls: each stage of a run, and the whole of it. Wiring only."""

from __future__ import annotations

from escalade.api.analysis import Analysis
from escalade.api.claim import default_folder
from escalade.api.grow import describe_grown, grow_to, growth
from escalade.api.plan import plan
from escalade.api.stages import analyse, run, stage
from escalade.api.transfer import retrain_on

__all__ = [
    "Analysis",
    "analyse",
    "default_folder",
    "describe_grown",
    "grow_to",
    "growth",
    "plan",
    "retrain_on",
    "run",
    "stage",
]
