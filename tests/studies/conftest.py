"""Studies are scripts: their folder is where Python looks when they run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """Images and files of spaces, which every command of a study reads anew."""
    import common.study
    from escalade.spaces import load

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "read", cache(load.read))
        patch.setattr(common.study, "load_images", cache(common.study.load_images))
        yield
