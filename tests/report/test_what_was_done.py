"""What a report says was done, by settings and space."""

from __future__ import annotations

from typing import Any

import fixture
import pytest

from escalade.config import resolve
from escalade.core.values.codec import encode
from escalade.planning.begun_space import named_space
from escalade.planning.completing import complete
from escalade.report.page import write
from escalade.report.what_was_done import what_was_done


def told(**settings: Any) -> dict[str, str]:
    given = resolve({"data": "noise", "budgets": "1M,2M"}, settings)
    space = named_space(given)
    config, _ = complete(given, space)
    return dict(what_was_done(encode(config), space.traits))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"space": "small"}, {
            "Training step": "single paths: one that is drawn, a step",
            "Sampler": "hierarchical: a stage, a strategy of it, a base (ScaleNet, equations 1 and "
            "2); none farther than 1.5 times from its budget, and resolutions and depths evenly",
            "Search": "MCEA (ScaleNet, section 3.3): 20 random bases",
            "Members": "the smallest trained from scratch",
        }),
        ({"space": "small", "supernet": {"coupled": True, "sampler": "uniform", "window": None}}, {
            "Sampler": "all paths alike", "Coupling": "left and right channels in turns",
        }),
        ({"space": "small", "search": {"method": "independent"}}, {
            "Search": "an evolution for each budget by itself: 64 over 40 generations",
        }),
        ({"space": "scarlet_small", "budgets": [], "search": {"constraints": ["macs < 2M"]}}, {
            "Training step": "strictly fair (FairNAS",
            "Identities": "linear 1x1 convolutions",
            "Search": "NSGA-II (SCARLET, Algorithm 1) of error, macs, -params within macs < 2M: 70 "
            "over 120 generations, the first 2 random, 50 % of the children by crossover, the "
            "others mutated by a controller that learns (PPO) and a roulette wheel",
        }),
        ({"space": "scarlet_small", "supernet": {"identity": "plain"}}, {"Identities": "bare"}),
        ({"space": "regnet_y_small"}, {"Search": "32 random networks of the first budget"}),
    ],
)  # fmt: skip
def test_each_run_says_what_it_did(settings, words):
    rows = told(**settings)
    for name, text in words.items():
        assert rows[name].startswith(text), rows[name]


def test_how_training_made_up_for_unequal_classes():
    assert "Classes" not in told(space="small")
    rows = told(space="small", dataset={"balance": "sampling"})
    assert rows["Classes"] == "in training every class is drawn equally often"


def test_the_recipe_of_bignas_is_told_as_a_whole():
    """BigNAS, section 3.1."""
    recipe = {
        "epochs": 20, "batch_size": 128, "learning_rate": 0.4, "schedule": "exponential",
        "constant_after": 0.7, "drop_rate": 0.2, "weight_decay": 1e-5, "clip_grad_norm": None,
    }  # fmt: skip
    supernet = {"step": "sandwich", "zero_residual": True, "recipe": recipe}
    rows = told(space="bignas_small", supernet=supernet, retrain={"searched": "slice"})
    assert rows["Training step"] == (
        "sandwich rule (BigNAS, section 3.1): the largest, the smallest and 2 random paths a step; "
        "the others learn the largest one's predictions (in-place distillation); dropout and "
        "weight decay on the largest alone; same patches"
    )
    assert rows["Recipe"] == (
        "20 epochs of batches of 128, SGD with Nesterov momentum 0.9 and rate 0.4, exponential "
        "schedule to 5 % of it after 70 % of the training, then constant, weight decay 1e-05, "
        "label smoothing 0.1, dropout 0.2"
    )
    assert "is 0 (BigNAS" in rows["Initialisation"]
    assert rows["Members"].startswith("slices of the supernet, without a training")
    assert "Their recipe" not in rows
    other = told(
        space="bignas_small",
        supernet=supernet | {"distillation": False, "regularise": "all", "patches": "different"},
    )
    assert (
        "the labels teach all; dropout and weight decay on all; different"
        in (other["Training step"])
    )


def test_the_page_shows_it_where_the_space_is_known(tmp_path):
    folder = fixture.build(tmp_path / "run")
    assert "What was done" not in write(folder).read_text()
    config = resolve({"data": "noise", "budgets": "1M,2M", "space": "small"})
    space = named_space(config)
    settings = encode(complete(config, space)[0])
    page = write(folder, settings=settings, traits=space.traits).read_text()
    section = page[page.index('id="done"') :]
    assert "MCEA (ScaleNet, section 3.3)" in section[: section.index("</section>")]
