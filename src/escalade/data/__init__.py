"""Image data: folders, torchvision's sets, the embedded demo set; splits and batches.

What is imported from here comes from its module when it is first asked for, so that the cache can
be looked at without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escalade.data.batching.batches import (
        Augmentation,
        TrainBatches,
        evaluation_batches,
        prepare,
    )
    from escalade.data.image_data import ImageData
    from escalade.data.loading import load
    from escalade.data.named_sets import NAMES
    from escalade.data.splits.split import Split

__all__ = [
    "NAMES",
    "Augmentation",
    "ImageData",
    "Split",
    "TrainBatches",
    "evaluation_batches",
    "load",
    "prepare",
]

_MODULES = {
    "Augmentation": "batching.batches",
    "TrainBatches": "batching.batches",
    "evaluation_batches": "batching.batches",
    "prepare": "batching.batches",
    "ImageData": "image_data",
    "NAMES": "named_sets",
    "load": "loading",
    "Split": "splits.split",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
