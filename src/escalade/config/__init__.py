"""The configuration of a run: its settings, where they come from, and what they may be."""

from escalade.config.member_training import RetrainConfig
from escalade.config.reading import presets, read_file, read_preset, resolve
from escalade.config.recipe import Recipe
from escalade.config.settings import (
    Config,
    DatasetConfig,
    EvaluationConfig,
    ExportConfig,
    GrowConfig,
    LatencyConfig,
    SearchConfig,
    SeedNetworkConfig,
    SupernetConfig,
)

__all__ = [
    "Config",
    "DatasetConfig",
    "EvaluationConfig",
    "ExportConfig",
    "GrowConfig",
    "LatencyConfig",
    "Recipe",
    "RetrainConfig",
    "SearchConfig",
    "SeedNetworkConfig",
    "SupernetConfig",
    "presets",
    "read_file",
    "read_preset",
    "resolve",
]
