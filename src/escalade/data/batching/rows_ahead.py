"""Images that are gathered while the network still works on the batch before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from escalade.data.splits.split import Split

Event = torch.cuda.Event | None


class RowsAhead:
    """A split's rows by step, gathered by a thread into two buffers in turn.

    Where the device is a GPU the buffers are pinned, and the thread copies what it gathered, beside
    the network's own work. On the host, what `at` gives is overwritten after the next call.

    Args:
        split: on the host.
        rows: of every step, int64 (num,); called by the thread alone.
    """

    def __init__(
        self, split: Split, *, rows: Callable[[int], Tensor], num: int, device: torch.device
    ) -> None:
        self._split = split
        self._rows = rows
        self._device = device
        self._is_copied = device.type == "cuda"
        shape = (num, *split.shape)
        self._buffers = [
            torch.empty(shape, dtype=torch.uint8, pin_memory=self._is_copied) for _ in range(2)
        ]
        self._events: list[Event] = [None, None]
        self._stream: torch.cuda.Stream | None = None
        if self._is_copied:
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._next: tuple[int, int, Future[tuple[Tensor, Tensor]]] | None = None

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """The images, uint8 (num, C, S, S), and labels of a step, on the device."""
        place, ready = self._begun(step)
        images, labels = ready.result()
        self._next = (step + 1, 1 - place, self._thread.submit(self._gather, step + 1, 1 - place))
        if self._is_copied:
            event, now = self._events[place], torch.cuda.current_stream(self._device)
            assert event is not None
            now.wait_event(event)
            images.record_stream(now)
            labels.record_stream(now)
        return images, labels

    def _begun(self, step: int) -> tuple[int, Future[tuple[Tensor, Tensor]]]:
        """The buffer of a step and what will be in it; steps that nobody foresaw begin now."""
        if self._next is None:
            return 0, self._thread.submit(self._gather, step, 0)
        expected, place, ready = self._next
        if step == expected:
            return place, ready
        return place, self._thread.submit(self._gather, step, place)

    def _gather(self, step: int, place: int) -> tuple[Tensor, Tensor]:
        buffer, event = self._buffers[place], self._events[place]
        if event is not None:  # what was in it is on its way
            event.synchronize()
        labels = self._split.take_into(self._rows(step), buffer)
        if self._stream is None:
            return buffer, labels
        with torch.cuda.stream(self._stream):
            images = buffer.to(self._device, non_blocking=True)
            labels = labels.to(self._device)
            self._events[place] = self._stream.record_event()
        return images, labels
