"""How a folder of images is laid out: class folders, or folders of splits that hold them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from escalade.artefacts.owning import is_marked
from escalade.core.values.invalid import Invalid
from escalade.data.decoding.opening import SUFFIXES
from escalade.data.listing.split_names import SPELLINGS, split_roles
from escalade.data.splits.stratified import SEARCH, TEST, TRAIN


@dataclass(frozen=True, kw_only=True)
class SplitFolders:
    """Where the class folders are.

    Attributes:
        parts: the folders that hold class folders, train first, each with the split it is for.
        remarks: what lies there and is not used, a line each.
    """

    parts: tuple[tuple[int, Path], ...]
    remarks: tuple[str, ...] = ()


def find_splits(root: Path) -> SplitFolders:
    """The splits that a folder comes with; one part where there are none.

    Raises:
        Invalid: if folders say two things, naming them.
    """
    names = folders(root)
    roles = split_roles(names)
    found = {role: [n for n in names if roles[n] == role] for role in SPELLINGS}
    others = [name for name in names if roles[name] is None]
    has_splits = bool(found["train"]) and (bool(found["val"]) or bool(found["test"]))
    if not has_splits and not any(_holds_classes(root / name) for name in found["train"]):
        _check_classes(root, names, found)
        return SplitFolders(parts=((TRAIN, root),), remarks=_loose(root, root))
    for spelt in found.values():
        _check_one(root, spelt)
    if not has_splits and others:
        raise Invalid(
            f"'{found['train'][0]}' holds class folders, but '{others[0]}' beside it is called "
            "like no split",
            path=(str(root),),
            remedy=f"call it val or test, or give {root / found['train'][0]} alone",
        )
    train, val, test = (_inner(root / spelt[0]) if spelt else None for spelt in found.values())
    remarks = [f"{name} is left out: it is called like no split" for name in others]
    remarks += _loose(root, root)
    val, test = (_scored(part, root, remarks) for part in (val, test))
    assert train is not None
    parts = [(TRAIN, train)]
    if val is not None and test is not None:
        parts.append((SEARCH, val))
    if (last := test or val) is not None:
        parts.append((TEST, last))
    for _, part in parts:
        remarks += _loose(part, root)
    return SplitFolders(parts=tuple(parts), remarks=tuple(remarks))


def _inner(part: Path) -> Path:
    """A split's folder, or the one of the same name in it, as some archives have."""
    inner = folders(part)
    if len(inner) == 1 and not files(part) and inner[0] == part.name:
        return part / inner[0]
    return part


def _check_classes(root: Path, names: list[str], found: dict[str, list[str]]) -> None:
    """Whether folders are classes; not splits without one to train on, nor other divisions."""
    scored = [name for role in ("val", "test") for name in found[role]]
    plain = [name for name in scored if not any(map(str.isdecimal, name))]
    is_split = bool(found["val"] and found["test"]) or bool(plain)
    if is_split and len(names) > 1:
        beside = next(name for name in names if name != scored[0])
        raise Invalid(
            f"'{scored[0]}' beside '{beside}' is called like a split, but no folder is called "
            "like the training images'",
            path=(str(root),),
            remedy="call that train, or rename what is a class",
        )
    inside = [folders(root / name) for name in names]
    if len(names) > 1 and len(inside[0]) > 1 and all(each == inside[0] for each in inside):
        if any(files(root / name) for name in names):
            return
        raise Invalid(
            f"'{names[0]}' and '{names[1]}' hold the same folders ('{inside[0][0]}', "
            f"'{inside[0][1]}') and no images beside them, as splits do, not classes",
            path=(str(root),),
            remedy="\ncall one train and another val or test; of classes, put the images of each "
            "into one folder",
        )


def _holds_classes(folder: Path) -> bool:
    return len(folders(folder)) > 1 and not files(folder)


def _check_one(root: Path, names: list[str]) -> None:
    if len(names) > 1:
        raise Invalid(
            f"'{names[0]}' and '{names[1]}' are both called like the same split",
            path=(str(root),),
            remedy="put their images together, or move one of them away",
        )


def _scored(part: Path | None, root: Path, remarks: list[str]) -> Path | None:
    """A split to score on; one without class folders is left out, with a remark."""
    if part is None or folders(part):
        return part
    held, name = files(part), part.relative_to(root)
    remarks.append(
        f"{name} is left out: its {counted(len(held), 'file')} stand in no class folders, so that "
        "nothing can be scored on them"
        if held
        else f"{name} is left out: it is empty"
    )
    return None


def _loose(folder: Path, root: Path) -> tuple[str, ...]:
    """Files beside class folders, which belong to no class, and folders that are hidden."""
    held, hidden = files(folder), _hidden(folder)
    told = []
    if held and folders(folder):
        where = (folder / held[0]).relative_to(root)
        told.append(f"{counted(len(held), 'file')} beside the folders left out, such as {where}")
    if hidden:
        where = (folder / hidden[0]).relative_to(root)
        what = counted(len(hidden), "folder")
        told.append(f"{what} of images left out, hidden by a '.', such as {where}")
    return tuple(told)


def folders(folder: Path) -> list[str]:
    """Names of the folders in a folder that may hold images, in order."""
    return [name for name in _visible(folder) if not _is_made(folder / name)]


def made_folders(folder: Path) -> list[str]:
    """Names of the folders in a folder that Escalade made, or that hold nothing but such."""
    return [name for name in _visible(folder) if _is_made(folder / name)]


def files(folder: Path) -> list[str]:
    """Names of the files in a folder, in order."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.is_dir()]
    return sorted(name for name in names if not name.startswith("."))


def counted(num: int, what: str) -> str:
    """1 file, 2 files."""
    return f"{num:,} {what}{'' if num == 1 else 's'}"


def _hidden(folder: Path) -> list[str]:
    """Names of hidden folders that hold images, in order."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if e.name.startswith(".") and e.is_dir())
    return [name for name in names if not is_marked(folder / name) and _has_images(folder / name)]


def _has_images(folder: Path) -> bool:
    """Whether files at any depth are called like images."""
    names = (name for *_, files_ in os.walk(folder) for name in files_)
    return any(Path(name).suffix.lower() in SUFFIXES for name in names)


def _visible(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return sorted(name for name in names if not name.startswith((".", "__MACOSX")))


def _is_made(folder: Path) -> bool:
    """Whether Escalade made a folder, or there are such in it and no images beside them."""
    if is_marked(folder):
        return True
    made, waiting = False, [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    if Path(entry.name).suffix.lower() in SUFFIXES:
                        return False
                elif is_marked(Path(entry.path)):
                    made = True
                else:
                    waiting.append(Path(entry.path))
    return made
