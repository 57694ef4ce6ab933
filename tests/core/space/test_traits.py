"""What is true of the four layouts."""

from __future__ import annotations

from escalade.spaces.load import load


def test_what_is_true_of_the_spaces():
    def those(trait):
        return {
            name
            for name in ("scalenet", "bignas", "scarlet", "regnet_y")
            if getattr(load(name).traits, trait)
        }

    assert those("has_supernet") == {"scalenet", "bignas", "scarlet"}
    assert those("scales") == {"scalenet"}
    assert those("rises") == those("has_one_largest") - {"regnet_y"} == {"bignas"}
    assert those("leaves_out") == {"scarlet"}
