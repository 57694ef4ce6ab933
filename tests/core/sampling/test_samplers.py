from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import find_peaks

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.space.space_summary import histogram


def num_modes(macs) -> int:
    """Peaks of the histogram on 64 log-spaced bins.

    Counts are averaged over three neighbouring bins; a peak is a local maximum that stands at
    least 3 % of the largest above the higher of the valleys beside it (its prominence).
    """
    counts = np.array(histogram(macs)["counts"], dtype=float)
    smooth = np.convolve(np.pad(counts, 2), np.ones(3) / 3, "valid")
    peaks, _ = find_peaks(smooth, prominence=0.03 * smooth.max())
    return len(peaks)


def test_modes_are_counted():
    rng = np.random.default_rng(0)
    one = np.exp(rng.normal(10, 0.3, 50_000)).astype(np.int64)
    two = np.exp(rng.normal(12, 0.3, 50_000)).astype(np.int64)
    assert num_modes(one) == 1
    assert num_modes(np.concatenate([one, two])) == 2
    assert num_modes(np.concatenate([one, two[:500]])) == 1  # too small to be a mode


@pytest.mark.parametrize("seed", range(3))
def test_hierarchical_has_a_mode_per_stage_and_uniform_one(scalenet, seed):
    """Fig. 3 of ScaleNet."""
    for sampler, modes in ((Hierarchical(scalenet), 4), (Uniform(scalenet), 1)):
        drawn = sampler.draw(generator(seed, "modes"), 100_000)
        assert num_modes(scalenet.costs(drawn)) == modes


def stage_of(space, population):
    """The scaling stage of each path, by its resolution ratio and width ratio."""
    rows = [{tuple(row) for row in space.strategies(j).tolist()} for j in range(space.num_stages)]
    return np.array(
        [
            next(j for j, r in enumerate(rows) if tuple(s) in r)
            for s in population.strategies.tolist()
        ]
    )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("equal", [0.25] * 4),
        ("proportional", [0.01, 0.12, 0.45, 0.42]),
        ([1, 4, 5, 0], [0.1, 0.4, 0.5, 0.0]),
    ],
)
def test_stages_are_drawn_by_their_weights(scalenet, weights, expected):
    drawn = Hierarchical(scalenet, weights=weights).draw(generator(0, "weights"), 20_000)
    shares = np.bincount(stage_of(scalenet, drawn), minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, expected, atol=0.015)


def test_strategies_of_a_stage_are_equally_likely(scalenet):
    drawn = Hierarchical(scalenet, weights=[0, 1, 0, 0]).draw(generator(0, "even"), 24_000)
    _, counts = np.unique(drawn.strategies, axis=0, return_counts=True)
    assert len(counts) == 12
    np.testing.assert_allclose(counts / len(drawn), 1 / 12, atol=0.01)


def test_uniform_draws_every_ratio_alike(scalenet):
    drawn = Uniform(scalenet).draw(generator(0, "uniform"), 40_000)
    for axis, ratios in enumerate(
        (scalenet.ratios.depth, scalenet.ratios.width, scalenet.ratios.resolution)
    ):
        counts = np.bincount(drawn.strategies[:, axis], minlength=len(ratios))
        np.testing.assert_allclose(counts / len(drawn), 1 / len(ratios), atol=0.01)
    correlation = np.corrcoef(drawn.strategies.T)
    assert np.abs(correlation - np.eye(3)).max() < 0.02


def test_a_window_keeps_paths_near_their_budget(small):
    targets = (1e6, 2e6, 4e6)
    window = Window(targets=targets, factor=1.5)
    drawn = Hierarchical(small, window=window).draw(generator(0, "window"), 600)
    costs = small.costs(drawn)
    nearest = np.abs(np.log(costs[:, None] / np.array(targets))).min(axis=1)
    assert np.exp(nearest).max() <= 1.5
    uniform = Uniform(small, window=window).draw(generator(0, "window"), 600)
    costs = small.costs(uniform)
    assert costs.min() >= 1e6 / 1.5
    assert costs.max() <= 4e6 * 1.5


@pytest.mark.parametrize("kind", ["params", "activations"])
def test_a_window_in_another_kind_of_cost(small, kind):
    window = Window(targets=(200e3, 220e3, 240e3), kind=kind, factor=1.3)
    drawn = Uniform(small, window=window).draw(generator(0, "kind"), 200)
    costs = small.costs(drawn, kind)
    assert costs.min() >= 200e3 / 1.3
    assert costs.max() <= 240e3 * 1.3


@pytest.mark.parametrize("sampler", [Uniform, Hierarchical])
def test_out_of_reach_is_an_error_with_the_range(small, sampler):
    window = Window(targets=(1.0, 2.0, 4.0), factor=1.5)
    with pytest.raises(ValueError, match=r"budgets: hardly any path of small .* cost \d.*k to \d"):
        sampler(small, window=window).draw(generator(0, "never"), 5)


@pytest.mark.parametrize("sampler", [Uniform, Hierarchical])
def test_draws_depend_on_the_seed_alone(scalenet, sampler):
    def draw(seed):
        drawn = sampler(scalenet).draw(generator(seed, "draws"), 200)
        return np.hstack([drawn.genomes, drawn.strategies])

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()


@pytest.mark.parametrize("sampler", [Uniform, Hierarchical])
@pytest.mark.parametrize("num", [0, 1, 7])
def test_as_many_as_asked(scalenet, sampler, num):
    assert len(sampler(scalenet).draw(generator(0, "num"), num)) == num


@pytest.mark.parametrize("sampler", [Uniform, Hierarchical])
@pytest.mark.parametrize("num", [0, 1, 10_000])
@pytest.mark.parametrize("kind", ["macs", "memory"])
def test_costs_are_those_of_the_paths_drawn(scalenet, sampler, num, kind):
    """Beyond what is drawn at once."""
    made, rngs = sampler(scalenet), [generator(0, "costs") for _ in range(2)]
    found = made.costs(rngs[0], num, kind)
    np.testing.assert_array_equal(found, scalenet.costs(made.draw(rngs[1], num), kind))
    assert rngs[0].random() == rngs[1].random()


def test_costs_within_a_window(small):
    made = Hierarchical(small, window=Window(targets=(0.5e6, 1e6, 2e6), factor=2.0))
    drawn = made.draw(generator(0, "window"), 50)
    np.testing.assert_array_equal(made.costs(generator(0, "window"), 50), small.costs(drawn))


def test_genomes_do_not_depend_on_how_many_are_drawn_at_once(scalenet, monkeypatch):
    once = scalenet.sample_genomes(generator(0, "parts"), 1000)
    monkeypatch.setattr("escalade.core.space.layout.DRAWN_AT_ONCE", 64)
    np.testing.assert_array_equal(scalenet.sample_genomes(generator(0, "parts"), 1000), once)


@pytest.mark.parametrize("sampler", [Uniform, Hierarchical])
def test_draws_are_legal(scalenet, sampler):
    drawn = sampler(scalenet).draw(generator(0, "legal"), 500)
    np.testing.assert_array_equal(scalenet.repair(drawn.genomes), drawn.genomes)


@pytest.mark.parametrize(
    "weights",
    ["equl", [1, 2], [1, 1, 1, -1], [0, 0, 0, 0]],
    ids=["name", "few", "negative", "none"],
)
def test_wrong_weights(scalenet, weights):
    with pytest.raises(ValueError, match=r"supernet\.weights: "):
        Hierarchical(scalenet, weights=weights)
