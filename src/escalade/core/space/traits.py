"""What is true of a space, for those who would otherwise ask what kind of space it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What follows from how a space's networks are laid out; data, not behaviour.

    Attributes:
        noun: what messages call such a space.
        has_supernet: one set of weights holds every path; else networks are trained alone, a ladder
            searches its first budget only, and the other members are scaled from what it finds.
        scales: there are strategies for every scaling stage, so that members are one base, scaled;
            else every budget is searched for a network of its own.
        rises: every gene's choices rise, from the smallest of everything to the largest, so that a
            coarse grid can be laid over them.
        shares: paths share parts of layers, so that a largest path holds the others, and teaches
            them in a sandwich; else only whole choices are shared.
        leaves_out: layers may be left out, which the supernet keeps at their positions: what it
            runs (`Path.running`), and so a slice, may be more than the network that was searched.
        usual_step: of the supernet's training, if nobody says otherwise.
        member_weights: where searched members' weights come from, if nobody says otherwise.
    """

    noun: str
    has_supernet: bool = True
    scales: bool = False
    rises: bool = False
    shares: bool = True
    leaves_out: bool = False
    usual_step: str = "single_path"
    member_weights: str = "in_turn"

    @property
    def has_one_largest(self) -> bool:
        """Whether one path holds all others, whatever the ladder."""
        return self.shares and not self.scales
