"""The decoded cache: every image of a source as one memory-mapped array of bytes on disk.

A source is decoded once, into a set of its own (`decoded_set.py`), by as many processes as want it
(`partial_set.py`): one leads, the others help. What a killed decode has done is taken up.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from escalade.artefacts.owning import marked_folder
from escalade.core.values.invalid import check_known, within
from escalade.data.cache.cache_lock import locked
from escalade.data.cache.cache_room import DECODED, Say
from escalade.data.cache.decoded_set import Decoded
from escalade.data.cache.partial_set import begun
from escalade.data.cache.pixel_check import DamagedSet
from escalade.data.cache.set_making import POLL_SECONDS, SetMaking
from escalade.data.decoding.source import Source

FORMAT = 4  # raise it when decoding changes
# What is kept of images: their pixels, or nothing but digests, while they stay in their files.
KEEP_VARIABLE, PIXELS, FILES = "ESCALADE_CACHE_KEEP", "pixels", "files"


def decoded(
    key: str,
    open_source: Callable[[], Source],
    *,
    name: str,
    cache_dir: Path,
    side: int,
    in_channels: int,
    say: Say,
) -> Decoded:
    """The decoded images under `key`; opens the source and decodes it if they are not there.

    Processes that ask for the same images at the same time decode them together.

    Args:
        key: names the content of the source; side and channels are added here.
        open_source: called only when there is something to decode.
        in_channels: 1 or 3.
        say: tells people of what takes much room, of what is removed, or damaged and decoded again.

    Raises:
        ValueError: if the cache folder cannot be written or an image may not be read.
        OSError: if the disk is full, or has not the room.
    """
    kind, sets = f"{side}x{side}x{in_channels}-v{FORMAT}", cache_dir / DECODED
    folders = {PIXELS: sets / f"{key}-{kind}", FILES: sets / f"{key}-{FILES}-{kind}"}
    kept = _kept(folders)
    folder = folders[kept]
    making = SetMaking(
        folder,
        open_source,
        name=name,
        shape=(in_channels, side, side),
        keeps_pixels=kept == PIXELS,
    )
    try:
        while (found := making.find()) is None:
            marked_folder(folder.parent)
            with locked(folder, wait=False) as leads:
                if leads:  # another process may have been quicker
                    return making.find(say=say) or making.lead(cache_dir, say=say)
            making.help()
            time.sleep(POLL_SECONDS)
        return found
    except DamagedSet as error:
        raise ValueError(
            f"{folder}: {error}, though it has just been written; give a cache on a sound disk"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = (
                f"the disk is full while decoding images ({error.strerror}); {KEEP_VARIABLE}="
                f"{FILES} keeps no pixels, and decodes images whenever they are asked for"
            )
            raise OSError(error.errno, problem) from error
        raise ValueError(
            f"cannot write the image cache in {cache_dir}: {error.strerror or error}; "
            "give a cache folder that can be written"
        ) from error


def _kept(folders: Mapping[str, Path]) -> str:
    """What is kept of a set: by ESCALADE_CACHE_KEEP, else what was before, whole or begun.

    Pixels that are there are used, whatever is said.

    Raises:
        Invalid: if it is no choice.
    """
    asked = os.environ.get(KEEP_VARIABLE)
    if asked:
        with within(KEEP_VARIABLE):
            check_known(asked, (PIXELS, FILES))
        return PIXELS if folders[PIXELS].is_dir() else asked
    whole = [kept for kept, folder in folders.items() if folder.is_dir()]
    started = [kept for kept, folder in folders.items() if begun(folder) is not None]
    return next(iter((*whole, *started)), PIXELS)
