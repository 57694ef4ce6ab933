"""The part of a batch that one rank makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchPart:
    """Some images of a batch; what is random is drawn for all of them, whoever makes which.

    Attributes:
        start, stop: of the images.
        size: of the whole batch.
    """

    start: int
    stop: int
    size: int

    @classmethod
    def whole(cls, size: int) -> BatchPart:
        """All of a batch."""
        return cls(0, size, size)

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def rows(self) -> slice:
        """Where they are in the batch."""
        return slice(self.start, self.stop)
