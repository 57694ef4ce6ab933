"""What the documents show as Python or YAML works."""

from __future__ import annotations

import importlib
import importlib.util
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from documents import DOCS, blocks, documents
from escalade.config import Config, read_preset, resolve
from escalade.core.numbers.seeds import generator
from escalade.spaces import load as spaces

HOW_TO = DOCS / "how-to"


@documents
def test_python_examples_import_what_exists(document: Path) -> None:
    for code in blocks(document, "python"):
        compile(code, document.name, "exec")
        for module, names in re.findall(r"^from (escalade[\w.]*) import (.+)$", code, re.MULTILINE):
            loaded = importlib.import_module(module)
            for name in map(str.strip, names.split(",")):
                known = hasattr(loaded, name) or importlib.util.find_spec(f"{module}.{name}")
                assert known, f"{module}.{name}"


@pytest.mark.parametrize("page", ["python.md", "scale_a_network.md"])
def test_python_examples_run(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks(HOW_TO / page, "python"):
        if "RUN" not in code:
            exec(compile(code, page, "exec"), {})
    assert capsys.readouterr().out


def test_the_example_spaces_are_spaces(tmp_path: Path) -> None:
    texts = blocks(HOW_TO / "own_space.md", "yaml")
    names = []
    for text in texts:
        file = tmp_path / "space.yaml"
        file.write_text(text)
        space = spaces.load(str(file), factors=(1.0, 2.0, 4.0))
        names.append(space.name)
        if "grid" in text:
            assert all(len(space.strategies(stage)) for stage in range(3))
        else:
            assert len(space.sample_genomes(generator(0, "docs"), 3)) == 3
    assert names == ["insects", "leaves", "birds", "moths"]


def test_the_example_settings_are_settings() -> None:
    for text in blocks(HOW_TO / "recipe.md", "yaml"):
        settings: Any = yaml.safe_load(text)
        config = resolve(read_preset("imagenet"), settings)
        assert isinstance(config, Config)
        assert config.retrain.recipe.end_ratio == 0.02


@pytest.mark.slow
def test_the_tutorial_makes_its_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "clothes"
    monkeypatch.setattr(sys, "argv", ["make_images.py", str(folder)])
    runpy.run_path(str(DOCS / "tutorial" / "make_images.py"), run_name="__main__")
    counts = {path.name: len(list(path.glob("*.png"))) for path in folder.iterdir()}
    assert sum(counts.values()) == 2500
    assert len(counts) == 10
    assert min(counts.values()) > 200
    with Image.open(folder / "bag" / "0008.png") as image:
        assert (image.size, image.mode) == ((28, 28), "L")
