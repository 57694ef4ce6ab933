"""Small runs of every kind give the bits that were recorded: a redesign must not change any.

A commit that changes results on purpose records anew (`make golden`) and says why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import goldens
import pytest

from running import Commands


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """The digests of this machine's kind."""
    path = goldens.EXPECTED / f"{goldens.machine()}.json"
    if not path.is_file():
        pytest.skip(f"no digests are recorded for torch and CPU {goldens.machine()}")
    recorded = json.loads(path.read_text())
    if goldens.arithmetic() != recorded["arithmetic"]:
        pytest.skip(
            f"plain torch computes other bits here ({goldens.processor()}) than where the digests "
            f"for {goldens.machine()} were recorded ({recorded['processor']})"
        )
    return recorded["runs"]


@pytest.mark.slow
@pytest.mark.parametrize("config", goldens.RUNS, ids=lambda path: path.stem)
def test_the_same_bits(
    expected: dict[str, Any], commands: Commands, tmp_path: Path, config: Path
) -> None:
    assert config.stem in expected, f"{config.stem} is not recorded; `make golden` records it"
    then, now = expected[config.stem], goldens.run(commands, config, tmp_path / "run")
    differs = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    assert not differs, f"{config.stem}: not as recorded: {', '.join(differs)}"


def test_nothing_else_is_recorded(expected: dict[str, Any]) -> None:
    assert set(expected) == {config.stem for config in goldens.RUNS}
