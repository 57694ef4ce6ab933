"""Studies that compare supernets: what is trained and scored, and how arms stand to the first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common import alone, lab
from common.bench import Bench, side_by_side
from common.command import add_workers, among, count
from common.files import SEEDS, read
from common.lab import Architecture, macs
from common.lab import Path as NetworkPath
from common.study import Work
from common.supernets import SupernetJob

ALONE, RATE = "alone", "rate"
FEWEST_ARMS = 2  # every study has the reference, which another may have scored
# Supernets by the name that tables give them, each as what it changes in the reference; the first
# is what the others are compared with.
Arms = Mapping[str, Mapping[str, Any]]
Row = dict[str, Any]
Part = Callable[[Any, int], None]  # of work and seed


@dataclass(frozen=True, kw_only=True)
class Comparison(Work):
    """The work of such a study; a `training` is a dataclass of whatever makes supernets differ."""

    @abstractmethod
    def job(self, training: Any) -> SupernetJob:
        """A training's work and folder."""

    @abstractmethod
    def reference(self, seed: int) -> Any:
        """The training that all arms change."""

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
        for (job, paths), accuracies in side_by_side(bench, _score, waiting):
            costs = [macs(path.architecture) for path in paths]
            lab.write_json(job.folder / f"{name}.json", {"accuracies": accuracies, "macs": costs})

    def scores(self, training: Any, name: str) -> dict[str, Any] | None:
        """Accuracies of networks under a name, None while they are not scored."""
        return read(self.job(training).folder / f"{name}.json")

    def train_alone(self, architectures: Iterable[Architecture], seeds: Iterable[int]) -> None:
        """Train networks alone with each seed, and score each once on all judge images."""
        listed = list(architectures)
        units = [unit for seed in seeds for unit in alone.units(listed, seed)]
        self.judging().train_alone(units, self.folder / ALONE, self.setting.alone_recipe())

    def alone(self, architecture: Architecture, seeds: Sequence[int] = SEEDS) -> dict[int, float]:
        """Accuracies of a network trained alone, by seed."""
        return alone.accuracies(self.folder / ALONE, architecture, seeds)

    def best_rate(self, tried: Sequence[Any], *, default: float) -> float:
        """The learning rate whose supernet is the best, the default before all are scored."""
        done = [self.scores(training, RATE) for training in tried]
        sums = [sum(each["accuracies"]) for each in done if each is not None]
        if len(sums) < len(tried):
            return default
        return float(tried[sums.index(max(sums))].learning_rate)

    def compared(
        self, changes: Arms, *, seeds: Iterable[int], name: str
    ) -> list[tuple[Row, dict[int, Any]]]:
        """The trained arms that are scored under a name: what is known of each, and its trainings.

        Empty where there is nothing to compare.
        """
        found: dict[str, dict[int, tuple[Any, Row, Row]]] = {}
        for seed in seeds:
            for arm, training in self.arms(changes, seed).items():
                done, cost = self.scores(training, name), self.job(training).cost
                if done is not None and cost is not None:
                    found.setdefault(arm, {})[seed] = training, done, cost
        if len(found) < FEWEST_ARMS:
            return []
        return [
            (_row(arm, of), {s: each[0] for s, each in of.items()}) for arm, of in found.items()
        ]


class Parts:
    """What such a study does, by the names of `--study`: all parts with one seed before the next.

    Args:
        parts: in the order of `all`.
        main: without `--study`.
    """

    def __init__(
        self, parts: Mapping[str, Callable[[Any, int], None]], main: Sequence[str]
    ) -> None:
        self.parts = parts
        self._main = list(main)

    def flags(self, parser: lab.Parser) -> None:
        said = f"names with commas between, or all ({','.join(self._main)})"
        known = among(self.parts, every=True)
        parser.add_argument("--study", type=known, default=self._main, help=said)
        parser.add_argument("--seeds", type=count, default=2, help="of everything (2)")
        add_workers(parser, device=True)

    def run(self, work: Any) -> None:
        """What is not done yet."""
        for seed in range(work.options.seeds):
            for part in work.options.study:
                self.parts[part](work, seed)


def _score(bench: Bench, asked: tuple[SupernetJob, Sequence[NetworkPath]]) -> list[float]:
    return bench.score(*asked)


def _row(name: str, of: Mapping[int, tuple[Any, Row, Row]]) -> Row:
    """An arm's supernets: macs and accuracies of their networks, and what they cost."""
    _, scores, cost = next(iter(of.values()))
    return {
        "name": name,
        "macs": scores["macs"],
        "accuracies": {seed: done["accuracies"] for seed, (_, done, _) in of.items()},
        "device_seconds": {seed: spent["device_seconds"] for seed, (_, _, spent) in of.items()},
        "images": cost["images"],
    }
