"""How a caller stops long work."""

from __future__ import annotations

from collections.abc import Callable

Stop = Callable[[], bool]
