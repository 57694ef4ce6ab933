"""The last line of a terminal, which is rewritten while a run works."""

from __future__ import annotations

import os
import sys

END_OF_LINE = "\r\x1b[K"  # clears it


def is_live() -> bool:
    """Whether a line on stderr can be rewritten."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # closed
        return False
