"""`import escalade.timm` registers the `escalade_net` entry point in timm."""

from __future__ import annotations

from escalade.nets.entry import escalade_net

__all__ = ["escalade_net"]
