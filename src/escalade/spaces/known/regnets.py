"""RegNetX and RegNetY from 200 MF to 32 GF, RegNetZ-500MF and RegNetZ-4GF."""

from __future__ import annotations

from escalade.core.network import regnet as core
from escalade.core.network.architecture import Architecture
from escalade.core.network.regnet import Letter

# depth, w0, wa, wm, group width: Figs. 15 and 16 of Designing Network Design Spaces
_X = {
    "200mf": (13, 24, 36.44, 2.49, 8),
    "400mf": (22, 24, 24.48, 2.54, 16),
    "600mf": (16, 48, 36.97, 2.24, 24),
    "800mf": (16, 56, 35.73, 2.28, 16),
    "1_6gf": (18, 80, 34.01, 2.25, 24),
    "3_2gf": (25, 88, 26.31, 2.25, 48),
    "4gf": (23, 96, 38.65, 2.43, 40),
    "6_4gf": (17, 184, 60.83, 2.07, 56),
    "8gf": (23, 80, 49.56, 2.88, 120),
    "12gf": (19, 168, 73.36, 2.37, 112),
    "16gf": (22, 216, 55.59, 2.1, 128),
    "32gf": (23, 320, 69.86, 2.0, 168),
}
_Y = {
    "200mf": (13, 24, 36.44, 2.49, 8),
    "400mf": (16, 48, 27.89, 2.09, 8),
    "600mf": (15, 48, 32.54, 2.32, 16),
    "800mf": (14, 56, 38.84, 2.4, 16),
    "1_6gf": (27, 48, 20.71, 2.65, 24),
    "3_2gf": (21, 80, 42.63, 2.66, 24),
    "4gf": (22, 96, 31.41, 2.24, 64),
    "6_4gf": (25, 112, 33.22, 2.27, 72),
    "8gf": (17, 192, 76.82, 2.19, 56),
    "12gf": (19, 168, 73.36, 2.37, 112),
    "16gf": (18, 200, 106.23, 2.48, 112),
    "32gf": (20, 232, 115.89, 2.53, 232),
}
# No text gives these; they reproduce the published figures (docs/deviations.md).
_Z = {
    "500mf": (21, 16, 10.7, 2.51, 4),
    "4gf": (28, 48, 14.5, 2.226, 8),
}
_TABLES: dict[Letter, dict[str, tuple[int, int, float, float, int]]] = {"x": _X, "y": _Y, "z": _Z}
_REGNETS = {
    f"regnet_{kind}_{size}": (kind, numbers)
    for kind, table in _TABLES.items()
    for size, numbers in table.items()
}
_RESOLUTION = {"regnet_z_4gf": 256}  # found by its random search, section 6.1

NAMES = tuple(_REGNETS)


def regnet(name: str) -> Architecture:
    """A published RegNet, such as `regnet_y_1_6gf`."""
    kind, (depth, w0, wa, wm, group_width) = _REGNETS[name]
    return core.regnet(
        kind,
        depth=depth,
        w0=w0,
        wa=wa,
        wm=wm,
        group_width=group_width,
        resolution=_RESOLUTION.get(name, 224),
        name=name,
    )
