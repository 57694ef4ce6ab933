"""Names of files and folders that come out of files: they cannot leave their folder."""

from __future__ import annotations

from typing import Annotated

from escalade.core.values.invalid import Invalid, shown
from escalade.core.values.plain import one_line

MOST_CHARACTERS = 100
_FORBIDDEN = frozenset("/\\:")


def check_file_name(name: str) -> None:
    """Refuse a name that is no plain one of a file or folder.

    Raises:
        Invalid: without a path.
    """
    is_plain = name == one_line(name) and not _FORBIDDEN & set(name)
    if not is_plain or not 0 < len(name) <= MOST_CHARACTERS or name[0] in " ." or name[-1] in " .":
        raise Invalid(f"{shown(name)} cannot be the name of a file or folder")


FileName = Annotated[str, check_file_name]
