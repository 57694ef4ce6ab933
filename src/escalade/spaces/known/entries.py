"""Known architectures from what their files say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.regnet import regnet
from escalade.core.numbers.rounding import make_divisible, scale_depth

Entry = dict[str, Any]


def network(name: str, entries: Mapping[str, Entry]) -> Architecture:
    """The architecture of a name, as a file has it.

    Its entry has one of these forms:

    - `stages`, each one block or a list: the fields of a block besides those of `blocks`, and
      `depth`, how often it stands there; its stride is that of the first one. `activation` is that
      of all layers that name none.
    - `of`, another network, scaled in width and depth as EfficientNet scales: stem and head, too.
    - `regnet`, its letter, with the numbers of the quantised linear function.
    - `choices` of every layer in a `space` that has a list of them.
    """
    entry = dict(entries[name])
    (form,) = entry.keys() & _FORMS.keys()
    return _FORMS[form](entry, entries).renamed(name)


def _staged(entry: Entry, entries: Mapping[str, Entry]) -> Architecture:
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


def _scaled(entry: Entry, entries: Mapping[str, Entry]) -> Architecture:
    base = network(entry["of"], entries)

    def wider(width: int | None) -> Any:
        return None if width is None else make_divisible(width * entry["width"])

    stages = []
    for stage in base.stages:
        *blocks, last = (replace(block, width=wider(block.width)) for block in stage.blocks)
        more = scale_depth(len(stage.blocks), entry["depth"]) - len(stage.blocks)
        stages.append(Stage(blocks=(*blocks, last, *[replace(last, stride=1)] * more)))
    return replace(
        base,
        resolution=entry["resolution"],
        stem=replace(base.stem, width=wider(base.stem.width)),
        stages=tuple(stages),
        head=replace(base.head, width=wider(base.head.width)),
    )


def _regnet(entry: Entry, entries: Mapping[str, Entry]) -> Architecture:
    numbers: Entry = {"resolution": 224} | entry
    return regnet(numbers.pop("regnet"), **numbers)


def _chosen(entry: Entry, entries: Mapping[str, Entry]) -> Architecture:
    from escalade.spaces.load import load  # spaces need numpy; other networks do without

    return load(entry["space"]).path(entry["choices"]).architecture


_FORMS: dict[str, Callable[[Entry, Mapping[str, Entry]], Architecture]] = {
    "stages": _staged,
    "of": _scaled,
    "regnet": _regnet,
    "choices": _chosen,
}
