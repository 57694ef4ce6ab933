"""A study as one resumable command: its setting, its folder, what is done there, its results."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from common import lab
from common.alone import units
from common.bench import Bench
from common.command import add_counts, add_setting, chosen, parser
from common.files import Said, Say
from common.images import leading, load_images, scored_on

SETTING = "setting.json"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A setting, how much of it to do, and where its finished units lie.

    Attributes:
        setting: a dataclass; all of it changes the results, so a folder holds one only.
        folder: of finished units.
        options: the command's flags.
        say: told what goes on.
    """

    setting: Any
    folder: Path
    options: Namespace = field(default_factory=Namespace)
    say: Say = field(default_factory=Said)

    @cached_property
    def images(self) -> tuple[lab.ImageData, lab.Split]:
        """Those that train and search, and apart from them those that judge."""
        return load_images(limit=self.setting.limit)

    @property
    def data(self) -> lab.ImageData:
        return self.images[0]

    @property
    def device(self) -> str:
        return str(getattr(self.options, "device", "cpu"))

    @property
    def searching(self) -> Bench:
        """Scores on the leading search images, or on all where the setting says no number."""
        search = self.data.search
        num = getattr(self.setting, "search_images", len(search))
        return self.bench(leading(search, num), self.data.search_digest)

    def judging(self, num: int | None = None) -> Bench:
        """Scores on the leading judge images, or on all."""
        judge = self.images[1]
        return self.bench(leading(judge, num or len(judge)), self.data.test_digest)

    def bench(self, images: lab.Split, digest: str) -> Bench:
        """Scores on leading images of the split with this digest."""
        return Bench(
            data=scored_on(self.data, images, digest),
            num_recalibration=self.setting.recalibration_images,
            num_workers=self.options.workers,
            say=self.say,
            device=self.device,
        )

    def retrain(
        self,
        networks: Iterable[lab.Architecture],
        name: str,
        recipe: lab.Recipe,
        seeds: Iterable[int],
    ) -> None:
        """Train networks alone with each seed in a folder, and judge each once."""
        listed = list(networks)
        every = [unit for seed in seeds for unit in units(listed, seed)]
        self.judging().train_alone(every, self.folder / name, recipe)


@dataclass(frozen=True, kw_only=True)
class Study:
    """What makes a study of a setting and some functions.

    Attributes:
        name: of its results; `{field}` stands for a value of the setting.
        about: what `--help` says: what it does, its hours, its results.
        setting: a dataclass, whose fields are flags, with the values that these have if not given.
        short: the values with `--short`; without them there is no such flag.
        counts: flags that say how much is to be trained: the default, and what is counted.
        flags: adds others.
        work: makes of setting, folder and options what the functions below are handed.
        run: does what is not done yet.
        to_json: everything that the tables and pictures show.
        markdown: the tables.
        pictures: SVG files by name, which begins with the results' name.
        out: the work folder; without, runs/ and the name.
        settle: adds to a setting what the machine decides, and refuses what cannot be done.
        begun_by: flags with which the setting is that of the folder.
    """

    name: str
    about: str | None
    setting: Any
    short: Any = None
    counts: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    flags: Callable[[lab.Parser], None] = lambda parser: None
    work: Callable[..., Any] = Work
    run: Callable[[Any], None]
    to_json: Callable[[Any], Any]
    markdown: Callable[[Any], str]
    pictures: Callable[[Any, str], Mapping[str, str]] = lambda found, name: {}
    out: str = ""
    settle: Callable[[Any, Namespace], Any] = lambda setting, options: setting
    begun_by: tuple[str, ...] = ("table",)

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Do what is not done yet, then write the results; with `--table` only those."""
        options = self._options(arguments)
        is_short = self.short is not None and options.short
        setting = chosen(options, self.short if is_short else self.setting)
        name = f"{self.name}_short" if is_short else self.name
        folder = options.out or Path((self.out or f"runs/{name}").format(**asdict(setting)))
        if any(getattr(options, flag) for flag in self.begun_by):
            setting = begun(type(setting), folder)
        else:
            setting = self.settle(setting, options)
            if "device" in options:
                lab.Runtime(device=options.device)  # refuses one that is not there
            keep(setting, folder)
        work = self.work(setting=setting, folder=folder, options=options)
        if not options.table:
            self.run(work)
        self._write(work, name.format(**asdict(setting)))

    def _write(self, work: Any, name: str) -> None:
        """NAME.json, NAME.md and pictures; prints the tables."""
        found, folder = self.to_json(work), work.options.results
        text = self.markdown(found)
        for picture, content in self.pictures(found, name).items():
            lab.write_text(folder / picture, content)
        lab.write_json(folder / f"{name}.json", found)
        lab.write_text(folder / f"{name}.md", text)
        print(text)

    def _options(self, arguments: Sequence[str] | None) -> Namespace:
        plain = self.out or f"runs/{self.name}"
        made = parser(self.about, out=plain if self.short is None else f"{plain} or {plain}_short")
        if self.short is not None:
            shorter = "shorter trainings, fewer images"
            made.add_argument("--short", action="store_true", help=shorter)
        add_setting(made, self.setting, short=self.short)
        self.flags(made)
        if self.counts:
            add_counts(made, self.counts)
        return made.parse_args(arguments)


def keep(setting: Any, folder: Path) -> None:
    """Write a setting (a dataclass) into its folder, or check it against the one that is there.

    Raises:
        ValueError: if the folder holds another setting's work.
    """
    path, given = folder / SETTING, asdict(setting)
    if not path.exists():
        lab.write_json(path, given)
        return
    before = _kept(folder)
    other = [name for name, value in given.items() if before.get(name) != value]
    if other:
        raise ValueError(
            f"{path}: begun with another {', '.join(other)}; "
            "give the same options, or another folder with --out"
        )


def begun(kind: type, folder: Path) -> Any:
    """The setting that a folder was begun with, as the study's own value.

    Raises:
        ValueError: if there is none, or it is another study's.
    """
    found, known = _kept(folder), {field.name for field in fields(kind)}
    if strange := [name for name in found if name not in known]:
        raise ValueError(
            f"{folder / SETTING}: not of this study, which has no {', '.join(strange)}; "
            "give its own folder with --out"
        )
    return kind(**found)


def _kept(folder: Path) -> dict[str, Any]:
    return lab.read_json(folder / SETTING, what="setting", remedy="run without --table first")
