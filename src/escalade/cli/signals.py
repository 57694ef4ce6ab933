"""Ctrl-C and SIGTERM: a flag that long work looks at, then one line that says how to go on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from escalade.core.values.plain import plain

_received: list[int] = []


def should_stop() -> bool:
    """Whether the process was asked to stop; trainers and searchers ask after every step."""
    return bool(_received)


def interruptible(work: Callable[[], None], *, resume: str) -> int:
    """Run `work`; on SIGINT or SIGTERM end with 130 or 143 and say what resumes the run.

    The first signal lets the current step finish and its state be saved; a second one ends the
    process at once, which loses no more than a kill would.
    """
    previous = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, _remember)
    try:
        work()
    except KeyboardInterrupt:
        _received[:] = _received or [signal.SIGINT]
    except Exception as error:
        if type(error).__name__ != "Interrupted":
            raise
    else:
        if not _received:
            return 0
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    # A worker process may have got the signal alone.
    received = _received[0] if _received else signal.SIGTERM
    _received.clear()
    sys.stderr.write(f"escalade: stopped; nothing is lost. Go on with: {plain(resume)}\n")
    return 128 + received


def _remember(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    if len(_received) > 1:
        raise KeyboardInterrupt
