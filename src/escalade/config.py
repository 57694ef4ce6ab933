"""The configuration of a run: what `config.yaml` holds, with defaults, presets and checks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from escalade.core import rules
from escalade.core.budget import Budget, Ladder, parse_amount
from escalade.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """How images are decoded and divided.

    Attributes:
        side: stored height and width; None takes what the largest resolution needs.
        in_channels: 1 or 3; None lets the images decide.
        search_size: images per class (int) or share of a class (float) held out for the search;
            None takes 50 a class, at most a fifth (ScaleNet, section 4.1).
        limit: at most this many images in each split.
    """

    side: int | None = None
    in_channels: int | None = None
    search_size: int | float | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class SupernetConfig:
    """The super-supernet and its training (ScaleNet, section 3.2).

    Attributes:
        coupled: train left and right channels alternately (BCNet).
        sampler: hierarchical or uniform.
        weights: equal, proportional, or one weight per scaling stage (eq. 1).
        window: redraw paths farther than this factor from their stage's budget; None keeps all.
        balance: within the window, draw evenly over resolution, depth, both or none.
        recipe: how to train.
    """

    coupled: bool = False
    sampler: str = "hierarchical"
    weights: str | list[float] = "equal"
    window: float | None = 1.5
    balance: str = "both"
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=30))


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How paths are scored.

    Attributes:
        recalibration_images: training images that batch-norm statistics are taken from.
        precision: fp32 or bf16.
    """

    recalibration_images: int = 1024
    precision: str = "fp32"


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The joint search (ScaleNet, section 3.3; docs/deviations.md).

    Attributes:
        method: mcea, random or independent.
        num_bases: random base networks that rank the first strategies (K).
        rounds: rounds of base and strategy search (T).
        population: of the base evolution.
        generations: of the base evolution.
        strategies: most strategies evaluated per stage at a time.
        stage_weights: pi, one per scaling stage from 0; None weighs stages 1 to M equally.
        num_models: networks of a design space that are trained alone and compared.
        recipe: how to train each of them.
    """

    method: str = "mcea"
    num_bases: int = 20
    rounds: int = 4
    population: int = 64
    generations: int = 40
    strategies: int = 64
    stage_weights: list[float] | None = None
    num_models: int = 32
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=5))


@dataclass(frozen=True, kw_only=True)
class GrowConfig:
    """Larger members from the fitted growth rule (ScaleNet, section 3.4).

    Attributes:
        num: members to grow beyond the searched ones.
        function: exponential (eq. 9), linear, squared or compound (one exponent a dimension).
        rule: how the best network of a design space is scaled, such as dWr, dwr or alpha=0.5.
        compare: rules whose networks are listed beside each grown member, made of the same base
            for the same budget.
    """

    num: int = 2
    function: str = "exponential"
    rule: str = "dWr"
    compare: list[str] = field(default_factory=lambda: ["dWr", "dwr"])


@dataclass(frozen=True, kw_only=True)
class LatencyConfig:
    """What a latency is, in budgets and in the report.

    Attributes:
        batch_size: images at a time.
        threads: CPU threads; None takes torch's choice.
    """

    batch_size: int = 1
    threads: int | None = 1


@dataclass(frozen=True, kw_only=True)
class RetrainConfig:
    """Where the members' weights come from.

    Attributes:
        searched: retrain (from scratch), slice (recalibrated slices of the supernet) or finetune
            (train on from the slice).
        grown: scratch, warm (from the largest searched member), or both, which keeps the start
            that is better on the search split and shows the difference.
        finetune_rate: learning rate of finetune and warm starts, relative to the recipe's.
        recipe: how to train.
    """

    searched: str = "finetune"
    grown: str = "both"
    finetune_rate: float = 0.3
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=20))


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Which formats members are exported to, besides timm's."""

    onnx: bool = True
    torch_export: bool = True


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a run does; `config.yaml` of a run folder holds it fully resolved.

    Attributes:
        data: a folder of class folders, or a data set's name.
        budgets: the ladder, from small to large, such as [60M, 120M, 240M].
        budget_kind: macs, params, activations or latency.
        tolerance: relative, on both sides of every budget.
        space: a space's name or file; None takes the named space nearest to the first budget.
        seed: of everything.
        device: auto, cpu or cuda.
        precision: fp32 or bf16, in training.
        threads: CPU threads in training; None takes all cores.
        workers: processes of one thread that score and retrain on CPU; None takes all cores.
        hours: fit the schedule to this time on this device; None keeps the recipes as they are.
        fitted: whether that was done: the recipes are what this run uses.
    """

    data: str = "demo"
    budgets: list[float] = field(default_factory=list)
    budget_kind: str = "macs"
    tolerance: float = 0.05
    space: str | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "fp32"
    threads: int | None = None
    workers: int | None = None
    hours: float | None = None
    fitted: bool = False
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    grow: GrowConfig = field(default_factory=GrowConfig)
    latency: LatencyConfig = field(default_factory=LatencyConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    export: ExportConfig = field(default_factory=ExportConfig)

    @property
    def ladder(self) -> Ladder:
        """The budgets as a ladder."""
        kind, tolerance = self.budget_kind, self.tolerance
        return Ladder(tuple(Budget(target, kind, tolerance) for target in self.budgets))

    def to_yaml(self) -> str:
        """The text of `config.yaml`."""
        return yaml.safe_dump(asdict(self), sort_keys=False)


CHOICES = {
    "budget_kind": ("macs", "params", "activations", "latency"),
    "precision": ("fp32", "bf16"),
    "supernet.sampler": ("hierarchical", "uniform"),
    "supernet.balance": ("none", "resolution", "depth", "both"),
    "evaluation.precision": ("fp32", "bf16"),
    "search.method": ("mcea", "random", "independent"),
    "grow.function": ("exponential", "linear", "squared", "compound"),
    "retrain.searched": ("retrain", "slice", "finetune"),
    "retrain.grown": ("scratch", "warm", "both"),
}
SECTIONS_WITH_RECIPE = ("supernet", "search", "retrain")
POSITIVE = (
    "evaluation.recalibration_images",
    "search.num_bases",
    "search.rounds",
    "search.population",
    "search.generations",
    "search.strategies",
    "search.num_models",
    "retrain.finetune_rate",
    "hours",
    "dataset.side",
    "dataset.limit",
    "latency.batch_size",
    "latency.threads",
    "threads",
    "workers",
)


def presets() -> list[str]:
    """Names of the presets that come with the package."""
    folder = resources.files("escalade.presets")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def read_preset(name: str) -> dict[str, Any]:
    """A preset's settings.

    Raises:
        ValueError: for an unknown name, with the nearest known one.
    """
    if name not in presets():
        close = difflib.get_close_matches(name, presets(), 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(presets())}"
        raise ValueError(f"preset: {name!r} is not known; {hint}")
    text = resources.files("escalade.presets").joinpath(f"{name}.yaml").read_text()
    return _read_yaml(text, f"preset {name}")


def read_file(path: Path) -> dict[str, Any]:
    """The settings in a YAML file.

    Raises:
        ValueError: if it cannot be read or is not a mapping.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"config: cannot read {path}: {error}") from None
    return _read_yaml(text, str(path))


def resolve(*layers: Mapping[str, Any]) -> Config:
    """Merge settings, later ones winning, over the defaults, and check every one.

    Raises:
        ValueError: naming the setting's path, what is wrong and what would work.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        _merge(merged, layer)
    kind = str(merged.get("budget_kind", "macs"))
    if "budgets" in merged:
        _check_choice("budget_kind", kind)
        merged["budgets"] = _amounts(merged["budgets"], kind)
    _check_names(merged, Config, "")
    config = _instantiate(merged)
    _check_values(config)
    return config


def _read_yaml(text: str, where: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data or {}, dict):
        raise ValueError(f"{where}: expected settings like `data: demo`, got {data!r}")
    return data or {}


def _merge(target: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping):
            inner = target.get(key)
            merged = dict(inner) if isinstance(inner, Mapping) else {}
            # Epochs and steps exclude each other: the later layer's choice wins.
            if key == "recipe":
                for one, other in (("epochs", "steps"), ("steps", "epochs")):
                    if value.get(one) is not None:
                        merged.pop(other, None)
            _merge(merged, value)
            target[key] = merged
        else:
            target[key] = value


def _amounts(value: Any, kind: str) -> list[float]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        parts = [parts]
    return [p if isinstance(p, float) else parse_amount(str(p), kind=kind) for p in parts]


def _check_names(data: Mapping[str, Any], cls: Any, where: str) -> None:
    hints = get_type_hints(cls)
    for key, value in data.items():
        if key not in hints:
            close = difflib.get_close_matches(str(key), hints, 1)
            hint = f"did you mean {where}{close[0]}?" if close else f"known are {', '.join(hints)}"
            raise ValueError(f"{where}{key}: no such setting; {hint}")
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise ValueError(f"{where}{key}: expected settings in it, got {value!r}")
            _check_names(value, hints[key], f"{where}{key}.")


def _instantiate(merged: dict[str, Any]) -> Config:
    """Types are jsonargparse's to check; its message is brought to one line."""
    from jsonargparse import ArgumentError, ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Config, "config")
    for name in SECTIONS_WITH_RECIPE:
        section = merged.setdefault(name, {})
        recipe = section.setdefault("recipe", {})
        if recipe.get("steps") is not None:
            recipe.setdefault("epochs", None)
    try:
        namespace = parser.parse_object({"config": merged})
        config: Config = parser.instantiate(namespace)["config"]
    except (ArgumentError, TypeError, ValueError) as error:
        raise ValueError(_whose(merged, _one_line(str(error)))) from None
    return config


def _whose(merged: Mapping[str, Any], text: str) -> str:
    """Some sections have a recipe, which checks itself: name the section whose value is wrong."""
    match = re.match(r"recipe\.(\w+): (\S+) ", text)
    if match is None:
        return text
    for name in SECTIONS_WITH_RECIPE:
        given = merged[name]["recipe"].get(match[1])
        if given is not None and str(given) in (match[2].strip("'"), match[2].removesuffix(".0")):
            return f"{name}.{text}"
    return text


def _one_line(text: str) -> str:
    text = re.sub(r"<class '(\w+)'>", r"\1", text).replace("config.", "")
    text = re.sub(r'^Parser key "([^"]+)":', r"\1:", text.strip())
    return " ".join(text.split())[:400]


def _check_values(config: Config) -> None:
    for path in CHOICES:
        _check_choice(path, _at(config, path))
    for path in POSITIVE:
        value = _at(config, path)
        if value is not None and value <= 0:
            raise ValueError(f"{path}: {value} is not positive")
    if config.grow.num < 0:
        raise ValueError(f"grow.num: {config.grow.num} is negative")
    _check_rule(config.grow.rule, "grow.rule")
    for i, rule in enumerate(config.grow.compare):
        _check_rule(rule, f"grow.compare[{i}]")
    if config.supernet.window is not None and config.supernet.window <= 1:
        raise ValueError(f"supernet.window: {config.supernet.window} is not above 1")
    if config.supernet.coupled and config.retrain.searched != "retrain":
        raise ValueError(
            f"retrain.searched: {config.retrain.searched} needs a supernet that is not coupled; "
            "use retrain, or supernet.coupled: false"
        )
    weights = config.search.stage_weights
    if weights is not None and (len(weights) != len(config.budgets) or min(weights) < 0):
        raise ValueError(
            f"search.stage_weights: {weights} are not {len(config.budgets)} weights, one per "
            "budget, none negative"
        )
    if config.budgets:
        _ = config.ladder


def _check_choice(path: str, value: Any) -> None:
    known = CHOICES[path]
    if value not in known:
        close = difflib.get_close_matches(str(value), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
        raise ValueError(f"{path}: {value!r} is not known; {hint}")


def _check_rule(name: str, where: str) -> None:
    try:
        rules.parse(name)
    except ValueError as error:
        raise ValueError(str(error).replace("rule", where, 1)) from None


def _at(config: Config, path: str) -> Any:
    value: Any = config
    for part in path.split("."):
        value = getattr(value, part)
    return value
