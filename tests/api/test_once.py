"""A run is resolved once: its settings, and its space."""

from __future__ import annotations

from collections import Counter

import pytest

from escalade import api
from escalade.api.beginning import begin, claim
from escalade.planning import begun_space
from escalade.spaces import load

TINY = {
    "data": "demo",
    "device": "cpu",
    "workers": 1,
    "rival": "none",
    "dataset": {"limit": 60, "search_size": 6},
    "evaluation": {"recalibration_images": 32},
    "export": {"onnx": False, "torch_export": False},
    "retrain": {"searched": "slice", "grown": "warm", "recipe": {"steps": 2, "batch_size": 16}},
}
SPACES = {
    "small": {
        "budgets": "0.4M,0.8M",
        "supernet": {"recipe": {"steps": 2, "batch_size": 16}},
        "search": {
            "num_bases": 1, "rounds": 1, "population": 2, "generations": 1, "strategies": 2,
        },
        "grow": {"num": 1},
    },
    "regnet_y_small": {
        "budgets": "0.4M",
        "search": {"num_models": 2, "recipe": {"steps": 2, "batch_size": 16}},
        "grow": {"num": 0},
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES)
def test_settings_are_resolved_and_the_space_is_built_once_a_run(tmp_path, monkeypatch, space):
    calls: Counter[str] = Counter()

    def counted(name, work):
        def wrapped(*args, **kwargs):
            calls[name] += 1
            return work(*args, **kwargs)

        return wrapped

    for module in (begin, claim):
        monkeypatch.setattr(module, "resolve", counted("settings", module.resolve))
    # Every space of a run is made by one of these two.
    for module in (begun_space, load):
        monkeypatch.setattr(module, "Space", counted("space", module.Space))
    family = api.run([TINY, SPACES[space], {"space": space}], out=tmp_path / "run")
    assert len(family) >= 1
    assert (calls["settings"], calls["space"]) == (1, 1)
