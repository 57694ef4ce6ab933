"""The export stage: ONNX and torch.export beside each member's weights, compared on real images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from escalade.api.beginning.begin import taken_up
from escalade.api.quantise import quantise_members
from escalade.artefacts import digests
from escalade.artefacts.files import write_bytes
from escalade.artefacts.latencies import Latencies, Quartiles
from escalade.artefacts.run_folder import command
from escalade.config.settings import ExportConfig
from escalade.core.values.codec import decode, encode
from escalade.core.values.invalid import within
from escalade.data import prepare
from escalade.evaluate.timing.turns import measure_many
from escalade.family.exports.executorch_export import PTE_FILE
from escalade.family.exports.exporting import ONNX_FILE, PROGRAM_FILE, onnx_form
from escalade.family.exports.inside import is_inside, network_alone, with_front_of
from escalade.family.exports.member_exports import Exports, export_member
from escalade.family.exports.network_times import time_networks
from escalade.family.exports.quantising import INT8_FILE
from escalade.family.family import Family, FamilyMember
from escalade.family.packaging import card_exports, package
from escalade.family.packaging.finished import FILES
from escalade.planning.resolved_run import Run
from escalade.train.interrupt import Interrupted, Stop
from escalade.train.runtime import Runtime

NUM_IMAGES = 16
INSIDE = "inside"  # of `export.preprocessing`


def export(run: Run) -> None:
    """Export every member that is not exported yet, then measure latencies side by side."""
    _export_all(run, as_asked=False)


def export_run(path: Path, *, asked: Mapping[str, object], should_stop: Stop | None = None) -> None:
    """The export stage by other settings than the run's; files of another form are made anew.

    Args:
        path: the run folder.
        asked: settings of `ExportConfig`.
        should_stop: asked between members.

    Raises:
        Invalid: for settings that cannot be, or if there are no members.
        Interrupted: `should_stop` said so; the same call goes on.
    """
    with taken_up(path, should_stop=should_stop) as run:
        with within("export"):
            settings = decode(ExportConfig, {**encode(run.config.export), **asked})
        run = run.with_config(replace(run.config, export=settings))
        if run.runtime.is_main:
            _export_all(run, as_asked=bool(asked))
        run.runtime.barrier()


def wanted_files(settings: ExportConfig) -> list[str]:
    """The exports that settings ask for."""
    wanted = {
        ONNX_FILE: settings.onnx,
        PROGRAM_FILE: settings.torch_export,
        PTE_FILE: settings.executorch,
    }
    return [name for name, want in wanted.items() if want]


def export_files(
    folder: Path, names: Sequence[str], *, pixels: Tensor, settings: ExportConfig
) -> Exports:
    """Exports of a member, compared on images as its data have them."""
    steps = package.read(folder).preprocessing
    return export_member(
        folder,
        images=prepare(pixels, resolution=steps.resolution, mean=steps.mean, std=steps.std),
        onnx=ONNX_FILE in names,
        program=PROGRAM_FILE in names,
        executorch=PTE_FILE in names,
        opset=settings.opset,
        pixels=pixels if settings.preprocessing == INSIDE else None,
    )


def _export_all(run: Run, *, as_asked: bool) -> None:
    family = Family.load(run.folder.family)
    for member in family:
        if run.should_stop():
            raise Interrupted(f"stopped before the export of {member.name}")
        remedy = f"{command('retrain', run.folder.path)} makes it again"
        digests.check_whole(member.path, *FILES, remedy=remedy)
        _export(run, member, as_asked=as_asked)
    if run.config.export.int8:
        quantise_members(run, family, tune=run.config.export.int8_tune)
    _measure_latency(run, family)


def say_exports(run: Run, folder: Path, done: Exports, *, name: str) -> None:
    """Tell of exports, here and on the card."""
    card_exports.add_exports(folder, done.written)
    for parity in done.written:
        run.console.say(
            f"export: {name}/{parity.name} agrees on {parity.num_images} images "
            f"(largest difference {parity.max_difference:.0e})"
        )
    for file, reason in done.skipped:
        run.console.say(f"export: {name}/{file} left out: {reason}")


def _export(run: Run, member: FamilyMember, *, as_asked: bool) -> None:
    """Export what is missing of a member.

    Args:
        run: whose member it is.
        member: it.
        as_asked: an ONNX file of another form than settings have is missing, too.
    """
    settings, split = run.config.export, run.data.search
    missing = [name for name in wanted_files(settings) if not _is_done(member.path, name)]
    for name in digests.changed(member.path, missing):
        run.console.say(f"export: {member.name}/{name} is not what was written; made again")
    if as_asked and settings.onnx and ONNX_FILE not in missing and _differs(member, settings):
        missing.append(ONNX_FILE)
    if not missing:
        return
    pixels, _ = split.take(torch.arange(min(NUM_IMAGES, len(split))))
    with run.books.measure("export", member.name):
        done = export_files(member.path, missing, pixels=pixels, settings=settings)
    say_exports(run, member.path, done, name=member.name)
    if ONNX_FILE in missing:
        follow(member.path)


def _differs(member: FamilyMember, settings: ExportConfig) -> bool:
    """Whether the ONNX file is of another form than settings have."""
    wanted = settings.opset, settings.preprocessing == INSIDE
    return onnx_form((member.path / ONNX_FILE).read_bytes()) != wanted


def follow(folder: Path) -> None:
    """Let an INT8 file take what the ONNX file takes."""
    whole, int8 = folder / ONNX_FILE, folder / INT8_FILE
    if not (whole.exists() and int8.exists()):
        return
    content, is_sealed = int8.read_bytes(), digests.is_whole(folder, INT8_FILE)
    made = with_front_of(whole.read_bytes(), network_alone(content))
    if is_inside(made) != is_inside(content):
        write_bytes(int8, made)
        if is_sealed:
            digests.seal(folder, INT8_FILE)


def _is_done(folder: Path, name: str) -> bool:
    """A kill may leave an export that the card does not tell of."""
    return digests.is_whole(folder, name) and card_exports.is_noted(folder, name)


def _measure_latency(run: Run, family: Family) -> None:
    """Latency of each member on this device, into latency.json: it depends on time and place."""
    known = run.folder.find(Latencies)
    if known is not None and set(family.names) <= known.members.keys():
        return
    settings = run.config.latency
    if settings.backend == "onnx":
        device, measured = _by_onnxruntime(run, family)
    else:
        device = run.runtime.device_name
        measured = measure_many(
            {m.name: (package.load_network(m.path), m.resolution) for m in family},
            in_channels=run.data.in_channels,
            runtime=run.runtime,
            batch_size=settings.batch_size,
            threads=settings.threads,
        )
    run.folder.write(Latencies(device=device, batch_size=settings.batch_size, members=measured))


def _by_onnxruntime(run: Run, family: Family) -> tuple[str, dict[str, Quartiles]]:
    """What members take on this machine's CPU by onnxruntime, and what that is called."""
    settings, runtime = run.config.latency, Runtime(device="cpu", is_alone=True)
    made = {m.name: (package.load_network(m.path), package.read(m.path)) for m in family}
    timed = time_networks(
        {name: (network, packed.architecture) for name, (network, packed) in made.items()},
        runtime=runtime,
        batch_size=settings.batch_size,
        backend=settings.backend,
        threads=settings.threads,
    )
    device = f"{runtime.device_name}, onnxruntime"
    return device, {name: each.seconds for name, each in timed.items()}
