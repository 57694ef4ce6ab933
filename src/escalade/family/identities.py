"""What became of the identities of a searched network, as values: in its slice, and left out."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.core.network.cost import Cost
from escalade.core.values.ranges import CountFrom0, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """What folded when a slice was cut (SCARLET, Lemmas 1 and 2).

    Attributes:
        folded: identities that are gone, the max pooling of a down-sampling one aside.
        kept: the others, each with its place in the network that runs and why it stays.
    """

    folded: CountFrom0
    kept: tuple[str, ...] = ()

    @property
    def num(self) -> int:
        """Identities of the network."""
        return self.folded + len(self.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities(Folding):
    """A searched member's slice beside its stand-alone network, which leaves the identities out.

    Attributes:
        accuracy: of the slice on the search split, in 0..1.
        slice: costs of the slice, with the identities that stay.
        standalone: costs of the network without them: what the search counted.
    """

    accuracy: Share
    slice: Cost
    standalone: Cost

    @property
    def note(self) -> str:
        """One sentence for the card of a member that is the slice."""
        return (
            f"Of {self.num} identities {self.folded} folded into the next layer and "
            f"{len(self.kept)} stay: {self.slice.macs:,} macs, where the search counted "
            f"{self.standalone.macs:,} without them."
        )
