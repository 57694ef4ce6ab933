"""Settings that the documents name exist, are accepted where they are set, and all are told."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from documents import DOCS, documents, spans, text_of
from escalade.config import Config, read_preset, resolve

SECTIONS = "dataset|supernet|evaluation|search|grow|latency|retrain|export"
FILES = (".json", ".jsonl", ".py", ".safetensors", ".yaml")


@documents
def test_settings_exist(document: Path) -> None:
    for span in spans(document):
        found = re.fullmatch(rf"((?:{SECTIONS})(?:\.\w+)+)(?:[:=] ?.*)?", span)
        if found and not found[1].endswith(FILES):
            assert _is_setting(found[1]), f"{document.name} names {found[1]}"


@documents
def test_settings_after_set_are_accepted(document: Path) -> None:
    pattern = r"""--set (?:"([\w.]+)=([^"`]+)"|([\w.]+)=([^\s`]+))"""
    for quoted, text, plain, word in re.findall(pattern, text_of(document)):
        assert _accepted(quoted or plain, text or word)


def test_every_setting_is_documented() -> None:
    named = set(spans(DOCS / "reference" / "settings.md"))
    for key, value in _settings().items():
        if not isinstance(value, dict):
            assert key in named, key
            continue
        for inner, entry in value.items():
            assert f"{key}.{inner}" in named, f"{key}.{inner}"
            for field in entry if isinstance(entry, dict) else ():
                assert field in named, f"{key}.{inner}.{field}"


@cache
def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load(resolve(read_preset("smoke")).to_yaml())
    return settings


def _is_setting(name: str) -> bool:
    place: Any = _settings()
    for part in name.split("."):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return True


@cache
def _accepted(name: str, value: str) -> bool:
    settings: Any = yaml.safe_load(value)
    for part in reversed(name.split(".")):
        settings = {part: settings}
    ladder = {} if name == "search.members" else read_preset("smoke")
    return isinstance(resolve(ladder, settings), Config)
