"""No room but `core/space` asks what kind of space it has: it asks what is true of it."""

from __future__ import annotations

import re
from pathlib import Path

import escalade
from escalade.spaces.load import load

SOURCE = Path(escalade.__file__).parent
ASKED = re.compile(r"isinstance\([^()]*(?:Space|Data)\b|\btype\(.*(?:Space|Data)\b|\.noun\s*[!=]=")


def test_no_room_asks_what_kind_of_space_it_has():
    outside = [f for f in SOURCE.rglob("*.py") if SOURCE / "core" / "space" not in f.parents]
    found = [f.name for f in outside if ASKED.search(f.read_text(encoding="utf-8"))]
    assert len(outside) > 200
    assert found == []


def test_what_is_true_of_the_spaces():
    def those(trait):
        return {
            name
            for name in ("scalenet", "bignas", "scarlet", "regnet_y")
            if getattr(load(name).traits, trait)
        }

    assert those("has_supernet") == {"scalenet", "bignas", "scarlet"}
    assert those("scales") == {"scalenet"}
    assert those("rises") == those("has_one_largest") - {"regnet_y"} == {"bignas"}
    assert those("leaves_out") == {"scarlet"}
