"""The report's figures: values in, plotly figures out. No disk, no torch, no plotly import."""

from escalade.report.figures.accuracy import accuracy_against_macs
from escalade.report.figures.convergence import convergence, deviation
from escalade.report.figures.distribution import error_distribution
from escalade.report.figures.figure import Figure, Key
from escalade.report.figures.front import front_keys, front_panels
from escalade.report.figures.generations import counts_curve, hypervolume_curve, identity_curve
from escalade.report.figures.growth import growth_curve
from escalade.report.figures.latency import latency_check
from escalade.report.figures.paths import path_histogram
from escalade.report.figures.scaling import cost_curves
from escalade.report.figures.training import member_losses, supernet_loss

__all__ = [
    "Figure",
    "Key",
    "accuracy_against_macs",
    "convergence",
    "cost_curves",
    "counts_curve",
    "deviation",
    "error_distribution",
    "front_keys",
    "front_panels",
    "growth_curve",
    "hypervolume_curve",
    "identity_curve",
    "latency_check",
    "member_losses",
    "path_histogram",
    "supernet_loss",
]
