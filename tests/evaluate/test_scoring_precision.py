from __future__ import annotations

import pytest

from escalade.artefacts.latencies import Quartiles
from escalade.config.settings import EvaluationConfig
from escalade.core.network.architecture import Architecture
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.timing import scoring_precision
from escalade.evaluate.timing.scoring_precision import faster_precision
from escalade.spaces.load import load
from escalade.train.runtime import Runtime

RUNTIME = Runtime(device="cpu")


@pytest.fixture(scope="module")
def network() -> Architecture:
    return load("small", factors=(1.0, 2.0), in_channels=1, num_classes=5).layout.middle


@pytest.mark.parametrize(("seconds", "chosen"), [(0.5, "bf16"), (0.95, "fp32"), (1.5, "fp32")])
def test_bf16_is_taken_where_it_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, network: Architecture, seconds: float, chosen: str
) -> None:
    ran = []

    def turns(runs: dict, **_: object) -> dict[str, Quartiles]:  # type: ignore[type-arg]
        for name, run in runs.items():
            run()
            ran.append(name)
        medians = {"fp32": 1.0, "bf16": seconds}
        return {name: Quartiles(median=m, low=m, high=m) for name, m in medians.items()}

    monkeypatch.setattr(scoring_precision, "has_bf16", lambda: True)
    monkeypatch.setattr(scoring_precision, "take_turns", turns)
    assert faster_precision(network, runtime=RUNTIME) == chosen
    assert ran == ["fp32", "bf16"]


def test_where_there_is_none_nothing_is_timed(
    monkeypatch: pytest.MonkeyPatch, network: Architecture
) -> None:
    monkeypatch.setattr(scoring_precision, "has_bf16", lambda: False)
    monkeypatch.setattr(scoring_precision, "take_turns", lambda *_, **__: pytest.fail("timed"))
    assert faster_precision(network, runtime=RUNTIME) == "fp32"


def test_undecided_settings_score_in_fp32() -> None:
    config = EvaluationConfig()
    assert config.precision is None
    assert EvaluationSettings.of(config, num_train=100).precision == "fp32"
