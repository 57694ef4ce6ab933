"""What a run folder holds, read once; a run may have stopped anywhere, so all of it is optional."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from escalade.artefacts.analysed import Analysed
from escalade.artefacts.files import read_json
from escalade.artefacts.grown import Grown
from escalade.artefacts.latencies import Latencies
from escalade.artefacts.ledger import Ledger, LedgerEntry
from escalade.artefacts.metrics_lines import MetricsLine, read_metrics
from escalade.artefacts.planned import Planned
from escalade.artefacts.quantisations import Quantisations
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.family.family import Family, FamilyMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The artefacts of one run (docs/run_folder.md); None or empty where one is not there yet.

    `files` are the sizes of each member's files, `architectures` what their folders state, both by
    folder name; `settings` is the configuration as values and `config` its text.
    """

    folder: str
    search: Searched | None
    growth: Grown | None
    family: Family | None
    ledger: tuple[LedgerEntry, ...]
    metrics: tuple[MetricsLine, ...]
    plan: Planned | None
    latency: Latencies | None
    int8: Quantisations | None
    analysis: Analysed | None
    config: str | None
    settings: dict[str, Any]
    files: dict[str, dict[str, int]]
    architectures: dict[str, Architecture]


def read(run_folder: Path) -> Contents:
    """Read everything the report shows.

    Raises:
        ValueError: if the folder is not there, or a file in it is damaged.
    """
    if not run_folder.is_dir():
        raise ValueError(f"{run_folder}: no such run folder; `escalade run --out` makes one")
    folder = RunFolder(run_folder)
    family = Family.load(folder.family) if any(folder.family.glob("family.json")) else None
    config = folder.config.read_text(encoding="utf-8") if folder.config.exists() else None
    settings = yaml.safe_load(config) if config else None
    return Contents(
        folder=run_folder.as_posix(),
        search=folder.find(Searched),
        growth=folder.find(Grown),
        family=family,
        ledger=(folder.find(Ledger) or Ledger()).entries,
        metrics=read_metrics(folder.metrics),
        plan=folder.find(Planned),
        latency=folder.find(Latencies),
        int8=folder.find(Quantisations),
        analysis=folder.find(Analysed),
        config=config,
        settings=settings if isinstance(settings, dict) else {},
        files={
            m.folder: {path.name: path.stat().st_size for path in sorted(m.path.glob("*.*"))}
            for m in family or ()
        },
        architectures={m.folder: shape for m in family or () if (shape := _architecture(m))},
    )


def _architecture(member: FamilyMember) -> Architecture | None:
    """What a member's own folder states; None where it does not."""
    path = member.path / "config.json"
    if not path.exists():
        return None
    stated = read_json(path, what="package", remedy="write the member again")
    return Architecture.from_json(stated["model_args"]["architecture_json"], where=str(path))
