"""metrics.jsonl: training curves, a line every few steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from escalade.artefacts.files import write_text
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.texts import parse_json
from escalade.core.values.codec import decode
from escalade.core.values.invalid import Invalid, within
from escalade.core.values.ranges import CountFrom0, NotNegative

FILE = "metrics.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsLine:
    """Where a training was; `loss` is the mean since the last line, None where it was no number."""

    stage: str
    step: CountFrom0
    loss: float | None
    learning_rate: float
    images_per_second: NotNegative


def read_metrics(path: Path) -> tuple[MetricsLine, ...]:
    """The lines of a file, none where there is no file; a last one torn by a kill is left out.

    Raises:
        Invalid: for any other line that cannot be read.
    """
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for i, line in enumerate(lines):
        with within(str(path), f"line {i + 1}"):
            try:
                content = parse_json(line)
            except ValueError:
                if i + 1 == len(lines):
                    break
                raise Invalid("not valid JSON", remedy="remove it") from None
            found.append(decode(MetricsLine, content))
    return tuple(found)


def collect_metrics(folder: RunFolder) -> None:
    """Bring the members' training curves into the run's, each as its own stage."""
    known, before = set(), ""
    if folder.metrics.exists():
        before = folder.metrics.read_text(encoding="utf-8")
        known = {json.loads(line)["stage"] for line in before.splitlines()}
    lines = []
    for path in sorted(folder.training.glob(f"*/{FILE}")):
        stage = f"retrain/{path.parent.name.replace('-', ' ')}"
        if stage not in known:
            for line in path.read_text(encoding="utf-8").splitlines():
                lines.append(json.dumps(json.loads(line) | {"stage": stage}) + "\n")
    if lines:
        write_text(folder.metrics, before + "".join(lines))
