"""A folder with what another device has to time, and a runner: `escalade latency --export-parts`.

The file `parts.json` lists the ONNX files. Filled in with seconds it is what comes back
(docs/how-to/other_device.md); `evaluate.timing.imported` makes a latency table of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from escalade.artefacts.files import write_json, write_text
from escalade.core.latency.work import Work, work_of
from escalade.core.network.architecture import Architecture
from escalade.core.network.branches import Layers
from escalade.core.network.parts import Part, parts_of
from escalade.core.numbers.budget import Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.evaluate.timing.imported import FORMAT, Role, Timing, Timings
from escalade.evaluate.timing.part_times import choose_parts
from escalade.evaluate.timing.space_survey import (
    NEAR_PER_GROUP,
    ROUGH_PER_GROUP,
    choose,
    networks_anywhere,
)
from escalade.family.exports import time_parts
from escalade.family.exports.exporting import need_onnx
from escalade.family.exports.layer_graphs import graph_of

LIST, RUNNER = "parts.json", "time_parts.py"


def export_parts(
    space: Space, folder: Path, *, ladder: Ladder, num_grown: int, batch_size: int
) -> int:
    """Write the parts of a space's networks and some networks whole; gives how many files.

    Args:
        space: with the data's channels and classes.
        folder: empty or not there yet.
        ladder: sizes that matter, counted, not timed.
        num_grown: members to be grown beyond them.
        batch_size: images at a time.

    Raises:
        Invalid: for a folder that holds something else.
        MissingExtra: if onnx is not installed.
    """
    need_onnx()
    if folder.exists() and any(folder.iterdir()):
        raise Invalid("is not empty", path=(str(folder),), remedy="name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    items = [
        _write(folder, f"{role}-{i:04d}", role, item, parts, batch_size)
        for i, (role, item, parts) in enumerate(_wanted(space, ladder, num_grown))
    ]
    listed = Timings(
        format=FORMAT, device=None, settings=None, batch_size=batch_size, items=tuple(items)
    )
    write_json(folder / LIST, listed)
    write_text(folder / RUNNER, Path(time_parts.__file__).read_text(encoding="utf-8"))
    return len(items)


Wanted = tuple[Role, Any, Sequence[tuple[str, Part]]]


def _wanted(space: Space, ladder: Ladder, num_grown: int) -> Iterator[Wanted]:
    """Role, what stands for it in the list, and the parts: none, single ones, then networks."""
    nothing = Part(kind="", layers=Layers(branch=()), in_width=1, side=1)
    yield "call", None, [("", nothing)]
    rng = generator(0, "latency", space.name)
    anywhere = networks_anywhere(space, rng)
    chosen = choose(space, ladder=ladder, num_grown=num_grown, rng=rng)
    parts: dict[Work, Part] = {}
    for networks, num in (
        (anywhere, ROUGH_PER_GROUP),
        (chosen.architectures, NEAR_PER_GROUP),
    ):
        works = choose_parts(networks, num_per_group=num, rng=rng)
        parts |= {work: part for work, part in _parts(networks) if work in works}
    for work, part in parts.items():
        yield "part", asdict(work), [("", part)]
    for network in chosen.calibration:
        yield "calibration", network.to_json(), list(parts_of(network))
    for network in chosen.checked:
        yield "check", network.to_json(), list(parts_of(network))


def _parts(networks: Iterable[Architecture]) -> Iterator[tuple[Work, Part]]:
    return ((work_of(part), part) for network in networks for _, part in parts_of(network))


def _write(
    folder: Path,
    name: str,
    role: Role,
    item: Any,
    parts: Sequence[tuple[str, Part]],
    batch_size: int,
) -> Timing:
    file = f"{name}.onnx"
    (folder / file).write_bytes(graph_of(parts, batch_size=batch_size).SerializeToString())
    first = parts[0][1]
    shape = (batch_size, int(first.in_width), int(first.side), int(first.side))
    return Timing(name=name, file=file, input=shape, role=role, item=item, seconds=None)
