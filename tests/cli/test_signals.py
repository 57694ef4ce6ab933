"""How a command ends when it is asked to stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from escalade.cli.signals import interruptible, should_stop
from escalade.train.interrupt import Interrupted, asking

FAREWELL = "escalade: stopped. Again: escalade plan"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_work_that_asks_is_asked_to_stop(capsys, number, code):
    before = signal.getsignal(number)

    def work():
        with asking():
            assert not should_stop()
            os.kill(os.getpid(), number)
            assert should_stop()
            raise Interrupted("stopped at step 3")

    assert interruptible(work, farewell=FAREWELL) == code
    assert capsys.readouterr().err.splitlines() == [FAREWELL]
    assert not should_stop()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_other_work_is_interrupted_where_it_is(capsys, number, code):
    reached = []

    def work():
        os.kill(os.getpid(), number)
        time.sleep(60)
        reached.append("the end")

    assert interruptible(work, farewell=FAREWELL) == code
    assert reached == []
    assert capsys.readouterr().err.splitlines() == [FAREWELL]


def ended(work: Callable[[], None]) -> tuple[int, float]:
    """The exit code of a process that does this work, and the seconds it took."""
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(interruptible(work, farewell=FAREWELL))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - begin


def is_deaf() -> None:
    """Works on whatever is raised in it, as libraries may."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            continue


@pytest.mark.slow
def test_work_that_goes_on_is_ended_within_two_seconds():
    def work():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            is_deaf()

    code, seconds = ended(work)
    assert code == 143
    assert seconds < 10  # two, on an idle machine


def test_a_second_signal_ends_at_once_work_that_saves():
    def work():
        with asking():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                is_deaf()

    code, seconds = ended(work)
    assert code == 130
    assert seconds < 10


def test_a_worker_that_was_terminated_alone(capsys):
    def work():
        raise Interrupted("a worker process was terminated")

    assert interruptible(work, farewell=FAREWELL) == 143
    assert FAREWELL in capsys.readouterr().err


def test_work_that_ends_and_work_that_fails():
    def fails():
        raise ValueError("wrong")

    assert interruptible(lambda: None, farewell=FAREWELL) == 0
    with pytest.raises(ValueError, match="wrong"):
        interruptible(fails, farewell=FAREWELL)
