"""All layouts, and a space's file: a mapping that names one of them and has its fields."""

from __future__ import annotations

import math
from typing import Any

from escalade.core.space.around import Around
from escalade.core.space.choice_list import ChoiceList
from escalade.core.space.layout import Layout
from escalade.core.space.per_layer import PerLayer
from escalade.core.space.quantised_linear import QuantisedLinear
from escalade.core.space.space_numbers import positive
from escalade.core.space.staged import Staged
from escalade.core.values.codec import as_mapping, decode, encode
from escalade.core.values.invalid import Invalid, shown, within

FORMAT = 1
MOST_MAGNITUDE = 250  # of the number of paths, which files and messages hold exactly
# By the `kind` of their files; staged ones state none.
LAYOUTS: dict[str | None, type[Layout]] = {
    None: Staged,
    "regnet": QuantisedLinear,
    "layers": PerLayer,
    "choices": ChoiceList,
    "around": Around,
}


def parse(data: Any, *, where: str = "space") -> Layout:
    """Read a layout from a mapping, as YAML or JSON gives it.

    Raises:
        ValueError: naming the path in the file, what is wrong and what would work.
    """
    with within(where):
        entries = dict(as_mapping(data))
        version, kind = entries.pop("format", None), entries.pop("kind", None)
        if version != FORMAT:
            problem = f"{shown(version)} is not known; write format: {FORMAT}"
            raise Invalid(problem, path=("format",))
        if kind not in [*LAYOUTS]:
            raise Invalid(
                f"{shown(kind)} is not known; write kind: regnet, layers or choices (or around, as "
                "runs from a network have it), or leave it out of a space with scaling strategies",
                path=("kind",),
            )
        layout = decode(LAYOUTS[kind], entries, scalar=positive)
        layout.check()
        if sum(math.log10(gene.num_choices) for gene in layout.genes) > MOST_MAGNITUDE:
            raise Invalid(
                f"it has more than 10^{MOST_MAGNITUDE} paths", remedy="give fewer choices"
            )
        if layout.plain is not None:
            with within("plain"):
                _ = layout.plain_base
        _ = layout.hand_made if layout.bases else None
    return layout


def to_json(layout: Layout) -> dict[str, Any]:
    """The mapping that `parse` reads."""
    (kind,) = (name for name, made in LAYOUTS.items() if made is type(layout))
    fields: dict[str, Any] = encode(layout)
    return {"format": FORMAT} | ({} if kind is None else {"kind": kind}) | fields
