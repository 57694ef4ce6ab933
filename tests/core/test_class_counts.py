"""Images of each class, and intervals of accuracies."""

import numpy as np
import pytest
from scipy import stats

from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.numbers.statistics import wilson_interval
from escalade.core.values.codec import decode, encode


def counts(*images):
    return ClassCounts(classes=tuple("abcdefghijkl"[: len(images)]), images=images)


@pytest.mark.parametrize("num", [1, 5, 40, 10_000])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 1.0])
def test_wilsons_interval_is_scipys(share, num):
    right = round(share * num)
    expected = stats.binomtest(right, num).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right / num, num_images=num) == pytest.approx(tuple(expected))


def test_it_is_honest_at_the_ends():
    low, high = wilson_interval(1.0, num_images=5)
    assert (round(low, 2), high) == (0.57, 1.0)
    assert wilson_interval(0.0, num_images=5) == pytest.approx((0.0, 1 - low))


def test_it_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for truth in (0.5, 0.9, 0.99):
        right = rng.binomial(60, truth, 4000)
        between = [wilson_interval(n / 60, num_images=60) for n in right]
        assert 0.92 < np.mean([low <= truth <= high for low, high in between]) < 0.99


def test_a_network_that_says_one_class():
    """505 images, 500 of one class: 99.0 % right, and no better than a guess."""
    split = counts(500, 5)
    assert split.majority == "a"
    assert split.majority_share == pytest.approx(0.990, abs=1e-3)
    assert split.recalls((500, 0)) == (1.0, 0.0)
    assert split.balanced((500, 0)) == 0.5
    unequal, few = split.cautions()
    assert "99.0 % of the 505 test images are 'a'" in unequal
    assert "Fewer than 10 test images of 1 of 2 classes ('b' 5)" in few


def test_even_classes_need_no_words():
    assert counts(100, 120, 90).cautions() == ()
    assert counts(100, 120, 90).is_even
    assert not counts(100, 160).is_even


def test_many_small_classes_are_a_line():
    (few,) = counts(*[5] * 12).cautions()
    assert "('a' 5, 'b' 5, 'c' 5 and 9 more)" in few


def test_classes_without_images_have_no_recall():
    assert counts(4, 0).recalls((3, 0)) == (0.75, None)
    assert counts(4, 0).balanced((3, 0)) == 0.75
    assert counts(0, 0).balanced((0, 0)) is None


def test_it_is_read_as_it_was_written():
    split = counts(4, 7)
    assert decode(ClassCounts, encode(split)) == split
    with pytest.raises(ValueError, match="1 counts for 2 classes"):
        ClassCounts(classes=("a", "b"), images=(1,))


def test_weights_make_classes_count_the_same():
    """What a class weighs in all is the same for each, and 1 an image in the mean."""
    split = counts(600, 30, 6, 0)
    weighed = [weight * num for weight, num in zip(split.weights, split.images, strict=True)]
    assert weighed == pytest.approx([212, 212, 212, 0])
    assert counts(7, 7).weights == (1.0, 1.0)


def test_very_unequal_classes_have_a_remedy():
    assert [counts(*each).is_unequal for each in ((100, 10), (99, 10), (5, 0))] == [
        True, False, False,
    ]  # fmt: skip
    (unequal,) = counts(200, 20).cautions(remedy="Do this.")
    assert unequal.endswith("counts every class the same. Do this.")
    assert counts(20, 20).cautions(remedy="Do this.") == ()
