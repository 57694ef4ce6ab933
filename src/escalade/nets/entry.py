"""The timm entry point: `timm.create_model("local-dir:FOLDER", pretrained=True)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from timm.models._builder import build_model_with_cfg
from timm.models._registry import generate_default_cfgs, register_model
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.nets.build import blank, build, end_layers

# register_model reads the defaults from the module of the entry point
default_cfgs = generate_default_cfgs(
    {"escalade_net": {"url": "", "first_conv": "conv_stem", "classifier": "classifier"}}
)


def escalade_net(pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """A network of an Escalade family, from its architecture file's content.

    timm's own arguments (`num_classes`, `in_chans`, `drop_rate`, `drop_path_rate`,
    `pretrained_cfg`, `features_only`, ...) work as for timm's models.

    Args:
        pretrained: load the weights that `pretrained_cfg` names.
        **kwargs: timm's arguments, and `architecture_json`, the architecture (required).

    Raises:
        ValueError: if there is no `architecture_json`, or it is not an architecture.
    """
    architecture = _architecture(kwargs.pop("architecture_json", None))
    overlay = kwargs.pop("pretrained_cfg_overlay", None) or {}
    model: nn.Module = build_model_with_cfg(
        _network,
        "escalade_net",
        pretrained,
        pretrained_cfg_overlay=end_layers(architecture) | overlay,
        feature_cfg={"feature_cls": "getter", "out_indices": _levels(architecture, kwargs)},
        architecture=architecture,
        **kwargs,
    )
    return model


def _architecture(content: Mapping[str, Any] | None) -> Architecture:
    if content is None:
        raise ValueError(
            "escalade_net: architecture_json is missing; load a member's folder with "
            "timm.create_model('local-dir:FOLDER')"
        )
    return Architecture.from_json(content, where="architecture_json")


def _levels(architecture: Architecture, kwargs: Mapping[str, Any]) -> tuple[int, ...]:
    """All of a network's feature maps: timm's default is five, which a small one may not have."""
    if not kwargs.get("features_only"):
        return ()
    network: Any = blank(architecture)
    return tuple(range(len(network.feature_info)))


def _network(
    *,
    architecture: Architecture,
    num_classes: int | None = None,
    in_chans: int | None = None,
    drop_rate: float = 0.0,
    drop_path_rate: float = 0.0,
    global_pool: str | None = None,
) -> nn.Module:
    architecture = replace(
        architecture,
        num_classes=num_classes or architecture.num_classes,
        in_channels=in_chans or architecture.in_channels,
    )
    network: Any = build(architecture, drop_rate=drop_rate, drop_path_rate=drop_path_rate)
    if num_classes == 0 or global_pool is not None:
        classes = architecture.num_classes if num_classes is None else num_classes
        network.reset_classifier(classes, global_pool)
    made: nn.Module = network
    return made


register_model(escalade_net)
