"""What a run cost: device-seconds, wall seconds, images and evaluations by stage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from escalade.artefacts.files import write_atomically
from escalade.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The cost of one named piece of a stage, over all its resumes.

    Attributes:
        stage: `train`, `search`, `grow`, `retrain`, `test`, `export` or `analyse`.
        name: the piece, such as a member; empty if the stage has one.
        device_seconds: GPU-seconds, or core-seconds on CPU.
        wall_seconds: time passed.
        images: images that went through a network.
        evaluations: networks scored.
        device: what the device-seconds count, such as `CPU core`.
    """

    stage: str
    name: str = ""
    device_seconds: float = 0.0
    wall_seconds: float = 0.0
    images: int = 0
    evaluations: int = 0
    device: str = ""


class Ledger:
    """The file `ledger.json`, written whole by rank 0 at every change.

    Raises:
        ValueError: if the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> list[Entry]:
        """All entries, in the order of their first appearance."""
        if not self._path.exists():
            return []
        try:
            return [Entry(**entry) for entry in json.loads(self._path.read_text(encoding="utf-8"))]
        except (json.JSONDecodeError, TypeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{self._path}: damaged ({error}); delete it, only the cost table is lost"
            ) from None

    def add(self, entry: Entry) -> None:
        """Add to the entry of the same stage and name, as a resumed stage does."""
        self._change(entry, _sum)

    def put(self, entry: Entry) -> None:
        """Replace the entry of the same stage and name, where the caller knows the total."""
        self._change(entry, lambda old, new: new)

    @contextmanager
    def measure(self, stage: str, *, runtime: Runtime, name: str = "") -> Iterator[Tally]:
        """Time the body, and add it with what the tally counted, also if the body fails.

        A long body calls the tally's `keep` now and then: a kill loses what came after.
        """
        start, images, evaluations = time.perf_counter(), 0, 0

        def keep() -> None:
            nonlocal start, images, evaluations
            now = time.perf_counter()
            if runtime.is_main:
                self.add(
                    Entry(
                        stage=stage,
                        name=name,
                        device_seconds=(now - start) * runtime.num_devices,
                        wall_seconds=now - start,
                        images=tally.images - images,
                        evaluations=tally.evaluations - evaluations,
                        device=runtime.device_name,
                    )
                )
            start, images, evaluations = now, tally.images, tally.evaluations

        tally = Tally(keep=keep)
        try:
            yield tally
        finally:
            keep()

    def _change(self, entry: Entry, combine: Callable[[Entry, Entry], Entry]) -> None:
        entries = {(old.stage, old.name): old for old in self.entries()}
        key = (entry.stage, entry.name)
        entries[key] = combine(entries[key], entry) if key in entries else entry
        text = json.dumps([asdict(each) for each in entries.values()], indent=1) + "\n"
        write_atomically(self._path, lambda file: file.write(text.encode()))


@dataclass(slots=True)
class Tally:
    """What a measured body counts, from its start; `keep` writes down what is counted so far."""

    keep: Callable[[], None]
    images: int = 0
    evaluations: int = 0


def _sum(old: Entry, new: Entry) -> Entry:
    numbers = [f.name for f in fields(Entry) if f.name not in ("stage", "name", "device")]
    return replace(new, **{name: getattr(old, name) + getattr(new, name) for name in numbers})
