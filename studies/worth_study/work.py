"""A whole run as the product does it, and plain networks alone with all of its time."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import lab
from common.files import once, plain, read
from common.study import Work
from worth_study.setting import budgets_of

PARTS = ("family", "plain", "found")
REHEARSED = (40, 120)  # steps; the difference tells what one costs
AFTER_SEARCH = ("family", "training", "finalists", "contest.json", "latency.json", "report.html")


@dataclass(frozen=True, kw_only=True)
class Runs(Work):
    """Families and rivals of every set and seed."""

    def run(self) -> None:
        """All that is not done: first the families and what they are held against."""
        wanted = ("family", *self.setting.parts.split(","))
        for parts in (PARTS[:2], PARTS[2:]):
            for name in self.setting.sets:
                for seed in range(self.options.seeds):
                    for part in (each for each in parts if each in wanted):
                        self._once(name, seed, part)

    def to_json(self) -> dict[str, Any]:
        """What is finished, by set and seed."""
        found = []
        for name in self.setting.sets:
            for seed in range(self.options.seeds):
                parts = {part: read(self._path(name, seed, part)) for part in PARTS}
                if parts["family"] and parts["plain"]:
                    found.append({"set": name, "seed": seed} | parts)
        return plain({"minutes": self.setting.minutes, "runs": found})

    def _once(self, name: str, seed: int, part: str) -> None:
        make: dict[str, Callable[[], dict[str, Any]]] = {
            "family": lambda: self._family(name, seed),
            "plain": lambda: self._plain(name, seed, read(self._path(name, seed, "family"))),
            "found": lambda: self._found(name, seed),
        }
        once(self._path(name, seed, part), make[part])

    def _path(self, name: str, seed: int, part: str) -> Path:
        return self.folder / f"{name}-seed{seed}-{part}.json"

    def _folder(self, name: str, seed: int) -> Path:
        return self.folder / f"{name}-seed{seed}"

    def _family(self, name: str, seed: int) -> dict[str, Any]:
        """The run, in a process of its own, and the time that it and its workers took."""
        out = self._folder(name, seed)
        settings = {
            "data": str(Path(self.setting.sets[name]).resolve()),
            "budgets": budgets_of(name).split(","),
            "space": self.setting.space or None,
            "seed": seed,
            "hours": self.setting.minutes / 60,
            "threads": 1,
            "workers": 1,
            "grow": {"num": self.setting.grow},
            "export": {"onnx": False, "torch_export": False},
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        given = out.with_suffix(".yaml")
        lab.write_json(given, settings)  # which YAML reads
        return _run(given, out)

    def _found(self, name: str, seed: int) -> dict[str, Any]:
        """The members as they were found, whatever the run's contest says, trained as long."""
        run, out = self._folder(name, seed), self._folder(name, seed).with_name(f"{name}-found")
        out = out.with_name(f"{out.name}-seed{seed}")
        if not out.exists():
            shutil.copytree(run, out, ignore=lambda folder, names: set(AFTER_SEARCH) & {*names})
        given = out / "config.yaml"
        given.write_text(given.read_text().replace("rival: contest", "rival: none"))
        return _run(given, out)

    def _plain(self, name: str, seed: int, family: Mapping[str, Any]) -> dict[str, Any]:
        """Plain networks by one rule, trained from scratch, with all of the run's time."""
        out = self._folder(name, seed)
        run = lab.open_run(out)
        # Judged on the images that neither training nor search has seen.
        place = replace(run.workshop.place, data=replace(run.data, search=run.data.test))
        networks = _plain_networks(run, family, rule=self.setting.rule)
        num_train = len(place.data.train)
        least = family["members"][0]["budget"]
        recipes = [
            run.config.retrain.recipe_alone(num_train, ratio=each["budget"] / least)
            for each in family["members"]
        ]

        def train(at: int, steps: int, folder: Path) -> tuple[Any, float]:
            started = time.process_time()
            job = lab.RetrainJob(
                name=folder.name,
                architecture=networks[at],
                recipe=replace(recipes[at], epochs=None, steps=max(1, steps)),
                seed=seed,
                folder=folder,
            )
            return job.make(place), time.process_time() - started

        root = out.parent / f"{out.name}-plain"
        usual = [each.num_steps(num_train // each.batch_size) for each in recipes]
        cost = 0.0
        for i, num in enumerate(usual):
            few, more = (train(i, n, root / f"S{i}-{n}")[1] for n in REHEARSED)
            cost += (more - few) / (REHEARSED[1] - REHEARSED[0]) * num
        longer, members, seconds = family["seconds"] / cost, [], 0.0
        for i, num in enumerate(usual):
            made, took = train(i, round(longer * num), root / f"S{i}")
            seconds += took
            accuracy = made.search.accuracy
            members.append({"macs": lab.cost.of(networks[i]).macs, "accuracy": accuracy})
        return {"seconds": seconds, "longer": longer, "members": members}


def _plain_networks(run: Any, family: Mapping[str, Any], *, rule: str) -> list[lab.Architecture]:
    """The plain base of the run's space at every budget."""
    base = run.space.layout.plain_base
    ladder = run.config.ladder
    made = [
        lab.scale_within(
            base,
            rule=rule,
            budget=lab.Budget(each["budget"], run.config.budget_kind, run.config.tolerance),
            stage=ladder.stage(each["budget"]),
            side=run.data.side,
            name=each["name"],
        )
        for each in family["members"]
    ]
    return [each.architecture for each in made]


def _run(given: Path, out: Path) -> dict[str, Any]:
    before = _children()
    command = [Path(sys.executable).parent / "escalade", "run", "--config", given, "--out", out]
    subprocess.run(command, check=True)
    return {"seconds": _children() - before} | members_of(out)


def members_of(run: Path) -> dict[str, Any]:
    """Accuracies of a run's members, what its contest says, and what its stages took."""
    found = lab.read_json(run / "family" / "family.json", what="family", remedy="run again")
    members = [
        {key: each[key] for key in ("name", "budget", "macs")}
        | {"accuracy": each["accuracy"]["test"], "origin": each["origin"]}
        for each in found["members"]
    ]
    contest = run / "contest.json"
    spent: dict[str, float] = {}
    for row in json.loads((run / "ledger.json").read_text()):
        is_look = "contest" in row["name"] or "look-" in row["name"]
        part = "contest" if is_look else row["stage"]
        spent[part] = spent.get(part, 0.0) + row["device_seconds"]
    held = json.loads(contest.read_text()) if contest.exists() else None
    return {"members": members, "contest": held, "spent": spent}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
