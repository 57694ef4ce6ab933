"""Settings from presets, files and mappings, merged and checked."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from escalade.artefacts.texts import parse_yaml, read_text
from escalade.config.checks import check
from escalade.config.settings import Config
from escalade.core.numbers.budget import COUNTED, KINDS
from escalade.core.numbers.shown import parse_amount
from escalade.core.values.codec import as_mapping, decode, encode, written
from escalade.core.values.invalid import Invalid, check_known, nearest, shown, within


def presets() -> list[str]:
    """Names of the presets that come with the package."""
    folder = resources.files("escalade.presets")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def read_preset(name: str) -> dict[str, Any]:
    """A preset's settings.

    Raises:
        Invalid: for an unknown name, with the nearest known one.
    """
    if name not in presets():
        raise Invalid(f"{name!r} is not known", path=("preset",), remedy=nearest(name, presets()))
    text = resources.files("escalade.presets").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return _read_yaml(text, f"preset {name}")


def read_file(path: Path) -> dict[str, Any]:
    """The settings in a YAML file.

    Raises:
        Invalid: if it cannot be read or is not a mapping.
    """
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise Invalid(f"cannot read {path}: {error}", path=("config",)) from None
    return _read_yaml(text, str(path))


def resolve(*layers: Mapping[str, Any]) -> Config:
    """Merge settings, later ones winning, over the defaults, and check every one.

    Raises:
        Invalid: at the setting's path, with what is wrong and what would work.
    """
    merged: dict[str, Any] = encode(Config())
    for layer in layers:
        _merge(merged, layer)
    with within("budget_kind"):
        check_known(merged["budget_kind"], KINDS)
    with within("budgets"):
        merged["budgets"] = _amounts(merged["budgets"], merged["budget_kind"])
    with within("memory"):
        merged["memory"] = _memory(merged["memory"])
    with within("limits"):
        merged["limits"] = _limits(merged["limits"])
    config = decode(Config, merged, scalar=written)
    check(config)
    return config


def _read_yaml(text: str, where: str) -> dict[str, Any]:
    with within(where):
        data = parse_yaml(text)
    if not isinstance(data or {}, dict):
        raise Invalid(f"expected settings like `data: demo`, got {shown(data)}", path=(where,))
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


def _limits(value: Any) -> dict[str, float]:
    limits = {}
    for kind, amount in as_mapping(value).items():
        check_known(kind, COUNTED)
        with within(kind):
            (limits[kind],) = _amounts([amount], kind)
    return limits


def _memory(value: Any) -> float | None:
    if value is None:
        return None
    (amount,) = _amounts([value], "memory")
    return amount


def _amounts(value: Any, kind: str) -> list[float]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        parts = [] if parts is None else [parts]
    texts = [p if isinstance(p, float | str) else shown(p) for p in parts]
    return [t if isinstance(t, float) else parse_amount(t, kind=kind) for t in texts]
