"""Checkpoints: written atomically, read without unpickling code."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch

from escalade.artefacts.files import write_atomically

FORMAT = 1


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint; a kill at any moment leaves the old one or the new one.

    Raises:
        OSError: naming the file, if the disk is full or the folder cannot be written.
    """
    write_atomically(path, lambda file: _save({"format": FORMAT} | dict(content), file))


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint onto the CPU; None if there is none yet.

    Raises:
        ValueError: if the file is damaged or of another format.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{path}: the checkpoint is damaged ({reason}); delete it to train from the start"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(
            f"{path}: not a checkpoint of format {FORMAT}; delete it to train from the start"
        )
    return content


def _save(content: dict[str, Any], file: IO[bytes]) -> None:
    try:
        torch.save(content, file)
    except RuntimeError as error:  # how torch reports that the file could not be written
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
