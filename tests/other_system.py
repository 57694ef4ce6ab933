"""A process as on a system that is not POSIX: run as a script, it says what it found as JSON.

Modules and names that POSIX alone has are hidden from Escalade, and files that are open cannot be
deleted, as on Windows. The modules of others are imported before: they know their systems.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

OTHERS = ("jinja2", "numpy", "onnx", "onnxruntime", "PIL.Image", "rich.console", "rich.table",
          "safetensors.torch", "timm", "torch", "torch.distributed",
          "torch.export", "torchvision", "yaml")  # fmt: skip
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
OF_OS = """
O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC WNOHANG chown chroot fchmod fchown
fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getuid
initgroups killpg lchown lockf mkfifo mknod nice openpty pathconf pipe2 posix_fadvise
posix_fallocate pread preadv pwrite pwritev readv register_at_fork sched_getaffinity
sched_setaffinity sched_yield sendfile setegid seteuid setgid setpgid setpriority setsid
setuid statvfs sync sysconf sysconf_names ttyname uname wait wait3 wait4 writev
""".split()  # noqa: SIM905
OF_SIGNAL = """
SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP
SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH SIG_BLOCK SIG_SETMASK SIG_UNBLOCK alarm getitimer pause
pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait
""".split()  # noqa: SIM905
# Programs on their own: they take the process, or start with it.
NOT_IMPORTED = ("escalade.cli.__main__",)


def hide() -> None:
    """Hide what POSIX alone has."""
    imported = builtins.__import__

    def see(name, globals=None, *more, **others):
        of = str((globals or {}).get("__name__", ""))
        if name.partition(".")[0] in MODULES and of.partition(".")[0] == "escalade":
            raise ImportError(f"{name} is hidden from {of}", name=name)
        return imported(name, globals, *more, **others)

    builtins.__import__ = see
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


def keep_open_files() -> None:
    """Refuse to delete and to replace what this process has open, as Windows does."""
    for name, at in (("unlink", 0), ("remove", 0), ("replace", 1), ("rename", 1)):
        setattr(os, name, _refusing(getattr(os, name), at))


def _refusing(do: Callable[..., object], at: int) -> Callable[..., object]:
    """A function of paths that refuses where the one at a place is open."""

    def refusing(*paths, **more):
        if os.path.realpath(paths[at]) in _open_files():
            raise PermissionError(13, "used by a process", str(paths[at]))
        return do(*paths, **more)

    return refusing


def _open_files() -> set[str]:
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself
            found.add(str(each.readlink()))
    return found


def import_all() -> list[str]:
    """Import every module; those that cannot be, with the reason."""
    import escalade

    failed, num = [], 0
    for module in pkgutil.walk_packages(escalade.__path__, "escalade."):
        if module.name in NOT_IMPORTED:
            continue
        num += 1
        try:
            importlib.import_module(module.name)
        except Exception as error:
            failed.append(f"{module.name}: {type(error).__name__}: {error}")
    return failed or [str(num)]


def use(folder: Path) -> dict[str, object]:
    """What a run asks of its system, where that gives less."""
    from escalade.artefacts import files, locks, owning
    from escalade.planning import path_costs
    from escalade.train import allocator
    from escalade.train.runtime import Runtime, num_cores
    from escalade.train.worker import _without_interrupts

    said: list[str] = []
    with owning.owned(folder, say=said.append):
        files.write_text(folder / "text", "one\n")
        files.write_text(folder / "text", "two\n")
        files.append_line(folder / "lines", "one")
        owning.mark(folder)
    with locks.temporary_folder("escalade-other-") as made:
        (made / "a").write_text("a")
        # Another of this kind sweeps what is left, but nothing of a living process.
        with locks.temporary_folder("escalade-other-") as second:
            kept = (made / "a").exists() and second.exists()
    with _without_interrupts():
        pass
    return {
        "said": said,
        "left": sorted(each.name for each in folder.iterdir()),
        "text": (folder / "text").read_text(),
        "kept": kept,
        "gone": not made.exists() and not second.exists(),
        "peak": Runtime(device="cpu").peak_memory(),
        "cores": num_cores(),
        "memory": path_costs._memory(),
        "heap": allocator.resident() >= 0,
    }


def main() -> None:
    """Hide, import, use, tell."""
    for name in OTHERS:
        importlib.import_module(name)
    hide()
    imported = import_all()
    keep_open_files()
    sys.stdout.write(json.dumps({"imported": imported, **use(Path(sys.argv[1]))}))


if __name__ == "__main__":
    main()
