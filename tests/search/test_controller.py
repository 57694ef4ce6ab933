from __future__ import annotations

import numpy as np
import pytest

from escalade.search.front.controller import PPO, Controller

NUM_CHOICES = np.array([4, 2, 1, 5, 4])


def controller(**settings):
    return Controller(NUM_CHOICES, settings=PPO(**settings))


def random_genomes(num, rng):
    return (rng.random((num, len(NUM_CHOICES))) * NUM_CHOICES).astype(np.int64)


def test_untrained_edits_are_uniform_over_what_can_change():
    chances = controller().probabilities(np.array([1, 0, 0, 4, 3]))
    legal = np.arange(5) < NUM_CHOICES[:, None]
    legal[np.arange(5), [1, 0, 0, 4, 3]] = False
    assert chances[legal] == pytest.approx(1 / legal.sum())
    assert not chances[~legal].any()


@pytest.mark.parametrize("num_edits", [1, 3])
def test_children_differ_in_as_many_genes_as_there_are_edits(num_edits):
    rng = np.random.default_rng(0)
    parents = random_genomes(200, rng)
    children, edits = controller(num_edits=num_edits).propose(parents, rng=rng)
    assert ((children != parents).sum(axis=1) == num_edits).all()
    assert ((children >= 0) & (children < NUM_CHOICES)).all()
    assert len(edits) == 200
    assert edits[0].states[0].tolist() == parents[0].tolist()


def test_more_edits_than_genes_change_every_gene_that_can():
    parents = random_genomes(20, np.random.default_rng(0))
    children, _ = controller(num_edits=9).propose(parents, rng=np.random.default_rng(0))
    assert ((children != parents) == (NUM_CHOICES > 1)).all()


def test_nothing_to_change():
    alone = Controller(np.array([1, 1]), settings=PPO())
    children, edits = alone.propose(np.zeros((3, 2), dtype=np.int64), rng=np.random.default_rng(0))
    assert children.tolist() == [[0, 0]] * 3
    assert edits == []


def test_proposals_follow_the_probabilities():
    policy = controller(num_edits=1)
    policy.values[:] = np.random.default_rng(1).normal(size=policy.values.shape)
    parent = np.array([1, 0, 0, 4, 3])
    children, edits = policy.propose(np.tile(parent, (20_000, 1)), rng=np.random.default_rng(0))
    chances = policy.probabilities(parent)
    for gene, choice in [(0, 3), (1, 1), (3, 0), (4, 2)]:
        share = ((children != parent)[:, gene] & (children[:, gene] == choice)).mean()
        assert share == pytest.approx(chances[gene, choice], abs=0.015)
    taken = [chances.ravel()[edit.actions[0]] for edit in edits]
    assert np.exp([edit.log_probabilities[0] for edit in edits]) == pytest.approx(taken)


def test_edits_of_bad_choices_are_likelier():
    """The odds of an edit are the new choice's value against the old one's."""
    policy = controller()
    policy.values[0] = [0.0, 2.0, 0.0, 0.0, 0.0]
    policy.values[3] = [0.0, 0.0, 0.0, 0.0, 2.0]
    chances = policy.probabilities(np.array([1, 0, 0, 0, 0]))
    assert chances[3, 4] == chances.max()
    assert chances[0].max() < chances[4].max() < chances[3, 4]


def test_the_gradient_is_that_of_the_clipped_objective():
    """Against finite differences of the formula written out."""
    policy = controller(num_edits=2, clip=0.2, entropy=0.1)
    rng = np.random.default_rng(0)
    policy.values[:] = rng.normal(size=policy.values.shape)
    _, edits = policy.propose(random_genomes(12, rng), rng=rng)
    parts = [np.concatenate([getattr(e, n) for e in edits]) for n in ("states", "free", "actions")]
    before = np.concatenate([edit.log_probabilities for edit in edits])
    advantages = np.repeat(rng.normal(size=12), 2)
    # Elsewhere than where the edits were drawn, so that some ratios are clipped.
    policy.values[:] += 0.3 * rng.normal(size=policy.values.shape)

    def objective():
        logs = policy._log_probabilities(parts[0], parts[1])
        ratios = np.exp(logs[np.arange(24), parts[2]] - before)
        clipped = np.clip(ratios, 0.8, 1.2)
        chances = np.exp(logs)
        entropy = -(chances * np.where(chances > 0, logs, 0)).sum(axis=1)
        return np.minimum(ratios * advantages, clipped * advantages).mean() + 0.1 * entropy.mean()

    gradient = policy._gradient(*parts, before, advantages)
    for gene, choice in np.ndindex(*policy.values.shape):
        values = []
        for step in (1e-5, -1e-5):
            policy.values[gene, choice] += step
            values.append(objective())
            policy.values[gene, choice] -= step
        assert gradient[gene, choice] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-6)


def test_it_learns_which_choices_pay():
    """Reward is the number of good choices; the controller soon makes more of them than chance."""
    good = np.array([2, 1, 0, 3, 0])
    rng = np.random.default_rng(0)
    policy = controller()
    gains = []
    for _ in range(60):
        parents = random_genomes(40, rng)
        children, edits = policy.propose(parents, rng=rng)
        gain = (children == good).sum(axis=1) - (parents == good).sum(axis=1)
        policy.learn(edits, gain.astype(float))
        gains.append(gain.mean())
    assert gains[0] < 0.3
    assert np.mean(gains[-10:]) > 1.2
    able = NUM_CHOICES > 1
    assert (policy.values.argmax(axis=1) == good)[able].all()


def test_equal_rewards_teach_nothing():
    policy = controller()
    _, edits = policy.propose(
        random_genomes(5, np.random.default_rng(0)), rng=np.random.default_rng(0)
    )
    policy.learn(edits, np.full(5, 0.3))
    policy.learn([], np.empty(0))
    assert not policy.values.any()


@pytest.mark.parametrize("wrong", [{"num_edits": 0}, {"clip": 1.0}, {"learning_rate": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="exploitation: "):
        PPO(**wrong)
