"""What the studies use of Escalade, in one place: no other file of theirs imports it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from escalade import search
from escalade.api.beginning.begin import open_run
from escalade.artefacts.files import read_json, write_bytes, write_json, write_text
from escalade.cli.parser import Parser, UsageError
from escalade.config import Config, read_preset, resolve
from escalade.config.recipe import Recipe
from escalade.core.network import block as parts
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.regnet import regnet
from escalade.core.numbers import statistics as stats
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.numbers.seeds import generator, torch_seed
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.scaling.extrapolation import Growth, fit
from escalade.core.scaling.grown_members import follow, solve
from escalade.core.scaling.hybrid import scale_to, scale_within
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import realised
from escalade.core.scaling.rules import rule
from escalade.core.scaling.scale_by import scale
from escalade.core.space.path import IntArray, Path, Population
from escalade.core.space.plain_network import HandMade
from escalade.core.space.space import Space
from escalade.core.values.codec import encode
from escalade.data import ImageData, TrainBatches
from escalade.data import load as load_data
from escalade.data.batching.batches import prepare as prepare_images
from escalade.data.cache.cache_room import default_cache
from escalade.data.fashion_mnist import DEBIAN, EMBEDDED, idx_bytes, read_idx
from escalade.data.image_data import channel_statistics
from escalade.data.splits.split import Split, row_digests
from escalade.evaluate import path_meter as measure
from escalade.evaluate.batch_cache import BatchCache
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.score import BATCH_SIZE as SCORED_AT_ONCE
from escalade.evaluate.score import count_correct
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.timing.turns import rounds
from escalade.evaluate.timing.turns import summarise as summarise_seconds
from escalade.family.exports.network_times import prepare as prepare_timing
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.making import Workplace, finish
from escalade.family.trainings.side_by_side import retrain_all
from escalade.nets.build import build
from escalade.planning.begun_space import named_space
from escalade.planning.resolved_run import load_images as run_images
from escalade.report.figures.figure import Figure, Key, log_axis
from escalade.report.figures.figure import layout as figure_layout
from escalade.report.palette import NEUTRAL, colour
from escalade.report.svg import draw
from escalade.search import Evolution, Searcher
from escalade.search.front import objectives
from escalade.search.methods import METHODS, Task
from escalade.search.methods.evolutions import POPULATION
from escalade.spaces.known import load as known_architecture
from escalade.spaces.load import load
from escalade.supernet.extract import extract
from escalade.supernet.make import make_supernet
from escalade.supernet.normalise import Normalise
from escalade.supernet.shared_weights import SharedWeights as Supernet
from escalade.train.interrupt import Interrupted
from escalade.train.loop import train
from escalade.train.metrics import Progress
from escalade.train.pool import WorkerPool
from escalade.train.prepare import objective, training_batches
from escalade.train.runtime import Runtime, num_cores
from escalade.train.step import Batch, PlainStep, Step
from escalade.train.steps.fair import FairStep
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.sandwich import SandwichStep
from escalade.train.steps.single_path import SinglePathStep
from escalade.train.steps.together import TogetherStep
from escalade.train.worker import Link

CHANNELS, CLASSES = 1, 10  # of Fashion-MNIST


def num_threads() -> int:
    """Of this process, on CPU."""
    return torch.get_num_threads()


def macs(architecture: Architecture) -> int:
    """Of one image."""
    return cost.of(architecture).macs


def load_space(name: str, *, factors: Sequence[float] | None = None) -> Any:
    """A supernet's space for Fashion-MNIST, by name; `factors` are the ladder f_j / f_0."""
    return load(name, factors=factors, in_channels=CHANNELS, num_classes=CLASSES)


def design_space(name: str) -> Any:
    """A design space for Fashion-MNIST, by name."""
    return load_space(name)


def divisors(space: Any) -> dict[str, int]:
    """What widths and resolutions are rounded to."""
    data = space.layout
    return {"width_divisor": data.width_divisor, "resolution_divisor": data.resolution_divisor}


def new_supernet(space: Any, *, seed: int, zero_residual: bool = False) -> Supernet:
    """A space's supernet, with the initial weights of a seed."""
    torch.manual_seed(torch_seed(seed, "supernet"))
    return make_supernet(space.shape, zero_residual=zero_residual)


def recipe(epochs: float, learning_rate: float, *, steps: int | None, limit: int | None) -> Recipe:
    """The recipe of the claim test at some length; a smoke test's has steps and smaller batches."""
    batch = 128 if limit is None else min(128, limit // 4)
    length: dict[str, Any] = {"steps": steps} if steps else {"epochs": epochs}
    return Recipe(**length, learning_rate=learning_rate, batch_size=batch, padding=2, flip=True)


def evaluation_settings(num_recalibration: int, data: ImageData) -> EvaluationSettings:
    """So many training images set batch norm statistics, or all there are."""
    num = min(num_recalibration, len(data.train))
    return EvaluationSettings(num_recalibration=num, recalibration_batch=min(128, num))


def fit_growth(family: Sequence[Architecture], budgets: Sequence[float]) -> Growth:
    """The growth functions through a family's strategies as realised, at its budgets in macs."""
    ladder = Ladder(tuple(Budget(target, "macs") for target in budgets))
    return fit(
        [ladder.stage(target) for target in budgets],
        scalings=[realised(family[0], member) for member in family],
    )


def demo_images(config: Config) -> ImageData:
    """The images of a run with these settings."""
    return run_images(config, named_space(config))


def joint_search(config: Config, space: Any, *, num_images: int) -> Searcher:
    """The joint search of a run with these settings."""
    method = METHODS["mcea"]
    task = Task(
        space=space,
        settings=method.stated(config.search, kind=config.budget_kind, has_budgets=True),
        budgets=config.ladder.budgets,
        kind=config.budget_kind,
        tolerance=config.tolerance,
        seed=config.seed,
    )
    return method.begin(task, num_images=num_images)


def evolved(config: Config, *, num_evaluations: int) -> Evolution:
    """The evolution of a run with these settings, as long as so many scores of each budget make."""
    population = config.search.population or POPULATION
    return Evolution(population=population, generations=max(1, num_evaluations // population))
