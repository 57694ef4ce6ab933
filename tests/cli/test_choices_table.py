"""The table of what can be chosen, held against the papers'."""

from __future__ import annotations

from escalade.cli.choices_table import choices_lines
from escalade.spaces.load import load


def rows(name: str, **more) -> list[str]:
    return [" ".join(line.split()) for line in choices_lines(load(name, **more))]


def test_scarlet_lists_its_13_choices_with_their_indices():
    """SCARLET, Table 1: expansions 3 and 6, kernels 3, 5, 7, with and without SE; identity."""
    listed = rows("scarlet")[-13:]
    assert listed[0] == "0 expansion 3, kernel 3"
    assert listed[1] == "1 expansion 3, kernel 3, se"
    assert listed[11] == "11 expansion 6, kernel 7, se"
    assert listed[12] == "12 identity"
    assert "stages[1].choice 0 to 12 in each of 4 layers" in rows("scarlet")


def test_a_space_that_scales_lists_genes_and_ratios():
    listed = rows("small", factors=(1.0, 2.0))
    assert "stages[0].kernel 3 5 7 in each of 3 layers" in listed
    assert "stages[1].width 16 20 24 32" in listed
    assert "scaling depth 1 1.25 1.5 2 2.5" in listed


def test_long_ranges_are_said_by_their_ends():
    assert "wa 2 to 40, 3,801 values" in rows("regnet_y_small")
