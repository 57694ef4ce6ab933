"""The settings of the members' training, and the recipes that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

from escalade.config.recipe import SMALL_STEPS, Recipe
from escalade.config.ways_to_weights import WAYS, MemberWay
from escalade.core.values.ranges import Positive, Share, one_of


@dataclass(frozen=True, kw_only=True)
class RetrainConfig:
    """Where the members' weights come from.

    Attributes:
        searched: retrain (from scratch), slice (recalibrated slices of the supernet), together
            (slices of the supernet after the members alone trained on in it, all in every step),
            in_turn (the smallest from scratch, each other from the weights of the one before) or
            finetune (each trains on from its slice); None takes what suits the space: in_turn,
            finetune around a network, or retrain where slices keep identities or there is no
            supernet.
        grown: scratch, warm (from the member before), look (whichever of the two is ahead
            after a short training of the smallest grown member), or both, which trains all twice,
            keeps the start that is better on the search split and shows the difference. None takes
            warm where the searched members begin like that (in_turn), else look.
        taper: how much shorter larger members train: a member of b times the smallest budget has
            b ** -taper of its epochs or steps. 0 gives all the same epochs, 1 about the same time.
        finetune_rate: learning rate of all that begins with weights, relative to the recipe's; in a
            run from a pretrained network, unless it is another, that network's rate.
        distillation: of together: what the predictions of the member of most macs count in the loss
            of the others, the labels the rest; 0 to 1.
        recipe: how to train.
    """

    searched: Annotated[str, one_of(*WAYS)] | None = None
    grown: Annotated[str, one_of("scratch", "warm", "both", "look")] | None = None
    taper: Share = 0.5
    finetune_rate: Positive = 1.0
    distillation: Share = 0.5
    recipe: Recipe = field(default_factory=lambda: replace(SMALL_STEPS, epochs=20.0))

    @property
    def way(self) -> MemberWay:
        """To the weights of searched members, where `searched` is stated."""
        return WAYS[self.searched or ""]

    def recipe_alone(self, num_train: int, *, ratio: float = 1.0, effort: float = 1.0) -> Recipe:
        """How a member is trained from scratch on so many images.

        Args:
            num_train: images.
            ratio: of its budget to the smallest member's.
            effort: how many times as long as that has it.
        """
        return self.recipe.for_images(num_train).lasting(effort * ratio**-self.taper)

    def recipe_from_weights(
        self, num_train: int, *, ratio: float = 1.0, effort: float = 1.0
    ) -> Recipe:
        """How a member that begins with weights is trained: at a lower rate."""
        recipe = self.recipe_alone(num_train, ratio=ratio, effort=effort)
        return replace(recipe, learning_rate=recipe.learning_rate * self.finetune_rate)

    def recipe_confirming(
        self, num_train: int, *, share: float, starts: bool, ratio: float = 1.0
    ) -> Recipe:
        """How a round of finalists is trained: a share of a member's training.

        Args:
            num_train: training images.
            share: of the steps.
            starts: from weights, such as those of a slice or of the round before.
            ratio: of the member's budget to the smallest member's.
        """
        usual = self.recipe_alone(num_train, ratio=ratio)
        recipe = self.recipe_from_weights(num_train, ratio=ratio) if starts else usual
        steps = usual.num_steps(num_train // usual.batch_size)
        return replace(recipe, epochs=None, steps=max(1, round(share * steps)))

    def recipe_together(self, num_train: int) -> Recipe:
        """How members train on in a supernet, which knows no stochastic depth."""
        return replace(self.recipe_from_weights(num_train), drop_path_rate=0.0)
