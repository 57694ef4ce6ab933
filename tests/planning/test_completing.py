"""Settings complete: what follows from the space; the images and the space of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from escalade.config import Config, presets, read_preset, resolve
from escalade.core.values.invalid import Invalid
from escalade.planning.begun_space import named_space
from escalade.planning.completing import complete, told
from escalade.planning.resolved_run import load_images
from escalade.search.methods import METHODS, UNSEARCHED, Task
from noise_runs import run_of


def completed(**settings) -> Config:
    given = resolve({"data": "noise", "budgets": "1M,2M"}, settings)
    return complete(given, named_space(given))[0]


def finished(config: Config):
    """The space of settings, and their search."""
    space = named_space(config)
    return space, complete(config, space)[1]


@pytest.mark.parametrize(
    ("space", "method", "step", "weights", "identity"),
    [
        ("small", "mcea", "single_path", "in_turn", None),
        ("bignas_small", "coarse_to_fine", "single_path", "in_turn", None),
        ("scarlet_small", "nsga2", "fair", "retrain", "let"),
        ("regnet_y_small", "models", None, "retrain", None),
    ],
)
def test_what_follows_from_a_space(space, method, step, weights, identity):
    config = completed(space=space)
    assert config.search.method == method
    assert (config.supernet.step, config.supernet.identity) == (step, identity)
    assert config.retrain.searched == weights
    assert complete(config, named_space(config))[0] == config


@pytest.mark.parametrize(("space", "hours"), [("regnet_y_small", 0.4), ("small", 0.4)])
def test_a_space_that_is_named_is_searched_however_short_the_run(space, hours):
    assert run_of({"space": space, "budgets": "1M,2M", "hours": hours}).searches


def test_what_is_said_stays():
    config = completed(
        space="scarlet_small",
        supernet={"step": "single_path", "identity": "plain"},
        search={"method": "random", "population": 8},
        retrain={"searched": "slice"},
    )
    assert (config.supernet.step, config.supernet.identity) == ("single_path", "plain")
    assert (config.search.method, config.search.population) == ("random", 8)
    assert config.retrain.searched == "slice"


@pytest.mark.parametrize("space", ["small", "regnet_y_small"])
@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("fare", "supernet.step: 'fare' is not known; did you mean fair?"),
        ("taught", "supernet.step: taught needs a pretrained network"),
    ],
)
def test_steps_that_cannot_be_are_refused(space, step, words):
    with pytest.raises(Invalid) as caught:
        completed(space=space, supernet={"step": step})
    assert str(caught.value).startswith(words)


def test_without_a_supernet_networks_are_trained_alone_whatever_is_said():
    config = completed(space="regnet_y_small", search={"method": "random"})
    assert config.search.method == "models"
    assert (config.retrain.searched, config.retrain.grown) == ("retrain", "scratch")
    assert "regnet_y_small has no supernet" in told(*finished(config))
    assert told(*finished(completed(space="small"))) == ""


def test_a_run_too_short_for_a_search_has_its_members_made_by_hand():
    config = completed(hours=0.9)
    assert (config.search.method, config.retrain.searched) == (UNSEARCHED.name, "in_turn")
    assert config.rival == "contest"
    assert complete(config, named_space(config))[0] == config
    assert "nothing is searched" in told(*finished(config))


@pytest.mark.parametrize(
    "asks",
    [
        {"hours": 1.0},
        {"space": "small"},
        {"search": {"population": 8}},
        {"search": {"method": "random"}},
        {"supernet": {"recipe": {"steps": 100}}},
        {"grow": {"function": "law"}},
        {"rival": "beside"},
        {"rival": "none"},
        {"limits": {"memory_int8": 1e6}},
        {"retrain": {"searched": "slice"}},
    ],
)
def test_whoever_asks_for_a_search_gets_one(asks):
    assert completed(**{"hours": 0.4} | asks).search.method != UNSEARCHED.name


@pytest.mark.parametrize("asks", [{"rival": "beside"}, {"retrain": {"searched": "slice"}}])
def test_members_by_hand_need_the_looks_of_a_contest(asks):
    with pytest.raises(ValueError, match=r"search\.method: makes members by hand"):
        completed(space="small", search={"method": UNSEARCHED.name}, **asks)


@pytest.mark.parametrize("name", presets())
def test_every_preset_has_room_for_its_search(name):
    """But for a grid of one network at an end of a ladder, which is told where it is so."""
    config = resolve(read_preset(name), {"data": "noise"})
    space = named_space(config)
    config, method = complete(config, space)
    budgets = config.ladder.budgets if config.budgets else ()
    task = Task(
        space=space.with_data(in_channels=1, num_classes=10), settings=config.search,
        budgets=budgets, kind=config.budget_kind, tolerance=config.tolerance, seed=0,
    )  # fmt: skip
    assert [note for note in method.left_undone(task) if "compares no grid" not in note] == []


@pytest.mark.parametrize("method", [name for name, each in METHODS.items() if each.needs_supernet])
def test_any_search_is_what_it_is_in_the_smoke_preset(method):
    """NSGA-II evolves, and its controller learns."""
    given = resolve(read_preset("smoke"), {"search": {"method": method}, "space": None})
    suits = "bignas_small" if method == "coarse_to_fine" else "small"
    given = replace(given, space=suits, budgets=[1e6, 2e6])
    space = named_space(given)
    config, made = complete(given, space)
    task = Task(
        space=space, settings=config.search, budgets=config.ladder.budgets, kind="macs",
        tolerance=0.05, seed=0,
    )  # fmt: skip
    assert made.left_undone(task) == []


def test_a_space_that_nobody_named_is_stated():
    assert completed(budgets="0.4M,0.8M").space == "small"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"budgets": []}, "budgets: give a ladder"),
        ({"budgets": [], "space": "bignas_small"}, "budgets: coarse_to_fine needs a ladder"),
        ({"budgets": [], "space": "regnet_y_small"}, "budgets: models needs a ladder"),
        ({"budgets": [], "search": {"method": "nsga2"}}, "space: without budgets name one"),
        (
            {"space": "small", "search": {"method": "nsga2"}, "supernet": {"window": 2.0}},
            "supernet.window: 2 is around budgets, but",
        ),
        (
            {"space": "small", "supernet": {"identity": "let"}},
            "supernet.identity: the space small has no identities",
        ),
        (
            {"space": "scarlet_small_folds", "supernet": {"identity": "let_relu"}},
            "supernet.identity: let_relu .*scarlet_small_folds .*use let or plain, or a space",
        ),
    ],
)
def test_settings_that_do_not_suit_the_space(settings, words):
    with pytest.raises(ValueError, match=words):
        completed(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"budgets": [], "space": "scarlet_small"},
        {"budgets": [], "space": "bignas_small", "search": {"method": "nsga2"}},
        {"budgets": [], "space": "small", "search": {"method": "nsga2"}},
    ],
)
def test_a_front_needs_no_budgets(settings):
    config = completed(**settings)
    assert config.search.members == 3
    assert config.space != "small" or config.supernet.window is None


@pytest.mark.parametrize(
    ("space", "kept"), [("scarlet_small_folds", "plain"), ("scarlet_small", "let_relu")]
)
def test_identities_run_as_the_settings_say(space, kept):
    given = resolve({"budgets": "1M", "space": space, "supernet": {"identity": kept}})
    assert named_space(given).layout.identity == kept


# Members' sizes, found and grown


def test_the_largest_member_of_a_front_is_doubled_whatever_ratio_the_chosen_stand_in():
    run = run_of({"budgets": [], "space": "scarlet_small", "grow": {"num": 2}})
    ladder = run.ladder([1e6, 1.2e6, 1.3e6])
    assert [budget.target for budget in ladder.budgets] == [1e6, 1.2e6, 1.3e6]
    assert [budget.target for budget in run.grown(ladder)] == [2.6e6, 5.2e6]
    assert [budget.target for budget in run.ladder([2e6, 1e6, 1e6]).budgets] == [1e6, 2e6]


def test_grown_members_go_on_with_the_ladder():
    run = run_of({"budgets": "1M,3M", "space": "small", "grow": {"num": 2}})
    assert [budget.target for budget in run.grown(run.ladder([5e6]))] == [9e6, 27e6]
    none = run_of({"budgets": "1M", "space": "small", "grow": {"num": 0}})
    assert none.grown(none.ladder([])) == ()


# Images


def test_the_setting_that_a_message_advises_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(30):
            path = tmp_path / "pets" / name / f"{i}.png"
            pixels = np.full((8, 8, 3), i, dtype=np.uint8)
            pixels[0] = ord(name[0])
            Image.fromarray(pixels).save(path)
            if name == "cat" and i < 11:
                path.write_bytes(b"broken")

    def images(**dataset: object):
        settings = {"data": str(tmp_path / "pets"), "budgets": "1M,2M", "space": "small"}
        config = resolve(settings, {"dataset": {"side": 8} | dataset})
        return load_images(config, named_space(config))

    with pytest.raises(ValueError, match=r"^dataset.max_skipped: 11 of .*, more than 0.05 of them"):
        images()
    assert len(images(max_skipped=0.2).skipped) == 11
