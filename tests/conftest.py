from __future__ import annotations

import fcntl
import functools
import os
import signal

import hypothesis
import pytest

# Small tensors are fastest on one thread: threads wait for each other longer than they compute, and
# so would processes beside each other (`make test`).
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A loaded machine makes any example slow, and drawing one; neither says anything about the code.
hypothesis.settings.register_profile(
    "no clock", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no clock")

# A shell ignores Ctrl-C for commands in the background, and processes begun by tests inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Runs command lines in processes of their own."""
    from running import Commands

    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def demo_in_memory():
    """The demo's images are unpacked once for all commands in this process: half of a plan."""
    from escalade.data import fashion_mnist

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fashion_mnist, "read_idx", functools.cache(fashion_mnist.read_idx))
        yield


@pytest.fixture(scope="session")
def finished(commands, tmp_path_factory):
    """The folder of a tiny run that was never disturbed; not to be changed.

    The workers of a test session share it: whoever comes first makes it.
    """
    from running import tiny_run

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            result = commands(*tiny_run(folder / "run", exports=True))
            assert result.code == 0, result.err
            (folder / "made").touch()
    return folder / "run"
