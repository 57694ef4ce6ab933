"""Studies that compare supernets: what is trained and scored, and how arms stand to the first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from common import alone, lab
from common.bench import Bench
from common.command import among
from common.files import SEEDS, read
from common.lab import Architecture, macs
from common.lab import Path as NetworkPath
from common.statistics import column
from common.study import Work
from common.supernets import SUPERNETS, SupernetJob

ALONE, RATE = "alone", "rate"
FEWEST_ARMS = 2  # every study has the reference, which another may have scored
# Supernets by the name that tables give them, each as what it changes in the reference; the first
# is what the others are compared with.
Arms = Mapping[str, Mapping[str, Any]]
Row = dict[str, Any]
Part = Callable[[Any, int], None]  # of work and seed


@dataclass(frozen=True)
class Tries:
    """Learning rates of a step that are tried on short supernets.

    Attributes:
        name: of the step in tables.
        field: of the setting, which may say the rate instead.
        rates: the best of them is used by all other studies.
        default: before all of them are scored.
    """

    name: str
    field: str
    rates: Sequence[float]
    default: float


@dataclass(frozen=True, kw_only=True)
class Comparison(Work):
    """The work of such a study.

    Attributes:
        kind: of its trainings, a dataclass of whatever makes supernets differ.
        tries: the learning rates that are tried, by step; the reference's step comes first.
    """

    kind: ClassVar[type]
    tries: ClassVar[Mapping[str, Tries]]

    @abstractmethod
    def job(self, training: Any) -> SupernetJob:
        """A training's work and folder."""

    def reference(self, seed: int) -> Any:
        """The training that all arms change."""
        step = next(iter(self.tries))
        return self.kind(seed=seed, epochs=self.setting.epochs, learning_rate=self.rate(step))

    def passes(self, step: str) -> int:
        """How many times the epochs a step needs for the passes of the reference's."""
        return 1

    def tried(self, step: str) -> list[Any]:
        """The short supernets that the learning rates of a step are tried on; one seed."""
        length = {"seed": 0, "epochs": self.setting.rate_epochs * self.passes(step), "step": step}
        return [self.kind(learning_rate=rate, **length) for rate in self.tries[step].rates]

    def rates(self) -> Arms:
        """All of them, as changes of the reference."""
        names = ("step", "epochs", "learning_rate")
        return {
            f"{of.name}, {each.learning_rate:g}": {name: getattr(each, name) for name in names}
            for step, of in self.tries.items()
            for each in self.tried(step)
        }

    def rate(self, step: str) -> float:
        """The setting's, or the best of those tried; the default before all of them were."""
        tries, tried = self.tries[step], self.tried(step)
        if given := getattr(self.setting, tries.field):
            return float(given)
        done = [self.scores(training, RATE) for training in tried]
        sums = [sum(each["accuracies"]) for each in done if each is not None]
        return tries.rates[sums.index(max(sums))] if len(sums) == len(tried) else tries.default

    def folder_of(self, training: Any) -> Path:
        """Named by all that is unusual about a supernet."""
        parts = []
        for field in fields(training):
            value = getattr(training, field.name)
            if value != field.default:
                said = "_".join(value) if isinstance(value, tuple) else str(value)
                parts.append(f"{field.name}={said.replace(' ', '_')}")
        return self.folder / SUPERNETS / "-".join(parts)

    def arms(self, changes: Arms, seed: int) -> dict[str, Any]:
        """Trainings by the name of their arm."""
        return {name: replace(self.reference(seed), **each) for name, each in changes.items()}

    def train(self, trainings: Iterable[Any]) -> list[Any]:
        """The jobs of supernets, trained if they are not."""
        jobs = [self.job(training) for training in trainings]
        self.searching.train(jobs)
        return jobs

    def score(self, bench: Bench, asked: Mapping[Any, Sequence[NetworkPath]], name: str) -> None:
        """Score networks of trained supernets, once under a name."""
        waiting = [
            (self.job(training), paths)
            for training, paths in asked.items()
            if self.scores(training, name) is None
        ]
        for (job, paths), accuracies in bench.side_by_side(_score, waiting):
            costs = [macs(path.architecture) for path in paths]
            lab.write_json(job.folder / f"{name}.json", {"accuracies": accuracies, "macs": costs})

    def scores(self, training: Any, name: str) -> dict[str, Any] | None:
        """Accuracies of networks under a name, None while they are not scored."""
        return read(self.folder_of(training) / f"{name}.json")

    def train_alone(self, networks: Iterable[Architecture], seeds: Iterable[int]) -> None:
        self.retrain(networks, ALONE, self.setting.alone_recipe(), seeds)

    def alone(self, architecture: Architecture, seeds: Sequence[int] = SEEDS) -> dict[int, float]:
        """Accuracies of a network trained alone, by seed."""
        return alone.accuracies(self.folder / ALONE, architecture, seeds)

    def scored(
        self, changes: Arms, name: str, *, seeds: Iterable[int] = SEEDS
    ) -> dict[str, dict[int, list[float]]]:
        """Accuracies under a name of the arms that are scored, by arm and seed."""
        trainings = {seed: self.arms(changes, seed) for seed in seeds}
        found = {
            arm: {
                seed: done["accuracies"]
                for seed, each in trainings.items()
                if (done := self.scores(each[arm], name)) is not None
            }
            for arm in changes
        }
        return {arm: of for arm, of in found.items() if of}

    def compared(self, changes: Arms, name: str, *, seeds: Iterable[int] = SEEDS) -> list[Row]:
        """What is known of each arm that is trained and scored under a name.

        Empty where there is nothing to compare.
        """
        rows = []
        for arm, accuracies in self.scored(changes, name, seeds=seeds).items():
            made = {seed: self.arms(changes, seed)[arm] for seed in accuracies}
            costs = {seed: self.job(each).cost or {} for seed, each in made.items()}
            first = next(iter(made))
            row = {"name": arm, "macs": (self.scores(made[first], name) or {})["macs"]}
            row |= {"accuracies": accuracies, "device_seconds": column(costs, "device_seconds")}
            rows.append(row | {"images": costs[first]["images"]})
        return rows if len(rows) >= FEWEST_ARMS else []


class Parts:
    """What such a study does, by the names of `--study`: all parts with one seed before the next.

    Args:
        parts: in the order of `all`.
        main: without `--study`.
    """

    def __init__(self, parts: Mapping[str, Part], main: Sequence[str]) -> None:
        self.parts = parts
        self._main = list(main)

    def flags(self, parser: lab.Parser) -> None:
        said = f"names with commas between, or all ({','.join(self._main)})"
        known = among(self.parts, every=True)
        parser.add_argument("--study", type=known, default=self._main, help=said)
        shared = "cpu, or cuda, which all trainings share (cpu)"
        parser.add_argument("--device", default="cpu", help=shared)

    def run(self, work: Any) -> None:
        """What is not done yet."""
        for seed in range(work.options.seeds):
            for part in work.options.study:
                self.parts[part](work, seed)


def _score(
    bench: Bench, asked: tuple[SupernetJob, Sequence[NetworkPath]], link: Any
) -> list[float]:
    return bench.score(*asked)
