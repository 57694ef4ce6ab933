"""What has nothing to audit is refused before images are read; whose members were not chosen."""

from __future__ import annotations

import sys

import pytest

from escalade.api import audit
from escalade.artefacts.contested import Contested
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
    monkeypatch.setattr(audit_module(), "open_run", lambda path, should_stop=None: run)
    with pytest.raises(Invalid) as caught:
        audit("RUN", networks=networks)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize(("kept", "told"), [("found", ""), ("plain", "No score chose the members")])
def test_members_that_no_score_chose_are_told_of(tmp_path, kept, told):
    run = run_of(folder=tmp_path)
    assert audit_module()._by_hand(run) == ""
    run.folder.write(Contested(kept=kept, base="conv", rule="dWr", num_images=100))
    found = audit_module()._by_hand(run)
    assert found.startswith(told)
    assert found.endswith("kept the base conv by hand, scaled by dWr" if told else "")


def audit_module():
    return sys.modules["escalade.api.audit"]
