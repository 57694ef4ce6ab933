"""The configuration of a run: its settings, where they come from, and what they may be."""

from escalade.config.checks import CHOICES, POSITIVE, as_setting
from escalade.config.reading import presets, read_file, read_preset, resolve
from escalade.config.settings import (
    Config,
    DatasetConfig,
    EvaluationConfig,
    ExportConfig,
    GrowConfig,
    LatencyConfig,
    RetrainConfig,
    SearchConfig,
    SupernetConfig,
)

__all__ = [
    "CHOICES",
    "POSITIVE",
    "Config",
    "DatasetConfig",
    "EvaluationConfig",
    "ExportConfig",
    "GrowConfig",
    "LatencyConfig",
    "RetrainConfig",
    "SearchConfig",
    "SupernetConfig",
    "as_setting",
    "presets",
    "read_file",
    "read_preset",
    "resolve",
]
