"""Ctrl-C and SIGTERM: heard everywhere at once, then one line that says how to go on."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from escalade.cli.output import last_line, write_last_line
from escalade.train.interrupt import Interrupted, is_asking

# That work which does not ask by itself has to end when it was interrupted; nothing that it leaves
# is half-written, so it is then ended by force.
GRACE_SECONDS = 1.2
POLL_SECONDS = 0.1
_HEARD = (signal.SIGINT, signal.SIGTERM)
_received: list[int] = []


def should_stop() -> bool:
    """Whether the process was asked to stop; trainers ask after every step."""
    return bool(_received)


def interruptible(work: Callable[[], None], *, farewell: str) -> int:
    """Run `work`; on SIGINT or SIGTERM end with 130 or 143 and a last line.

    Work that asks by itself (`train.interrupt.asking`) ends its step and saves; any other is
    interrupted where it is. A second signal ends the process at once, which loses no more than a
    kill would.
    """
    try:
        with _listening(farewell):
            work()
            if not _received:
                return 0
    except KeyboardInterrupt:
        pass
    except Interrupted:
        # A worker process may have got the signal alone.
        _received[:] = _received or [signal.SIGTERM]
    except Exception:
        if not _received:  # else it comes of the interruption
            raise
    received = _received[0] if _received else signal.SIGINT
    _received.clear()
    write_last_line(farewell)
    return 128 + received


@contextmanager
def _listening(farewell: str) -> Iterator[None]:
    """Hear signals in the body: here, and in a thread where this one is deep in a library."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    before = {number: signal.signal(number, _interrupt) for number in _HEARD}
    wakeup = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(theirs, farewell), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    if not is_asking() or len(_received) > 1:
        raise KeyboardInterrupt


def _listen(signals: socket.socket, farewell: str) -> None:
    """End the process at its second signal, or if it does not end after the first."""
    first, waited = 0, 0.0
    with signals:
        while True:
            if select.select([signals], [], [], POLL_SECONDS)[0]:
                if not (heard := signals.recv(1)):
                    return  # the work is over
                if heard[0] in _HEARD and first:
                    _end(heard[0], farewell)
                if heard[0] in _HEARD:
                    first = heard[0]
            elif first:
                waited = 0.0 if is_asking() else waited + POLL_SECONDS
                if waited > GRACE_SECONDS:
                    _end(first, farewell)


def _end(number: int, farewell: str) -> None:
    with suppress(OSError):  # nobody reads it
        os.write(2, last_line(farewell).encode(errors="replace"))
    os._exit(128 + number)
