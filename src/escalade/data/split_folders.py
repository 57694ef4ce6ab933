"""How a folder of images is laid out: class folders, or folders of splits that hold them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from escalade.core.values.invalid import Invalid
from escalade.data.stratified import SEARCH, TEST, TRAIN
from escalade.data.visible_folders import counted, files, folders

# How people spell the splits; `train_set`, `Test images` and the like are the same.
SPELLINGS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst"),
}
_ENDING = re.compile(r"[\W_]*(?:set|data|images?|imgs?|split)$")


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
    found = {role: [n for n in names if split_role(n) == role] for role in SPELLINGS}
    others = [name for name in names if split_role(name) is None]
    has_splits = bool(found["train"]) and (bool(found["val"]) or bool(found["test"]))
    if not has_splits and not any(_holds_classes(root / name) for name in found["train"]):
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
    train, val, test = (root / spelt[0] if spelt else None for spelt in found.values())
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


def split_role(name: str) -> str | None:
    """The split that a name means: train, val or test; None where it means none."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip(" _-.")
    plain = _ENDING.sub("", plain) or plain
    return next((role for role, spelt in SPELLINGS.items() if plain in spelt), None)


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
    """Files beside class folders, which belong to no class."""
    held = files(folder)
    if not held or not folders(folder):
        return ()
    where = (folder / held[0]).relative_to(root)
    return (f"{counted(len(held), 'file')} beside the folders left out, such as {where}",)
