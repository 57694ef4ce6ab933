"""A member's folder in timm's hub layout: config.json beside model.safetensors.

`timm.create_model("local-dir:FOLDER", pretrained=True)` loads it after `import escalade.timm`.
Equal members are equal files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from escalade.artefacts import digests
from escalade.artefacts.files import read_json, write_bytes, write_json
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.codec import as_mapping, decode, encode
from escalade.core.values.invalid import Invalid, within
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.nets.build import blank, end_layers

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
LICENCE = "license"  # in timm's words
TASK, PLAIN = "task", "classification"  # which goes without saying
REMEDY = "delete the folder and write it again with `escalade retrain RUN`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a member's config.json says.

    Attributes:
        task: whether an image has one of the classes, or may have several.
        licence: of the pretrained weights that these began as, as their source states it; None
            where there are none, or it states none. timm's field `license`.

    Raises:
        ValueError: if class names, channels or resolution do not fit the architecture.
    """

    architecture: Architecture
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    task: LabelTask = "classification"
    licence: str | None = None

    def __post_init__(self) -> None:
        arch, steps = self.architecture, self.preprocessing
        if len(self.classes) != arch.num_classes:
            raise ValueError(f"classes: {len(self.classes)} names for {arch.num_classes} classes")
        for field in ("in_channels", "resolution"):
            if getattr(arch, field) != getattr(steps, field):
                raise ValueError(
                    f"preprocessing.{field}: {getattr(steps, field)}, but the architecture has "
                    f"{getattr(arch, field)}"
                )


def write(folder: Path, *, package: Package, state: Mapping[str, Tensor]) -> None:
    """Write weights, then config, each atomically and deterministically, and note their digests.

    Args:
        folder: the member's folder; made where missing.
        state: every tensor of the network in timm's names.

    Raises:
        ValueError: if `state` is not the weights of this architecture.
    """
    expected = blank(package.architecture).state_dict()
    _same_tensors(expected, state, where=str(folder))
    plain = {name: state[name].detach().cpu().contiguous() for name in expected}
    # one metadata entry only: safetensors writes several in arbitrary order
    content = safetensors.torch.save(plain, metadata={"format": "pt"})
    write_bytes(folder / WEIGHTS, content)
    write_json(folder / CONFIG, _config(package))
    digests.seal(folder, WEIGHTS, CONFIG)


def read(folder: Path) -> Package:
    """Read a member's config.json.

    Raises:
        ValueError: if it is missing or damaged.
    """
    path = folder / CONFIG
    data = read_json(path, what="member's config", remedy=REMEDY)
    try:
        with within(str(path)):
            return Package(
                architecture=_entry(Architecture, data, "model_args", "architecture_json"),
                classes=_entry(tuple[str, ...], data, "pretrained_cfg", "label_names"),
                preprocessing=_entry(Preprocessing, data, "preprocessing"),
                licence=_entry(str | None, data, "pretrained_cfg", LICENCE),
                task=_entry(LabelTask, {TASK: PLAIN} | dict(as_mapping(data)), TASK),
            )
    except Invalid as error:
        raise Invalid(error.problem, path=error.path, remedy=error.remedy or REMEDY) from None


def load_state(folder: Path) -> dict[str, Tensor]:
    """Read a member's weights (safetensors: data only, no code).

    Raises:
        ValueError: if they are missing or damaged, or are not what was written.
    """
    path = folder / WEIGHTS
    digests.check_whole(folder, WEIGHTS, CONFIG, remedy=REMEDY)
    try:
        state: dict[str, Tensor] = safetensors.torch.load_file(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: there are no weights here; {REMEDY}") from None
    except SafetensorError as error:
        raise ValueError(f"{path}: damaged ({error}); {REMEDY}") from None
    return state


def load_network(folder: Path) -> nn.Module:
    """A packaged member as a plain timm network on the CPU, in evaluation mode.

    Raises:
        ValueError: if a file is missing or damaged, or the weights are another network's.
    """
    state = load_state(folder)
    network = blank(read(folder).architecture)
    _same_tensors(network.state_dict(), state, where=str(folder / WEIGHTS))
    network.load_state_dict(state, assign=True)
    return network.eval()


def _entry(kind: Any, data: Mapping[str, Any], *path: str) -> Any:
    """What stands in a config.json at a path."""
    with within(*path):
        found: Any = data
        for key in path:
            found = as_mapping(found).get(key)
        return decode(kind, found)


def _config(package: Package) -> dict[str, Any]:
    architecture = package.architecture
    return {
        "architecture": "escalade_net",
        "num_classes": architecture.num_classes,
        "num_features": architecture.head.width or architecture.widths[-1],
        "model_args": {"architecture_json": architecture.to_json()},
        "pretrained_cfg": {
            **package.preprocessing.timm(),
            "num_classes": architecture.num_classes,
            "label_names": list(package.classes),
            **({} if package.licence is None else {LICENCE: package.licence}),
            **end_layers(architecture),
        },
        "preprocessing": encode(package.preprocessing),
        **({} if package.task == PLAIN else {TASK: package.task}),
    }


def _same_tensors(
    expected: Mapping[str, Tensor], state: Mapping[str, Tensor], *, where: str
) -> None:
    for name in sorted(expected.keys() ^ state.keys()):
        whose = "missing" if name in expected else "not of this architecture"
        raise ValueError(f"{where}: {name} is {whose}; {REMEDY}")
    for name, tensor in expected.items():
        if tensor.shape != state[name].shape:
            raise ValueError(
                f"{where}: {name} has shape {tuple(state[name].shape)}, "
                f"the architecture {tuple(tensor.shape)}; {REMEDY}"
            )
