"""Settings from presets, files and mappings, merged and checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from escalade.config.checks import check_choice, check_values
from escalade.config.settings import Config
from escalade.core.numbers.budget import parse_amount

SECTIONS_WITH_RECIPE = ("supernet", "search", "retrain")


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
        check_choice("budget_kind", kind)
        merged["budgets"] = _amounts(merged["budgets"], kind)
    _check_names(merged, Config, "")
    config = _instantiate(merged)
    check_values(config)
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
        parts = [] if parts is None else [parts]
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
        elif value is None and type(None) not in get_args(hints[key]):
            raise ValueError(f"{where}{key}: null says nothing here; give a value, or leave it out")


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
