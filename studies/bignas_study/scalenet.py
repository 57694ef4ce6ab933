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
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bignas_study.setting import LADDER_SPACE, SANDWICH, SINGLE, Setting, Training
from bignas_study.space import LADDER
from bignas_study.supernets import ANEW, Job, Work
from common import lab
from common.files import once, read
from common.lab import Architecture, Recipe
from common.lab import Path as NetworkPath

FAMILY = "family"
GENERATIONS, ITERATIONS = 4, 2
FINETUNE_SHARE = 0.25  # of the peak rate of a training from scratch
Row = dict[str, Any]


def run(work: Work, seed: int) -> None:
    """Both supernets and their families; the single-path one's also fine-tuned."""
    for step in (SANDWICH, SINGLE):
        training = _training(work, step, seed)
        work.score_slices([training])
        job = work.job(training)
        once(job.folder / f"{FAMILY}.json", partial(_family, work, job))
        if step == SINGLE:
            for path in _members(job):
                network = path.architecture
                once(_tuned(job, network), partial(_finetune, work, job, network))
            together, bench = _together(work.setting, job), work.judging()
            bench.train([together])
            bench.scored(together, together.members, FAMILY)


def found(work: Work, seed: int) -> list[Row]:
    """Families that are finished: members, their accuracies, and what they took."""
    rows: list[Row] = []

    def add(name: str, macs: list[int], accuracies: list[float], seconds: float) -> None:
        row = {"name": name, "accuracies": accuracies, "device_seconds": seconds}
        rows.append({"seed": seed, "macs": macs} | row)

    for step, name in ((SANDWICH, "sandwich"), (SINGLE, "single path")):
        job = work.job(_training(work, step, seed))
        family, cost = read(job.folder / f"{FAMILY}.json"), job.cost
        if family is None or cost is None:
            continue
        macs = [member["macs"] for member in family["members"]]
        judged, spent = [m["judged"] for m in family["members"]], cost["device_seconds"]
        add(f"{name}, sliced", macs, judged, spent)
        tuned = [each for path in _members(job) if (each := read(_tuned(job, path.architecture)))]
        if step == SINGLE and len(tuned) == len(macs):
            seconds = sum(each["device_seconds"] for each in tuned) + spent
            add(f"{name}, fine-tuned", macs, [each["accuracy"] for each in tuned], seconds)
        together = _together(work.setting, job)
        scored, cost = read(together.folder / f"{FAMILY}.json"), together.cost
        if scored is not None and cost is not None:
            accuracies = scored["accuracies"]
            add(f"{name}, together, sliced", macs, accuracies, cost["device_seconds"])
    return rows


def _training(work: Work, step: str, seed: int) -> Training:
    return replace(work.steady(seed), space=LADDER_SPACE, step=step)


def _family(work: Work, job: Job) -> Row:
    """The family that MCEA finds on the supernet; its slices on all judge images."""
    setting, bench = work.setting, work.searching
    searcher = lab.search.MCEA(
        job.space,
        budgets=LADDER,
        seed=job.training.seed,
        num_images=len(bench.data.search),
        num_bases=setting.bases,
        iterations=ITERATIONS,
        evolution=lab.Evolution(population=setting.population, generations=GENERATIONS),
        strategies_per_stage=setting.strategies,
    )
    found = bench.search(searcher, job, store=job.folder / "evaluations.sqlite")
    judged = work.judging().score(job, _paths(job, found["stages"]))
    kept = ("stage", "budget", "genome", "strategy", "macs", "score", "architecture")
    members = [
        {name: stage[name] for name in kept} | {"judged": accuracy}
        for stage, accuracy in zip(found["stages"], judged, strict=True)
    ]
    return {"members": members, "evaluations": found["evaluations"]}


def _members(job: Job) -> list[NetworkPath]:
    family = read(job.folder / f"{FAMILY}.json")
    assert family is not None
    return _paths(job, family["members"])


def _paths(job: Job, stages: list[Row]) -> list[NetworkPath]:
    return [job.space.path(stage["genome"], stage["strategy"]) for stage in stages]


def _together(setting: Setting, job: Job) -> Job:
    """The members' training together in the supernet, after its own."""
    return replace(
        job,
        folder=job.folder / "together",
        seed=job.seed + ANEW,
        recipe=_recipe(setting),
        start=job,
        members=tuple(_members(job)),
    )


def _tuned(job: Job, architecture: Architecture) -> Path:
    return job.folder / "finetuned" / f"{architecture.key}.json"


def _recipe(setting: Setting) -> Recipe:
    plain = setting.alone_recipe()
    return replace(plain, learning_rate=FINETUNE_SHARE * plain.learning_rate)


def _finetune(work: Work, job: Job, architecture: Architecture) -> Row:
    """Train a slice on, and score it on all judge images."""
    data, recipe, seed = work.judging().data, _recipe(work.setting), job.training.seed
    runtime = lab.Runtime(device="cpu", threads=1)
    network = lab.extract(job.trained(), architecture)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    objective = lab.objective(recipe, data, runtime=runtime)
    batches = lab.training_batches(recipe, data, seed=seed, runtime=runtime)
    checkpoint = _tuned(job, architecture).with_suffix(".pt")
    result = lab.train(
        lab.PlainStep(network, resolution=architecture.resolution, objective=objective),
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
    settings = lab.evaluation_settings(work.setting.recalibration_images, data)
    place = lab.Workplace(data=data, runtime=runtime, settings=settings)
    made = lab.finish(network, architecture, place=place)
    checkpoint.unlink(missing_ok=True)
    return {"accuracy": made.search.accuracy, "device_seconds": result.seconds}
