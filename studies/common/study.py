"""The runner of a study of supernets: options, setting, parts, results."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from common.command import (
    add_setting,
    add_workers,
    among,
    count,
    given,
    parser,
    write_results,
)
from common.setting import begun, keep
from common.work import PlanOf, SupernetWork
from escalade.train.runtime import Runtime

Part = Callable[[SupernetWork[PlanOf], int], None]


@dataclass(frozen=True, kw_only=True)
class SupernetStudy(Generic[PlanOf]):
    """A study that trains supernets and scores, searches and compares their networks.

    Attributes:
        name: of its folder under runs/ and of its results.
        about: what `--help` says: what it does, its hours, its results.
        whole, short: the settings without and with `--short`, of one class.
        plan: makes the plan of a setting and a folder.
        parts: by the names of `--study`, in the order of `all`: what each does with a seed.
        main_parts: without `--study`.
        to_json: everything that the tables and pictures show.
        markdown: the tables.
        pictures: SVG files by name, which begins with the results' name.
    """

    name: str
    about: str | None
    whole: Any
    short: Any
    plan: Callable[..., PlanOf]
    parts: Mapping[str, Part[PlanOf]]
    main_parts: Sequence[str]
    to_json: Callable[[PlanOf], Any]
    markdown: Callable[[Any], str]
    pictures: Callable[..., Mapping[str, str]]

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Do what is not done yet, then write the results; with `--table` only those."""
        options = self._options(arguments)
        name = f"{self.name}_short" if options.short else self.name
        folder: Path = options.out or Path("runs") / name
        kind = type(self.whole)
        if options.table:
            plan = self.plan(setting=begun(kind, folder), folder=folder)
        else:
            start = self.short if options.short else self.whole
            chosen = {
                field: getattr(start, field) if value is None else value
                for field, value in given(options, kind).items()
            }
            plan = self.plan(setting=kind(**chosen), folder=folder)
            Runtime(device=options.device)  # refuses one that is not there before anything is kept
            keep(plan.setting, folder)
            self._run(SupernetWork.of(plan, options), options)
        found = self.to_json(plan)
        pictures = self.pictures(found, name=name)
        write_results(found, self.markdown(found), options.results, name, pictures=pictures)

    def _run(self, work: SupernetWork[PlanOf], options: argparse.Namespace) -> None:
        """What is not done yet: all parts with one seed before the next."""
        for seed in range(options.seeds):
            for part in options.study:
                self.parts[part](work, seed)

    def _options(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        folders = f"work folder (runs/{self.name} or runs/{self.name}_short)"
        made = parser(self.about, out=None, out_help=folders)
        made.add_argument(
            "--study",
            type=among(self.parts, every=True),
            default=list(self.main_parts),
            help=f"names with commas between, or all ({','.join(self.main_parts)})",
        )
        made.add_argument("--short", action="store_true", help="shorter trainings, fewer images")
        made.add_argument("--seeds", type=count, default=2, help="of everything (2)")
        add_setting(made, type(self.whole))
        add_workers(made, device=True)
        return made.parse_args(arguments)
