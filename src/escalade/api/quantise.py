"""Members as INT8: part of the export stage, where settings ask for it, or afterwards."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from escalade.api.beginning.begin import taken_up
from escalade.api.report import report
from escalade.artefacts import digests
from escalade.artefacts.quantisations import Quantisations, QuantisedMember, Tuning
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.data import prepare
from escalade.data.splits.split import Split
from escalade.evaluate.rating import rating_of
from escalade.evaluate.timing.turns import random_images, take_turns
from escalade.family.exports.exporting import (
    ONNX_FILE,
    MissingExtra,
    onnx_content,
    onnx_facts,
    onnx_session,
    trace,
)
from escalade.family.exports.quantising import INT8_FILE, Quantised, quantise
from escalade.family.family import Family, FamilyMember
from escalade.family.packaging import card_exports, package
from escalade.family.trainings.tuned import TuneJob, tuning_recipe
from escalade.planning.resolved_run import Run
from escalade.train.interrupt import Interrupted, Stop, TrainingDiverged
from escalade.train.runtime import Runtime, limit_threads

NUM_CALIBRATION, BATCH = 256, 64


def quantise_run(path: Path, *, tune: bool, should_stop: Stop | None = None) -> None:
    """Quantise the members of a finished run, and tune those that lose more than a point if asked.

    Raises:
        Invalid: if there are no members, or one is not what was written.
        Interrupted: `should_stop` said so; the same call goes on.
    """
    with taken_up(path, should_stop=should_stop) as run:
        if run.runtime.is_main:
            family = Family.load(run.folder.family)
            family.check_whole(but=INT8_FILE)
            quantise_members(run, family, tune=tune or run.config.export.int8_tune)
            report(run)
        run.runtime.barrier()


def quantise_members(run: Run, family: Family, *, tune: bool) -> None:
    """Quantise every member that is not done yet, and note it in int8.json and on its card.

    Args:
        run: whose members they are.
        family: they.
        tune: train those shortly with the rounding in place that lose more than a point.

    Raises:
        Interrupted: if the run should stop.
    """
    for member in family:
        if run.should_stop():
            raise Interrupted(f"stopped before the quantisation of {member.name}")
        if not _is_done(run, member, tune=tune):
            for name in digests.changed(member.path, (INT8_FILE,)):
                run.console.say(f"export: {member.name}/{name} is not what was written; made again")
            try:
                _quantise(run, member, tune=tune)
            except MissingExtra as error:
                run.console.say(f"export: {member.name}/{INT8_FILE} left out: {error}")


def _is_done(run: Run, member: FamilyMember, *, tune: bool) -> bool:
    known = run.folder.find(Quantisations)
    is_there = digests.is_whole(member.path, INT8_FILE) and card_exports.is_noted(
        member.path, INT8_FILE
    )
    if known is None or member.name not in known.members or not is_there:
        return False
    return not (tune and known.members[member.name].wants_tuning)


def _quantise(run: Run, member: FamilyMember, *, tune: bool) -> None:
    data = run.data
    train = min(NUM_CALIBRATION, len(data.train))
    spread = torch.arange(train) * len(data.train) // train
    calibration = [images for images, _ in _batches(run, data.train, spread, member)]
    search = _batches(run, data.search, torch.arange(len(data.search)), member)
    job = _tune_job(run, member)
    with run.books.measure("int8", member.name):
        made = quantise(
            member.path,
            calibration=calibration,
            search=search,
            rating=rating_of(data),
            tune=partial(_tuned, run, job, calibration=calibration) if tune else None,
        )
        found = _timed(run, member, made)
    if made.before is not None:
        tuning = Tuning(num_steps=job.recipe.steps or 0, before=made.before, after=made.after)
        found = replace(found, tuning=tuning)
    words, has_spaces = SCORE_WORDS[data.task], run.seed is None
    told = card_exports.in_words(found, words=words, has_spaces=has_spaces)
    card_exports.add_int8(member.path, told)
    known = run.folder.find(Quantisations)
    run.folder.write(
        Quantisations(
            device=run.runtime.device_name,
            batch_size=run.config.latency.batch_size,
            members={**(known.members if known else {}), member.name: found},
        )
    )
    shutil.rmtree(job.folder, ignore_errors=True)
    run.console.say(f"export: {member.name}/{INT8_FILE}: {told}")


def _tune_job(run: Run, member: FamilyMember) -> TuneJob:
    name = f"{member.name}-int8"
    return TuneJob(
        name=name,
        recipe=tuning_recipe(run.config.retrain.recipe, num_train=len(run.data.train)),
        seed=run.config.seed,
        folder=run.folder.training / name,
        member=member.path,
    )


def _tuned(run: Run, job: TuneJob, *, calibration: list[Tensor]) -> bytes | None:
    """The member, trained on with the rounding in place, as ONNX; None where that diverged."""
    run.console.say(f"export: {job.name}: {job.recipe.steps} steps with the rounding in place")
    runtime = Runtime(device=run.config.device, threads=run.config.threads, is_alone=True)
    try:
        network = job.make(replace(run.place, runtime=runtime), calibration=calibration)
    except TrainingDiverged as error:
        run.console.say(f"export: {error}")
        return None
    return onnx_content(trace(network, calibration[0]), facts=onnx_facts(package.read(job.member)))


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
        files = {name: onnx_session(content) for name, content in found.contents.items()}
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
