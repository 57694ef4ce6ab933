"""Known architectures from what their files say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.regnet import regnet
from escalade.core.numbers.rounding import make_divisible, scale_depth
from escalade.core.scaling.ratios import nearest_depth, with_depth

if TYPE_CHECKING:
    from escalade.core.space.path import Path

Entry = dict[str, Any]
Load = Callable[[str], Architecture]


def network(entry: Entry, load: Load) -> Architecture:
    """The architecture of an entry, which has one of these forms.

    - `stages`, each one block or a list: the fields of a block besides those of `blocks`, and
      `depth`, how often it stands there; its stride is that of the first one. `activation` is that
      of all layers that name none.
    - `of`, another network, scaled in width and depth as EfficientNet scales, depths up or, with
      `nearest`, to the nearest. What is `fixed` stays: the stem, the head, the depth of the first
      and the last stage (`ends`); so does a hidden layer of the head.
    - `regnet`, its letter, with the numbers of the quantised linear function.
    - `choices` of every layer in a `space` that has a list of them.

    Args:
        entry: as a file has it.
        load: gives known architectures by name.
    """
    (form,) = entry.keys() & _FORMS.keys()
    return _FORMS[form](entry, load)


def _staged(entry: Entry, load: Load) -> Architecture:
    common = {"activation": entry["activation"]}
    blocks = common | {"expansion": 1.0} | entry.get("blocks", {})
    stages = []
    for stage in entry["stages"]:
        rows = stage if isinstance(stage, list) else [stage]
        stages.append(Stage(blocks=tuple(b for row in rows for b in _blocks(**blocks | row))))
    return Architecture(
        resolution=entry["resolution"],
        stem=Stem(**common | entry["stem"]),
        stages=tuple(stages),
        head=Head(**common | entry["head"]),
    )


def _blocks(
    *, expansion: float, depth: int = 1, se: Entry | None = None, **fields: Any
) -> list[Block]:
    squeeze = None if se is None else SqueezeExcite(**se)
    first = Block(expansion=float(expansion), se=squeeze, **fields)
    return [first, *[replace(first, stride=1)] * (depth - 1)]


def _scaled(entry: Entry, load: Load) -> Architecture:
    base, fixed = load(entry["of"]), entry.get("fixed", ())
    round_depth = nearest_depth if entry.get("nearest") else scale_depth

    def wider(part: Any) -> Any:
        width = None if part.width is None else make_divisible(part.width * entry["width"])
        return replace(part, width=width)

    stages = []
    for i, stage in enumerate(base.stages):
        blocks = tuple(wider(block) for block in stage.blocks)
        depth = len(blocks)
        if "ends" not in fixed or i not in (0, len(base.stages) - 1):
            depth = round_depth(depth, entry["depth"])
        stages.append(Stage(blocks=with_depth(blocks, depth)))
    return replace(
        base,
        resolution=entry["resolution"],
        stem=base.stem if "stem" in fixed else wider(base.stem),
        stages=tuple(stages),
        head=base.head if "head" in fixed else wider(base.head),
    )


def _regnet(entry: Entry, load: Load) -> Architecture:
    numbers: Entry = {"resolution": 224} | entry
    return regnet(numbers.pop("regnet"), **numbers)


def with_identities(entry: Entry) -> Architecture | None:
    """What a supernet runs for an entry that has the choices of a space; None of other entries."""
    return _path(entry).running if entry.get("choices") else None


def _chosen(entry: Entry, load: Load) -> Architecture:
    return _path(entry).architecture


def _path(entry: Entry) -> Path:
    from escalade.spaces import load as spaces  # they need numpy; other networks do without

    return spaces.load(entry["space"]).path(entry["choices"])


_FORMS: dict[str, Callable[[Entry, Load], Architecture]] = {
    "stages": _staged,
    "of": _scaled,
    "regnet": _regnet,
    "choices": _chosen,
}
