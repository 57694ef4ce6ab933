"""What a run folder holds, read once; a run may have stopped anywhere, so all of it is optional."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from escalade.core.network.architecture import Architecture

EXPORTS = ("config.json", "model.safetensors", "model.py", "model.onnx", "program.pt2", "README.md")


@dataclass(frozen=True, kw_only=True)
class Run:
    """The artefacts of one run (docs/run_folder.md); None or empty where one is not there yet.

    `latency` is {"device", "batch_size", "members": {name: {"median", "low", "high"} in seconds}}.
    `files` are the files of each family folder with their sizes, `architectures` those that the
    family folders state, both by folder name.
    """

    folder: str
    space: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    growth: dict[str, Any] | None = None
    family: dict[str, Any] | None = None
    ledger: tuple[dict[str, Any], ...] = ()
    metrics: tuple[dict[str, Any], ...] = ()
    plan: dict[str, Any] | None = None
    latency: dict[str, Any] | None = None
    analysis: dict[str, Any] | None = None
    config: str | None = None
    files: dict[str, dict[str, int]]
    architectures: dict[str, Architecture]

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as values."""
        read = yaml.safe_load(self.config) if self.config else None
        return read if isinstance(read, dict) else {}


def read(run_folder: Path) -> Run:
    """Read everything the report shows.

    Raises:
        ValueError: if the folder is not there, or a file in it is damaged.
    """
    if not run_folder.is_dir():
        raise ValueError(f"{run_folder}: no such run folder; `escalade run --out` makes one")
    family = _json(run_folder / "family" / "family.json")
    folders = [str(member["folder"]) for member in (family or {}).get("members", [])]
    config = run_folder / "config.yaml"
    return Run(
        folder=run_folder.as_posix(),
        space=_json(run_folder / "space.json"),
        search=_json(run_folder / "search.json"),
        growth=_json(run_folder / "growth.json"),
        family=family,
        ledger=tuple(_json(run_folder / "ledger.json") or ()),
        metrics=_lines(run_folder / "metrics.jsonl"),
        plan=_json(run_folder / "plan.json"),
        latency=_json(run_folder / "latency.json"),
        analysis=_json(run_folder / "analysis.json"),
        config=config.read_text(encoding="utf-8") if config.exists() else None,
        files={name: _files(run_folder / "family" / name) for name in folders},
        architectures=_architectures(run_folder / "family", folders),
    )


def _json(path: Path) -> Any:
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except ValueError as error:
        raise ValueError(
            f"{path}: not valid JSON ({error}); delete it: the stage that writes it makes it again"
        ) from None


def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    """Records of a log; a last line torn by a kill is left out."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    records = []
    for i, line in enumerate(lines):
        try:
            records.append(json.loads(line, parse_constant=lambda _: None))
        except ValueError:
            if i + 1 < len(lines):
                raise ValueError(f"{path}: line {i + 1} is not valid JSON; remove it") from None
    return tuple(records)


def _files(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in EXPORTS if (folder / name).is_file()}


def _architectures(root: Path, folders: list[str]) -> dict[str, Architecture]:
    found = {}
    for name in folders:
        config = _json(root / name / "config.json") or {}
        stated = config.get("model_args", {}).get("architecture_json")
        if stated:
            found[name] = Architecture.from_json(stated, where=str(root / name / "config.json"))
    return found
