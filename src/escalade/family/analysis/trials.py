"""What an after-analysis trains: the arms of BigNAS's Tables 2 and 3, with their recipes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from escalade.artefacts.run_folder import RunFolder
from escalade.config import Config, Recipe
from escalade.core.space.path import Path as NetworkPath
from escalade.core.space.space import Space
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.in_place import InPlaceJob
from escalade.family.trainings.jobs import MemberJob
from escalade.family.trainings.kept import kept_network
from escalade.family.trainings.members import TOGETHER

ARMS = ("finetune", "scratch", "distil_a", "distil_b")
RATES = (0.1, 0.01, 0.001)
# Section 5 fine-tunes for 25 epochs, and EfficientNet's schedule has 350.
FINETUNE_SHARE = 25 / 350


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedNetwork:
    """A network of the analysis, as a path of the run's supernet."""

    name: str
    path: NetworkPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way to a network's weights.

    Attributes:
        name: of its folder.
        arm: slice, together, or one of `ARMS`.
        folder: where it is made and kept.
        rate: of fine-tuning, relative to the supernet's peak.
        job: the training; None for slices.
    """

    name: str
    network: ComparedNetwork
    arm: str
    folder: Path
    rate: float | None = None
    job: MemberJob | None = None


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Makes the trials of one analysis.

    Names tell steps, so analyses of other lengths stand beside each other.

    Attributes:
        teacher: the network that distillation learns from.
        epochs: as in `Analysis`.
    """

    config: Config
    space: Space
    run: RunFolder
    num_train: int
    teacher: ComparedNetwork
    epochs: float | None

    @property
    def _alone(self) -> Recipe:
        return self.config.retrain.recipe.for_images(self.num_train)

    @property
    def _shared(self) -> Recipe:
        return self.config.supernet.recipe.for_images(self.num_train)

    def slice(self, network: ComparedNetwork) -> Trial:
        """The network as the supernet has it."""
        name = f"{network.name}-slice"
        return Trial(name=name, network=network, arm="slice", folder=self._folder(name))

    def together(self, network: ComparedNetwork) -> Trial:
        """The slice after the run's members trained together; made by the run, if it does so."""
        name = f"{network.name}-{TOGETHER}"
        return Trial(name=name, network=network, arm=TOGETHER, folder=self.run.training / name)

    def finetune(self, network: ComparedNetwork, rate: float) -> Trial:
        """Trained on from the slice, at a constant rate, by the supernet's optimizer (Table 2)."""
        shared = self._shared
        recipe = replace(
            self._lasting(self._alone, on=FINETUNE_SHARE * shared.num_images(self.num_train)),
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

    def scratch(self, network: ComparedNetwork) -> Trial:
        """Trained alone, on the labels."""
        return self._alone_trial(network, "scratch", recipe=self._lasting(self._alone))

    def distil_a(self, network: ComparedNetwork) -> Trial:
        """Trained alone, on the predictions of the teacher, which was trained so before."""
        recipe, teacher = self._lasting(self._alone), self.scratch(self.teacher).folder
        return self._alone_trial(network, "distil_a", recipe=recipe, teacher=teacher)

    def distil_b(self, network: ComparedNetwork) -> Trial:
        """Trained with the teacher in one fresh supernet, then sliced."""
        settings, recipe = self.config.supernet, self._lasting(self._shared)
        name = f"{network.name}-distil_b-{recipe.steps}"
        job = InPlaceJob(
            name=name,
            largest=self.teacher.path,
            child=network.path,
            shape=self.space.shape,
            zero_residual=settings.zero_residual,
            regularise=settings.regularise,
            patches=settings.patches,
            recipe=recipe,
            seed=self.config.seed,
            folder=self._folder(name),
        )
        return Trial(name=name, network=network, arm="distil_b", folder=job.folder, job=job)

    def _alone_trial(
        self,
        network: ComparedNetwork,
        arm: str,
        *,
        recipe: Recipe,
        rate: float | None = None,
        start: Path | None = None,
        teacher: Path | None = None,
    ) -> Trial:
        at = "" if rate is None else f"-{rate:g}"
        name = f"{network.name}-{arm}{at}-{recipe.steps}"
        job = RetrainJob(
            name=name,
            architecture=network.path.architecture if start is None else kept_network(start),
            recipe=recipe,
            seed=self.config.seed,
            folder=self._folder(name),
            start=start,
            teacher=teacher,
            zero_residual=self.config.supernet.zero_residual or None,  # as the slices began
        )
        return Trial(name=name, network=network, arm=arm, folder=job.folder, rate=rate, job=job)

    def _lasting(self, recipe: Recipe, *, on: float | None = None) -> Recipe:
        """The recipe with its steps: of the epochs given, else on so many images, or on as many as
        the run's slices have seen."""
        if self.epochs is None:
            steps = max(1, round((on or self._num_seen) / recipe.batch_size))
        else:
            num_per_epoch = self.num_train // recipe.batch_size
            steps = replace(recipe, epochs=self.epochs, steps=None).num_steps(num_per_epoch)
        return replace(recipe, epochs=None, steps=steps)

    @property
    def _num_seen(self) -> int:
        """Images that the run's slices have seen."""
        seen = self._shared.num_images(self.num_train)
        if not self.config.retrain.way.together:
            return seen
        return seen + self.config.retrain.recipe_together(self.num_train).num_images(self.num_train)

    def _folder(self, name: str) -> Path:
        return self.run.analysis_trainings / name
