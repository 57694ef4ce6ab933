"""The three networks that SCARLET found, by the genomes of its published code."""

from __future__ import annotations

from escalade.core.network.architecture import Architecture

# The choice of each of the 19 layers of the space `scarlet`.
_GENOMES = {
    "scarlet_a": (4, 8, 2, 5, 7, 3, 7, 0, 5, 4, 2, 5, 0, 5, 7, 9, 1, 7, 11),
    "scarlet_b": (1, 3, 1, 11, 0, 2, 11, 1, 12, 2, 1, 1, 11, 1, 9, 9, 12, 11, 9),
    "scarlet_c": (3, 1, 3, 12, 12, 0, 11, 1, 1, 2, 5, 4, 1, 5, 1, 12, 7, 11, 9),
}
NAMES = tuple(_GENOMES)


def scarlet(name: str) -> Architecture:
    """SCARLET-A, B or C as it stands alone, without its identities."""
    from escalade.spaces.load import load  # spaces need numpy; other names do without

    return load("scarlet").path(_GENOMES[name]).architecture.renamed(name)
