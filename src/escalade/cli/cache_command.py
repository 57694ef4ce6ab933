"""The verb `cache`: what decoded images and downloads take, and clearing them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from escalade.cli.output import table, write_json, write_line

if TYPE_CHECKING:
    from escalade.data.cache.cache_room import CachedSet

Commands = Any


def add_commands(commands: Commands) -> None:
    cache = commands.add_parser("cache", help="decoded images on the disk, and clearing them")
    cache.add_argument(
        "--clear",
        nargs="+",
        metavar="NAME",
        help="remove decoded images, by the names of data sets or entries, or all",
    )
    cache.add_argument("--format", choices=("text", "json"), default="text")
    cache.set_defaults(run_command=_cache)


def _cache(options: argparse.Namespace) -> None:
    from escalade.core.numbers.shown import amount
    from escalade.data.cache import cache_room
    from escalade.data.cache.cache_room import default_cache

    folder = default_cache()
    if options.clear:
        for each in cache_room.clear(folder, options.clear):
            write_line(f"removed {each.title}, {amount(each.num_bytes, 'memory')}")
    sets = cache_room.cached_sets(folder)
    bound, downloads = cache_room.largest(), folder / cache_room.DOWNLOADS
    if options.format == "json":
        write_json(
            {
                "folder": str(folder),
                "bound": bound,
                "sets": [_facts(each) for each in sets],
                "downloads": cache_room.bytes_below(downloads),
            }
        )
        return
    _write(sets)
    total = sum(each.num_bytes for each in sets)
    write_line(
        f"{folder}: {amount(total, 'memory')} of decoded images, of at most "
        f"{amount(bound, 'memory')} ({cache_room.SIZE_VARIABLE})"
    )
    if taken := cache_room.bytes_below(downloads):
        write_line(f"{downloads}: {amount(taken, 'memory')} of downloads, which stay")


def _facts(each: CachedSet) -> dict[str, Any]:
    facts = asdict(each)
    return {"entry": Path(facts.pop("folder")).name} | facts


def _write(sets: list[CachedSet]) -> None:
    from escalade.core.numbers.shown import amount
    from escalade.data.cache.cache_room import when

    rows = [
        (
            each.folder.name,
            each.title if each.data else "?",
            f"{each.num:,}",
            str(each.side),
            f"{amount(each.num_bytes, 'memory')}",
            when(each.used) if each.used else "never",
        )
        for each in sets
    ]
    if rows:
        for line in table(("entry", "data", "images", "side", "size", "used"), rows):
            write_line(line)
