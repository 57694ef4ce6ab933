"""The few networks of a search that a short training confirms, and which of them stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Confirmed, Finalist, Searched, Worth
from escalade.core.network import cost
from escalade.core.numbers.regression import Floats
from escalade.core.numbers.statistics import binomial_standard_error
from escalade.core.space.path import Path, Population
from escalade.search.dialogue import answer
from escalade.search.notebook import Notebook
from escalade.search.operators.gene_operators import Scores
from escalade.search.surrogate.choosing import Choice, rewritten
from escalade.search.surrogate.contenders import Contest, contenders, population_of
from escalade.search.surrogate.model import Surrogate, why_none


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Final:
    """All finalists of a search.

    Attributes:
        choice: how the search chooses.
        groups: of finalists.
    """

    choice: Choice
    surrogate: Surrogate
    found: Searched
    groups: tuple[Contest, ...]

    def finalists(self) -> list[Finalist]:
        """Every network that is to be trained, by budget; one that several families have, once."""
        made = []
        for group in self.groups:
            for number, contender in enumerate(group.contenders):
                for stage, row in zip(group.stages, range(len(contender)), strict=True):
                    made.append(self._finalist(stage, number, contender[np.array([row])]))
        return sorted(made, key=lambda each: (each.stage, each.number))

    def complete(self, score: Callable[[Population], Scores]) -> None:
        """Have every network scored that may become a member and is not yet."""
        parts = [
            self._members(dict.fromkeys(group.stages, number))
            for group in self.groups
            for number in range(len(group.contenders))
        ]
        answer(self.surrogate.notes.score(Population.concatenate(parts)), score=score)

    def path(self, finalist: Finalist) -> Path:
        """The network as the supernet has it."""
        return self.choice.problem.space.path(finalist.genome, finalist.strategy)

    def ratio(self, finalist: Finalist) -> float:
        """Of its budget to the smallest."""
        budgets = self.choice.problem.budgets
        return budgets[finalist.stage].target / budgets[0].target

    def survivors(self, finalists: Sequence[Finalist], *, most: int) -> set[tuple[int, int]]:
        """The stages and numbers of those that are worth most by score and training, by group."""
        kept: set[tuple[int, int]] = set()
        for group in self.groups:
            numbers = self._ranked(group, finalists)[:most]
            kept |= {(stage, number) for stage in group.stages for number in numbers}
        return kept

    def concluded(self, finalists: Sequence[Finalist]) -> Searched:
        """The result with the networks that came out best, and the record of all."""
        chosen: dict[int, int] = {}
        for group in self.groups:
            number = self._ranked(group, finalists)[0]
            chosen |= dict.fromkeys(group.stages, number)
        found = self.found
        if any(chosen.values()):
            found = rewritten(
                found, self._members(chosen), choice=self.choice, surrogate=self.surrogate
            )
        marked = tuple(
            replace(each, chosen=chosen[each.stage] == each.number) for each in finalists
        )
        return replace(found, finalists=marked)

    def _members(self, chosen: dict[int, int]) -> Population:
        """The network of every budget, by the numbers chosen for those that have contenders.

        A family has networks also for stages that do not count, which nothing is trained for.
        """
        problem, parts = self.choice.problem, []
        for stage, before in enumerate(self.found.stages):
            at = population_of([before])
            group = next((each for each in self.groups if stage in each.stages), None)
            if group is not None:
                number = chosen.get(stage, 0)
                at = group.contenders[number][np.array([group.stages.index(stage)])]
            elif self.choice.joint:
                (group,) = self.groups
                genome = group.contenders[chosen[group.stages[0]]].genomes[:1]
                wanted = at.strategies[0]
                at = Population(genome, problem.nearest(genome, stage=stage, wanted=wanted))
            parts.append(at)
        return Population.concatenate(parts)

    def _ranked(self, group: Contest, finalists: Sequence[Finalist]) -> list[int]:
        """Contenders that went farthest, best first."""
        by_place = {(each.stage, each.number): each for each in finalists}
        rows = [
            [by_place[stage, number] for stage in group.stages]
            for number in range(len(group.contenders))
        ]
        farthest = max(len(row[0].confirmed) for row in rows)
        going = [i for i, row in enumerate(rows) if len(row[0].confirmed) == farthest]
        prior = np.array([[each.worth.mean for each in rows[i]] for i in going])
        if farthest:
            last = [[each.confirmed[-1] for each in rows[i]] for i in going]
            values = np.array([[each.accuracy for each in row] for row in last]) @ group.weights
            errors = np.array([[each.standard_error for each in row] for row in last])
            noise = float(np.sqrt(((errors * group.weights) ** 2).sum(axis=1).mean()))
            order = np.argsort(-weighed(prior @ group.weights, values, noise=noise), kind="stable")
        else:
            order = np.argsort(-(prior @ group.weights), kind="stable")
        return [going[i] for i in order]

    def _finalist(self, stage: int, number: int, one: Population) -> Finalist:
        worth = self.surrogate.expected(one)
        genome, strategy = one.genomes[0], one.strategies[0]
        path = self.choice.problem.space.path(genome, strategy)
        return Finalist(
            stage=stage,
            number=number,
            genome=path.genome,
            strategy=path.strategy,
            resolution=path.architecture.resolution,
            macs=cost.of(path.architecture).macs,
            score=float(self.surrogate.notes.known_scores(one)[0]),
            worth=Worth(mean=float(worth.mean[0]), sd=float(worth.sd[0])),
        )


def weighed(prior: Floats, trained: Floats, *, noise: float) -> Floats:
    """What contenders are worth, relative to each other: (n,).

    Differences of trained accuracies count as far as they are more than noise; for the rest the
    scores' model does.
    """
    spread = float(trained.var(ddof=1)) if len(trained) > 1 else 0.0
    real = max(0.0, spread - noise**2)
    share = real / (real + noise**2) if real > 0 else 0.0
    worth: Floats = share * (trained - trained.mean()) + (1 - share) * (prior - prior.mean())
    return worth.round(9)


def confirmed(num_correct: float, num_images: int, *, num_steps: int) -> Confirmed:
    """What a training of so many steps in all reached."""
    share = num_correct / num_images
    error = binomial_standard_error(share, num_images=num_images)
    return Confirmed(num_steps=num_steps, accuracy=share, standard_error=error)


def final(choice: Choice, found: Searched, scored: Scored, *, num: int, seed: int) -> Final | str:
    """The finalists of a search, `num` a budget at most; or why there are none."""
    notes = Notebook.of(choice.problem.space, scored.population, scored.accuracies)
    _, scores = notes.scored
    if why := why_none(scores):
        return why
    surrogate = Surrogate.fit(choice.problem.space, notes=notes, num_images=choice.num_images)
    made = contenders(choice, found, surrogate, num=num, seed=seed)
    made = tuple(group for group in made if len(group.contenders) > 1)
    if not made:
        return "no budget has a second network that could be the best"
    return Final(choice=choice, surrogate=surrogate, found=found, groups=made)
