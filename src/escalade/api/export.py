"""The export stage: ONNX and torch.export beside each member's weights, compared on real images."""

from __future__ import annotations

from pathlib import Path

import torch

from escalade.api.quantise import quantise_members
from escalade.artefacts import digests
from escalade.artefacts.latencies import Latencies
from escalade.artefacts.run_folder import command
from escalade.data import prepare
from escalade.evaluate.timing.turns import measure_many
from escalade.family.exports.exporting import ONNX_FILE, PROGRAM_FILE, Exports, export_member
from escalade.family.family import Family, FamilyMember
from escalade.family.packaging import card_exports, package
from escalade.family.packaging.finished import FILES
from escalade.planning.resolved_run import Run
from escalade.train.interrupt import Interrupted

NUM_IMAGES = 16


def export(run: Run) -> None:
    """Export every member that is not exported yet, then measure latencies side by side."""
    family = Family.load(run.folder.family)
    for member in family:
        if run.should_stop():
            raise Interrupted(f"stopped before the export of {member.name}")
        remedy = f"{command('retrain', run.folder.path)} makes it again"
        digests.check_whole(member.path, *FILES, remedy=remedy)
        _export(run, member)
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


def _export(run: Run, member: FamilyMember) -> None:
    settings, data = run.config.export, run.data
    wanted = {ONNX_FILE: settings.onnx, PROGRAM_FILE: settings.torch_export}
    missing = [name for name, want in wanted.items() if want and not _is_done(member.path, name)]
    if not missing:
        return
    for name in digests.changed(member.path, missing):
        run.console.say(f"export: {member.name}/{name} is not what was written; made again")
    images, _ = data.search.take(torch.arange(min(NUM_IMAGES, len(data.search))))
    batch = prepare(images, resolution=member.resolution, mean=data.mean, std=data.std)
    with run.books.measure("export", member.name):
        done = export_member(
            member.path, images=batch, onnx=ONNX_FILE in missing, program=PROGRAM_FILE in missing
        )
    say_exports(run, member.path, done, name=member.name)


def _is_done(folder: Path, name: str) -> bool:
    """A kill may leave an export that the card does not tell of."""
    return digests.is_whole(folder, name) and card_exports.is_noted(folder, name)


def _measure_latency(run: Run, family: Family) -> None:
    """Latency of each member on this device, into latency.json: it depends on time and place."""
    known = run.folder.find(Latencies)
    if known is not None and set(family.names) <= known.members.keys():
        return
    settings = run.config.latency
    measured = measure_many(
        {m.name: (package.load_network(m.path), m.resolution) for m in family},
        in_channels=run.data.in_channels,
        runtime=run.runtime,
        batch_size=settings.batch_size,
        threads=settings.threads,
    )
    run.folder.write(
        Latencies(device=run.runtime.device_name, batch_size=settings.batch_size, members=measured)
    )
