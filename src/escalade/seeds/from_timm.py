"""Seeds whose architecture timm has: by name, in a folder in its layout, or a file of weights."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from escalade.core.values.invalid import Invalid, closest, shown, within
from escalade.nets.build import blank
from escalade.nets.reading.read_network import Reading, read_network
from escalade.nets.reading.same_layers import check_same_logits
from escalade.seeds.fitting_weights import Sizes, fitted, sizes_of
from escalade.seeds.seed import LOCAL, Seed, SeedImages

SOURCES = (LOCAL, "hf-hub:", "hf_hub:")


def is_name(name: str) -> bool:
    """Whether timm knows a network of this name, with or without a tag."""
    return bool(timm.models.is_model(timm.models.split_model_name_tag(name)[0]))


def from_name(name: str) -> Seed:
    """A network of timm's, its weights by timm's own download and cache.

    Args:
        name: in timm's list, or with a source that it has: `local-dir:`, `hf-hub:`.

    Raises:
        Invalid: if it has unknown parts, or its weights cannot be had.
    """
    layout = _layout(name)  # refused before anything is downloaded
    with _loading(name):
        theirs = timm.create_model(name, pretrained=True).eval()
    licence = licence_of(layout.facts)
    return _seed(layout, theirs, name=_plain(name), origin=f"timm {name}", licence=licence)


def from_weights(state: Mapping[str, Tensor], name: str, *, path: Path, ordered: bool) -> Seed:
    """Weights of a network of timm's from a file; its channels and classes may be others.

    Args:
        state: of the file.
        name: of the network.
        path: of the file, for messages.
        ordered: whether the state has the order of the network it was saved from.

    Raises:
        Invalid: naming the first tensor that does not fit.
    """
    facts = _layout(name).facts
    sizes = sizes_of(state, first=facts["first_conv"], last=facts["classifier"], ordered=ordered)
    layout = _layout(name, sizes)
    expected = {key: tensor.shape for key, tensor in layout.theirs.state_dict().items()}
    with within(str(path)):
        found = fitted(state, expected, ordered=ordered)
    layout.theirs.load_state_dict(found, assign=True)
    origin = f"{path.name}, weights of timm's {name}"
    return _seed(layout, layout.theirs.eval(), name=path.stem, origin=origin, licence=None)


def images_of(facts: Mapping[str, Any], *, channels: int) -> SeedImages:
    """How a network wants its images, by timm's fields."""
    mean, std = (tuple(map(float, facts[name])) for name in ("mean", "std"))
    return SeedImages(
        side=int(facts["input_size"][1]),
        mean=tuple(mean[i % len(mean)] for i in range(channels)),
        std=tuple(std[i % len(std)] for i in range(channels)),
        interpolation=str(facts["interpolation"]),
        crop=float(facts["crop_pct"]),
    )


def licence_of(facts: Mapping[str, Any]) -> str | None:
    """The licence that timm's fields state; None where they state none."""
    stated = facts.get("license")
    return stated if isinstance(stated, str) and stated.strip() else None


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What a network of timm's is, without its weights: what timm says of it, and it on `meta`."""

    reading: Reading
    facts: Mapping[str, Any]
    theirs: nn.Module


def _layout(name: str, sizes: Sizes | None = None) -> _Layout:
    if not name.startswith(SOURCES) and not is_name(name):
        close = closest(name, timm.models.list_models())
        remedy = f"did you mean {close}?" if close else "`timm.list_models()` lists them"
        raise Invalid(f"{shown(name)} is not a network that timm has", remedy=remedy)
    wanted: dict[str, Any] = {}
    if sizes is not None:
        wanted = {"num_classes": sizes.num_classes, "in_chans": sizes.channels}
    with _loading(name), torch.device("meta"):
        theirs: Any = timm.create_model(name, **wanted)
    facts: dict[str, Any] = dict(theirs.pretrained_cfg)
    with within(name):
        side = int(facts["input_size"][1])
        reading = read_network(theirs, resolution=side, name=_plain(name))
    return _Layout(reading=reading, facts=facts, theirs=theirs)


def _seed(
    layout: _Layout, theirs: nn.Module, *, name: str, origin: str, licence: str | None
) -> Seed:
    """A seed of a network with its weights, which computes the same."""
    architecture = layout.reading.architecture
    expected = {key: tensor.shape for key, tensor in blank(architecture).state_dict().items()}
    with within(name):
        tensors = layout.reading.tensors(theirs.state_dict())
        seed = Seed(
            name=name,
            architecture=architecture,
            tensors=fitted(tensors, expected, ordered=False),
            images=images_of(layout.facts, channels=architecture.in_channels),
            licence=licence,
            origin=origin,
        )
        check_same_logits(seed.network(), theirs, architecture=architecture)
    return seed


def _plain(name: str) -> str:
    """A name without its source, of a path the last part."""
    return Path(name.split(":", 1)[1]).name if name.startswith(SOURCES) else name


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """One message for whatever goes wrong while timm looks for a network and its weights."""
    hub = logging.getLogger("huggingface_hub")  # warns of each of its tries
    level = hub.level
    hub.setLevel(logging.ERROR)
    try:
        yield
    except Exception as error:  # those of several libraries, below `Exception` alone
        first = (str(error).strip() or "no reason given").splitlines()[0]
        raise Invalid(
            f"{name} cannot be had ({type(error).__name__}: {first})",
            remedy="connect to the network, or give a file with its weights, and this name as "
            "their architecture",
        ) from None
    finally:
        hub.setLevel(level)
