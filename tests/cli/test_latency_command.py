from __future__ import annotations

import errno
import json
import re

import pytest
import torch

from escalade.family.packaging import package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.nets.build import build
from escalade.spaces import known

KEYS = ["device", "threads", "precision", "backend", "mode", "repeats", "networks"]
ROW = ["name", "resolution", "macs", "params", "activations", "weights"]
ROW += ["batch_size", "seconds", "images_per_second"]
FAST = ("--resolution", 32, "--repeats", 2, "--device", "cpu")


def test_latency_as_json(escalade):
    ended = escalade("latency", "mobilenet_v2", "efficientnet_b0", *FAST, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert list(found) == KEYS
    assert (found["mode"], found["backend"], found["precision"]) == ("inference", "eager", "fp32")
    assert [row["name"] for row in found["networks"]] == ["mobilenet_v2", "efficientnet_b0"]
    for row in found["networks"]:
        assert list(row) == ROW
        assert (row["resolution"], row["batch_size"], row["weights"]) == (32, 1, "random")
        assert 0 < row["seconds"]["low"] <= row["seconds"]["median"] <= row["seconds"]["high"]
        assert row["images_per_second"] == 1 / row["seconds"]["median"]
    assert found["networks"][0]["params"] == 3_504_872  # torchvision's


def test_latency_of_training_as_text(escalade):
    flags = ["--train", "--batch-size", 4, "--threads", 1]
    ended = escalade("latency", "mobilenet_v2", *FAST, *flags)
    assert (ended.code, ended.out) == (0, "")
    header, row, last = ended.err.splitlines()
    assert header.split()[:4] == ["network", "pixels", "batch", "macs"]
    assert header.split()[4:] == ["params", "activations", "ms", "images/s"]
    assert row.split()[:3] == ["mobilenet_v2", "32", "4"]
    assert last.startswith("training: median (quartiles)")
    assert last.endswith("CPU, 1 thread, fp32, eager, random weights")


def test_latency_of_files(escalade, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(known.load("mobilenet_v2").to_json()))
    ended = escalade("latency", "a.json", *FAST, "--format", "json")
    assert [row["name"] for row in json.loads(ended.out)["networks"]] == ["mobilenet_v2"]
    ended = escalade("latency", "a.json:w:2", *FAST, "--format", "json")
    assert [row["name"] for row in json.loads(ended.out)["networks"]] == ["mobilenet_v2:w:2"]


def test_latency_of_a_member_has_its_weights(escalade, tmp_path):
    architecture = known.load("mobilenet_v2")
    package.write(
        tmp_path / "S0",
        package=package.Package(
            architecture=architecture,
            classes=tuple(map(str, range(1000))),
            preprocessing=Preprocessing(
                in_channels=3, side=224, resolution=224, mean=(0.5,) * 3, std=(0.2,) * 3
            ),
        ),
        state=build(architecture).state_dict(),
    )
    (row,) = json.loads(escalade("latency", "S0", *FAST, "--format", "json").out)["networks"]
    assert (row["weights"], row["resolution"], row["params"]) == ("member", 32, 3_504_872)
    assert "random" not in escalade("latency", "S0", *FAST).err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("", "name a network, or use --export-parts or --import"),
        ("efficientnet_b9", "did you mean efficientnet_b"),
        ("mobilenet_v2 --batch-size 0", "--batch-size: '0' is neither a positive number nor auto"),
        ("mobilenet_v2 --batch-size many", "nor auto"),
        ("mobilenet_v2 --repeats 0", "--repeats: 0 is not positive"),
        ("mobilenet_v2 --threads 0", "threads: 0 is not positive"),
        ("mobilenet_v2 --train --batch-size 1", "batch_size: 1 is too small; use 2 or more"),
        ("mobilenet_v2 --train --backend onnx", "onnx does not train"),
        ("mobilenet_v2 --precision bf16 --backend onnx", "in fp32"),
        ("mobilenet_v2 --resolution 16", "resolution: 16 is too small"),
        ("mobilenet_v2 --device tpu", "device: 'tpu'"),
        ("mobilenet_v2 --bakend onnx", "did you mean --backend?"),
    ],
)
def test_wrong_command_lines(refused, flags, words):
    refused(f"latency {flags}", words)


CPU = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
CUDA = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError(f"{CPU}you tried to allocate 60211200000000 bytes."), " for 60.21TB:"),
        (RuntimeError(f"{CPU}you tried to allocate 4194304 bytes."), " for 4.194MB:"),
        (torch.OutOfMemoryError(CUDA), " for 20.00 GiB:"),
        (MemoryError("Unable to allocate 72.8 TiB for an array"), " for 72.8 TiB:"),
        (MemoryError(), ":"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ":"),
    ],
)
def test_too_little_memory(monkeypatch, escalade, error, words):
    ended = failing(error, monkeypatch, escalade)
    assert ended.code == 1
    assert ended.err.startswith(f"escalade: there is not enough memory{words} use smaller batches")


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file", "/data/out of memory"),
        ValueError("no image in /data/out of memory"),
    ],
)
def test_what_only_names_memory(monkeypatch, escalade, error):
    ended = failing(error, monkeypatch, escalade)
    assert "/data/out of memory" in ended.err
    assert "not enough" not in ended.err


def failing(error, monkeypatch, escalade):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("escalade.family.exports.network_times.time_networks", fail)
    return escalade("latency", "mobilenet_v2")


def test_a_network_that_does_not_fit_is_refused_before_it_is_made(escalade, tmp_path):
    network = known.load("mobilenet_v2").to_json()
    network["head"]["width"] = network["num_classes"] = 1_000_000
    (tmp_path / "wide.json").write_text(json.dumps(network))
    ended = escalade("latency", "wide.json", *FAST)
    assert (ended.code, ended.out) == (2, "")
    assert re.search(r"wide.json: its weights take [\d.]+.TB, and .* are free", ended.err)
