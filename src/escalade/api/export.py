"""The export stage: ONNX and torch.export beside each member's weights, compared on real images."""

from __future__ import annotations

from pathlib import Path

import torch

from escalade.api.session import Session
from escalade.artefacts.files import write_json
from escalade.data import prepare
from escalade.evaluate import latency
from escalade.family import card_exports, package
from escalade.family.export import ONNX_FILE, PROGRAM_FILE, export_member
from escalade.family.family import Family
from escalade.train.interrupt import Interrupted

NUM_IMAGES = 16


def export(session: Session) -> None:
    """Export every member that is not exported yet, then measure latencies side by side."""
    family = Family.load(session.folder.family)
    settings, data = session.config.export, session.data
    for member in family:
        if session.should_stop():
            raise Interrupted(f"stopped before the export of {member.name}")
        wanted = {ONNX_FILE: settings.onnx, PROGRAM_FILE: settings.torch_export}
        missing = [f for f, want in wanted.items() if want and not _is_done(member.path, f)]
        if not missing:
            continue
        rows = torch.arange(min(NUM_IMAGES, len(data.search)))
        images, _ = data.search.take(rows)
        batch = prepare(images, resolution=member.resolution, mean=data.mean, std=data.std)
        with session.ledger.measure("export", runtime=session.runtime, name=member.name):
            done = export_member(
                member.path,
                images=batch,
                onnx=ONNX_FILE in missing,
                program=PROGRAM_FILE in missing,
            )
        card_exports.add_exports(member.path, done.written)
        for parity in done.written:
            session.console.say(
                f"export: {member.name}/{parity.name} agrees on {parity.num_images} images "
                f"(largest difference {parity.max_difference:.0e})"
            )
        for name, reason in done.skipped:
            session.console.say(f"export: {member.name}/{name} left out: {reason}")
    _measure_latency(session, family)


def _is_done(folder: Path, name: str) -> bool:
    """A kill may leave an export that the card does not tell of."""
    return (folder / name).exists() and card_exports.is_noted(folder, name)


def _measure_latency(session: Session, family: Family) -> None:
    """Latency of each member on this device, into latency.json: it depends on time and place."""
    path = session.folder.path / "latency.json"
    if path.exists() and set(family.names) <= session.folder.read(path)["members"].keys():
        return
    networks = {m.name: (package.load_network(m.path), m.resolution) for m in family}
    settings = session.config.latency
    measured = latency.measure_many(
        networks,
        in_channels=session.data.in_channels,
        runtime=session.runtime,
        batch_size=settings.batch_size,
        threads=settings.threads,
    )
    write_json(
        path,
        {
            "device": session.runtime.device_name,
            "batch_size": settings.batch_size,
            "members": {
                name: {"median": found.median, "low": found.low, "high": found.high}
                for name, found in measured.items()
            },
        },
    )
