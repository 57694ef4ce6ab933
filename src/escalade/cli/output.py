"""JSON goes alone to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from escalade.core.values.plain import plain


def write_json(data: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def write_line(text: str) -> None:
    """Print a line for people, or some."""
    sys.stderr.write(plain(text) + "\n")
