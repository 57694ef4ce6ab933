"""The ways to searched members' weights, as data: nobody else knows or compares their names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWay:
    """One way to the weights of searched members.

    Attributes:
        name: as `retrain.searched` has it.
        called: as family.json has it, of grown members and rivals, too.
        made: on a member's card.
        done: of all members, in the report.
        folder: what the folder of a member's weights is named after.
        uses_slices: members come out of the supernet, or begin with its weights.
        alone: each has a training of its own.
        in_turn: that one begins with the weights of the member before.
        together: all train on in the supernet, in every step.
    """

    name: str
    called: str
    made: str
    done: str
    folder: str
    uses_slices: bool = False
    alone: bool = False
    in_turn: bool = False
    together: bool = False


_RETRAIN = MemberWay(
    name="retrain",
    called="retrained",
    made="trained from scratch",
    done="each trained from scratch",
    folder="scratch",
    alone=True,
)
_SLICE = MemberWay(
    name="slice",
    called="sliced",
    made="cut out of the supernet, batch norm recalibrated",
    done="slices of the supernet, without a training of their own",
    folder="slice",
    uses_slices=True,
)
_TOGETHER = MemberWay(
    name="together",
    called="together",
    made="cut out of the supernet, in which the family's members had trained on together, the "
    "costliest teaching the others; batch norm recalibrated",
    done="slices of the supernet after they alone trained on in it, all in every step",
    folder="together",
    uses_slices=True,
    together=True,
)
_IN_TURN = MemberWay(
    name="in_turn",
    called="in_turn",
    made="trained after the smaller members of the family, the smallest from scratch, each from "
    "the weights of the one before",
    done="the smallest trained from scratch, each other from the weights of the one before",
    folder="in_turn",
    alone=True,
    in_turn=True,
)
_FINETUNE = MemberWay(
    name="finetune",
    called="finetuned",
    made="trained from given weights",
    done="each trained on from its slice",
    folder="finetune",
    uses_slices=True,
    alone=True,
)
_ALL = (_RETRAIN, _SLICE, _TOGETHER, _IN_TURN, _FINETUNE)
WAYS = {way.name: way for way in _ALL}
CALLED = {way.called: way for way in _ALL}


def trained_alone(*, from_weights: bool) -> str:
    """What family.json calls the weights of a network that was trained by itself."""
    return (_FINETUNE if from_weights else _RETRAIN).called
