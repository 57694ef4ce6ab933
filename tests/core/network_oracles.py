"""What independent tools count in a built network: torch's FLOP counter and fvcore."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from escalade.nets.build import blank
from fvcore_counts import activations


def counted(architecture, *, side):
    """Macs and params at full resolution on `meta`; activations of the network at another side.

    The sides of all layers are in the macs, so that activations need not be traced at full size.
    """
    network = blank(architecture).eval()
    params = sum(p.numel() for p in network.parameters())
    _strip(network)
    full = (1, architecture.in_channels, architecture.resolution, architecture.resolution)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(full, device="meta"))
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    images = torch.zeros(1, architecture.in_channels, side, side)
    return flops // 2, params, activations(network.to_empty(device="cpu"), images)


def _strip(network):
    """Take out what the oracles count as nothing and take most of their time for."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d) or name in ("act", "act1", "gate"):
                setattr(module, name, torch.nn.Identity())
