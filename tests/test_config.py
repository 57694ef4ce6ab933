"""A run's configuration: layers, names, types, and the round trip of config.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any

import pytest
import yaml

from escalade.config import Config, presets, read_file, read_preset, resolve
from escalade.core.values.codec import field_types


def test_defaults():
    assert resolve() == Config()


def test_later_layers_win():
    config = resolve(
        {"seed": 1, "search": {"rounds": 2, "population": 8}},
        {"search": {"rounds": 3}},
        {"seed": 4},
    )
    assert (config.seed, config.search.rounds, config.search.population) == (4, 3, 8)
    assert config.search.generations == Config().search.generations


def test_layers_are_left_as_they_are():
    first, second = {"search": {"rounds": 2}}, {"search": {"rounds": 3}}
    resolve(first, second)
    assert (first, second) == ({"search": {"rounds": 2}}, {"search": {"rounds": 3}})


@pytest.mark.parametrize(
    ("layers", "epochs", "steps"),
    [
        ([], 30, None),
        ([{"steps": 40}], None, 40),
        ([{"steps": 40}, {"epochs": 2}], 2, None),
        ([{"epochs": 2}, {"steps": 40}], None, 40),
        ([{"epochs": 2}, {"batch_size": 8}], 2, None),
    ],
)
def test_the_later_of_epochs_and_steps_wins(layers, epochs, steps):
    config = resolve(*({"supernet": {"recipe": recipe}} for recipe in layers))
    assert (config.supernet.recipe.epochs, config.supernet.recipe.steps) == (epochs, steps)


def test_epochs_and_steps_of_one_layer():
    with pytest.raises(ValueError, match="epochs and steps"):
        resolve({"retrain": {"recipe": {"epochs": 2, "steps": 40}}})


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ("1M,2M", "macs", [1e6, 2e6]),
        (["1M", "2.5M"], "macs", [1e6, 2.5e6]),
        ([1000000, 2e6], "macs", [1e6, 2e6]),
        ("60M", "params", [60e6]),
        (60, "macs", [60.0]),
        ("4ms,8ms", "latency", [0.004, 0.008]),
        (" 1M , 2M ", "activations", [1e6, 2e6]),
    ],
)
def test_budgets(given, kind, expected):
    config = resolve({"budgets": given, "budget_kind": kind})
    assert config.budgets == pytest.approx(expected)
    assert config.ladder.kind == kind


def test_limits():
    config = resolve({"limits": {"memory": "256kB", "params": 40000, "memory_int8": 1.5e4}})
    assert config.limits == {"memory": 256e3, "params": 4e4, "memory_int8": 1.5e4}


@pytest.mark.parametrize("given", [None, []])
def test_no_budgets(given):
    assert resolve({"budgets": "1M"}, {"budgets": given}).budgets == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"serch": {}}, "serch: no such setting; did you mean search?"),
        ({"search": {"round": 2}}, "search.round: no such setting; did you mean rounds?"),
        (
            {"supernet": {"recipe": {"learning_rte": 1}}},
            "supernet.recipe.learning_rte: no such setting; did you mean learning_rate?",
        ),
        ({"xyz": 1}, "xyz: no such setting; use data, budgets"),
        ({3: 1}, "3: no such setting"),
        ({"search": 3}, "search: expected a mapping, got 3"),
        ({"supernet": {"recipe": None}}, "supernet.recipe: expected a mapping, got null"),
        ({"seed": "many"}, "seed: expected a whole number"),
        ({"seed": 1.5}, "seed: expected a whole number"),
        ({"data": 3}, "data: expected a text"),
        ({"export": {"onnx": "maybe"}}, "export.onnx"),
        ({"hours": "soon"}, "hours"),
        ({"search": {"stage_weights": "equal"}}, "search.stage_weights"),
        ({"budgets": ["1M", "x"]}, "budgets: cannot read 'x' as an amount"),
        ({"budgets": {"a": 1}}, "budgets: cannot read"),
        ({"budgets": ["2M", "1M"]}, "budgets: 2M, 1M do not rise"),
        ({"budgets": [-1.0]}, "budgets: -1.0 is not a positive amount"),
        ({"budgets": ["1M"], "tolerance": 1.5}, "tolerance: 1.5 is outside (0, 1)"),
        ({"budgets": ["1M"], "budget_kind": "mac"}, "budget_kind: 'mac' is not known; did you"),
        (
            {"export": {"int8": True, "onnx": False}},
            "export.int8: model.int8.onnx is made from model",
        ),
        ({"limits": {"memroy": 1}}, "limits: 'memroy' is not known; did you mean memory?"),
        ({"limits": {"latency": "4ms"}}, "limits: 'latency' is not known"),
        ({"limits": {"memory": "4ms"}}, "limits.memory: cannot read '4ms' as an amount"),
        ({"limits": ["256k"]}, "limits: expected a mapping"),
        ({"grow": {"num": -1}}, "grow.num: -1 is negative"),
        ({"grow": {"function": "cubic"}}, "grow.function: 'cubic' is not known; use exponential"),
        ({"supernet": {"window": 1.0}}, "supernet.window: 1.0 is not above 1"),
        ({"supernet": {"recipe": {"momentum": 1.0}}}, "supernet.recipe.momentum: 1.0 is outside"),
        ({"retrain": {"recipe": {"batch_size": 0}}}, "retrain.recipe.batch_size: 0 is not"),
        (
            {"supernet": {"coupled": True}, "retrain": {"searched": "slice"}},
            "retrain.searched: slice needs a supernet that is not coupled",
        ),
        ({"tolerance": None}, "tolerance: expected a number, got null"),
        ({"retrain": {"distillation": None}}, "retrain.distillation: expected a number, got null"),
        (
            {"retrain": {"recipe": {"batch_size": None}}},
            "retrain.recipe.batch_size: expected a whole number",
        ),
        (
            {"retrain": {"searched": "together", "distillation": 1.5}},
            "retrain.distillation: 1.5 is not a share of 0 to 1",
        ),
        (
            {"retrain": {"searched": "slice", "distillation": 0.2}},
            "retrain.distillation: 0.2 is for members that train together",
        ),
        (
            {"budgets": ["1M", "2M"], "search": {"stage_weights": [1.0]}},
            "search.stage_weights: [1.0] are not 2 weights",
        ),
        ({"search": {"crossover": 1.5}}, "search.crossover: 1.5 is not a share"),
        ({"search": {"members": 0}}, "search.members: 0 is not positive"),
        (
            {"budgets": ["1M", "2M"], "search": {"members": 2}},
            "search.members: members are chosen from a front, but every budget has one member",
        ),
        (
            {"supernet": {"recipe": {"drop_path_rate": 0.1}}},
            "supernet.recipe.drop_path_rate: 0.1 is for networks trained alone",
        ),
        (
            {"evaluation": {"recalibration_images": 1}},
            "evaluation.recalibration_images: 1 image has no statistics; use 2 or more",
        ),
    ],
)
def test_errors_name_the_setting(settings, words):
    with pytest.raises(ValueError) as caught:
        resolve(settings)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def _settings(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, each in field_types(kind).items():
        if is_dataclass(each):
            yield from _settings(each, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(_settings(Config)), ids=".".join)
def test_every_setting_is_checked(path):
    """Nothing can be a mapping of nonsense."""
    inner: Any = {"nonsense": -1}
    for part in reversed(path):
        inner = {part: inner}
    with pytest.raises(ValueError, match=".".join(path)):
        resolve(inner)


def test_defaults_are_as_they_are_read_again():
    """An int where a float is meant would be another store key after a restart."""
    for name in presets():
        config = resolve(read_preset(name))
        assert repr(resolve(yaml.safe_load(config.to_yaml()))) == repr(config)


def test_round_trip_of_config_yaml(tmp_path):
    config = resolve(
        {
            "budgets": "1M,2.5M",
            "data": "./a folder: with # signs",
            "seed": 7,
            "supernet": {"weights": [1, 2.5], "recipe": {"steps": 40}, "window": None},
            "dataset": {"search_size": 0.25, "in_channels": 3},
            "hours": 0.5,
        }
    )
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    assert resolve(read_file(path)) == config
    assert resolve(read_file(path)).to_yaml() == config.to_yaml()


def test_config_yaml_is_fully_resolved():
    """Every setting stands there, so that later defaults change no finished run."""
    data = yaml.safe_load(Config().to_yaml())

    def check(data, cls_value):
        for field in fields(cls_value):
            inner = getattr(cls_value, field.name)
            assert field.name in data
            if is_dataclass(inner):
                check(data[field.name], inner)

    check(data, Config())
    assert data == yaml.safe_load(yaml.safe_dump(asdict(Config())))


@pytest.mark.parametrize(
    "change",
    [
        {"space": "scalenet"},
        {"hours": 1.5, "fitted": True},
        {"threads": 2, "workers": 3, "device": "cpu", "precision": "bf16"},
        {"budgets": [0.1 + 0.2, 1e9], "tolerance": 0.01},
    ],
)
def test_round_trip_of_other_values(tmp_path, change):
    config = replace(Config(), **change)
    (tmp_path / "config.yaml").write_text(config.to_yaml())
    assert resolve(read_file(tmp_path / "config.yaml")) == config


@pytest.mark.parametrize("name", presets())
def test_presets(name):
    config = resolve(read_preset(name))
    if config.budgets:
        assert config.ladder.factors[0] == 1.0
    else:
        assert config.space


def test_the_presets_the_documents_name():
    expected = {"smoke", "demo", "fashion_mnist", "cifar10", "imagenet100", "imagenet"}
    assert expected <= set(presets())


def test_an_unknown_preset():
    with pytest.raises(ValueError, match="did you mean smoke"):
        read_preset("smok")
    with pytest.raises(ValueError, match=r"use .*demo"):
        read_preset("xyz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1", "not valid YAML"),
        (b"[1, 2]", "expected settings like `data: demo`"),
        (b"text", "expected settings like"),
        (b"\xff\xfe", "cannot read"),
        (b"a: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_files_that_are_no_configuration(tmp_path, content, words):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_file(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_no_settings(tmp_path):
    (tmp_path / "config.yaml").touch()
    assert read_file(tmp_path / "config.yaml") == {}


def test_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read .*nowhere\.yaml"):
        read_file(tmp_path / "nowhere.yaml")
