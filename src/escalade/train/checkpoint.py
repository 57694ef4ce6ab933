"""Checkpoints: written atomically, with a digest, and read without unpickling code."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from escalade.artefacts.files import write_atomically
from escalade.core.values.invalid import Invalid

FORMAT = 2
REMEDY = "delete it to train from the start"
_DIGEST_BYTES = hashlib.sha256().digest_size


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint; a kill at any moment leaves the old one or the new one.

    Raises:
        OSError: naming the file, if the disk is full or the folder cannot be written.
    """
    write_atomically(path, lambda file: _save({"format": FORMAT} | dict(content), file))


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint onto the CPU; None if there is none yet.

    Raises:
        Invalid: if the file is damaged, by a single bit, or of another format.
    """
    if not path.exists():
        return None
    content = path.read_bytes()
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise _refused(path, "the checkpoint is damaged (it is not what was written)")
    try:
        found = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise _refused(path, f"the checkpoint is damaged ({reason})") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _refused(path, f"not a checkpoint of format {FORMAT}")
    return found


def check_finite(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are no numbers.

    Raises:
        Invalid: with the first such tensor.
    """
    for name, tensor in weights.items():
        if not bool(tensor.isfinite().all()):
            raise _refused(path, f"in the checkpoint {name} is not finite")


class _Digesting:
    """A file that knows the digest of what was written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()

    def digest(self) -> bytes:
        return self._digest.digest()


def _save(content: dict[str, Any], file: IO[bytes]) -> None:
    digesting = _Digesting(file)
    try:
        torch.save(content, digesting)  # type: ignore[arg-type]
    except RuntimeError as error:  # how torch reports that the file could not be written
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
    file.write(digesting.digest())


def _refused(path: Path, problem: str) -> Invalid:
    return Invalid(problem, path=(str(path),), remedy=REMEDY)
