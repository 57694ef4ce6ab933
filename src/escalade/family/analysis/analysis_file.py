"""What an after-analysis found: analysis.json, whole after every trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from escalade.artefacts.analysed import Against, Analysed, AnalysedNetwork, ArmResult, LeftOut
from escalade.artefacts.run_folder import RunFolder
from escalade.core.network import cost
from escalade.family.analysis.trials import ARMS, ComparedNetwork, Trial
from escalade.family.trainings.kept import read_made
from escalade.family.trainings.members import TOGETHER

ORDER = ("slice", TOGETHER, *ARMS)


class Findings:
    """The content of analysis.json; what earlier commands found stays.

    Args:
        networks: all that may have results, in their order.
        teacher: the name of the one that distillation learns from.
        writes: whether this rank writes files.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        space: str,
        networks: Sequence[ComparedNetwork],
        teacher: str,
        writes: bool,
    ) -> None:
        self._folder, self._writes = folder, writes
        distinct = {network.name: network for network in networks}
        self._names = list(distinct)
        before = folder.find(Analysed)
        self.analysed = Analysed(
            space=space,
            teacher=teacher,
            networks=tuple(_network(network) for network in distinct.values()),
            results=self._sorted(() if before is None else before.results),
            left_out=() if before is None else before.left_out,
        )

    def add(self, trial: Trial) -> None:
        made = read_made(trial.folder)
        result = ArmResult(
            name=trial.name,
            member=trial.network.name,
            arm=trial.arm,
            rate=trial.rate,
            num_steps=made.num_steps,
            num_training_images=made.num_images,
            num_correct=made.search.num_correct,
            num_images=made.search.num_images,
            accuracy=made.search.accuracy,
            standard_error=made.search.standard_error,
        )
        others = [each for each in self.analysed.results if each.name != trial.name]
        self._change(replace(self.analysed, results=self._sorted([*others, result])))

    def leave_out(self, network: ComparedNetwork, arm: str, *, why: str) -> None:
        """Say that a member has no such arm."""
        entry = LeftOut(member=network.name, arm=arm, why=why)
        if entry not in self.analysed.left_out:
            left_out = (*self.analysed.left_out, entry)
            self._change(replace(self.analysed, left_out=left_out))

    def _change(self, analysed: Analysed) -> None:
        self.analysed = analysed
        if self._writes:
            self._folder.write(analysed)

    def _sorted(self, results: Sequence[ArmResult]) -> tuple[ArmResult, ...]:
        """In the networks' order, each beside its slice."""
        slices = {each.member: each for each in results if each.arm == "slice"}
        return tuple(
            replace(each, against_slice=_difference(each, slices.get(each.member)))
            for each in sorted(results, key=self._order)
        )

    def _order(self, result: ArmResult) -> tuple[float, ...]:
        place = self._names.index(result.member)
        return place, ORDER.index(result.arm), -(result.rate or 0.0), result.num_steps


def _network(network: ComparedNetwork) -> AnalysedNetwork:
    architecture = network.path.architecture
    counts = cost.of(architecture)
    return AnalysedNetwork(
        name=network.name,
        resolution=architecture.resolution,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
    )


def _difference(result: ArmResult, base: ArmResult | None) -> Against | None:
    """How much better than the slice, as if the two erred independently."""
    if base is None or base is result:
        return None
    return Against(
        difference=result.accuracy - base.accuracy,
        standard_error=math.hypot(result.standard_error, base.standard_error),
    )
