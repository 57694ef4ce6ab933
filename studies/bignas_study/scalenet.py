"""A ScaleNet family that deploys without retraining, against one that is fine-tuned.

Both supernets see the same images under hierarchical sampling; one by the sandwich step, whose
largest paths come from the last scaling stage and teach. Its family is sliced. The other's paths
train one at a time, and the time that this saves goes into training the three members on, as long
as the supernet: each by itself, or together in the supernet, so that they stay slices of one set of
weights. The tables show what all took. Both have
the best recipe (batches of 64, clipped gradients), which helps single paths as well.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bignas_study.plan import Plan, Work, score_slices
from bignas_study.setting import LADDER, LADDER_SPACE, SANDWICH, SINGLE, Setting, Training
from bignas_study.supernets import ANEW, Job
from common.files import read
from common.supernets import objective_of
from escalade.artefacts.files import write_json
from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.core.space.path import Path as NetworkPath
from escalade.data import TrainBatches
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.trainings.making import finish
from escalade.search import MCEA, Evolution
from escalade.supernet.extract import extract
from escalade.train.loop import train
from escalade.train.prepare import augmentation
from escalade.train.runtime import Runtime
from escalade.train.steps import PlainStep

FAMILY = "family.json"
GENERATIONS, ITERATIONS = 4, 2
# Of the peak rate of a training from scratch.
FINETUNE_SHARE = 0.25


def run(work: Work, seed: int) -> None:
    """Both supernets and their families; the single-path one's also fine-tuned."""
    for step in (SANDWICH, SINGLE):
        training = _training(work.plan, step, seed)
        score_slices(work, [training])
        (job,) = work.train([training])
        if read(job.folder / FAMILY) is None:
            write_json(job.folder / FAMILY, _family(work, job))
        if step == SINGLE:
            for path in _members(job):
                _finetune(work, job, path.architecture)
            _train_together(work, job)


def found(plan: Plan, seed: int) -> list[dict[str, Any]]:
    """Families that are finished: members, their accuracies, and what they took."""
    rows = []
    for step in (SANDWICH, SINGLE):
        job = plan.job(_training(plan, step, seed))
        family, cost = read(job.folder / FAMILY), job.cost
        if family is None or cost is None:
            continue
        members = family["members"]
        shared = {"seed": seed, "macs": [member["macs"] for member in members]}
        sliced = {
            "name": f"{'sandwich' if step == SANDWICH else 'single path'}, sliced",
            "accuracies": [member["judged"] for member in members],
            "device_seconds": cost["device_seconds"],
        }
        rows.append(shared | sliced)
        tuned = [read(_tuned(job, path.architecture)) for path in _members(job)]
        if step == SINGLE and all(tuned):
            done: list[Any] = tuned
            seconds = sum(each["device_seconds"] for each in done) + cost["device_seconds"]
            rows.append(
                shared
                | {
                    "name": "single path, fine-tuned",
                    "accuracies": [each["accuracy"] for each in done],
                    "device_seconds": seconds,
                }
            )
        together = _together(plan.setting, job)
        if (judged := read(together.folder / FAMILY)) is not None and together.cost is not None:
            rows.append(
                shared
                | {
                    "name": "single path, together, sliced",
                    "accuracies": judged["accuracies"],
                    "device_seconds": together.cost["device_seconds"],
                }
            )
    return rows


def _training(plan: Plan, step: str, seed: int) -> Training:
    return replace(plan.steady(seed), space=LADDER_SPACE, step=step)


def _family(work: Work, job: Job) -> dict[str, Any]:
    """The family that MCEA finds on the supernet; its slices on all judge images."""
    setting, space = work.setting, job.space
    searcher = MCEA(
        space,
        budgets=LADDER,
        seed=job.training.seed,
        num_images=len(work.searching.data.search),
        num_bases=setting.bases,
        iterations=ITERATIONS,
        evolution=Evolution(population=setting.population, generations=GENERATIONS),
        strategies_per_stage=setting.strategies,
    )
    stored = job.folder / "evaluations.sqlite"
    found = work.searching.search(searcher, job, store=stored)
    paths = [space.path(stage["genome"], stage["strategy"]) for stage in found["stages"]]
    judged = work.judging().score(job, paths)
    kept = ("stage", "budget", "genome", "strategy", "macs", "score", "architecture")
    members = [
        {name: stage[name] for name in kept} | {"judged": accuracy}
        for stage, accuracy in zip(found["stages"], judged, strict=True)
    ]
    return {"members": members, "evaluations": found["evaluations"]}


def _members(job: Job) -> list[NetworkPath]:
    family = read(job.folder / FAMILY)
    assert family is not None
    return [job.space.path(m["genome"], m["strategy"]) for m in family["members"]]


def _together(setting: Setting, job: Job) -> Job:
    """The members' training together, after the supernet's."""
    return replace(
        job,
        folder=job.folder / "together",
        seed=job.seed + ANEW,
        recipe=_recipe(setting),
        start=job,
        members=tuple(_members(job)),
    )


def _train_together(work: Work, job: Job) -> None:
    """Train the members on in the supernet, and score them as its slices on all judge images."""
    together = _together(work.setting, job)
    bench = work.judging()
    bench.train([together])
    if read(together.folder / FAMILY) is None:
        accuracies = bench.score(together, together.members)
        write_json(together.folder / FAMILY, {"accuracies": accuracies})


def _tuned(job: Job, architecture: Architecture) -> Path:
    return job.folder / "finetuned" / f"{architecture.key}.json"


def _recipe(setting: Setting) -> Recipe:
    plain = setting.alone_recipe()
    return replace(plain, learning_rate=FINETUNE_SHARE * plain.learning_rate)


def _finetune(work: Work, job: Job, architecture: Architecture) -> None:
    """Train a slice on, and score it on all judge images."""
    path = _tuned(job, architecture)
    if read(path) is not None:
        return
    data, recipe, seed = work.judging().data, _recipe(work.setting), job.training.seed
    runtime = Runtime(device="cpu", threads=1)
    network = extract(job.trained(), architecture)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = TrainBatches(
        data.train,
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=augmentation(recipe, data),
    )
    checkpoint = path.with_suffix(".pt")
    result = train(
        PlainStep(
            network,
            resolution=architecture.resolution,
            objective=objective_of(recipe, data, runtime),
        ),
        network=network,
        batches=batches,
        recipe=recipe,
        num_steps=recipe.num_steps(batches.num_per_epoch),
        runtime=runtime,
        seed=seed,
        name=f"finetune {architecture.key}",
        checkpoint=checkpoint,
        progress=lambda progress: work.say(f"fine-tuning: step {progress.step}"),
    )
    num = min(work.setting.recalibration_images, len(data.train))
    settings = EvaluationSettings(num_recalibration=num, recalibration_batch=min(128, num))
    made = finish(network, architecture, data=data, runtime=runtime, settings=settings)
    write_json(path, {"accuracy": made.search.accuracy, "device_seconds": result.seconds})
    checkpoint.unlink(missing_ok=True)
