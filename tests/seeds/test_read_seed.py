"""Seeds from everywhere a user may have them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from timm_networks import drawn, timm
from torch import nn

from escalade.artefacts.files import write_json
from escalade.core.values.invalid import Invalid
from escalade.family.packaging import package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.nets.build import build
from escalade.seeds.read_seed import read_seed
from sample_networks import SAMPLES

NAME = "tinynet_e"
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    return drawn(NAME)


@torch.no_grad()
def assert_same(found: nn.Module, expected: nn.Module, images: torch.Tensor = IMAGES) -> None:
    torch.testing.assert_close(found(images), expected(images), rtol=1e-4, atol=1e-5)


def test_a_folder_in_timms_layout(theirs: nn.Module, tmp_path: Path) -> None:
    network = drawn("tf_mobilenetv3_small_075", num_classes=7)
    cfg = network.pretrained_cfg | {
        "num_classes": 7,
        "license": "cc-by-4.0",
        "mean": [0.1, 0.2, 0.3],
    }
    write_json(
        tmp_path / "config.json",
        {"architecture": "tf_mobilenetv3_small_075", "num_classes": 7, "pretrained_cfg": cfg},
    )
    safetensors.torch.save_file(network.state_dict(), tmp_path / "model.safetensors")
    seed = read_seed(f"local-dir:{tmp_path}")
    assert seed.architecture.num_classes == 7
    assert seed.architecture.conventions.pads_same
    assert seed.images.mean == (0.1, 0.2, 0.3)
    assert (seed.images.side, seed.images.interpolation) == (224, "bilinear")
    assert seed.licence == "cc-by-4.0"
    assert seed.architecture.resolution == 224
    assert_same(seed.network(), network)


def test_a_file_of_weights_under_its_names(theirs: nn.Module, tmp_path: Path) -> None:
    for ending, save in (
        ("pth", lambda path: torch.save({"state_dict": theirs.state_dict()}, path)),
        ("safetensors", lambda path: safetensors.torch.save_file(theirs.state_dict(), path)),
    ):
        path = tmp_path / f"mine.{ending}"
        save(path)
        seed = read_seed(str(path), architecture=NAME)
        assert (seed.name, seed.licence, seed.notes) == ("mine", None, ())
        assert list(seed.tensors) == list(build(seed.architecture).state_dict())
        assert_same(seed.network(), theirs)


def test_a_file_of_weights_in_its_order(theirs: nn.Module, tmp_path: Path) -> None:
    state = {
        f"net.{i}.{name.rsplit('.', 1)[-1]}": tensor
        for i, (name, tensor) in enumerate(theirs.state_dict().items())
        if "num_batches" not in name
    }
    torch.save(state, tmp_path / "mine.pth")
    assert_same(read_seed(str(tmp_path / "mine.pth"), architecture=NAME).network(), theirs)
    safetensors.torch.save_file(state, tmp_path / "mine.safetensors")  # sorted: no order to go by
    with pytest.raises(Invalid, match=r"mine\.safetensors: conv_stem\.weight is missing"):
        read_seed(str(tmp_path / "mine.safetensors"), architecture=NAME)


def test_a_file_of_other_classes_and_channels(tmp_path: Path) -> None:
    network = drawn(NAME, num_classes=5, in_chans=1)
    torch.save(network.state_dict(), tmp_path / "grey.pth")
    seed = read_seed(str(tmp_path / "grey.pth"), architecture=NAME)
    assert (seed.architecture.num_classes, seed.architecture.in_channels) == (5, 1)
    assert len(seed.images.mean) == 1
    assert_same(seed.network(), network, IMAGES[:, :1])


@pytest.mark.parametrize("name", ["regnet_y_like", "mobilenet_v4_like", "bignas_like"])
def test_a_member_and_a_file_of_an_architecture(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    architecture, network = SAMPLES[name], build(SAMPLES[name]).eval()
    folder = tmp_path / "S1"
    images = torch.randn(2, 1, 20, 20)
    packed = replace(_package(architecture), licence="cc-by-nc-4.0")
    package.write(folder, package=packed, state=network.state_dict())
    assert package.read(folder) == packed
    seed = read_seed(str(folder))
    assert (seed.architecture, seed.licence) == (architecture, "cc-by-nc-4.0")
    assert (seed.images.mean, seed.images.std, seed.images.side) == ((0.3,), (0.2,), 20)
    assert seed.origin == "S1 of an Escalade run"
    assert_same(seed.network(), network, images)
    again = read_seed(str(folder / "model.safetensors"), architecture=str(folder))
    assert again.architecture == architecture
    assert "normalised as ImageNet's" in again.notes[0]
    assert_same(again.network(), network, images)
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(Invalid, match=r"model\.safetensors: is not what was written"):
        read_seed(str(folder))


def _package(architecture) -> package.Package:
    steps = Preprocessing(in_channels=1, side=28, resolution=20, mean=(0.3,), std=(0.2,))
    return package.Package(architecture=architecture, classes=("a", "b", "c"), preprocessing=steps)


def test_other_channels(theirs: nn.Module, tmp_path: Path) -> None:
    torch.save(theirs.state_dict(), tmp_path / "mine.pth")
    path = str(tmp_path / "mine.pth")
    grey = read_seed(path, architecture=NAME, in_channels=1)
    images = IMAGES[:, :1]
    with torch.no_grad():
        expected = theirs(images.expand(-1, 3, -1, -1))
        torch.testing.assert_close(grey.network()(images), expected, rtol=1e-3, atol=1e-5)
    assert grey.notes == ("the weights of the first convolution were summed: from 3 channels to 1",)
    assert grey.images.mean == (pytest.approx((0.485 + 0.456 + 0.406) / 3),)
    six = read_seed(path, architecture=NAME, in_channels=6)
    assert_same(six.network(), _Twice(theirs), torch.cat([IMAGES, IMAGES], dim=1))
    assert "repeated: from 3 channels to 6" in six.notes[0]
    assert six.images.std[3:] == six.images.std[:3]
    assert read_seed(path, architecture=NAME, in_channels=3).notes == ()


class _Twice(nn.Module):
    """The network on the first half of the channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(x[:, :3])
        return logits


def test_what_does_not_fit_names_the_first_tensor(theirs: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    torch.save(theirs.state_dict(), path)
    with pytest.raises(
        Invalid, match=r"mine\.pth: conv_stem\.weight is \(32, 3, 3, 3\), and \(16, 3, 3, 3\)"
    ):
        read_seed(str(path), architecture="mobilenetv2_035")
    some = dict(theirs.state_dict())
    lost = some.pop("blocks.3.0.bn2.running_var")
    torch.save(some, path)
    with pytest.raises(Invalid, match=r"blocks\.3\.0\.bn2\.running_var is missing"):
        read_seed(str(path), architecture=NAME)
    torch.save(some | {"blocks.3.0.bn2.running_var": lost, "extra.weight": lost}, path)
    with pytest.raises(Invalid, match=r"extra\.weight is no part of the network"):
        read_seed(str(path), architecture=NAME)


def test_what_is_no_seed_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.pth"
    text.write_text("no weights")
    for source, architecture, message in (
        (str(text), None, r"notes\.pth: a file of weights needs an architecture"),
        (str(text), NAME, r"notes\.pth: not a file of weights"),
        (str(tmp_path), None, "this folder is not a member of a run"),
        ("tinynet_q", None, r"'tinynet_q' is not a network that timm has; did you mean tinynet_"),
        (NAME, NAME, "only a file of weights takes an architecture"),
        (f"local-dir:{tmp_path}", None, "cannot be had"),
    ):
        with pytest.raises(Invalid, match=message) as raised:
            read_seed(source, architecture=architecture)
        assert len(str(raised.value).splitlines()) <= 3
    torch.save(drawn(NAME).state_dict(), text)
    with pytest.raises(Invalid, match="neither a known name nor a file"):
        read_seed(str(text), architecture="tinynet_q")


def test_no_network_and_no_weights_is_one_message(tmp_path: Path, monkeypatch) -> None:
    """Whatever the hub raises, of which there are many sorts."""

    def fails(*args: object, **kwargs: object) -> None:
        raise ConnectionError("Name or service not known\nmany\nlines")

    monkeypatch.setattr(timm.models._builder, "load_state_dict_from_hf", fails)
    with pytest.raises(Invalid) as raised:
        read_seed("efficientnet_b0")
    assert str(raised.value) == (
        "efficientnet_b0 cannot be had (ConnectionError: Name or service not known); connect to "
        "the network, or give a file with its weights, and this name as their architecture"
    )


def test_code_in_a_file_does_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    torch.save({"conv_stem.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(Invalid, match="not a file of weights"):
        read_seed(str(tmp_path / "evil.pth"), architecture=NAME)
    assert not (tmp_path / "ran").exists()
