from __future__ import annotations

import json
import sys
from dataclasses import replace

import onnx
import onnxruntime
import pytest
import torch
from tiny_members import CLASSES, packaged, tiny
from torch import nn

from escalade.family.exports import exporting as export
from escalade.family.exports.member_exports import export_member
from escalade.family.exports.parity import ExportMismatch, compare
from escalade.family.packaging import package


@pytest.fixture(scope="module")
def exported(tmp_path_factory, network, images):
    folder = tmp_path_factory.mktemp("exported")
    package.write(folder, package=packaged(tiny()), state=network.state_dict())
    traced: list[nn.Module] = []
    trace = torch.export.export

    def counted(module, *arguments, **options):
        traced.append(module)
        return trace(module, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.export, "export", counted)
        return folder, export_member(folder, images=images), len(traced)


@pytest.mark.slow
def test_both_exports_are_written_and_agree(exported):
    folder, found, num_traced = exported
    assert [parity.name for parity in found.written] == ["program.pt2", "model.onnx"]
    assert found.skipped == ()
    for parity in found.written:
        assert parity.batch_sizes == (1, 7)
        assert parity.num_images == 7
        assert 0 <= parity.max_difference <= 1e-4
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "digests.json",
        "model.safetensors",
        "model.onnx",
        "program.pt2",
    }
    assert num_traced == 1  # which is what takes long


def test_the_onnx_file_says_how_to_use_it(exported):
    folder, _, _ = exported
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (image,) = session.get_inputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(float)", ["batch", 1, 12, 12])
    assert [output.name for output in session.get_outputs()] == ["logits"]
    facts = session.get_modelmeta().custom_metadata_map
    assert onnx.load(folder / "model.onnx").opset_import[0].version >= 18
    assert facts["mean"] == "[0.3]"
    assert json.loads(facts["levels"]) == {"integers": [0, 65535], "floats": [0, 1]}
    assert tuple(json.loads(facts["classes"])) == CLASSES
    assert "resize to 12 x 12 (bilinear, antialias)" in facts["preprocessing"]


def test_a_stated_licence_is_in_the_metadata():
    packed = packaged(tiny())
    assert "license" not in export.onnx_facts(packed)
    assert export.onnx_facts(replace(packed, licence="apache-2.0"))["license"] == "apache-2.0"


def test_the_onnx_file_has_whole_operators_only(exported):
    folder, _, _ = exported
    kinds = {node.op_type for node in onnx.load(folder / "model.onnx").graph.node}
    assert kinds <= {"Conv", "HardSwish", "HardSigmoid", "Relu", "Mul", "Add", "ReduceMean"} | {
        "Reshape",
        "Gemm",
    }


def test_exports_hold_no_paths_of_the_machine(exported):
    folder, _, _ = exported
    for name in ("model.onnx", "program.pt2"):
        content = (folder / name).read_bytes()
        assert b"site-packages" not in content
        assert b".py" not in content


def test_the_program_takes_any_batch(exported, network, images):
    folder, _, _ = exported
    program = torch.export.load(folder / "program.pt2").module()
    for size in (1, 2, 9):
        torch.testing.assert_close(program(images[:size]), network(images[:size]))


def test_perturbed_onnx_weights_are_found(exported, network, images, tmp_path):
    folder, _, _ = exported
    model = onnx.load(folder / "model.onnx")
    kernel = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = onnx.numpy_helper.to_array(kernel).copy()
    values.flat[0] += 0.05
    kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))
    onnx.save(model, tmp_path / "bad.onnx")
    session = export.onnx_session((tmp_path / "bad.onnx").read_bytes())
    with pytest.raises(ExportMismatch, match=r"bad.onnx, batch of 1: logits differ by \d\.\d+e"):
        compare(network, session, images, name="bad.onnx")


@pytest.mark.slow
def test_a_bad_export_is_removed_with_the_older_file(tmp_path, network, images, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(b"older")
    monkeypatch.setattr(export, "onnx_session", lambda content: lambda batch: network(batch) * 1.01)
    traced = export.trace(network, images)
    with pytest.raises(ExportMismatch, match=r"model\.onnx"):
        export.export_onnx(network, tmp_path / "model.onnx", traced=traced, images=images, facts={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_without_onnx_the_rest_goes_on(member, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    found = export_member(member, images=images)
    assert [parity.name for parity in found.written] == ["program.pt2"]
    ((name, reason),) = found.skipped
    assert name == "model.onnx"
    assert "pip install 'escalade[onnx]'" in reason


class Offset(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = images.flatten(1)[:, :3]
        return logits + self.by * torch.tensor([1.0, 0, 0])


def test_tolerance_is_relative_to_the_largest_logit():
    images = torch.tensor([[100.0, 0, 0], [0, 1, 0]])
    assert compare(Offset(0), Offset(0), images, name="x").max_difference == 0
    small = compare(Offset(0), Offset(0.009), images, name="x")
    assert small.max_difference == pytest.approx(9e-5, rel=1e-2)
    with pytest.raises(ExportMismatch, match=r"x, batch of 1: .* allowed is 1e-04"):
        compare(Offset(0), Offset(0.011), images, name="x")


def test_another_class_is_found_even_within_the_tolerance():
    images = torch.tensor([[100.0, 0, 0], [0, 0.015, 0]])
    apart = torch.tensor([0.008, -0.008, 0])  # 8e-5 each, a lead of 1.5e-4 lost
    with pytest.raises(ExportMismatch, match="1 of 2 images get another class"):
        compare(Offset(0), lambda x: Offset(0)(x) + apart, images, name="x", batch_sizes=(2,))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda images: images.flatten(1)[:, :3] * float("nan"), "nan"),
        (lambda images: images.flatten(1)[:1, :3], r"shape \(1, 3\)"),
        (lambda images: images.reshape(1, -1)[:, 10], "fails on a batch of 1"),
    ],
)
def test_nan_wrong_shapes_and_failures_are_mismatches(wrong, message):
    images = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    with pytest.raises(ExportMismatch, match=message):
        compare(Offset(0), wrong, images, name="x")
