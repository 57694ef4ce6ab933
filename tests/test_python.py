"""What `import escalade` gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import escalade
from escalade import api


@pytest.mark.parametrize("budgets", ["1M,2M", ["1M", "2M"], [1e6, 2e6], ("1M", 2e6)])
def test_budgets_are_a_text_or_a_sequence(budgets, monkeypatch):
    given = []
    monkeypatch.setattr(api, "run", lambda layers, out: given.append((layers, out)))
    escalade.run(data="demo", budgets=budgets, out="here", seed=3)
    ((layers, out),) = given
    from escalade.config import resolve

    config = resolve(*layers)
    assert (config.budgets, config.seed, out) == ([1e6, 2e6], 3, Path("here"))


@pytest.mark.parametrize("hours", [float("inf"), float("nan"), 1e300, -1.0])
def test_hours_are_those_of_a_life(hours):
    from escalade.config import resolve

    with pytest.raises(ValueError, match="hours: "):
        resolve({"hours": hours})
