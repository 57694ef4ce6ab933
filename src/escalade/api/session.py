"""What the stages of one run share: configuration, images, space, device, console."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from escalade.api import latency
from escalade.api.console import Console
from escalade.api.run_folder import RunFolder, named_space
from escalade.artefacts.files import write_bytes
from escalade.config import Config, DatasetConfig, SupernetConfig
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.scaling.rules import rule
from escalade.core.space.space import Space
from escalade.data import ImageData
from escalade.data import load as load_data
from escalade.evaluate.ledger import Ledger
from escalade.supernet.make import make_supernet as make_any_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.recipe import Recipe
from escalade.train.runtime import Runtime

# Settings of the sandwich step alone.
OF_SANDWICH = ("num_random", "distillation", "regularise", "patches", "recipe.drop_rate")


@dataclass(frozen=True)
class Session:
    """A run being worked on; everything heavy is made when first asked for."""

    folder: RunFolder
    config: Config
    console: Console
    should_stop: Callable[[], bool]

    @cached_property
    def runtime(self) -> Runtime:
        return make_runtime(self.config)

    @cached_property
    def data(self) -> ImageData:
        return load_images(self.config, self._base_space)

    @cached_property
    def space(self) -> Space:
        data = self.data
        space = self._base_space.with_data(
            in_channels=data.in_channels, num_classes=data.num_classes
        )
        return latency.with_stored(self.folder, self.config, space)

    @property
    def supernet_space(self) -> Space:
        """The space, in a run with a supernet."""
        assert self.space.traits.has_supernet
        return self.space

    @cached_property
    def _base_space(self) -> Space:
        return self.folder.load_space(self.config)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.folder.ledger)

    def new_supernet(self) -> SharedWeights:
        """The supernet with the initial weights of this run's seed."""
        return make_supernet(self.config, self.supernet_space, self.runtime)

    def save_supernet(
        self,
        supernet: SharedWeights,
        path: Path | None = None,
        *,
        facts: dict[str, str] | None = None,
    ) -> None:
        """Write the trained weights; the file says that training is done.

        Args:
            supernet: trained.
            path: of the file; without, where the train stage leaves it.
            facts: kept in the file, beside the weights.
        """
        weights = {name: p.detach().cpu().contiguous() for name, p in supernet.named_parameters()}
        write_bytes(path or self.folder.supernet, save(weights, metadata=facts))

    def load_supernet(self) -> SharedWeights:
        """The trained supernet.

        Raises:
            ValueError: if it was not trained yet, or the file is damaged.
        """
        return self.load_weights(self.folder.supernet, stage="train")

    def load_weights(self, path: Path, *, stage: str) -> SharedWeights:
        """A supernet with the weights of a file.

        Raises:
            ValueError: if the file is missing or damaged, naming the stage that makes it.
        """
        remedy = f"run `escalade {stage} {self.folder.path}`"
        if not path.exists():
            raise ValueError(f"{path}: missing; {remedy}")
        supernet = self.new_supernet()
        try:
            supernet.load_state_dict(load_file(path))
        except SafetensorError as error:
            raise ValueError(f"{path}: damaged ({error}); delete it and {remedy}") from None
        return supernet


def make_supernet(config: Config, space: Space, runtime: Runtime) -> SharedWeights:
    """A supernet with the initial weights of a run's seed."""
    torch.manual_seed(torch_seed(config.seed, "supernet"))
    settings = config.supernet
    supernet = make_any_supernet(
        space.shape, coupled=settings.coupled, zero_residual=settings.zero_residual
    )
    return supernet.to(runtime.device)


def make_runtime(config: Config) -> Runtime:
    """Where this process computes."""
    return Runtime(device=config.device, precision=config.precision, threads=config.threads)


def cache_dir() -> Path:
    """Where decoded images and downloads are kept: $ESCALADE_CACHE or the user's cache."""
    given = os.environ.get("ESCALADE_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "escalade"


def load_images(config: Config, space: Space | None = None) -> ImageData:
    """The run's images, decoded once and divided by its seed; the space tells a folder's side."""
    settings = config.dataset
    side = settings.side
    if side is None and Path(config.data).expanduser().is_dir():
        side = _largest_side(config, space or named_space(config))
    try:
        return load_data(
            config.data,
            cache_dir=cache_dir(),
            side=side,
            in_channels=settings.in_channels,
            seed=config.seed,
            search_size=settings.search_size,
            limit=settings.limit,
            max_skipped=settings.max_skipped,
        )
    except ValueError as error:
        raise ValueError(_of_dataset(str(error))) from error


def _of_dataset(message: str) -> str:
    """A message about an argument of `load_data` that names the setting as a user has it."""
    name = message.partition(":")[0]
    return f"dataset.{message}" if name in {f.name for f in fields(DatasetConfig)} else message


def _largest_side(config: Config, space: Space) -> int:
    """The largest resolution of the run's networks; those trained alone are scaled by the rule."""
    side = space.largest_side
    if space.traits.has_supernet:
        return side
    last = (*config.ladder.budgets, *config.grown)[-1]
    factor = last.target / config.budgets[0]
    return math.ceil(side * rule(config.grow.rule, factor).resolution)


def path_sampler(config: Config, space: Space) -> Uniform | Hierarchical:
    """The sampler that the supernet trains with.

    In a space without scaling stages all paths are drawn alike, whatever they cost (BigNAS).
    """
    settings, window = config.supernet, None
    if not space.traits.scales:
        return Uniform(space)
    # The members of a front may have any size.
    if settings.window is not None and config.search.method != "nsga2":
        window = Window(
            targets=tuple(config.budgets),
            kind=config.budget_kind,
            factor=settings.window,
            balance=settings.balance,
        )
    if settings.sampler == "uniform":
        return Uniform(space, window=window)
    return Hierarchical(space, weights=settings.weights, window=window)


def check_sampling(config: Config, space: Space) -> None:
    """Refuse settings of how paths are drawn that this space has no use for.

    Raises:
        ValueError: naming the setting, and what says how paths are drawn instead.
    """
    settings, default = config.supernet, SupernetConfig()
    if space.traits.shares:
        _check_step_settings(config, space)
    if space.traits.scales:
        if config.search.method == "nsga2" and settings.window not in (None, default.window):
            raise ValueError(
                f"supernet.window: {settings.window:g} is around budgets, but the members of a "
                "front (search.method: nsga2) may have any size; leave it out"
            )
        return
    fair = step_of(config, space) == "fair"
    useful = {
        "sampler": ("hierarchical",) if fair else ("hierarchical", "uniform"),
        "weights": ("equal",),
        "window": (None, default.window),
        "balance": ("none", default.balance),
    }
    if not space.traits.shares:
        useful |= {name: (attrgetter(name)(default),) for name in OF_SANDWICH}
    for name, values in useful.items():
        if (value := attrgetter(name)(settings)) not in values:
            raise ValueError(
                f"supernet.{name}: {value} says nothing in the space {space.name}, which has "
                f"{'no sandwich' if name in OF_SANDWICH else 'no scaling stages'}; leave it out. "
                f"How paths are drawn there is supernet.step, "
                f"{' or '.join(space.traits.steps)}"
            )


def _check_step_settings(config: Config, space: Space) -> None:
    """Refuse settings of the sandwich step where another one trains."""
    step, settings, default = step_of(config, space), config.supernet, SupernetConfig()
    if step == "sandwich":
        return
    for name in OF_SANDWICH:
        value = attrgetter(name)(settings)
        if value != attrgetter(name)(default):
            raise ValueError(
                f"supernet.{name}: {value} is for the sandwich step, and this run's supernet.step "
                f"is {step}; leave it out, or use supernet.step: sandwich"
            )


def step_of(config: Config, space: Space) -> str:
    """How the supernet trains; where no step is given, the one that the space is made for."""
    if config.supernet.step is not None:
        return config.supernet.step
    return space.traits.steps[0]


def weights_of(config: Config, space: Space) -> str:
    """Where searched members' weights come from; where nothing is said, what suits the space.

    Where a slice keeps layers left out (identities that do not fold), it costs more than the
    network that was searched: there members are trained from scratch.
    """
    if config.retrain.searched is not None:
        return config.retrain.searched
    return space.traits.member_weights


def recipe_for(recipe: Recipe, data: ImageData) -> Recipe:
    """The recipe with batches that the training images can fill."""
    return replace(recipe, batch_size=min(recipe.batch_size, len(data.train)))


def member_recipe(config: Config, data: ImageData, *, from_weights: bool) -> Recipe:
    """How a member is trained on these images: from weights that are there, at a lower rate."""
    recipe = recipe_for(config.retrain.recipe, data)
    if not from_weights:
        return recipe
    return replace(recipe, learning_rate=recipe.learning_rate * config.retrain.finetune_rate)
