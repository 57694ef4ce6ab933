"""Evaluation batches resized once for all processes that score, up to a limit of memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from escalade.data.batching.batches import evaluation_batches
from escalade.data.splits.split import Split

FLOAT_BYTES = 4


class BatchCache:
    """A split's normalised batches by resolution.

    Those used last lie in files of a folder that processes share, so that memory holds them once;
    others, and all where there is no folder, are made anew each time.

    Args:
        folder: of all splits' files.
        max_bytes: what the files may take.
    """

    def __init__(
        self,
        split: Split,
        *,
        name: str,
        batch_size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        folder: Path | None,
        max_bytes: int,
    ) -> None:
        self._split = split
        self._name = name
        self._batch_size = batch_size
        self._mean = mean
        self._std = std
        self._device = device
        self._folder = folder
        self._max_bytes = max_bytes

    def at(self, resolution: int) -> Iterable[tuple[Tensor, Tensor]]:
        """The batches at a resolution, in the split's order."""
        size = len(self._split) * len(self._mean) * resolution**2 * FLOAT_BYTES
        if self._folder is None or size > self._max_bytes:
            return self._made(self._split, resolution)
        file = self._folder / f"{self._name}-{resolution}"
        with suppress(OSError):  # no room, or another process has just taken it away
            if not file.exists():
                self._save(file, resolution)
            os.utime(file)
            return self._read(file, resolution)
        return self._made(self._split, resolution)

    def _made(self, split: Split, resolution: int) -> Iterator[tuple[Tensor, Tensor]]:
        return evaluation_batches(
            split,
            resolution=resolution,
            mean=self._mean,
            std=self._std,
            device=self._device,
            batch_size=self._batch_size,
        )

    def _save(self, file: Path, resolution: int) -> None:
        """Whole or not at all; two processes that do so at once keep one file."""
        part = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            with part.open("wb") as out:
                for images, _ in self._made(self._split, resolution):
                    out.write(images.as_strided((images.numel(),), (1,)).numpy().data)
            _make_room(file.parent, max_bytes=self._max_bytes)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)

    def _read(self, file: Path, resolution: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Views of the file, laid out in memory as batches made anew."""
        few = self._split.subset(torch.arange(min(2, len(self._split))))
        example, _ = next(self._made(few, resolution))
        # Copied on writing: nobody writes, and torch has no tensors that are only read.
        numbers = torch.from_numpy(np.memmap(file, np.float32, "c"))
        images = numbers.as_strided((len(self._split), *example.shape[1:]), example.stride())
        return zip(
            torch.split(images, self._batch_size),
            torch.split(self._split.labels, self._batch_size),
            strict=True,
        )


def _make_room(folder: Path, *, max_bytes: int) -> None:
    """Delete the files that were used least lately, until all are within the limit."""
    found = []
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            stat = file.stat()
            found.append((stat.st_mtime_ns, stat.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= max_bytes:
            return
        with suppress(PermissionError):  # Windows keeps a file that is mapped
            file.unlink(missing_ok=True)
            total -= size
