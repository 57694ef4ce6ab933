"""How a supernet of a choice space trains, from the settings to the step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from escalade.api import timing
from escalade.api.claim import claim
from escalade.api.run_folder import RunFolder, named_space
from escalade.api.session import make_supernet
from escalade.api.train import check_step, identity, training_step
from escalade.config import Config, resolve
from escalade.core.sampling.fair_paths import FairPaths
from escalade.data.image_data import ImageData
from escalade.data.split import Split
from escalade.spaces.load import load
from escalade.train.fair_step import FairStep
from escalade.train.runtime import Runtime
from escalade.train.steps import Batch, SinglePathStep, Step

RUNTIME = Runtime(device="cpu")


def make_config(*, space: str = "scarlet_small", budgets: str = "1M", **supernet: Any) -> Config:
    recipe = {"steps": 20, "batch_size": 4}
    settings = {"data": "noise", "budgets": budgets, "grow": {"num": 0}, "space": space}
    return resolve(settings | {"supernet": {"recipe": recipe} | supernet})


def session_of(config: Config, data: ImageData) -> Any:
    return SimpleNamespace(data=data, supernet_space=named_space(config), config=config)


@pytest.fixture(scope="module")
def data() -> ImageData:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 1, 28, 28), generator=rng).to(torch.uint8)
    split = Split(images, torch.arange(8) % 3)
    return ImageData(
        name="noise", classes=("a", "b", "c"), in_channels=1, side=28, train=split, search=split,
        test=split, mean=(0.5,), std=(0.25,), flip=False, train_digest="train",
        search_digest="search", test_digest="test",
    )  # fmt: skip


def make_step(config: Config, data: ImageData) -> tuple[Step, list[Any]]:
    """The step, and a list of what its supernet runs from now on."""
    space = named_space(config)
    assert space.traits.leaves_out
    space = space.with_data(in_channels=1, num_classes=3)
    supernet, seen = make_supernet(config, space, RUNTIME), []
    supernet.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    return training_step(config, data=data, space=space, supernet=supernet, runtime=RUNTIME), seen


@pytest.mark.parametrize("settings", [{}, {"step": "fair"}])
def test_a_choice_space_trains_fairly(data, settings):
    config = make_config(**settings)
    step, seen = make_step(config, data)
    assert isinstance(step, FairStep)
    step(Batch(images=data.train.images, labels=data.train.labels, step=3, share=1.0))
    space = load("scarlet_small", in_channels=1, num_classes=3)
    assert seen == [path.running for path in FairPaths(space, seed=0).at(3)]
    assert len(seen) == 13


def test_a_choice_space_trains_single_paths(data):
    step, seen = make_step(make_config(step="single_path"), data)
    assert isinstance(step, SinglePathStep)
    loss = step(Batch(images=data.train.images, labels=data.train.labels, step=3, share=1.0))
    assert loss.isfinite()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"step": "sandwich"},
            r"supernet.step: sandwich .*scarlet_small .*use fair or single_path",
        ),
        ({"coupled": True}, r"supernet.coupled: .*choice space"),
        ({"zero_residual": True}, r"supernet.zero_residual: .*choice space"),
    ],
)
def test_what_a_choice_space_cannot_do_is_refused(data, settings, message):
    retrained = {"retrain": {"searched": "retrain"}}
    config = resolve(
        {"data": "noise", "budgets": "1M", "space": "scarlet_small", "supernet": settings}
        | retrained
    )
    with pytest.raises(ValueError, match=message):
        make_step(config, data)


@pytest.mark.parametrize("name", ["small", "bignas_small"])
def test_other_spaces_do_not_train_fairly(data, name):
    config = make_config(space=name, step="fair")
    space = load(name, factors=(1.0,), in_channels=1, num_classes=3)
    supernet = make_supernet(config, space, RUNTIME)
    with pytest.raises(ValueError, match=rf"supernet.step: fair .*space {name} .*scarlet_small"):
        training_step(config, data=data, space=space, supernet=supernet, runtime=RUNTIME)


def test_identities_run_as_the_settings_say(tmp_path):
    assert named_space(make_config()).identity == "let"
    config = make_config(identity="plain")
    assert named_space(config).identity == "plain"
    claim(tmp_path / "run", config)
    assert RunFolder(tmp_path / "run").load_space(config).identity == "plain"


def test_a_run_keeps_its_identities(tmp_path):
    config = make_config(identity="let")
    folder = claim(tmp_path / "run", config)
    assert folder.load_space(make_config()).identity == "let"
    folder.config.write_text(folder.config.read_text().replace("identity: let", "identity: plain"))
    words = r"config.yaml: supernet.identity is plain, but the run began with let; write that"
    with pytest.raises(ValueError, match=words):
        folder.load_space(folder.load_config())


def test_where_all_identities_fold_no_relu_follows_them():
    words = (
        r"supernet.identity: let_relu .*space scarlet_small_folds .*use let or plain, or a space"
    )
    with pytest.raises(ValueError, match=words):
        named_space(make_config(space="scarlet_small_folds", identity="let_relu"))
    for name, kept in (("scarlet_small_folds", "plain"), ("scarlet_small", "let_relu")):
        assert named_space(make_config(space=name, identity=kept)).identity == kept


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        ("scarlet_small", {"sampler": "uniform"}, "sampler: uniform .*scarlet_small, .*no scaling"),
        ("scarlet_small", {"weights": "proportional"}, "weights: proportional .*fair or single"),
        ("scarlet_small", {"window": 2.0}, "window: 2.0 .*leave it out.*fair or single_path"),
        ("scarlet_small", {"balance": "depth"}, "balance: depth .*leave it out"),
        ("scarlet_small", {"num_random": 3}, "num_random: 3 .*no sandwich"),
        ("scarlet_small", {"patches": "different"}, "patches: different .*no sandwich"),
        ("scarlet_small", {"recipe": {"drop_rate": 0.2}}, "recipe.drop_rate: 0.2 .*no sandwich"),
        ("bignas_small", {"window": 2.0}, "window: 2.0 .*bignas_small.*single_path or sandwich"),
        ("bignas_small", {"weights": [1.0]}, r"weights: \[1.0\] .*no scaling stages"),
        ("bignas_small", {"patches": "different"}, "patches: different .*is single_path"),
        ("bignas_small", {"distillation": False}, "distillation: False .*step: sandwich"),
        ("small", {"num_random": 3}, "num_random: 3 .*sandwich step.*is single_path"),
        ("small", {"regularise": "all"}, "regularise: all .*is single_path"),
        ("small", {"recipe": {"drop_rate": 0.2}}, "recipe.drop_rate: 0.2 .*is single_path"),
    ],
)
def test_settings_of_paths_that_a_space_ignores_are_refused(space, settings, words):
    config = make_config(space=space, **settings)
    with pytest.raises(ValueError, match=rf"supernet\.{words}"):
        check_step(config, load(space, factors=(1.0,)))


@pytest.mark.parametrize(
    ("space", "settings"),
    [
        ("scarlet_small", {}),
        ("scarlet_small", {"window": None, "balance": "none"}),
        ("scarlet_small", {"step": "single_path", "sampler": "uniform"}),
        ("bignas_small", {"sampler": "uniform", "step": "sandwich", "num_random": 3}),
        ("small", {"window": 2.0, "sampler": "uniform", "balance": "depth"}),
        ("small", {"step": "sandwich", "num_random": 3, "recipe": {"drop_rate": 0.2}}),
    ],
)
def test_settings_of_paths_that_say_something(space, settings):
    check_step(make_config(space=space, **settings), load(space, factors=(1.0,)))


def test_members_of_a_front_have_no_window():
    config = resolve({"budgets": "1M", "search": {"method": "nsga2"}, "supernet": {"window": 2.0}})
    with pytest.raises(ValueError, match=r"supernet.window: 2 is around budgets, but"):
        check_step(config, load("small", factors=(1.0,)))


def test_other_spaces_have_no_identities():
    with pytest.raises(ValueError, match=r"supernet.identity: the space small has no identities"):
        named_space(make_config(space="small", identity="let"))
    with pytest.raises(
        ValueError, match=r"supernet.identity: 'lte' is not known; did you mean let"
    ):
        make_config(identity="lte")


def test_a_checkpoint_of_other_identities_or_steps_is_another_training(data):
    found = []
    for settings in ({}, {"identity": "plain"}, {"step": "single_path"}):
        config = make_config(**settings)
        session: Any = session_of(config, data)
        found.append(tuple(sorted(identity(session).items())))
    assert len(set(found)) == 3


def test_a_checkpoint_of_other_steps_or_budgets_is_another_training(data):
    """What the steps of a training are made of is in its checkpoint, in every space."""
    first = {"space": "small", "step": "sandwich"}
    found = []
    for changed in (
        {},
        {"step": "single_path"},
        {"num_random": 3},
        {"distillation": False},
        {"patches": "different"},
        {"window": 2.0},
        {"balance": "none"},
        {"sampler": "uniform"},
        {"budgets": "1M,3M"},
    ):
        session: Any = session_of(make_config(**first | changed), data)
        found.append(tuple(sorted(identity(session).items())))
    assert len(set(found)) == len(found)
    recipe = make_config(**first | {"recipe": {"epochs": 3}})
    assert tuple(sorted(identity(session_of(recipe, data)).items())) == found[0]


def test_a_plan_times_all_passes_of_a_step(monkeypatch, data):
    config, steps = make_config(), []

    def rehearse(step, *, recipe, **_):
        steps.append(step)
        return [2.0, 4.0]

    monkeypatch.setattr(timing, "rehearse", rehearse)
    space = load("scarlet_small", in_channels=1, num_classes=3)
    assert timing.time_supernet(config, space, data, RUNTIME) == 3.0 / 4
    assert isinstance(steps[0], FairStep)


def test_a_fair_training_is_timed(monkeypatch, data):
    monkeypatch.setattr(timing, "SUPERNET_SECONDS", 0.1)
    space = load("scarlet_small", in_channels=1, num_classes=3)
    assert timing.time_supernet(make_config(), space, data, RUNTIME) > 0
