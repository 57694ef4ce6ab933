"""Image data: folders, torchvision's sets, the embedded demo set; splits and batches."""

from escalade.data.batches import Augmentation, TrainBatches, evaluation_batches, prepare
from escalade.data.image_data import ImageData
from escalade.data.loading import NAMES, load
from escalade.data.split import Split

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
