from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
import timm
import torch
from tiny_members import CLASSES, packaged, tiny, trained

import escalade.timm  # noqa: F401
from escalade.family.packaging import package
from escalade.family.packaging.preprocessing import Preprocessing


def test_round_trip(member, network, images):
    assert package.read(member) == packaged(tiny())
    assert torch.equal(package.load_network(member)(images), network(images))


def test_timm_loads_it_from_the_folder(member, network, images):
    loaded = timm.create_model(f"local-dir:{member}", pretrained=True).eval()
    assert torch.equal(loaded(images), network(images))
    config = timm.data.resolve_model_data_config(loaded)
    assert (config["input_size"], config["mean"], config["std"]) == ([1, 12, 12], [0.3], [0.25])
    assert (config["interpolation"], config["crop_pct"]) == ("bilinear", 1.0)
    assert tuple(loaded.pretrained_cfg["label_names"]) == CLASSES


def test_timm_fine_tunes_it_to_other_classes(member, network):
    loaded = timm.create_model(f"local-dir:{member}", pretrained=True, num_classes=5)
    assert loaded.classifier.out_features == 5
    assert torch.equal(loaded.conv_head.weight, network.conv_head.weight)


def test_equal_members_are_equal_bytes(tmp_path, network):
    digests = []
    for name in ("a", "b"):
        # another order and memory layout of the same weights
        state = network.state_dict()
        if name == "b":
            state = {key: state[key] for key in reversed(state)}
            state = {
                key: t.to(memory_format=torch.channels_last) if t.dim() == 4 else t
                for key, t in state.items()
            }
        package.write(tmp_path / name, package=packaged(tiny()), state=state)
        files = sorted((tmp_path / name).iterdir())
        assert [file.name for file in files] == ["config.json", "digests.json", "model.safetensors"]
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]


def test_other_weights_are_refused(tmp_path, network):
    wider = trained(tiny(widths=(8, 24))).state_dict()
    with pytest.raises(ValueError, match=r"has shape .* the architecture"):
        package.write(tmp_path, package=packaged(tiny()), state=wider)
    with pytest.raises(ValueError, match=r"blocks.1.2.bn1.bias is missing"):
        package.write(tmp_path, package=packaged(tiny(depths=(1, 3))), state=network.state_dict())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_member(member, network, images, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    other = trained(tiny(), seed=5).state_dict()
    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        package.write(member, package=packaged(tiny()), state=other)
    monkeypatch.undo()
    assert torch.equal(package.load_network(member)(images), network(images))
    assert len(list(member.iterdir())) == 3


def test_damaged_files_are_named(member):
    weights = member / package.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        package.load_network(member)
    weights.unlink()
    with pytest.raises(ValueError, match="is missing; delete the folder"):
        package.load_network(member)
    config = member / package.CONFIG
    data = json.loads(config.read_text())
    del data["model_args"]["architecture_json"]["head"]
    config.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"architecture_json.head"):
        package.read(member)


def test_what_does_not_fit_together_is_refused():
    good = packaged(tiny())
    with pytest.raises(ValueError, match="2 names for 3 classes"):
        replace(good, classes=("a", "b"))
    with pytest.raises(ValueError, match=r"preprocessing\.resolution: 12"):
        replace(good, architecture=tiny(resolution=16))
    with pytest.raises(ValueError, match="std: 1 values for 3 channels"):
        Preprocessing(in_channels=3, side=8, resolution=8, mean=(0.0,) * 3, std=(1.0,))
