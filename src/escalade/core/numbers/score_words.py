"""What scores are called: by what an image's labels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Whether every image has one class, or may have several.
LabelTask = Literal["classification", "multilabel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWords:
    """The words for a score in 0..1.

    Attributes:
        name: of the score over all classes.
        of_class: of the score of one class.
        meaning: of the score of one class, and of its mean, a sentence.
    """

    name: str
    of_class: str
    meaning: str


SCORE_WORDS: dict[LabelTask, ScoreWords] = {
    "classification": ScoreWords(
        name="accuracy",
        of_class="recall",
        meaning="Recall: the share of a class's test images that a member classifies rightly; its "
        "mean over the classes is the balanced accuracy",
    ),
    "multilabel": ScoreWords(
        name="mean average precision",
        of_class="average precision",
        meaning="Average precision: how far images of a class stand before others when all test "
        "images are sorted by its logit, the area under precision by recall; its mean over the "
        "classes is the score of a member",
    ),
}
