"""A supernet that begins as a trained network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import Invalid
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.sort_channels import sort_channels


def begin_as(
    supernet: SharedWeights, weights: Mapping[str, Tensor], architecture: Architecture
) -> None:
    """Give a supernet around a network the network's weights, its channels sorted, in place.

    Its largest path then computes what the network does, with the same statistics.

    Args:
        supernet: around `architecture`.
        weights: of the network, in timm's names.
        architecture: the network, for the same data.

    Raises:
        Invalid: if a tensor does not fit, naming it.
    """
    made = sort_channels(weights, architecture)
    with torch.no_grad():
        for name, parameter in supernet.named_parameters():
            found = made.get(name)
            if found is None or found.shape != parameter.shape:
                has = "missing" if found is None else f"of shape {tuple(found.shape)}"
                problem = f"{has} in the weights; the supernet's is {tuple(parameter.shape)}"
                raise Invalid(problem, path=(name,), remedy="begin with the network it is around")
            parameter.copy_(found)
