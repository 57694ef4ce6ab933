"""How many pixels a run's images have, with and without the images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from escalade.api.beginning.begin import _planned
from noise_runs import noise, run_of


def test_a_run_that_has_begun_knows_its_side_without_images(tmp_path: Path) -> None:
    run = run_of(folder=tmp_path)
    assert run.side == noise().side == 28
    run.folder.write(_planned(run))
    begun = replace(run, is_new=False)
    assert "data" not in begun.__dict__
    assert begun.side == 28
    assert "images" not in begun.__dict__
