"""How a command ends when it is asked to stop."""

from __future__ import annotations

import os
import signal

import pytest

from escalade.cli.signals import interruptible, should_stop
from escalade.train.interrupt import Interrupted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_work_is_asked_to_stop(capsys, number, code):
    before = signal.getsignal(number)

    def work():
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()
        raise Interrupted("stopped at step 3")

    assert interruptible(work, resume="escalade train RUN") == code
    assert capsys.readouterr().err.splitlines() == [
        "escalade: stopped; nothing is lost. Go on with: escalade train RUN"
    ]
    assert not should_stop()
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_work_that_does_not_look(capsys):
    reached = []

    def work():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("the end")

    assert interruptible(work, resume="x") == 143
    assert reached == []


def test_a_worker_that_was_terminated_alone(capsys):
    def work():
        raise Interrupted("a worker process was terminated")

    assert interruptible(work, resume="escalade run") == 143
    assert "escalade run" in capsys.readouterr().err


def test_work_that_ends_and_work_that_fails():
    def fails():
        raise ValueError("wrong")

    assert interruptible(lambda: None, resume="x") == 0
    with pytest.raises(ValueError, match="wrong"):
        interruptible(fails, resume="x")
