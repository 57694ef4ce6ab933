"""Images that stay in their files and are decoded whenever they are asked for."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from escalade.data.cache.file_digests import FilesChanged
from escalade.data.cache.pixel_check import MAX_THREADS
from escalade.data.decoding.opening import quiet
from escalade.data.decoding.source import RowDecoder
from escalade.data.splits.split import row_digest


class ImagesOnTheFly:
    """In the place of a tensor of all images, uint8 (N, C, S, S).

    Args:
        digests: uint8 (N, 16), what every image was when all of them were looked at.
    """

    dtype = torch.uint8

    def __init__(self, decoder: RowDecoder, digests: NDArray[np.uint8]) -> None:
        self.shape = (len(digests), *decoder.shape)
        self._decoder = decoder
        self._digests = digests
        self._threads = ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Images in a new tensor; errors as for `take_into`."""
        images = torch.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        self.take_into(rows, images)
        return images

    def take_into(self, rows: Tensor, images: Tensor) -> None:
        """Decode the images of `rows` (int64) into a tensor.

        Raises:
            FilesChanged: if one is not what it was.
            ValueError: if the system cannot read one.
        """
        places = images.numpy()

        def put(place: int, row: int) -> None:
            pixels = self._decoder(row).pixels
            if row_digest(pixels) != self._digests[row].tobytes():
                name = self._decoder.source.label(row)
                raise FilesChanged(f"the image {name} is not what it was when the run began")
            places[place] = pixels

        with quiet():
            list(self._threads.map(put, range(len(rows)), rows.tolist()))
