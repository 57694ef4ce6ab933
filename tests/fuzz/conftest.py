from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def images(demo_in_memory):
    """Commands read the demo's images again and again."""
