"""The images of a run: what the settings of `dataset` do, and that messages name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from escalade.api.session import load_images
from escalade.config import Config, resolve


def config(folder: Path, **dataset: object) -> Config:
    return resolve({"data": str(folder), "budgets": "1M,2M", "dataset": {"side": 8} | dataset})


def test_the_setting_that_a_message_advises_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALADE_CACHE", str(tmp_path / "cache"))
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(30):
            path = tmp_path / "pets" / name / f"{i}.png"
            Image.fromarray(np.full((8, 8, 3), i, dtype=np.uint8)).save(path)
            if name == "cat" and i < 11:
                path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"^dataset.max_skipped: 11 of .*, more than 0.05 of them"):
        load_images(config(tmp_path / "pets"))
    assert len(load_images(config(tmp_path / "pets", max_skipped=0.2)).skipped) == 11
