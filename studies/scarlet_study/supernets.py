"""The study's supernets: which there are, in which space they live, and how they train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from common import lab
from common.comparison import RATE, Arms, Comparison, Tries
from common.images import leading
from common.lab import ImageData, Runtime, Space, Supernet
from common.lab import Path as NetworkPath
from common.supernets import SupernetJob
from scarlet_study.networks import PLAINEST, flipped, space_of, spread
from scarlet_study.probes import Probed, accuracies_now
from scarlet_study.setting import FAIR, PLAIN, RANDOM, RELU, SINGLE, Setting, Training

# A fair step adds up the gradients of all paths in what they share; as many random paths an update
# train at its rate.
TRIES = {
    FAIR: Tries("fair", "fair_rate", (0.05, 0.1, 0.2, 0.4), 0.1),
    SINGLE: Tries("single path", "single_rate", (0.1, 0.2, 0.4, 0.8), 0.4),
}
SCORED_AT_RATES = slice(None, None, 3)  # which of the networks score them
NETWORKS, FLIPPED, PROBED = "networks", "flipped", "probed"


@dataclass(frozen=True, kw_only=True)
class Job(SupernetJob):
    """A supernet that trains all choices in a step, or one path."""

    setting: Setting

    @cached_property
    def space(self) -> Space:
        return space_of(self.training)

    def step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> lab.Step:
        """With looks at the same networks in between."""
        setting, num = self.setting, self.num_steps(data)
        look = partial(
            accuracies_now,
            supernet,
            [path.running for path in spread(setting, self.training)[: setting.probed]],
            data=data,
            images=leading(data.train, setting.probe_images),
            num_recalibration=setting.recalibration_images,
            runtime=runtime,
        )
        due = {round(i * num / setting.probes) for i in range(1, setting.probes)}
        step = self._step(supernet, data, runtime)
        return Probed(step, due=due, look=look, file=self.folder / "probes.json")

    def _step(self, supernet: Supernet, data: ImageData, runtime: Runtime) -> lab.Step:
        if self.training.step == SINGLE:
            return super().step(supernet, data, runtime)
        kind = lab.FairPaths if self.training.step == FAIR else RandomPaths
        objective = lab.objective(self.recipe, data, runtime=runtime)
        return lab.FairStep(supernet, paths=kind(self.space, seed=self.seed), objective=objective)


class RandomPaths:
    """As many paths a step as a layer has choices, each of them random: fair on average only."""

    def __init__(self, space: Space, *, seed: int) -> None:
        self._paths = lab.PathSequence(space, sampler=lab.Uniform(space), seed=seed)
        self._num = space.genes[0].num_choices

    def at(self, step: int) -> list[NetworkPath]:
        """The paths of a step."""
        return [self._paths.at(step * self._num + i) for i in range(self._num)]


@dataclass(frozen=True, kw_only=True)
class Work(Comparison):
    """What is scored; the reference is strictly fair, with linearly equivalent identities."""

    setting: Setting
    kind = Training
    tries = TRIES

    def job(self, training: Training) -> Job:
        return Job(
            folder=self.folder_of(training),
            seed=training.seed,
            recipe=self.setting.supernet_recipe(training),
            training=training,
            setting=self.setting,
        )

    def passes(self, step: str) -> int:
        return space_of(PLAINEST).genes[0].num_choices if step == SINGLE else 1

    def compare(self, study: str, seed: int) -> None:
        """Train what a study compares, and score its random and its flipped networks."""
        if study == RATE and seed > 0:
            return
        wanted = list(self.arms(ARMS[study](self), seed).values())
        self.train(wanted)
        setting = self.setting
        random = {training: spread(setting, training) for training in wanted}
        if study == RATE:
            shown = {training: paths[SCORED_AT_RATES] for training, paths in random.items()}
            self.score(self.searching, shown, RATE)
            return
        judging = self.judging(setting.judge_images)
        self.score(judging, random, NETWORKS)
        images = leading(self.data.train, setting.probe_images)  # as the looks during a training
        probed = {training: paths[: setting.probed] for training, paths in random.items()}
        self.score(self.bench(images, self.data.train_digest), probed, PROBED)
        self.score(judging, {training: _forced(setting, training) for training in wanted}, FLIPPED)


def _forced(setting: Setting, training: Training) -> list[NetworkPath]:
    return [path for paths in flipped(setting, training).values() for path in paths]


def _fairness(work: Work) -> Arms:
    """Strictly fair steps against random paths, at equal passes."""
    epochs = work.setting.epochs * work.passes(SINGLE)
    single = {"step": SINGLE, "epochs": epochs, "learning_rate": work.rate(SINGLE)}
    return {
        "strictly fair": {},
        "random, as many an update": {"step": RANDOM},
        "random, one an update": single,
    }


# The studies that compare supernets by their networks.
ARMS: dict[str, Callable[[Work], Arms]] = {
    RATE: Work.rates,
    # How identities run: linear, not at all, or with a ReLU (Fig. 1).
    "identity": lambda work: {
        "LET": {}, "identity": {"identity": PLAIN}, "LET with ReLU": {"identity": RELU},
    },
    # The paper's space, and the one in which every identity folds.
    "folds": lambda work: {"some fold (the paper's)": {}, "all fold": {"folds": True}},
    "fairness": _fairness,
}  # fmt: skip
