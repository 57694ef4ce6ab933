"""A whole run on images of several labels, from a table to a card."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from running import NO_EXPORTS, Commands, settings

CLASSES = ("blue", "green", "red")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images with a patch of each colour that they are labelled with, in a folder beside it."""
    folder = tmp_path_factory.mktemp("colours")
    (folder / "photos").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "labels"])
        for i in range(140):
            pixels = rng.integers(0, 60, (24, 24, 3))
            here = [i for i in range(3) if rng.random() < 0.5] or [int(rng.integers(3))]
            for each in here:
                top, left = rng.integers(0, 14, 2)
                pixels[top : top + 10, left : left + 10, 2 - each] += 180
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "photos" / f"{i:03}.png")
            rows.writerow([f"{i:03}.png", ";".join(CLASSES[each] for each in here)])
    return folder / "labels.csv"


def command(table: Path, run: Path) -> list[str]:
    flags = settings(
        dataset__root=table.parent / "photos",
        dataset__limit="null",
        dataset__search_size=0.2,
        retrain__recipe__steps=40,
        **NO_EXPORTS,
    )
    named = ["--data", str(table), "--budgets", "0.4M,0.8M", "--grow", "1", "--preset", "smoke"]
    return ["run", *named, *flags, "--out", str(run)]


@pytest.mark.slow
def test_a_family_of_several_labels(commands: Commands, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = commands(*command(table, run))
    assert result.code == 0, result.err
    family = json.loads((run / "family/family.json").read_text())
    num = family["tested"]["of_several"]
    assert num < sum(family["tested"]["images"])
    for member in family["members"]:
        scores = member["accuracy"]
        pairs = zip(scores["correct"], family["tested"]["images"], strict=True)
        assert scores["test"] == pytest.approx(np.mean([right / all_ for right, all_ in pairs]))
        assert "balanced" not in scores
        assert 0.3 < scores["test"] <= 1
    assert json.loads((run / "plan.json").read_text())["task"] == "multilabel"
    report = (run / "report.html").read_text()
    assert "it is mean average precision" in report
    assert "Always answering" not in report
    card = (run / "family/S0/README.md").read_text()
    assert "| class | average precision | test images |" in card
    found = dict(_classified(run / "family/S0", table.parent / "photos" / "000.png"))
    assert set(found) == set(CLASSES)
    _check_again(commands, table, run, tmp_path)


def _classified(folder: Path, image: Path) -> Any:
    spec = importlib.util.spec_from_file_location("model_of_labels", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    assert model.SEVERAL
    return model.classify(model.load(), image)


def _check_again(commands: Commands, table: Path, run: Path, tmp_path: Path) -> None:
    """The same table goes on, wherever it and its files lie; with another label it is refused."""
    moved = Path(shutil.copytree(table.parent, tmp_path / "moved")) / table.name
    result = commands(*command(moved, run))
    assert result.code == 0, result.err
    assert str(moved.parent / "photos") in (run / "config.yaml").read_text()
    lines = moved.read_text().splitlines()
    name, labels = lines[1].split(",")
    other = "red" if labels != "red" else "green"
    moved.write_text("\n".join([lines[0], f"{name},{other}", *lines[2:]]) + "\n")
    result = commands(*command(moved, run))
    assert result.code == 2, result.err
    assert "its images are not those that it began with" in result.err
