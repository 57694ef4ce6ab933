"""Members as INT8: part of the export stage, where settings ask for it."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from escalade.artefacts.quantisations import Quantisations, QuantisedMember
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.data import prepare
from escalade.data.splits.split import Split
from escalade.evaluate.rating import rating_of
from escalade.evaluate.timing.turns import random_images, take_turns
from escalade.family.exports.exporting import ONNX_FILE, MissingExtra, onnx_session
from escalade.family.exports.quantising import INT8_FILE, Quantised, quantise
from escalade.family.family import Family, FamilyMember
from escalade.family.packaging import card_exports
from escalade.planning.resolved_run import Run
from escalade.train.interrupt import Interrupted
from escalade.train.runtime import limit_threads

NUM_CALIBRATION, BATCH = 256, 64


def quantise_members(run: Run, family: Family) -> None:
    """Quantise every member that is not done yet, and note it in int8.json and on its card.

    Raises:
        Interrupted: if the run should stop.
    """
    for member in family:
        if run.should_stop():
            raise Interrupted(f"stopped before the quantisation of {member.name}")
        if not _is_done(run, member):
            try:
                _quantise(run, member)
            except MissingExtra as error:
                run.console.say(f"export: {member.name}/{INT8_FILE} left out: {error}")


def _is_done(run: Run, member: FamilyMember) -> bool:
    known = run.folder.find(Quantisations)
    is_there = (member.path / INT8_FILE).exists() and card_exports.is_noted(member.path, INT8_FILE)
    return is_there and known is not None and member.name in known.members


def _quantise(run: Run, member: FamilyMember) -> None:
    data = run.data
    train = min(NUM_CALIBRATION, len(data.train))
    spread = torch.arange(train) * len(data.train) // train
    calibration = [images for images, _ in _batches(run, data.train, spread, member)]
    search = _batches(run, data.search, torch.arange(len(data.search)), member)
    with run.books.measure("int8", member.name):
        made = quantise(member.path, calibration=calibration, search=search, rating=rating_of(data))
        found = _timed(run, member, made)
    told = card_exports.in_words(found, words=SCORE_WORDS[data.task])
    card_exports.add_int8(member.path, told)
    known = run.folder.find(Quantisations)
    run.folder.write(
        Quantisations(
            device=run.runtime.device_name,
            batch_size=run.config.latency.batch_size,
            members={**(known.members if known else {}), member.name: found},
        )
    )
    run.console.say(f"export: {member.name}/{INT8_FILE}: {told}")


def _batches(
    run: Run, split: Split, indices: Tensor, member: FamilyMember
) -> list[tuple[Tensor, Tensor]]:
    """Prepared images and labels."""
    made = []
    for some in torch.split(indices, BATCH):
        images, labels = split.take(some)
        size, mean, std = member.resolution, run.data.mean, run.data.std
        made.append((prepare(images, resolution=size, mean=mean, std=std), labels))
    return made


def _timed(run: Run, member: FamilyMember, found: Quantised) -> QuantisedMember:
    """With what both files take here, in turns."""
    settings, data = run.config.latency, run.data
    images = random_images(
        settings.batch_size,
        in_channels=data.in_channels,
        resolution=member.resolution,
        device=torch.device("cpu"),
    ).contiguous()
    with limit_threads(settings.threads):
        files = {
            name: onnx_session((member.path / name).read_bytes()) for name in (ONNX_FILE, INT8_FILE)
        }
        runs = {name: partial(session, images) for name, session in files.items()}
        times = take_turns(runs, runtime=run.runtime)
    return QuantisedMember(
        calibration=found.calibration,
        num_calibration=min(NUM_CALIBRATION, len(data.train)),
        num_images=len(data.search),
        fp32=found.fp32,
        int8=found.int8,
        fp32_latency=times[ONNX_FILE],
        int8_latency=times[INT8_FILE],
        layers=found.layers,
    )
