"""Escalade: search a base network and the scaling strategies that grow it into a model family."""

from __future__ import annotations

__version__ = "0.1.0"
