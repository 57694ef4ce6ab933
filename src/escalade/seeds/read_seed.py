"""A pretrained network from wherever a user has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor

from escalade.artefacts import digests
from escalade.artefacts.texts import MOST_STORED, parse_json, read_text
from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import as_mapping
from escalade.core.values.invalid import Invalid, within
from escalade.nets.build import blank, end_layers
from escalade.nets.entry import escalade_net
from escalade.seeds import from_timm
from escalade.seeds.fitting_weights import fitted, sizes_of, with_channels
from escalade.seeds.seed import LOCAL, Seed
from escalade.spaces import known

MEMBERS_WEIGHTS = "model.safetensors"
# Of images, where neither a name of ours nor an architecture file says anything of them.
IMAGENETS: dict[str, Any] = {
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "interpolation": "bicubic",
    "crop_pct": 0.875,
}
ASSUMED = "its images are normalised as ImageNet's usually are, since nothing says otherwise"


def read_seed(
    source: str, *, architecture: str | None = None, in_channels: int | None = None
) -> Seed:
    """Read a pretrained network; nothing is trained, and nothing is written but timm's cache.

    Args:
        source: a timm name, whose weights are downloaded and cached by timm; `local-dir:FOLDER` in
            timm's layout; the folder of a run's member; or a file of weights.
        architecture: of the weights in a file: a timm name, a known one, an architecture file or a
            member's folder.
        in_channels: of the user's images; None keeps the seed's.

    Raises:
        Invalid: if there is no such network, it has unknown parts, or its weights do not fit.
    """
    return with_channels(_read(source, architecture), in_channels)


def _read(source: str, architecture: str | None) -> Seed:
    is_local = source.startswith(LOCAL)
    path = Path(source.removeprefix(LOCAL)).expanduser()
    if path.is_file():
        if architecture is None:
            problem = "a file of weights needs an architecture"
            raise Invalid(problem, path=(source,), remedy="give its name, such as efficientnet_b0")
        return _of_file(path, architecture)
    if architecture is not None:
        problem = "only a file of weights takes an architecture, and this is not one"
        raise Invalid(problem, path=(source,), remedy="leave the architecture out")
    if _is_member(path):
        return _of_member(path)
    if path.is_dir() and not is_local:
        remedy = "name a member's, such as RUN/family/S0, or local-dir:FOLDER for one of timm's"
        raise Invalid("this folder is not a member of a run", path=(source,), remedy=remedy)
    return from_timm.from_name(f"{LOCAL}{path}" if is_local else source)


def _is_member(folder: Path) -> bool:
    """Whether a folder in timm's layout holds a network of ours."""
    if not (folder / known.MEMBER).is_file():
        return False
    return _config(folder).get("architecture") == escalade_net.__name__


def _config(folder: Path) -> Mapping[str, Any]:
    with within(str(folder / known.MEMBER)):
        return as_mapping(parse_json(read_text(folder / known.MEMBER, most=MOST_STORED)))


def _of_member(folder: Path) -> Seed:
    remedy = "write it again with `escalade retrain RUN`"
    digests.check_whole(folder, MEMBERS_WEIGHTS, known.MEMBER, remedy=remedy)
    architecture = known.of_member(folder)
    facts = as_mapping(_config(folder).get("pretrained_cfg"))
    state = _loaded(folder / MEMBERS_WEIGHTS)
    with within(str(folder / MEMBERS_WEIGHTS)):
        tensors = fitted(state, _shapes(architecture), ordered=False)
    return Seed(
        name=folder.name,
        architecture=architecture,
        tensors=tensors,
        images=from_timm.images_of(facts, channels=architecture.in_channels),
        licence=from_timm.licence_of(facts),
        origin=f"{folder.name} of an Escalade run",
    )


def _of_file(path: Path, architecture: str) -> Seed:
    """Weights under the names of their architecture, or, of others, in its order."""
    state, ordered = _loaded(path), path.suffix != ".safetensors"  # which sorts by name
    if from_timm.is_name(architecture):
        return from_timm.from_weights(state, architecture, path=path, ordered=ordered)
    with within():
        asked = known.load(architecture)
    first, last = (end_layers(asked)[end] for end in ("first_conv", "classifier"))
    sizes = sizes_of(state, first=first, last=last, ordered=ordered)
    asked = replace(
        asked,
        in_channels=sizes.channels or asked.in_channels,
        num_classes=sizes.num_classes or asked.num_classes,
    )
    with within(str(path)):
        tensors = fitted(state, _shapes(asked), ordered=ordered)
    facts = IMAGENETS | {"input_size": (asked.in_channels, asked.resolution, asked.resolution)}
    return Seed(
        name=path.stem,
        architecture=asked,
        tensors=tensors,
        images=from_timm.images_of(facts, channels=asked.in_channels),
        licence=None,
        origin=f"{path.name}, weights of {architecture}",
        notes=(ASSUMED,),
    )


def _shapes(architecture: Architecture) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in blank(architecture).state_dict().items()}


def _loaded(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, by timm's reader: no code runs, and averages of weights come first."""
    try:
        state = timm.models.load_state_dict(str(path), device="cpu", weights_only=True)
        tensors = {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except Exception as error:  # those of several libraries, below `Exception` alone
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        remedy = "give a state dict, saved by torch or safetensors"
        raise Invalid(
            f"not a file of weights ({first})", path=(str(path),), remedy=remedy
        ) from None
    if not tensors:
        raise Invalid("there are no tensors in it", path=(str(path),))
    return tensors
