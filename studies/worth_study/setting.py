"""What one run of the study is: folders of images, budgets for each, and minutes."""

from __future__ import annotations

from dataclasses import dataclass

from common.command import flag

# By a word in the folder's name; others take the first.
BUDGETS = {"fashion": "0.3M,0.6M,1.2M,2.4M", "icons": "1M,2M,4M,8M", "glyphs": "1M,2M,4M,8M"}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all runs have."""

    folders: str = flag("", "folders of images, commas between them (make_images.py)")
    minutes: float = flag(20.0, "of one core that a run may take: 10 minutes of two")
    grow: int = flag(1, "members beyond the searched ones, at least one")
    space: str = flag("", "a space's name, which searches; else as a run does it by default")
    rule: str = flag("dWr", "that scales the plain networks a family is held against")
    parts: str = flag(
        "plain", "what a family is held against: plain, or plain,found where it searched"
    )

    @property
    def sets(self) -> dict[str, str]:
        """The folders by their names."""
        return {each.rstrip("/").rsplit("/", 1)[-1]: each for each in self.folders.split(",")}


def budgets_of(name: str) -> str:
    """The ladder of a set of images."""
    return next((text for word, text in BUDGETS.items() if word in name), BUDGETS["fashion"])
