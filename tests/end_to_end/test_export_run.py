"""Exports of a finished run in another form, by flags of the command."""

from __future__ import annotations

import onnxruntime
import pytest

from escalade.artefacts import digests
from escalade.family.exports.exporting import onnx_form


@pytest.mark.slow
def test_flags_make_onnx_files_of_another_form_and_keep_them(escalade, copied):
    files = sorted(copied.glob("family/*/model.onnx"))
    line = ("export", copied, "--opset", "20", "--preprocessing", "inside")
    result = escalade(*line)
    assert result.code == 0, result.err
    assert {onnx_form(file.read_bytes()) for file in files} == {(20, True)}
    for file in files:
        (given,) = onnxruntime.InferenceSession(file).get_inputs()
        assert given.name == "pixels"
        assert "input `pixels`" in (file.parent / "README.md").read_text()
        assert digests.is_whole(file.parent, "model.onnx", "README.md")
    before = [file.stat().st_mtime_ns for file in files]
    for again in (line, ("export", copied)):  # the second asks for nothing of its own
        assert escalade(*again).code == 0
        assert [file.stat().st_mtime_ns for file in files] == before


@pytest.mark.slow
def test_an_opset_that_nothing_writes_is_refused(escalade, copied):
    result = escalade("export", copied, "--opset", "11")
    assert result.code == 2
    assert "export.opset: 11 is outside 18 to 25" in result.err
