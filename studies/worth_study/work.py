"""A whole run as the product does it, and the plain rivals alone with all of its time."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import lab
from common.files import once, plain, read
from common.study import Work
from worth_study.setting import budgets_of

REHEARSED = (40, 120)  # steps; the difference tells what one costs


@dataclass(frozen=True, kw_only=True)
class Runs(Work):
    """Families and rivals of every set and seed."""

    def run(self) -> None:
        """All that is not done."""
        for name, folder in self.setting.sets.items():
            for seed in range(self.options.seeds):
                family = once(
                    self._path(name, seed, "family"),
                    lambda name=name, folder=folder, seed=seed: self._family(name, folder, seed),
                )
                once(
                    self._path(name, seed, "plain"),
                    lambda name=name, seed=seed, family=family: self._plain(name, seed, family),
                )

    def to_json(self) -> dict[str, Any]:
        """What is finished, by set and seed."""
        found = []
        for name in self.setting.sets:
            for seed in range(self.options.seeds):
                parts = {part: read(self._path(name, seed, part)) for part in ("family", "plain")}
                if all(parts.values()):
                    found.append({"set": name, "seed": seed} | parts)
        return plain({"minutes": self.setting.minutes, "runs": found})

    def _path(self, name: str, seed: int, part: str) -> Path:
        return self.folder / f"{name}-seed{seed}-{part}.json"

    def _folder(self, name: str, seed: int) -> Path:
        return self.folder / f"{name}-seed{seed}"

    def _family(self, name: str, folder: str, seed: int) -> dict[str, Any]:
        """The run, in a process of its own, and the time that it and its workers took."""
        out = self._folder(name, seed)
        settings = {
            "data": str(Path(folder).resolve()),
            "budgets": budgets_of(name).split(","),
            "space": self.setting.space,
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
        before = _children()
        command = [Path(sys.executable).parent / "escalade", "run", "--config", given, "--out", out]
        subprocess.run(command, check=True)
        return {"seconds": _children() - before} | members_of(out)

    def _plain(self, name: str, seed: int, family: Mapping[str, Any]) -> dict[str, Any]:
        """The same plain networks, each as much longer as fills the whole run's time."""
        out = self._folder(name, seed)
        run = lab.open_run(out)
        # Judged on the images that neither training nor search has seen.
        place = replace(run.workshop.place, data=replace(run.data, search=run.data.test))
        rivals = [lab.Architecture.from_json(each["architecture"]) for each in family["rivals"]]
        images = [each["num_images"] for each in family["rivals"]]
        recipe = run.config.retrain.recipe_alone(len(place.data.train))

        def train(network: lab.Architecture, steps: int, folder: Path) -> tuple[Any, float]:
            started = time.process_time()
            job = lab.RetrainJob(
                name=folder.name,
                architecture=network,
                recipe=replace(recipe, epochs=None, steps=max(1, steps)),
                seed=seed,
                folder=folder,
            )
            return job.make(place), time.process_time() - started

        root = out.parent / f"{out.name}-plain"
        batch, cost = recipe.batch_size, 0.0
        for i, (network, num) in enumerate(zip(rivals, images, strict=True)):
            few, more = (train(network, n, root / f"S{i}-{n}")[1] for n in REHEARSED)
            cost += (more - few) / (REHEARSED[1] - REHEARSED[0]) * num / batch
        longer = max(1.0, family["seconds"] / cost)
        members, seconds = [], 0.0
        for i, (network, num) in enumerate(zip(rivals, images, strict=True)):
            made, took = train(network, round(longer * num / batch), root / f"S{i}")
            seconds += took
            members.append({"macs": lab.macs(network), "accuracy": made.search.accuracy})
        return {"seconds": seconds, "longer": longer, "members": members}


def members_of(run: Path) -> dict[str, Any]:
    """Accuracies of a run's members, before any rival took a place, and its rivals."""
    found = lab.read_json(run / "family" / "family.json", what="family", remedy="run again")
    rivals = {each["member"]: each for each in found["rivals"]}
    members = []
    for each in found["members"]:
        before = rivals.get(each["name"], {}).get("replaced") or each
        members.append(
            {
                "name": each["name"],
                "budget": each["budget"],
                "macs": before["macs"],
                "accuracy": before["accuracy"]["test"],
                "kept": each["accuracy"]["test"],
            }
        )
    keys = ("member", "rule", "macs", "num_images", "architecture")
    listed = [
        {key: rivals[m["name"]][key] for key in keys}
        | {"accuracy": rivals[m["name"]]["accuracy"]["test"]}
        for m in members
    ]
    ledger = json.loads((run / "ledger.json").read_text())
    spent: dict[str, float] = {}
    for row in ledger:
        part = "rivals" if "rival" in row["name"] or "look-" in row["name"] else row["stage"]
        spent[part] = spent.get(part, 0.0) + row["device_seconds"]
    return {"members": members, "rivals": listed, "spent": spent}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
