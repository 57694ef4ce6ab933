"""The colours can be seen on both grounds, and told apart by the colour-blind."""

from __future__ import annotations

import re

import numpy as np
import pytest

from escalade.report import palette

GROUNDS = ("#ffffff", "#171b20")  # light and dark
# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
]
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
# Oklab (Ottosson, 2020).
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
]


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(rgb):
    return np.array(TO_LAB) @ np.cbrt(np.array(TO_CONES) @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("colour", [*palette.COLOURS, palette.NEUTRAL])
@pytest.mark.parametrize("ground", GROUNDS)
def test_contrast_is_three_to_one_on_both_grounds(colour, ground):
    low, high = sorted((luminance(colour), luminance(ground)))
    assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("seen", [np.eye(3), DEUTERANOPIA, PROTANOPIA])
def test_the_first_five_colours_stay_apart(seen):
    points = [lab(np.array(seen) @ linear(colour)) for colour in palette.COLOURS[:5]]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(points) for b in points[:i]]
    assert min(apart) > 0.08


def test_pairs_of_colour_and_marker_repeat_late():
    pairs = [(palette.colour(i), palette.symbol(i)) for i in range(40)]
    assert len(set(pairs)) == 40


def test_the_page_uses_the_grounds_that_were_checked():
    from importlib.resources import files

    style = files("escalade.report").joinpath("templates/style.css").read_text()
    assert set(re.findall(r"--card: (#\w+)", style)) == set(GROUNDS)
