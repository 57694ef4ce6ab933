"""An after-analysis in the report and on the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fixture
import pytest
import reading
from rich.console import Console

from escalade.artefacts.analysed import Analysed
from escalade.core.values.codec import decode
from escalade.report.page import write
from escalade.report.terminal import analysis_table

MACS = (1_000_000, 2_000_000, 3_000_000, 6_000_000)


def result(member: str, arm: str, num_correct: int, rate: float | None = None, **more: Any):
    """Of 10,000 images; against a slice with 8,000 correct, whose error is 0.4 points."""
    share = num_correct / 10_000
    error = (share * (1 - share) / 10_000) ** 0.5
    against = {"difference": share - 0.8, "standard_error": (error**2 + 0.004**2) ** 0.5}
    made = {
        "name": f"{member}-{arm}",
        "member": member,
        "arm": arm,
        "rate": rate,
        "num_steps": 0 if arm == "slice" else 100,
        "num_training_images": 0 if arm == "slice" else 1_200_000,
        "num_correct": num_correct,
        "num_images": 10_000,
        "accuracy": share,
        "standard_error": error,
        "against_slice": None if arm == "slice" else against,
    }
    return made | more


def found(teacher: str = "largest") -> dict[str, Any]:
    results = [
        result("S0", "slice", 8_000),
        result("S0", "finetune", 8_010, rate=0.1, num_training_images=90_000),
        result("S0", "finetune", 7_950, rate=0.01, num_training_images=90_000),
        result("S0", "scratch", 8_100),
        result("S0", "distil_a", 7_900),
        result("S0", "distil_b", 8_200),
        result("S1", "slice", 8_000),
        result("S1", "scratch", 8_000),
        result(teacher, "scratch", 8_500, against_slice=None),
    ]
    networks = [
        {"name": name, "resolution": 28, "macs": macs, "params": macs, "activations": macs}
        for name, macs in (
            ("S0", 1_000_000),
            ("S1", 2_000_000),
            ("S2", 3_000_000),
            (teacher, 6_000_000),
        )
    ]
    left = [{"member": "S1", "arm": "distil_b", "why": "it is the network that teaches"}]
    return {
        "space": "bignas_small",
        "teacher": teacher,
        "networks": networks,
        "results": results,
        "left_out": left,
    }


def page(folder, analysis: dict[str, Any] | None) -> Path:
    fixture.build(folder)
    if analysis is not None:
        (folder / "analysis.json").write_text(json.dumps(analysis))
    return write(folder)


def test_a_row_a_network_and_a_column_an_arm(tmp_path):
    rows = reading.rows(page(tmp_path / "run", found()), "analysis")
    assert list(rows) == ["Network", "S0", "S1", "largest"]
    assert rows["Network"] == [
        "macs",
        "Slice",
        "Fine-tuned at 0.1|90k images",
        "Fine-tuned at 0.01|90k images",
        "From scratch|1.2M images",
        "Distilled (A)|1.2M images",
        "Distilled (B)|1.2M images",
    ]
    assert rows["S0"][:3] == ["1M", "80.00 %|79.2 to 80.8", "80.10 %|+0.10 ± 0.57"]
    assert rows["S0"][5] == "79.00 %|-1.00 ± 0.57"
    assert rows["S1"] == [
        "2M",
        "80.00 %|79.2 to 80.8",
        "–",
        "–",
        "80.00 %|+0.00 ± 0.57",
        "–",
        "–",
    ]
    assert rows["largest"][4] == "85.00 %|84.3 to 85.7"


def test_the_note_says_what_the_columns_are(tmp_path):
    text = reading.text(page(tmp_path / "run", found()))
    assert "The members were chosen by their slices' scores on these very images." in text
    assert "nothing but the predictions of largest, itself trained from scratch." in text
    assert "S1 has no distil_b: it is the network that teaches." in text
    assert 'href="#analysis"' in text


def test_selection_on_training_images_needs_no_such_warning(tmp_path):
    folder = tmp_path / "run"
    page(folder, found())
    with (folder / "config.yaml").open("a") as file:
        file.write("search: {images: train}\n")
    assert "these very images" not in reading.text(write(folder))


@pytest.mark.parametrize("analysis", [None, found() | {"results": []}])
def test_without_results_there_is_no_section(tmp_path, analysis):
    assert "#analysis" not in reading.text(page(tmp_path / "run", analysis))


def test_names_stay_text(tmp_path):
    text = reading.text(page(tmp_path / "run", found(teacher="<b>large")))
    assert "<b>large" not in text
    assert "&lt;b&gt;large" in text


def test_the_terminal_has_a_row_an_arm():
    console = Console(width=120)
    with console.capture() as capture:
        console.print(analysis_table(decode(Analysed, found())))
    lines = [re.split(r"  +", line.strip()) for line in capture.get().split("\n")]
    assert lines[0] == ["accuracy", "images", "S0, 1M", "S1, 2M", "largest, 6M"]
    assert lines[1:3] == [["slice", "–", "80.00 %", "80.00 %", "–"], ["79.2 to 80.8"] * 2]
    named = {line[0]: line for line in lines}
    assert named["from scratch"] == ["from scratch", "1.2M", "81.00 %", "80.00 %", "85.00 %"]
    assert named["fine-tuned at 0.01"][2] == "79.50 %"
