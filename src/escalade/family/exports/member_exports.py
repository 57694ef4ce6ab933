"""A packaged member exported beside its weights, in every form that settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from escalade.artefacts import digests
from escalade.data.batching.batches import prepare
from escalade.family.exports.executorch_export import PTE_FILE, export_executorch
from escalade.family.exports.exporting import (
    ONNX_FILE,
    OPSET,
    PROGRAM_FILE,
    MissingExtra,
    checked,
    export_onnx,
    export_program,
    need_onnx,
    onnx_content,
    onnx_facts,
    trace,
    whole_session,
)
from escalade.family.exports.inside import put_inside
from escalade.family.exports.parity import Parity
from escalade.family.packaging.package import Package, load_network, read

if TYPE_CHECKING:
    from torch.export import ExportedProgram


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """What an export wrote and compared, and what it left out with the reason."""

    written: tuple[Parity, ...]
    skipped: tuple[tuple[str, str], ...]


def export_member(
    folder: Path,
    *,
    images: Tensor,
    onnx: bool = True,
    program: bool = True,
    executorch: bool = False,
    opset: int = OPSET,
    pixels: Tensor | None = None,
) -> Exports:
    """Export a packaged member beside its weights and compare each export with it.

    Args:
        folder: a member folder (`package.write`).
        images: (n, channels, side, side) float images prepared as for evaluation.
        onnx: write `model.onnx`.
        program: write `program.pt2`.
        executorch: write `model.pte`.
        opset: of `model.onnx`.
        pixels: (n, channels, side, side) bytes, images that are not prepared; where they are given,
            the preprocessing goes into `model.onnx`.

    Raises:
        ExportMismatch: if an export differs; its file is removed.
    """
    network, package = load_network(folder), read(folder)
    traced = trace(network, images) if onnx or program else None
    makers: dict[str, Callable[[Path], Parity]] = {}
    if traced is not None and program:
        makers[PROGRAM_FILE] = partial(export_program, network, traced=traced, images=images)
    if traced is not None and onnx:
        if pixels is None:
            export = partial(export_onnx, images=images, facts=onnx_facts(package))
        else:
            export = partial(export_whole, pixels=pixels, package=package)
        makers[ONNX_FILE] = partial(export, network, traced=traced, opset=opset)
    if executorch:
        makers[PTE_FILE] = partial(export_executorch, network, images=images)
    return _made(folder, makers)


def _made(folder: Path, makers: Mapping[str, Callable[[Path], Parity]]) -> Exports:
    """Make exports; what lacks its package is left out with the reason."""
    written: list[Parity] = []
    skipped: list[tuple[str, str]] = []
    for name, make in makers.items():
        try:
            written.append(make(folder / name))
        except MissingExtra as error:
            skipped.append((name, str(error)))
    digests.seal(folder, *(parity.name for parity in written))
    return Exports(written=tuple(written), skipped=tuple(skipped))


def export_whole(
    network: nn.Module,
    path: Path,
    *,
    traced: ExportedProgram,
    pixels: Tensor,
    package: Package,
    opset: int = OPSET,
) -> Parity:
    """Save a traced network as ONNX with its preprocessing inside.

    `pixels` (batch, channels, height, width) are bytes of any size; out come `logits`.

    Raises:
        ExportMismatch: if onnxruntime computes something else; the file is removed.
        MissingExtra: as for `export_onnx`.
    """
    need_onnx()
    steps, facts = package.preprocessing, onnx_facts(package, inside=True)

    def prepared(some: Tensor) -> Tensor:
        ready = prepare(some, resolution=steps.resolution, mean=steps.mean, std=steps.std)
        made: Tensor = network(ready)
        return made

    def make() -> bytes:
        return put_inside(onnx_content(traced, facts=facts, opset=opset), steps)

    found = checked(prepared, path, make=make, load=whole_session, images=pixels)
    return replace(found, inside=True)
