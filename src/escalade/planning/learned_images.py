"""The images that a network learned from: of a run's member, those that its run has listed."""

from __future__ import annotations

from pathlib import Path

from escalade.artefacts import image_list
from escalade.artefacts.image_list import Entry
from escalade.artefacts.run_folder import RunFolder
from escalade.artefacts.seed_facts import ImagesLearned, SeedFacts
from escalade.core.values.invalid import Invalid
from escalade.data.seen_before import Learned
from escalade.family.packaging import package
from escalade.seeds.seed import LOCAL

NO_LIST = "nothing lists the images that it learned from"
# Of a list, those that a network learned from or was chosen on.
_SPLITS = ("train", "search")


def learned_by_member(member: Path) -> Learned:
    """What a member of a run learned from."""
    facts = images_learned(str(member))
    if facts is None:
        return Learned(by=member.name, unknown=NO_LIST)
    return _learned(member.name, facts, _run_of(member).images)


def learned_by_seed(facts: SeedFacts, source: str, folder: RunFolder) -> Learned:
    """What a pretrained network learned from: as the run keeps it, or, before that, its source."""
    if facts.learned is None:
        return Learned(by=facts.name, unknown=NO_LIST)
    is_kept = folder.has(SeedFacts)
    listed = folder.seed_images if is_kept else _run_of(_folder(source)).images
    return _learned(facts.name, facts.learned, listed)


def images_learned(source: str) -> ImagesLearned | None:
    """How a source's images were decoded; None where it is no member of a run that lists them."""
    member = _folder(source)
    run = _run_of(member)
    if member.parent.name != run.family.name or not run.images.is_file():
        return None
    try:
        used = package.read(member).preprocessing
        image_list.read(run.images)
    except (OSError, ValueError):
        return None
    other = "its own run began from a network" if run.has(SeedFacts) else ""
    return ImagesLearned(side=used.side, in_channels=used.in_channels, unknown=other)


def keep_learned(folder: RunFolder, source: str) -> None:
    """Write down beside the network what it learned from; its source may go."""
    entries = image_list.read(_run_of(_folder(source)).images)
    image_list.write(folder.seed_images, [each for each in entries if each.split in _SPLITS])


def _learned(by: str, facts: ImagesLearned, listed: Path) -> Learned:
    side, channels, unknown = facts.side, facts.in_channels, facts.unknown
    try:
        entries: list[Entry] = image_list.read(listed)
    except FileNotFoundError:
        problem = "the list of images that the network learned from is gone"
        raise Invalid(problem, path=(str(listed),), remedy="put it back") from None
    return Learned.of(entries, by=by, side=side, in_channels=channels, unknown=unknown)


def _folder(source: str) -> Path:
    return Path(source.removeprefix(LOCAL)).expanduser().resolve()


def _run_of(member: Path) -> RunFolder:
    return RunFolder(member.resolve().parent.parent)
