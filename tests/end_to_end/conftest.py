from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from running import tiny_run


@pytest.fixture(scope="session")
def escalade(commands):
    """Runs command lines."""
    return commands


@pytest.fixture(scope="session")
def finished(escalade, tmp_path_factory) -> Path:
    """A run that was never disturbed; not to be changed."""
    run = tmp_path_factory.mktemp("finished") / "run"
    result = escalade(*tiny_run(run, exports=True))
    assert result.code == 0, result.err
    return run


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))
