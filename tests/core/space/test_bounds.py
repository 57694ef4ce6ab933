"""A small file of a space cannot take the machine: what it asks for is counted first."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from escalade.core.space import layouts
from escalade.core.values.invalid import Invalid
from escalade.spaces import load

LISTS = {"resolutions": list(range(32, 1032))}
WIDTHS = list(range(8, 8008, 8))
NUMS = range(1, 900)


def content(name: str) -> dict[str, Any]:
    """A space of the package as its file has it."""
    layout: dict[str, Any] = copy.deepcopy(layouts.to_json(load.read(name)))
    return layout


def changed(name: str, *way: Any, to: Any) -> dict[str, Any]:
    """The same with one value changed."""
    data = content(name)
    place: Any = data
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = to
    return data


HUGE = [
    (changed("regnet_y", "wm", to=[1.5, 1_000_000]), "wm: .* steps of 0.001 are too many"),
    (changed("regnet_y", "wa", to=[8, 1_000_000]), "wa: .* steps of 0.01 are too many"),
    (changed("regnet_y", "wm", to=[1.001, 30.0]), "wm: .* combinations of choices are too many"),
    (changed("regnet_y", "stages", to=[4, 900]), "stages: 900 is too large"),
    (changed("regnet_y", "depth", to=[1, 1_000_000]), "depth: 1000000 is too large"),
    (changed("bignas", "selection_step", to=1) | {"resolutions": [192, 900_000]}, "selection_step"),
    (changed("bignas", "stages", 1, "depth", to=[1, 900]), "genes of layers are too many"),
    (changed("bignas", "stages", 1, "widths", to=WIDTHS) | LISTS, "combinations of choices"),
    (changed("small", "stages", 1, "widths", to=WIDTHS), "combinations of choices"),
    (changed("small", "resolutions", to=list(range(32, 4032))), "4,000 entries are too many"),
    (changed("small", "stages", 0, "depth", to=[1, 1_000]), "genes of layers are too many"),
    (
        changed("small", "grid", "width", to=[1 + i / 1000 for i in range(900)]),
        "grid: .* strategies are too many",
    ),
    (
        changed("scarlet", "choices", to=[{"expansion": i / 9, "kernel": 3} for i in NUMS]),
        "combinations of choices",
    ),
    (
        changed("scarlet", "stages", to=[{"depth": 1_000, "width": 320}] * 99),
        "genes of layers are too many",
    ),
    (changed("small", "resolutions", to=["1e900000000"]), "expected a number"),
    (changed("small", "resolutions", to=["1/1e900000000"]), "expected a number"),
    (changed("small", "resolutions", to=[float("inf")]), "expected a number"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "problem"), HUGE)
def test_what_would_take_the_machine_is_refused_at_once(data: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        layouts.parse(data)


def test_spaces_of_the_package_are_far_within_the_bounds() -> None:
    for name in load.names():
        layouts.parse(content(name))


# At the bounds: as many choices, genes and strategies as are allowed.
LARGEST = {
    "small": {
        "resolutions": list(range(32, 112, 8)),
        "grid": {
            "depth": [1 + i / 10 for i in range(10)],
            "width": [1 + i / 10 for i in range(20)],
            "resolution": [1 + i / 30 for i in range(30)],
            "slack": 1.25,
        },
    },
    "regnet_y": {"depth": [12, 1_000], "w0": [24, 256], "wa": [8.0, 250.0], "wm": [1.5, 3.5]},
}


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.slow
def test_what_is_allowed_fits_into_the_memory(name: str, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(yaml.safe_dump(content(name) | LARGEST[name]))
    script = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({4 << 30},) * 2)\n"
        "from escalade.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    words = ["space", str(file), "--num-paths", "10000"]
    ended = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
