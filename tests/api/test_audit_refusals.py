"""What has nothing to audit is refused before images are read."""

from __future__ import annotations

import sys

import pytest

from escalade.api import audit
from escalade.core.values.invalid import Invalid
from noise_runs import noise, run_of


@pytest.mark.parametrize(
    ("space", "networks", "words"),
    [
        ("regnet_y_small", 24, "it has no supernet, and its scores are those of networks trained"),
        ("small", 4, "--networks: 4 networks are too few to rank; use 5 or more"),
    ],
)
def test_a_run_without_a_supernet_and_too_few_networks(monkeypatch, space, networks, words):
    layer = {"budgets": "8M,16M", "space": space, "hours": None}
    run = run_of(layer, data=noise(train=64, search=16))
    module = sys.modules["escalade.api.audit"]
    monkeypatch.setattr(module, "open_run", lambda path, should_stop=None: run)
    with pytest.raises(Invalid) as caught:
        audit("RUN", networks=networks)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") <= 1
