"""Constrained and weighted NSGA-II (SCARLET, Algorithm 1 and equation 2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from escalade.artefacts.children import Brood, Children
from escalade.artefacts.fronts import Front, FrontBox, FrontNetwork
from escalade.artefacts.searched import Searched, SearchedStage
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.ratios import scaling_between
from escalade.core.space.path import IntArray, Path
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, within
from escalade.search.dialogue import Dialogue, Steps
from escalade.search.front.breeding import CROSSOVER, Breeder, Child, Roulette, reward
from escalade.search.front.brooding import Brooding
from escalade.search.front.candidates import Candidates, ScoredGenomes
from escalade.search.front.chosen import choose
from escalade.search.front.constraints import Constraint, Screen, check_budgets
from escalade.search.front.controller import PPO, Controller
from escalade.search.front.history import History
from escalade.search.front.objectives import DEFAULT, box_of, check_measure, parse_objectives
from escalade.search.front.pareto import Floats, crowding
from escalade.search.notebook import Notebook
from escalade.search.recording import searched_stage, sum_up

# Asks in one generation before it goes on with fewer networks: those that break a constraint on
# the score are scored all the same, and the paper's loop has no end.
MAX_ASKS = 10


class NSGA2(Dialogue):
    """A Pareto front over error and costs, under hard constraints; K of its networks are chosen.

    Networks are checked in the order of Algorithm 1: against constraints on costs first, so that
    none that breaks one is ever asked for; then, scored, against those on the score.

    What the paper leaves open, as the controller's settings, is in docs/explanation/deviations.md.

    Args:
        space: any space; its paths run under the base strategy.
        objectives: `error` and measures to minimise, or with a minus to maximise.
        weights: of the crowding distances, one each, of sum 1; the paper's by default.
        constraints: hard ones, such as `Constraint.parse("macs < 500M")`.
        population: survivors, and children, per generation.
        generations: of `population` networks to score; the first two are random (P_0 and Q_0).
        crossover: share of the children made by single-point crossover; the others are mutated.
            None takes a half, or all where both mutations are off.
        exploitation: mutation by the PPO controller; None turns it off.
        exploration: mutation by roulette wheel; None turns it off.
        num_members: K, chosen equispaced on the final front, where there are no budgets.
        budgets: one for each member, which is the most accurate network scored inside it.
        budget_kind: the cost by which members rise; one of the objectives, minimised.
        identity_choices: choices of a gene that count in the identity ratio; None for no ratio.

    Raises:
        Invalid: for objectives, weights, constraints, budgets or sizes that make no sense.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        num_images: int,
        objectives: Sequence[str] = DEFAULT,
        weights: Sequence[float] | None = None,
        constraints: Sequence[Constraint] = (),
        population: int = 70,
        generations: int = 120,
        crossover: float | None = None,
        exploitation: PPO | None = PPO(),  # noqa: B008
        exploration: Roulette | None = Roulette(),  # noqa: B008
        num_members: int = 3,
        budgets: Sequence[Budget] = (),
        budget_kind: str = "macs",
        identity_choices: Collection[int] | None = None,
    ) -> None:
        _check_sizes(population, generations, 1 if budgets else num_members)
        mutates = exploitation is not None or exploration is not None
        _check_crossover(crossover, mutates=mutates)
        check_budgets(budgets, constraints=constraints, budget_kind=budget_kind)
        self._objectives = parse_objectives(objectives, weights=weights)
        for i, objective in enumerate(self._objectives):
            with within("objectives", i):
                check_measure(objective.measure, space)
        if budget_kind not in objectives or budget_kind == "error":
            raise Invalid(
                f"members rise in {budget_kind}, so make it an objective, such as error, "
                f"{budget_kind}; objectives are {', '.join(objectives)}",
                path=("budget_kind",),
            )
        self._weights = np.array([objective.weight for objective in self._objectives])
        self._box = box_of(space, self._objectives)
        self._screen = Screen(constraints, space=space)
        self._candidates = Candidates(space, objectives=self._objectives, screen=self._screen)
        self._controller = (
            Controller(self._candidates.num_choices, settings=exploitation)
            if exploitation
            else None
        )
        self._space, self._notes = space, Notebook(space)
        self._ends = objectives.index("error"), objectives.index(budget_kind)
        self._history = History(
            self._objectives, box=self._box, ends=self._ends, budgets=budgets,
            identity_choices=identity_choices,
        )  # fmt: skip
        self._population, self._generations = population, generations
        self._crossover = CROSSOVER if crossover is None else crossover
        self._exploration = exploration
        self._num_members, self._budget_kind, self._budgets = num_members, budget_kind, budgets
        self._seed, self._num_images = seed, num_images
        self._broods: list[Brood] = []
        super().__init__(self._steps_of_search(), num_genes=space.num_genes)

    def _steps_of_search(self) -> Steps[Searched]:
        pool = yield from self._initial()
        survivors = self._survive(pool)
        for generation in range(2, self._generations):
            brooding = Brooding(self._breeder(survivors), generation=generation)
            children = yield from self._children(survivors, generation, brooding)
            survivors = self._survive(survivors.pool.joined(children))
            self._broods.append(brooding.told(survivors.pool.genomes))
        return self._conclude()

    @property
    def children(self) -> Children:
        return Children(generations=tuple(self._broods))

    def _breeder(self, survivors: Survivors) -> Breeder:
        return Breeder(
            genomes=survivors.pool.genomes, ranks=survivors.ranks, distances=survivors.distances,
            num_choices=self._candidates.num_choices, crossover=self._crossover,
            controller=self._controller, exploration=self._exploration,
        )  # fmt: skip

    def _initial(self) -> Steps[ScoredGenomes]:
        """P_0 and Q_0: random networks that meet all constraints, half of them inside budgets."""
        rng = generator(self._seed, "search", "nsga2", "initial")
        pool, most = self._candidates.nothing(), 2 * self._population
        each = max(1, self._population // max(1, len(self._budgets)))
        inside = self._candidates.inside(self._budgets, num=each, rng=rng)
        for _ in range(MAX_ASKS):
            if len(pool) == most:
                break
            genomes = inside[: most - len(pool)]
            if len(genomes) < most - len(pool):
                others = self._candidates.random(most - len(pool) - len(genomes), rng=rng)
                genomes = np.concatenate([genomes, others])
            inside = inside[len(genomes) :]
            if not len(genomes):
                break
            scored = yield from self._score(genomes, generation=1)
            pool = pool.joined(self._candidates.accurate(scored))
        if not len(pool):
            raise self._screen.unmet()
        return pool

    def _survive(self, pool: ScoredGenomes) -> Survivors:
        """P_i of R_i, noted in the history."""
        survivors = survive(pool, num=self._population, weights=self._weights)
        self._history.add(
            pool, survivors=survivors.pool, front=np.flatnonzero(survivors.ranks == 0),
            evaluated=self._notes.distinct, rejected=self._screen.rejected,
        )  # fmt: skip
        return survivors

    def _children(
        self, survivors: Survivors, generation: int, brooding: Brooding
    ) -> Steps[ScoredGenomes]:
        """Q_i: as many children as there may be survivors, all within the constraints."""
        rng = generator(self._seed, "search", "nsga2", generation)
        pool = self._candidates.nothing()
        for _ in range(MAX_ASKS):
            num = self._population - len(pool)
            drafts = self._candidates.children(brooding.breeder, num, rng=rng)
            if not drafts:
                break
            genomes = np.stack([child.genome for child in drafts])
            scored = yield from self._score(genomes, generation=generation)
            brooding.rewarded(self._learn(drafts, scored, survivors.pool))
            accepted = self._candidates.accurate(scored)
            brooding.scored(drafts, accepted=accepted)
            pool = pool.joined(accepted)
        return pool

    def _score(self, genomes: IntArray, *, generation: int) -> Steps[ScoredGenomes]:
        scores = yield from self._notes.score(self._candidates.paths(genomes))
        self._notes.note(scores, iteration=1, phase="front", stage=None, generation=generation)
        return self._candidates.pool(genomes, scores)

    def _learn(
        self, children: Sequence[Child], scored: ScoredGenomes, parents: ScoredGenomes
    ) -> Floats:
        """Tell the controller what its children brought: (n,)."""
        made = [(row, child.edits) for row, child in enumerate(children) if child.edits]
        if self._controller is None or not made:
            return np.empty(0)
        rows = [row for row, _ in made]
        rewards = reward(
            scored.points[rows],
            parents=parents.points[[children[row].parent for row in rows]],
            spans=np.ptp(parents.points, axis=0),
            weights=self._weights,
        )
        self._controller.learn([edits for _, edits in made], rewards)
        return rewards

    def _conclude(self) -> Searched:
        history = self._history
        front = history.final()
        members = history.inside() if self._budgets else self._equispaced(front)
        final = list(dict.fromkeys([*front, *members]))
        networks = [history.networks[row] for row in final]
        paths = [self._space.path(n.genome, self._space.base_triple) for n in networks]
        places = tuple(final.index(row) for row in members)
        return sum_up(
            self._space,
            seed=self._seed,
            budget_kind=self._budget_kind,
            pi=(1 / len(members),) * len(members),
            stages=self._stages([paths[at] for at in places], [networks[at] for at in places]),
            notes=self._notes,
            front=Front(
                objectives=tuple(objective.name for objective in self._objectives),
                weights=tuple(objective.weight for objective in self._objectives),
                constraints=tuple(constraint.text for constraint in self._screen.constraints),
                box=FrontBox(best=self._box.best, worst=self._box.worst),
                networks=tuple(
                    replace(network, architecture=path.architecture)
                    for network, path in zip(networks, paths, strict=True)
                ),
                num_front=len(front),
                members=places,
                generations=tuple(history.generations),
                seen=tuple(history.networks),
            ),
        )

    def _stages(
        self, paths: Sequence[Path], networks: Sequence[FrontNetwork]
    ) -> list[SearchedStage]:
        """Members rising in cost; without budgets, each one's is its own cost."""
        costs = [network.values[self._ends[1]] for network in networks]
        budgets = [budget.target for budget in self._budgets] or costs
        return [
            searched_stage(
                path,
                stage=stage,
                budget=budgets[stage],
                gap=costs[stage] / budgets[stage] - 1,
                scaling=scaling_between(paths[0].architecture, path.architecture),
                score=networks[stage].score,
                num_images=self._num_images,
            )
            for stage, path in enumerate(paths)
        ]

    def _equispaced(self, front: Sequence[int]) -> list[int]:
        """K networks of the front."""
        error, cost = self._ends
        values = np.array([self._history.networks[row].values for row in front])
        chosen = choose(values[:, error], costs=values[:, cost], num=self._num_members)
        return [front[row] for row in chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Survivors:
    """The best of a pool, with Pareto ranks (0 is the front) and crowding distances."""

    pool: ScoredGenomes
    ranks: IntArray
    distances: Floats


def survive(pool: ScoredGenomes, *, num: int, weights: Floats) -> Survivors:
    """The `num` best by rank, then by weighted crowding distance; ties go to the first."""
    # Here, so that only what searches a front waits for the import.
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

    kept: list[IntArray] = []
    ranks: list[IntArray] = []
    distances: list[Floats] = []
    left = num
    for rank, front in enumerate(NonDominatedSorting().do(pool.points)):
        apart = crowding(pool.points[front], weights=weights)
        best = np.argsort(-apart, kind="stable")[:left]
        kept.append(front[best])
        ranks.append(np.full(len(best), rank))
        distances.append(apart[best])
        left -= len(best)
        if left == 0:
            break
    rows = np.concatenate(kept).astype(np.int64)
    return Survivors(pool[rows], np.concatenate(ranks), np.concatenate(distances))


def _check_sizes(population: int, generations: int, num_members: int) -> None:
    if population < 2 or generations < 2:
        raise Invalid(
            f"population {population} and generations {generations} are too few",
            path=("search",),
            remedy="use at least 2 of each",
        )
    if not 1 <= num_members <= population:
        raise Invalid(
            f"{num_members} networks cannot be chosen of a population of {population}",
            path=("num_members",),
        )


def _check_crossover(crossover: float | None, *, mutates: bool) -> None:
    if crossover is None:
        return
    if not 0 <= crossover <= 1:
        raise Invalid(f"{crossover} is not a share", path=("crossover",))
    if crossover < 1 and not mutates:
        raise Invalid(
            f"{crossover:g} leaves children to mutation, but exploitation and exploration are off",
            path=("crossover",),
            remedy="use 1 or leave it out, or turn one of them on",
        )
