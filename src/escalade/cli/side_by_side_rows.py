"""Rows of `compare` beside the costs: layers by their place, and how scaled networks grew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escalade.core.network.architecture import Architecture
    from escalade.core.scaling.exponents import Exponents
    from escalade.report.slots import Slot

LEGEND = (
    "layers: kernel (k), expansion (e), se: squeeze-excitation, id: identity, pool: max pooling in "
    "its place, /2: halves the side"
)


def layer_words(text: str, network: Architecture) -> list[list[str]]:
    """The layers of each stage in words, those left out included where it is known which."""
    from escalade.report.slots import slots
    from escalade.spaces import known

    return [[_word(slot) for slot in stage] for stage in slots(network, known.running(text))]


def layer_rows(columns: Sequence[Sequence[Sequence[str]]]) -> Iterator[tuple[str, ...]]:
    """A row for every layer, a column for each network (SCARLET, Fig. 5).

    Args:
        columns: of each network, the words of each stage's layers.
    """
    for i, stages in enumerate(zip_longest(*columns, fillvalue=()), start=1):
        for k, words in enumerate(zip_longest(*stages, fillvalue=""), start=1):
            yield f"stage {i}, layer {k}", *words


def growth_rows(
    texts: Sequence[str], networks: Sequence[Architecture]
) -> Iterator[tuple[str, ...]]:
    """How scaled networks grew from their bases (Fast and Accurate Model Scaling, Tables 1 to 3).

    Nothing where none is scaled; what grouped convolutions did where there are any.
    """
    from escalade.core.scaling.exponents import exponents
    from escalade.spaces import scaled

    bases = [scaled.base_of(text) for text in texts]
    for grouped in (False, True):
        found = [
            None if base is None else exponents(base, network, grouped=grouped)
            for base, network in zip(bases, networks, strict=True)
        ]
        if any(found):
            of = "group convs' " if grouped else ""
            yield f"{of}macs grew", *(_shown(each, "factor", "x{:.2f}") for each in found)
            for name in ("params", "activations"):
                yield f"{of}{name}, power", *(_shown(each, name, "{:.2f}") for each in found)


def _shown(found: Exponents | None, name: str, form: str) -> str:
    return "" if found is None else form.format(getattr(found, name) + 0.0).replace("-0.00", "0.00")


def _word(slot: Slot) -> str:
    halves = slot.block.stride > 1 and not slot.removed
    return f"{slot.glyph.short}{'/2' if halves else ''}"
