"""What a user calls: a whole run, each stage of it, and what is made of a run later."""

from __future__ import annotations

from escalade.api.analyse import Analysis, analyse
from escalade.api.audit import audit
from escalade.api.beginning.claim import free_folder
from escalade.api.export import export_run
from escalade.api.grow import describe_grown, grow_to, growth
from escalade.api.plan import plan
from escalade.api.quantise import quantise_run
from escalade.api.retrain_on import retrain_on
from escalade.api.run import run, stage

__all__ = [
    "Analysis",
    "analyse",
    "audit",
    "describe_grown",
    "export_run",
    "free_folder",
    "grow_to",
    "growth",
    "plan",
    "quantise_run",
    "retrain_on",
    "run",
    "stage",
]
