"""torchvision's and timm's own models of the known architectures, and what independent tools count.

They are built without drawing weights; nothing of this package takes part.
"""

from __future__ import annotations

import warnings

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

with warnings.catch_warnings():  # the libraries' own, from their import on
    warnings.simplefilter("ignore")
    import timm
    import torchvision

from fvcore_counts import activations

TIMM_NAMES = {
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "regnet_z_500mf": "regnetz_005",
    "regnet_z_4gf": "regnetz_040",
}
TIMM_SIZES = {
    "200mf": "002",
    "400mf": "004",
    "600mf": "006",
    "800mf": "008",
    "1_6gf": "016",
    "3_2gf": "032",
    "4gf": "040",
    "6_4gf": "064",
    "8gf": "080",
    "12gf": "120",
    "16gf": "160",
    "32gf": "320",
}


class _Undrawn(TorchFunctionMode):
    """Skips initialisation: its weights are never looked at."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if getattr(func, "__name__", None) in ("normal_", "uniform_"):
            return args[0]
        return func(*args, **kwargs)


def has_torchvision(name: str) -> bool:
    return name in torchvision.models.list_models(module=torchvision.models)


def torchvision_model(name: str) -> torch.nn.Module:
    with _Undrawn():
        return torchvision.models.get_model(name, weights=None).eval()


def timm_model(name: str) -> torch.nn.Module:
    """With RegNetZ's head as wide as the paper's figures need; timm guessed another width."""
    theirs = TIMM_NAMES.get(name, name)
    changes = {"num_features": 1000} if name.startswith("regnet_z") else {}
    if theirs.startswith("regnet_"):
        _, kind, size = theirs.split("_", 2)
        theirs = f"regnet{kind}_{TIMM_SIZES[size]}"
    with _Undrawn():
        return timm.create_model(theirs, pretrained=False, **changes).eval()


def num_params(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def flop_counter_macs(model: torch.nn.Module, resolution: int) -> int:
    """Torch's count on `meta`, where it takes no time at any size. Moves the model there."""
    images = torch.empty(1, 3, resolution, resolution, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.to("meta")(images)
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return flops // 2


def fvcore_activations(model: torch.nn.Module, resolution: int) -> int:
    """fvcore's count; it traces, so that the model has to be run."""
    return activations(model, torch.zeros(1, 3, resolution, resolution))
