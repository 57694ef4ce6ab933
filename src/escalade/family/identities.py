"""What became of the identities of a searched network, as values: in its slice, and left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from escalade.core.network.cost import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """What folded when a slice was cut (SCARLET, Lemmas 1 and 2).

    Attributes:
        folded: identities that are gone, the max pooling of a down-sampling one aside.
        kept: the others, each with its place in the network that runs and why it stays.
    """

    folded: int
    kept: tuple[str, ...] = ()

    @property
    def num(self) -> int:
        """Identities of the network."""
        return self.folded + len(self.kept)

    def to_json(self) -> dict[str, Any]:
        return {"folded": self.folded, "kept": list(self.kept)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(folded=data["folded"], kept=tuple(data["kept"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """A searched member's slice beside its stand-alone network, which leaves the identities out.

    Attributes:
        folding: what folded in the slice.
        accuracy: of the slice on the search split, in 0..1.
        slice: costs of the slice, with the identities that stay.
        standalone: costs of the network without them: what the search counted.
    """

    folding: Folding
    accuracy: float
    slice: Cost
    standalone: Cost

    @property
    def note(self) -> str:
        """One sentence for the card of a member that is the slice."""
        folding = self.folding
        return (
            f"Of {folding.num} identities {folding.folded} folded into the next layer and "
            f"{len(folding.kept)} stay: {self.slice.macs:,} macs, where the search counted "
            f"{self.standalone.macs:,} without them."
        )

    def to_json(self) -> dict[str, Any]:
        return self.folding.to_json() | {
            "accuracy": self.accuracy,
            "slice": asdict(self.slice),
            "standalone": asdict(self.standalone),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` gives.

        Raises:
            KeyError: if a field is missing.
        """
        return cls(
            folding=Folding.from_json(data),
            accuracy=data["accuracy"],
            slice=Cost(**data["slice"]),
            standalone=Cost(**data["standalone"]),
        )
