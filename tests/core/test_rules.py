import pytest

from escalade.core.rules import NAMED, rule


@pytest.mark.parametrize("name", [*NAMED, "alpha=0.8", "alpha=0", "alpha=1", "alpha=.25"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 8.0])
def test_a_rule_multiplies_the_ideal_macs_by_its_factor(name, factor):
    scaling = rule(name, factor)
    ideal = scaling.depth * scaling.width**2 * scaling.resolution**2
    assert ideal == pytest.approx(factor)


def test_closed_form_exponents():
    assert rule("wr", 16.0).to_json() == {"depth": 1.0, "width": 2.0, "resolution": 2.0}
    assert rule("dwr", 64.0).to_json() == pytest.approx(
        {"depth": 4.0, "width": 2.0, "resolution": 2.0}
    )
    assert rule("dWr", 1024.0).to_json() == pytest.approx(
        {"depth": 2.0, "width": 16.0, "resolution": 2**0.5}
    )


def test_alpha_names_the_same_rules():
    assert rule("alpha=0.8", 3.0).to_json() == pytest.approx(rule("dWr", 3.0).to_json())
    assert rule("alpha=1", 3.0) == rule("w", 3.0)


@pytest.mark.parametrize("name", ["dWR", "rw", "alpha=1.5", "alpha=x", ""])
def test_an_unknown_rule_names_the_known_ones(name):
    with pytest.raises(ValueError, match="use d, w, r"):
        rule(name, 2.0)


def test_a_factor_is_positive():
    with pytest.raises(ValueError, match="not positive"):
        rule("d", 0.0)
