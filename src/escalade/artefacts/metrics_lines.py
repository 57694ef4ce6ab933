"""metrics.jsonl: training curves, a line every few steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    found = []
    for i, (_, content) in enumerate(whole_lines(path)):
        with within(str(path), f"line {i + 1}"):
            found.append(decode(MetricsLine, content))
    return tuple(found)


def whole_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The lines of a file, each as text and content; a last one torn by a kill is left out.

    Raises:
        Invalid: for any other line that is no JSON object.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = []
    for i, line in enumerate(lines):
        content = _content(line)
        if content is not None:
            found.append((line, content))
        elif i + 1 < len(lines):
            where = (str(path), f"line {i + 1}")
            raise Invalid("not a line of training curves", path=where, remedy="remove it")
    return found


def collect_metrics(folder: RunFolder) -> None:
    """Bring the members' training curves into the run's, each as its own stage.

    Raises:
        Invalid: for a line that cannot be read.
    """
    before = whole_lines(folder.metrics)
    known = {content.get("stage") for _, content in before}
    lines = [line for line, _ in before]
    for path in sorted(folder.training.glob(f"*/{FILE}")):
        stage = f"retrain/{path.parent.name.replace('-', ' ')}"
        if stage not in known:
            lines += [json.dumps(content | {"stage": stage}) for _, content in whole_lines(path)]
    if len(lines) > len(before):
        write_text(folder.metrics, "".join(f"{line}\n" for line in lines))


def _content(line: str) -> dict[str, Any] | None:
    """What a line says; what is no number (NaN) is read as None."""
    try:
        content = parse_json(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
