"""What an after-analysis trains: the arms of BigNAS's Tables 2 and 3, with their recipes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from escalade.api.estimate import num_images
from escalade.api.session import Session, recipe_for, weights_of
from escalade.api.together import TOGETHER, together_recipe
from escalade.api.trainings import sliced
from escalade.core.space.path import Path as NetworkPath
from escalade.family.in_place import InPlaceJob
from escalade.family.parallel import Job
from escalade.family.retrain import RetrainJob
from escalade.train.recipe import Recipe

ARMS = ("finetune", "scratch", "distil_a", "distil_b")
RATES = (0.1, 0.01, 0.001)
# Section 5 fine-tunes for 25 epochs, and EfficientNet's schedule has 350.
FINETUNE_SHARE = 25 / 350


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the analysis, as a path of the run's supernet."""

    name: str
    path: NetworkPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way to a network's weights.

    Attributes:
        name: of its folder.
        network: whose weights.
        arm: slice, together, or one of `ARMS`.
        folder: where it is made and kept.
        rate: of fine-tuning, relative to the supernet's peak.
        job: the training; None for slices.
    """

    name: str
    network: Network
    arm: str
    folder: Path
    rate: float | None = None
    job: Job | None = None


class Trials:
    """Makes the trials of one analysis.

    Names tell steps, so analyses of other lengths stand beside each other.

    Args:
        session: the run.
        teacher: the network that distillation learns from.
        epochs: as in `Analysis`.
    """

    def __init__(self, session: Session, *, teacher: Network, epochs: float | None) -> None:
        self.teacher = teacher
        self._session = session
        self._epochs = epochs
        config, data = session.config, session.data
        self._alone = recipe_for(config.retrain.recipe, data)
        self._shared = recipe_for(config.supernet.recipe, data)
        num_train = len(data.train)
        self._num_images = self._num_seen = num_images(self._shared, num_train)
        if weights_of(config, session.supernet_space) == TOGETHER:
            self._num_seen += num_images(together_recipe(session), num_train)

    def slice(self, network: Network) -> Trial:
        """The network as the supernet has it."""
        name = f"{network.name}-slice"
        return Trial(name=name, network=network, arm="slice", folder=self._folder(name))

    def together(self, network: Network) -> Trial:
        """The slice after the run's members trained together; made by the run, if it does so."""
        folder = self._session.folder.training / f"{network.name}-{TOGETHER}"
        return Trial(
            name=f"{network.name}-{TOGETHER}", network=network, arm=TOGETHER, folder=folder
        )

    def finetune(self, network: Network, rate: float) -> Trial:
        """Trained on from the slice, at a constant rate, by the supernet's optimizer (Table 2)."""
        shared = self._shared
        recipe = replace(
            self._lasting(self._alone, on=FINETUNE_SHARE * self._num_images),
            optimizer=shared.optimizer,
            momentum=shared.momentum,
            nesterov=shared.nesterov,
            learning_rate=rate * shared.learning_rate,
            schedule="constant",
            constant_after=1.0,
            warmup=0.0,
            warmup_epochs=None,
        )
        start = self.slice(network).folder
        return self._alone_trial(network, "finetune", recipe=recipe, rate=rate, start=start)

    def scratch(self, network: Network) -> Trial:
        """Trained alone, on the labels."""
        return self._alone_trial(network, "scratch", recipe=self._lasting(self._alone))

    def distil_a(self, network: Network) -> Trial:
        """Trained alone, on the predictions of the teacher, which was trained so before."""
        return self._alone_trial(
            network,
            "distil_a",
            recipe=self._lasting(self._alone),
            teacher=self.scratch(self.teacher).folder,
        )

    def distil_b(self, network: Network) -> Trial:
        """Trained with the teacher in one fresh supernet, then sliced."""
        settings = self._session.config.supernet
        recipe = self._lasting(self._shared)
        name = f"{network.name}-distil_b-{recipe.steps}"
        job = InPlaceJob(
            name=name,
            largest=self.teacher.path,
            child=network.path,
            shape=self._session.supernet_space.shape,
            zero_residual=settings.zero_residual,
            regularise=settings.regularise,
            patches=settings.patches,
            recipe=recipe,
            seed=self._session.config.seed,
            folder=self._folder(name),
        )
        return Trial(name=name, network=network, arm="distil_b", folder=job.folder, job=job)

    def _alone_trial(
        self,
        network: Network,
        arm: str,
        *,
        recipe: Recipe,
        rate: float | None = None,
        start: Path | None = None,
        teacher: Path | None = None,
    ) -> Trial:
        at = "" if rate is None else f"-{rate:g}"
        name = f"{network.name}-{arm}{at}-{recipe.steps}"
        config = self._session.config
        job = RetrainJob(
            name=name,
            architecture=network.path.architecture if start is None else sliced(start),
            recipe=recipe,
            seed=config.seed,
            folder=self._folder(name),
            start=start,
            teacher=teacher,
            zero_residual=config.supernet.zero_residual or None,  # as the slices began
        )
        return Trial(name=name, network=network, arm=arm, folder=job.folder, rate=rate, job=job)

    def _lasting(self, recipe: Recipe, *, on: float | None = None) -> Recipe:
        """The recipe with its steps: of the epochs given, else on so many images, or on as many as
        the run's slices have seen."""
        if self._epochs is None:
            steps = max(1, round((on or self._num_seen) / recipe.batch_size))
        else:
            num_per_epoch = len(self._session.data.train) // recipe.batch_size
            steps = replace(recipe, epochs=self._epochs, steps=None).num_steps(num_per_epoch)
        return replace(recipe, epochs=None, steps=steps)

    def _folder(self, name: str) -> Path:
        return self._session.folder.analysis_trainings / name
