"""Splits are exhaustive, disjoint, stratified, deterministic and capped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.data.splits.stratified import SEARCH, TEST, TRAIN, divide

NAMES = [f"class {i}" for i in range(6)]


def split(labels, origin=None, *, seed=0, search_size=None, limit=None):
    labels = np.asarray(labels, np.int64)
    origin = np.full(len(labels), TRAIN) if origin is None else np.asarray(origin)
    return divide(
        labels,
        origin.astype(np.int8),
        classes=NAMES[: labels.max() + 1],
        seed=seed,
        search_size=search_size,
        limit=limit,
    )


def counts(labels, rows):
    return np.bincount(np.asarray(labels)[rows], minlength=max(labels) + 1).tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(3, 60), min_size=2, max_size=6), st.integers(0, 5))
def test_one_folder_is_divided_without_loss(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts = split(labels, seed=seed)
    joined = np.concatenate([parts.train, parts.search, parts.test])
    assert sorted(joined.tolist()) == list(range(len(labels)))
    for rows in (parts.train, parts.search, parts.test):
        assert min(counts(labels, rows)) >= 1


def test_one_folder_gives_70_10_20():
    labels = np.repeat([0, 1, 2], [100, 200, 50])
    parts = split(labels)
    assert counts(labels, parts.train) == [70, 140, 35]
    assert counts(labels, parts.search) == [10, 20, 5]
    assert counts(labels, parts.test) == [20, 40, 10]


def test_given_test_rows_stay_and_search_is_held_out_of_train():
    labels = np.repeat([0, 1, 0, 1], [1000, 40, 30, 20])
    origin = np.repeat([TRAIN, TRAIN, TEST, TEST], [1000, 40, 30, 20])
    parts = split(labels, origin)
    assert sorted(parts.test.tolist()) == list(range(1040, 1090))
    assert counts(labels, parts.search) == [50, 8]
    assert counts(labels, parts.train) == [950, 32]


def test_given_test_rows_do_not_depend_on_the_seed():
    labels, origin = np.tile([0, 1], 100), np.repeat([TRAIN, TEST], 100)
    first, other = (split(labels, origin, seed=seed, limit=30) for seed in (0, 1))
    assert first.test.tolist() == other.test.tolist()
    assert first.search.tolist() != other.search.tolist()


def test_three_folders_keep_their_roles():
    labels = np.tile([0, 1], 30)
    origin = np.repeat([TRAIN, SEARCH, TEST], 20)
    parts = split(labels, origin)
    assert sorted(parts.search.tolist()) == list(range(20, 40))
    assert counts(labels, split(labels, origin, search_size=3).search) == [3, 3]
    assert counts(labels, split(labels, origin, search_size=99).search) == [10, 10]


def test_search_size_as_number_and_as_share():
    labels = np.repeat([0, 1, 0, 1], [100, 200, 5, 5])
    origin = np.repeat([TRAIN, TEST], [300, 10])
    assert counts(labels, split(labels, origin, search_size=7).search) == [7, 7]
    assert counts(labels, split(labels, origin, search_size=0.25).search) == [25, 50]


def test_the_seed_decides():
    labels = np.repeat([0, 1], 100)
    first, again, other = (split(labels, seed=seed) for seed in (3, 3, 4))
    assert first.train.tolist() == again.train.tolist()
    assert set(first.test.tolist()) != set(other.test.tolist())


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 80))
def test_limit_is_exact_stratified_and_nested(limit):
    labels = np.repeat([0, 1, 2], [500, 300, 30])
    full, capped = split(labels), split(labels, limit=limit)
    assert len(capped.train) == limit
    assert len(capped.search) == min(limit, len(full.search))
    assert set(capped.train.tolist()) <= set(full.train.tolist())
    got = np.array(counts(labels, capped.train))
    assert (got >= 1).all()
    assert (np.abs(got - limit * np.array([500, 300, 30]) / 830) <= 2).all()


def test_leading_runs_mix_the_classes():
    labels = np.repeat([0, 1], 500)
    assert 20 < sum(counts(labels, split(labels).train[:100])[:1]) < 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"search_size": 0}, "not positive"),
        ({"search_size": 1.0}, "outside"),
        ({"search_size": 8}, "at most 7"),
        ({"limit": 1}, "below the 2 classes"),
    ],
)
def test_impossible_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        split(np.repeat([0, 1], 10), **arguments)


def test_a_class_too_small_to_split_is_named():
    with pytest.raises(ValueError, match=r"'class 1' \(2\); a class needs 3, or 2 where test"):
        split(np.repeat([0, 1], [10, 2]))
    with pytest.raises(ValueError, match=r"'class 1' \(1\); a class needs 2;"):
        split([0, 0, 0, 1, 0, 1], [TRAIN] * 4 + [TEST] * 2)
