"""What can be chosen in a space, as a table to hold against a paper's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from escalade.core.space.space import Space

# More values than this are said by their ends.
MOST_LISTED = 16


def choices_lines(space: Space) -> Iterator[str]:
    """A line for every gene, those of a stage's layers as one; then the strategies' ratios.

    Where genes are choices of whole blocks, they are listed once, with their indices.
    """
    layers = Counter(_layerless(gene.name) for gene in space.genes)
    choices = {_layerless(gene.name): gene.choices for gene in space.genes}
    blocks = next((each for each in choices.values() if not _is_number(each[0])), ())
    width = max(len(name) for name in (*choices, "scaling resolution"))
    for name, values in choices.items():
        text = f"0 to {len(values) - 1}" if values == blocks else _values(values)
        each = f"  in each of {layers[name]} layers" if layers[name] > 1 else ""
        yield f"  {name.ljust(width)}  {text}{each}"
    yield from (f"  {i:>{width}}  {_block(block)}" for i, block in enumerate(blocks))
    if space.traits.scales:
        for axis in ("depth", "width", "resolution"):
            yield f"  {f'scaling {axis}'.ljust(width)}  {_values(getattr(space.ratios, axis))}"


def _layerless(name: str) -> str:
    """A gene's name without the layer's index."""
    return re.sub(r"\[\d+\]$", "", name)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _values(choices: Sequence[Any]) -> str:
    if len(choices) <= MOST_LISTED:
        return " ".join(_number(choice) for choice in choices)
    return f"{_number(choices[0])} to {_number(choices[-1])}, {len(choices):,} values"


def _number(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else str(value)


def _block(block: Any) -> str:
    """A block by its fields: what is false is left out, what is true is its name."""
    if not is_dataclass(block):
        return str(block)
    parts = []
    for field in fields(block):
        value = getattr(block, field.name)
        if value is True:
            parts.append(field.name)
        elif value not in (False, None):
            parts.append(f"{field.name} {_number(value)}")
    return ", ".join(parts)
