"""The mutation controller: a policy over edits of a genome, trained by PPO in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalade.core.space.path import IntArray
from escalade.search.front.pareto import BoolArray, Floats

_BETAS = (0.9, 0.999)


@dataclass(frozen=True, slots=True, kw_only=True)
class PPO:
    """Settings of the controller; no paper has its own (docs/explanation/deviations.md).

    Args:
        num_edits: genes that the controller changes in a child.
        learning_rate: of Adam.
        epochs: passes over a generation's edits.
        clip: how far probability ratios count (Schulman et al. 2017, equation 7).
        entropy: weight of the policy's entropy.
    """

    num_edits: int = 2
    learning_rate: float = 0.1
    epochs: int = 4
    clip: float = 0.2
    entropy: float = 0.01

    def __post_init__(self) -> None:
        if self.num_edits < 1 or self.epochs < 1:
            raise ValueError("exploitation: num_edits and epochs are at least 1")
        if not (self.learning_rate > 0 and 0 < self.clip < 1 and self.entropy >= 0):
            raise ValueError(
                "exploitation: learning_rate is positive, clip between 0 and 1, entropy not "
                "negative"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """Edits that made one child from its parent, in order.

    `states` (edits, genes) is the genome before each edit and `free` (edits, genes) the genes it
    could change; `actions` (edits,) says which it changed to what.
    """

    states: IntArray
    free: BoolArray
    actions: IntArray
    log_probabilities: Floats


class Controller:
    """Which gene to change, and to which choice.

    Every choice of every gene has a value. Changing gene g of genome x to choice c has the
    log-odds v[g, c] - v[g, x_g]: what the edit is thought to bring. So one table of values suits
    every parent, and a parent whose genes are good already is edited elsewhere.
    """

    def __init__(self, num_choices: IntArray, *, settings: PPO) -> None:
        self._num_choices, self._settings = num_choices, settings
        self._most = int(num_choices.max())
        self.values: Floats = np.zeros((len(num_choices), self._most))
        self._moments = np.zeros((2, *self.values.shape))
        self._steps = 0

    def propose(
        self, genomes: IntArray, *, rng: np.random.Generator
    ) -> tuple[IntArray, list[Edits]]:
        """Children (n, genes) of genomes, and how they were made."""
        children, free = genomes.copy(), np.ones(genomes.shape, dtype=bool)
        rows = np.arange(len(genomes))
        steps = []
        for _ in range(min(self._settings.num_edits, int((self._num_choices > 1).sum()))):
            logs = self._log_probabilities(children, free)
            chances = np.exp(logs).cumsum(axis=1)
            drawn = rng.random((len(rows), 1)) * chances[:, -1:]
            actions = np.minimum((chances <= drawn).sum(axis=1), logs.shape[1] - 1)
            steps.append((children.copy(), free.copy(), actions, logs[rows, actions]))
            genes, choices = np.divmod(actions, self._most)
            children[rows, genes] = choices
            free[rows, genes] = False
        if not steps:
            return children, []
        states, frees, actions, logs = (np.stack(part, axis=1) for part in zip(*steps, strict=True))
        return children, [Edits(states[i], frees[i], actions[i], logs[i]) for i in rows]

    def learn(self, edits: Sequence[Edits], rewards: Floats) -> None:
        """Raise the chances of edits that brought more than the mean reward of these children."""
        if not len(edits) or np.ptp(rewards) == 0:
            return
        advantages = (rewards - rewards.mean()) / rewards.std()
        states = np.concatenate([edit.states for edit in edits])
        free = np.concatenate([edit.free for edit in edits])
        actions = np.concatenate([edit.actions for edit in edits])
        before = np.concatenate([edit.log_probabilities for edit in edits])
        repeated = np.repeat(advantages, [len(edit.actions) for edit in edits])
        for _ in range(self._settings.epochs):
            self._ascend(self._gradient(states, free, actions, before, repeated))

    def probabilities(self, genome: IntArray) -> Floats:
        """Chance of every first edit of a genome: (genes, choices)."""
        free = np.ones((1, len(genome)), dtype=bool)
        logs = self._log_probabilities(genome[None], free)
        return np.exp(logs).reshape(self.values.shape)

    def _log_probabilities(self, genomes: IntArray, free: BoolArray) -> Floats:
        """Of every edit, -inf where it is none: (n, genes * choices)."""
        columns = np.arange(len(self._num_choices))
        logits = self.values - self.values[columns, genomes][:, :, None]
        choices = np.arange(self._most)
        legal = free[:, :, None] & (choices < self._num_choices[:, None])
        legal &= choices != genomes[:, :, None]
        flat = np.where(legal, logits, -np.inf).reshape(len(genomes), -1)
        flat = flat - flat.max(axis=1, keepdims=True)
        logs: Floats = flat - np.log(np.exp(flat).sum(axis=1, keepdims=True))
        return logs

    def _gradient(
        self,
        states: IntArray,
        free: BoolArray,
        actions: IntArray,
        before: Floats,
        advantages: Floats,
    ) -> Floats:
        """Of the clipped objective and the entropy, by the values: (genes, choices)."""
        logs = self._log_probabilities(states, free)
        rows, clip = np.arange(len(actions)), self._settings.clip
        chances = np.exp(logs)
        ratios = np.exp(logs[rows, actions] - before)
        beyond = np.where(advantages > 0, ratios > 1 + clip, ratios < 1 - clip)
        pull = np.where(beyond, 0.0, ratios * advantages)
        by_logit = -pull[:, None] * chances
        by_logit[rows, actions] += pull
        surprise = np.where(chances > 0, logs, 0.0)
        entropies = -(chances * surprise).sum(axis=1, keepdims=True)
        by_logit -= self._settings.entropy * chances * (surprise + entropies)
        by_edit = by_logit.reshape(len(actions), *self.values.shape)
        gradient: Floats = by_edit.sum(axis=0)
        columns = np.broadcast_to(np.arange(len(self.values)), states.shape)
        np.subtract.at(gradient, (columns, states), by_edit.sum(axis=2))
        return gradient / len(actions)

    def _ascend(self, gradient: Floats) -> None:
        """One step of Adam."""
        self._steps += 1
        for moment, power, beta in zip(self._moments, (1, 2), _BETAS, strict=True):
            moment *= beta
            moment += (1 - beta) * gradient**power
        mean, square = (
            moment / (1 - beta**self._steps)
            for moment, beta in zip(self._moments, _BETAS, strict=True)
        )
        self.values += self._settings.learning_rate * mean / (np.sqrt(square) + 1e-8)
