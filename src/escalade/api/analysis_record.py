"""What an after-analysis found: analysis.json, whole after every trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from escalade.api.analysis_trials import ARMS, Network, Trial
from escalade.api.session import Session
from escalade.api.together import TOGETHER
from escalade.api.trainings import read_made
from escalade.artefacts.files import write_json
from escalade.core.network import cost

_ARMS = ("slice", TOGETHER, *ARMS)


class Record:
    """The content of analysis.json; what earlier commands found stays.

    Args:
        session: the run.
        networks: all that may have results, in their order.
        teacher: the name of the one that distillation learns from.
    """

    def __init__(self, session: Session, *, networks: Sequence[Network], teacher: str) -> None:
        self._session = session
        self._networks = {network.name: network for network in networks}
        self._teacher = teacher
        path = session.folder.analysis
        before = session.folder.read(path, stage="analyse") if path.exists() else {}
        self._results: dict[str, dict[str, Any]] = {
            result["name"]: result for result in before.get("results", ())
        }
        self._left_out: list[dict[str, str]] = list(before.get("left_out", ()))

    @property
    def content(self) -> dict[str, Any]:
        """The analysis as JSON; nothing in it depends on time or place."""
        found = sorted(self._results.values(), key=self._order)
        slices = {each["member"]: each for each in found if each["arm"] == "slice"}
        return {
            "space": self._session.space.name,
            "teacher": self._teacher,
            "networks": [_network(network) for network in self._networks.values()],
            "results": [
                each | {"against_slice": _difference(each, slices.get(each["member"]))}
                for each in found
            ],
            "left_out": self._left_out,
        }

    def add(self, trial: Trial) -> None:
        """Write a trial that is done into the file."""
        made = read_made(trial.folder)
        self._results[trial.name] = {
            "name": trial.name,
            "member": trial.network.name,
            "arm": trial.arm,
            "rate": trial.rate,
            "num_steps": made.num_steps,
            "num_training_images": made.num_images,
            "num_correct": made.search.num_correct,
            "num_images": made.search.num_images,
            "accuracy": made.search.accuracy,
            "standard_error": made.search.standard_error,
        }
        self._write()

    def leave_out(self, network: Network, arm: str, *, why: str) -> None:
        """Say that a member has no such arm."""
        entry = {"member": network.name, "arm": arm, "why": why}
        if entry not in self._left_out:
            self._left_out.append(entry)
            self._write()

    def _write(self) -> None:
        if self._session.runtime.is_main:
            write_json(self._session.folder.analysis, self.content)

    def _order(self, result: dict[str, Any]) -> tuple[float, ...]:
        names = list(self._networks)
        place = names.index(result["member"])
        return place, _ARMS.index(result["arm"]), -(result["rate"] or 0.0), result["num_steps"]


def _network(network: Network) -> dict[str, Any]:
    architecture = network.path.architecture
    counts = cost.of(architecture)
    return {
        "name": network.name,
        "resolution": architecture.resolution,
        "macs": counts.macs,
        "params": counts.params,
        "activations": counts.activations,
    }


def _difference(result: dict[str, Any], base: dict[str, Any] | None) -> dict[str, float] | None:
    """How much better than the slice, as if the two erred independently."""
    if base is None or base is result:
        return None
    return {
        "difference": result["accuracy"] - base["accuracy"],
        "standard_error": math.hypot(result["standard_error"], base["standard_error"]),
    }
