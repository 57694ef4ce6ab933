"""What a run folder holds, read once; a run may have stopped anywhere, so all of it is optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from escalade.artefacts.analysed import Analysed
from escalade.artefacts.audited import Audited
from escalade.artefacts.children import Children
from escalade.artefacts.contested import Contested
from escalade.artefacts.grown import Grown
from escalade.artefacts.latencies import Latencies
from escalade.artefacts.ledger import Ledger, LedgerEntry
from escalade.artefacts.machines import Machine, Machines
from escalade.artefacts.metrics_lines import MetricsLine, read_metrics
from escalade.artefacts.planned import Planned
from escalade.artefacts.quantisations import Quantisations
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.searched import Searched
from escalade.artefacts.starts_tried import StartsTried
from escalade.artefacts.texts import parse_yaml, read_text
from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import within
from escalade.family.family import Family, FamilyMember
from escalade.spaces import known


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The artefacts of one run; None or empty where one is not there yet.

    `files` are the sizes of each member's files, `architectures` what their folders state, both by
    folder name; `settings` is the configuration as values and `config` its text.
    """

    folder: str
    search: Searched | None
    children: Children | None
    growth: Grown | None
    family: Family | None
    ledger: tuple[LedgerEntry, ...]
    metrics: tuple[MetricsLine, ...]
    plan: Planned | None
    latency: Latencies | None
    int8: Quantisations | None
    analysis: Analysed | None
    machines: tuple[Machine, ...]
    audit: Audited | None
    contest: Contested | None
    starts: StartsTried | None
    config: str | None
    settings: Mapping[str, Any]
    files: dict[str, dict[str, int]]
    architectures: dict[str, Architecture]


def read(run_folder: Path, *, settings: Mapping[str, Any] | None = None) -> Contents:
    """Read everything the report shows.

    Args:
        settings: resolved; by default as config.yaml has them.

    Raises:
        ValueError: if the folder is not there, or a file in it is damaged.
    """
    if not run_folder.is_dir():
        raise ValueError(f"{run_folder}: no such run folder; `escalade run --out` makes one")
    folder = RunFolder(run_folder)
    family = Family.load(folder.family) if any(folder.family.glob("family.json")) else None
    if family is not None:
        family.check_whole()
    with within(str(folder.config)):
        config = read_text(folder.config) if folder.config.exists() else None
        stated = parse_yaml(config) if config and settings is None else settings
    return Contents(
        folder=run_folder.as_posix(),
        search=folder.find(Searched),
        children=folder.find(Children),
        growth=folder.find(Grown),
        family=family,
        ledger=(folder.find(Ledger) or Ledger()).entries,
        metrics=read_metrics(folder.metrics),
        plan=folder.find(Planned),
        latency=folder.find(Latencies),
        int8=folder.find(Quantisations),
        analysis=folder.find(Analysed),
        machines=(folder.find(Machines) or Machines()).entries,
        audit=folder.find(Audited),
        contest=folder.find(Contested),
        starts=folder.find(StartsTried),
        config=config,
        settings=stated if isinstance(stated, Mapping) else {},
        files={
            m.folder: {path.name: path.stat().st_size for path in sorted(m.path.glob("*.*"))}
            for m in family or ()
        },
        architectures={m.folder: shape for m in family or () if (shape := _architecture(m))},
    )


def _architecture(member: FamilyMember) -> Architecture | None:
    """What a member's own folder states; None where it does not."""
    return known.of_member(member.path) if (member.path / known.MEMBER).exists() else None
