"""JSON goes alone to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


def write_json(data: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def write_line(text: str) -> None:
    """Print a line for people."""
    sys.stderr.write(text + "\n")
