"""What a plan says a run takes, and schedules that fit a time, by made-up timings."""

from __future__ import annotations

import heapq
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.config import Recipe
from escalade.planning.device_times import DeviceTimes
from escalade.planning.hours import fit
from escalade.planning.member_sizes import sizes_of
from escalade.planning.stage_times import (
    EVALUATION_SHARE,
    EXPORT_SECONDS,
    START_SECONDS,
    makespan,
    stage_times,
)
from noise_runs import noise, run_of

DATA = noise(train=1792, search=256)  # 14 batches of 128
# A millisecond for a million macs, nothing else.
TIMES = DeviceTimes(path=4e-3, fixed=0.0, per_mac=1e-9, processes=2, alone=1.0, peak_memory=0)
JOBS = st.lists(st.floats(0.1, 100), max_size=12)


def configured(**more):
    layer = {"budgets": "1M,2M,4M,8M", "hours": 25 / 60, "space": "small", "rival": "none"}
    recipe = {"batch_size": 128}
    equal = {
        "supernet": {"recipe": recipe},
        "search": {"recipe": recipe},
        "retrain": {"taper": 0.0, "recipe": recipe},
    }
    return run_of(layer, equal, more, data=DATA)


def estimate(run, times=TIMES):
    return stage_times(run, sizes_of(run), times)


def fitted(run, times=TIMES):
    return fit(run, sizes_of(run), times)


def test_jobs_end_when_the_last_one_does():
    assert makespan([], workers=2) == 0
    assert makespan([3.0], workers=2) == 3
    assert makespan([1.0, 2.0, 4.0], workers=1) == 7
    assert makespan([4.0, 3.0, 2.0, 1.0], workers=2) == 5
    assert makespan([1.0, 1.0, 8.0], workers=2) == 9  # the long one last: 5 is the mean
    assert makespan([8.0, 1.0, 1.0], workers=2) == 8


def test_a_job_alone_is_faster():
    assert makespan([4.0], workers=2, alone=0.5) == 2
    assert makespan([4.0, 2.0], workers=2, alone=0.5) == 3
    assert makespan([4.0], workers=1, alone=0.5) == 2
    assert makespan([6.0, 4.0, 2.0], workers=3, alone=0.4) == pytest.approx(2 + 2 * 0.7 + 2 * 0.4)


@given(JOBS, st.integers(1, 5))
def test_jobs_go_to_whoever_is_free(seconds, workers):
    free = [0.0] * workers
    for job in seconds:
        heapq.heappush(free, heapq.heappop(free) + job)
    assert makespan(seconds, workers=workers) == pytest.approx(max(free))


@given(JOBS, st.integers(2, 5), st.floats(0.3, 1))
def test_company_costs_and_never_more_than_it_was_measured_to(seconds, workers, alone):
    free = makespan(seconds, workers=workers, alone=alone)
    busy = makespan(seconds, workers=workers)
    assert alone * busy <= free * (1 + 1e-9)
    assert free <= busy * (1 + 1e-9)


def test_every_stage_by_hand():
    recipes = {
        "supernet": {"recipe": {"steps": 100}},
        "retrain": {"recipe": {"epochs": 3}, "grown": "both"},
    }
    run = configured(**recipes)
    found = estimate(run)
    assert found.train == pytest.approx(100 * 128 * 4e-3)
    image = 3 * 1792 + (256 + 1024) * EVALUATION_SHARE
    # From scratch 32, beside it 16 and the turns of 1, 2, 4 and 8 million; then 16 and 32 warm.
    first, second = max(32, 16 + 8 + 4 + 2 + 1), 16 + 32
    assert found.retrain == pytest.approx(image * 1e-3 * (first + second))
    assert found.export == 6 * EXPORT_SECONDS + START_SECONDS
    assert found.evaluations == run.method.num_scores(run.task)
    mean = (1 + 2 + 4 + 8) / 4 * 1e-3
    most = found.evaluations * 1280 * mean * EVALUATION_SHARE / 2
    assert 0.5 * most < found.search < most


@pytest.mark.parametrize(
    ("how", "millions"),
    [
        ({"searched": "slice", "grown": "warm"}, 32 + 16),
        ({"searched": "slice", "grown": "scratch"}, 32),
        ({"searched": "retrain", "grown": "scratch"}, 32),
        ({"searched": "finetune", "grown": "warm"}, 8 + 32 + 16),
        ({"searched": "in_turn", "grown": "warm"}, 1 + 2 + 4 + 8 + 32 + 16),
    ],
)
def test_which_trainings_there_are(how, millions):
    found = estimate(configured(retrain=how | {"recipe": {"steps": 1000}})).retrain
    image = 128_000 + 1280 * EVALUATION_SHARE
    assert found == pytest.approx(image * 1e-3 * millions)


@pytest.mark.parametrize(("grown", "millions"), [("warm", 16 + 32), ("both", 32 + 16 + 32)])
def test_members_that_train_together_are_one_training_before_the_others(grown, millions):
    how = {"searched": "together", "grown": grown, "recipe": {"steps": 1000}}
    times, image = replace(TIMES, together=5e-3), 128_000 + 1280 * EVALUATION_SHARE
    found = estimate(configured(retrain=how), times)
    assert found.retrain == pytest.approx(128_000 * 5e-3 + image * 1e-3 * millions)
    found = estimate(configured(retrain=how | {"searched": "slice"}), times)
    assert found.retrain == pytest.approx(image * 1e-3 * millions)


def test_a_look_at_two_starts_is_short():
    """A sixth of the steps of 16 million macs from scratch beside others, then with weights."""
    how = {"searched": "slice", "recipe": {"steps": 600}}
    score, images = 1280 * EVALUATION_SHARE, 600 * 128
    times = replace(TIMES, processes=1)
    found = estimate(configured(retrain=how | {"grown": "look"}), times).retrain
    once = estimate(configured(retrain=how | {"grown": "warm"}), times).retrain
    look = 16e-3 * ((images + score) // 6)
    assert found - once == pytest.approx(2 * look, rel=0.01)


@pytest.mark.parametrize(
    ("how", "millions"),
    [
        ({"searched": "retrain", "grown": "warm"}, 2 + 4),
        ({"searched": "slice", "grown": "warm"}, 2 + 4),
        ({"searched": "slice", "grown": "both"}, 4 + 4),
        ({"searched": "slice", "grown": "scratch"}, 4),
        ({"searched": "finetune", "grown": "warm"}, 3 + 4),
    ],
)
def test_the_largest_is_trained_for_warm_starts_where_slices_keep_identities(how, millions):
    """Searched are 1 and 2 million macs, grown 4; two processes, the largest first."""
    layer = {"budgets": "1M,2M", "space": "scarlet_small", "grow": {"num": 1}}
    found = estimate(configured(**layer, retrain=how | {"recipe": {"steps": 1000}})).retrain
    image = 128_000 + 1280 * EVALUATION_SHARE
    assert found == pytest.approx(image * 1e-3 * millions)


def test_networks_trained_alone_are_the_search():
    """Ten networks of a million macs, two at a time; members of 1, 2 and 4."""
    layer = {"budgets": "1M,2M", "space": "regnet_y_small", "grow": {"num": 1}}
    recipes = {"search": {"num_models": 10, "recipe": {"steps": 100}}}
    found = estimate(configured(**layer, **recipes, retrain={"recipe": {"steps": 1000}}))
    score = 1280 * EVALUATION_SHARE
    assert (found.train, found.evaluations) == (0, 10)
    assert found.search == pytest.approx((12_800 + score) * 1e-3 * 5)
    assert found.retrain == pytest.approx((128_000 + score) * 1e-3 * 4)


def test_a_contest_of_networks_trained_alone_takes_its_looks_and_bouts():
    """Three rules, what was found at two budgets, and a network by hand at one of them."""
    layer = {"budgets": "1M,2M", "space": "regnet_y_small", "grow": {"num": 0}}
    steps = {"retrain": {"recipe": {"steps": 1000}}}
    with_it, without = (
        estimate(configured(**layer, **steps, rival=rival)) for rival in ("contest", "none")
    )
    look = (250 * 128 + 1280 * EVALUATION_SHARE) * 1e-3
    assert with_it.retrain - without.retrain == pytest.approx(6 * look / 2)


def test_images_of_a_recipe():
    assert Recipe(epochs=2).num_images(300) == 2 * 2 * 128
    assert Recipe(steps=7).num_images(300) == 7 * 128
    assert Recipe(epochs=2).num_images(100) == 2 * 100


@pytest.mark.parametrize("hours", [0.25, 25 / 60, 1.5])
@pytest.mark.parametrize("path", [1e-3, 4e-3, 12e-3])
@pytest.mark.parametrize(
    "how",
    [{}, {"searched": "slice", "grown": "warm"}, {"searched": "together", "grown": "warm"}],
)
def test_a_schedule_fits_its_time(hours, path, how):
    times = replace(TIMES, path=path, fixed=1e-4, per_mac=3e-10, alone=0.8, together=5e-3)
    run = fitted(configured(hours=hours, retrain=how), times)
    assert run.config.fitted
    found = estimate(run, times)
    least, num = 200 * 128 * path, len(DATA.train)
    seen = run.config.supernet.recipe.num_images(num) / num
    if run.config.retrain.recipe.epochs < 200:
        assert found.total == pytest.approx(3600 * hours, rel=0.03)
        assert found.train == pytest.approx(max(0.1 * found.total, least), rel=0.2)
    else:  # the most that members are given; the supernet has the rest, up to as many
        is_most = seen == pytest.approx(4 * 200, rel=0.01)
        assert is_most or found.total == pytest.approx(3600 * hours, rel=0.03)
        assert seen < 4 * 201


@pytest.mark.parametrize("hours", [0.1, 0.25])
def test_a_schedule_of_networks_trained_alone_fits_its_time(hours):
    layer = {"budgets": "1M,2M", "space": "regnet_y_small", "hours": hours}
    run = fitted(configured(**layer, search={"num_models": 8}))
    assert 0.7 * 3600 * hours < estimate(run).total <= 1.03 * 3600 * hours
    assert run.config.search.recipe.epochs <= run.config.retrain.recipe.epochs


def test_without_trainings_of_members_the_supernet_has_the_time():
    found = estimate(fitted(configured(retrain={"searched": "slice"}, grow={"num": 0})))
    assert found.retrain == 0
    assert found.total == pytest.approx(1500, rel=0.03)


def test_tapered_members_share_the_time_by_their_budgets():
    """Where it is 1 all images times budgets are equal, so that all take the same time."""
    times = replace(TIMES, fixed=0.0, per_mac=1e-9, alone=1.0, processes=1)
    ladder = {"budgets": "1M,2M,4M", "grow": {"num": 0}, "hours": 0.25}
    equal = fitted(configured(**ladder, retrain={"taper": 0.0}), times)
    tapered = fitted(configured(**ladder, retrain={"taper": 1.0}), times)
    assert estimate(tapered, times).total == pytest.approx(estimate(equal, times).total, rel=0.05)
    ratio = tapered.config.retrain.recipe.epochs / equal.config.retrain.recipe.epochs
    assert ratio == pytest.approx((1 + 2 + 4) / 3, rel=0.05)


@pytest.mark.parametrize("more", [{}, {"budgets": "8M,16M", "space": "regnet_y_small"}])
def test_too_little_time_is_refused(more):
    with pytest.raises(ValueError, match=r"hours: 0.03 are too short here: .* takes about"):
        fitted(configured(hours=0.03, **more))


def test_finalists_take_their_share_in_halving_rounds():
    """Four for each of four budgets for a tenth of ten epochs, then two, by hand."""
    recipe = {"recipe": {"epochs": 10}}
    search = {"finalists": 4, "finalist_rounds": 5, "finalist_share": 0.1}
    run = configured(hours=None, retrain=recipe, search=search)
    seconds = estimate(run)
    images = 14 * 128 + (256 + 1024) * EVALUATION_SHARE
    jobs = [images * budget * 1e-3 for budget in (8, 4, 2, 1)]
    rounds = ([job for job in jobs for _ in range(num)] for num in (4, 2))
    assert seconds.confirm == pytest.approx(sum(makespan(each, workers=2) for each in rounds))
    without = estimate(configured(hours=None, retrain=recipe))
    assert (without.confirm, seconds.total) == (0, pytest.approx(without.total + seconds.confirm))


def test_a_schedule_leaves_time_for_finalists():
    run = configured(search={"finalists": 4, "finalist_share": 0.2})
    assert estimate(fitted(run)).total == pytest.approx(run.config.hours * 3600, rel=0.1)


# Rivals


@pytest.mark.parametrize(
    ("how", "millions"),
    [
        # Rivals of 1, 2, 4, 8, 16, 32 beside searched 1, 2, 4, 8: 32 and 16 begin; then 32 warm.
        ({"searched": "retrain", "grown": "warm"}, 78 / 2 + 32),
        # Grown members from scratch and warm: their rivals have twice the images of the others.
        ({"searched": "retrain", "grown": "both"}, (15 + 15 + 48 + 96) / 2 + 32),
    ],
)
def test_rivals_train_beside_their_members(how, millions):
    settings = {"rival": "beside", "workers": 2, "retrain": how | {"recipe": {"steps": 1000}}}
    found = estimate(configured(**settings)).retrain
    score = 1280 * EVALUATION_SHARE
    look = 3 * (1000 // 4 * 128)  # three rules, as long as at 1 million macs, two processes
    least = 1e-3 * (128_000 * millions + look / 2)
    # The last training of a round may run alone: at most the longest one's time more.
    assert least < found < least + 1e-3 * (2 * 128_000 * 32 + look / 3 + 20 * score)


def test_a_contest_is_short_and_members_in_turn_have_all_threads():
    """Three rules, what was found at two budgets, by hand at one: a quarter of 1 M."""
    how = {"searched": "in_turn", "grown": "warm", "recipe": {"steps": 600}}
    score, images = 1280 * EVALUATION_SHARE, 600 * 128
    times = replace(TIMES, processes=1, threaded=0.6)
    members = 0.6 * (1 + 2 + 4 + 8 + 16 + 32) * (images + score)
    alone = estimate(configured(retrain=how), times).retrain
    assert alone == pytest.approx(1e-3 * members)
    found = estimate(configured(retrain=how, rival="contest"), times).retrain
    looks = (3 + 2 + 1) * (images // 4 + score)
    assert found == pytest.approx(1e-3 * (members + looks))


def test_a_slices_rival_has_its_share_of_the_supernets_training():
    settings = {
        "budgets": "1M,2M,4M,8M", "grow": {"num": 0}, "rival": "beside",
        "supernet": {"recipe": {"steps": 400}}, "retrain": {"searched": "slice"},
    }  # fmt: skip
    found = estimate(configured(**settings), replace(TIMES, processes=1)).retrain
    score, each = 1280 * EVALUATION_SHARE, 100 * 128
    look = 3 * (each // 4 + score)
    assert found == pytest.approx(1e-3 * (look + 15 * (each + score)))


@pytest.mark.parametrize("how", [{}, {"searched": "slice", "grown": "warm"}])
def test_a_schedule_with_rivals_fits_its_time(how):
    times = replace(TIMES, fixed=1e-4, per_mac=3e-10, alone=0.8, together=5e-3)
    run = fitted(configured(hours=1.0, retrain=how, rival="beside"), times)
    assert 0.85 * 3600 < estimate(run, times).total < 1.05 * 3600
