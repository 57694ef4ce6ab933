"""Backends and the networks they time."""

from __future__ import annotations

import shutil

import pytest
import torch
from tiny_members import tiny, trained

from escalade.family.exports import network_times as timing
from escalade.family.exports.backends import check, ready
from escalade.family.exports.network_times import prepare, time_networks
from escalade.train.runtime import Runtime

CPU = Runtime(device="cpu")


class Clock(Runtime):
    """A runtime whose clock the test sets."""

    now = 0.0

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize("backend", ["eager", pytest.param("onnx", marks=pytest.mark.slow)])
def test_networks_of_two_resolutions_side_by_side(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks run; on the clock a run takes a microsecond a pixel, the first two a hundred."""
    clock = Clock(device="cpu")
    order: list[int] = []

    def timed(network, images, **options):
        run = ready(network, images, **options)

        def runs() -> None:
            run()
            order.append(images.shape[-1])
            clock.now += 1e-6 * images.numel() * (100 if len(order) <= 4 else 1)

        return runs

    monkeypatch.setattr(timing, "ready", timed)
    networks = {
        str(side): (trained(tiny(resolution=side)), tiny(resolution=side)) for side in (12, 96)
    }
    found = time_networks(
        networks, runtime=clock, batch_size=4, backend=backend, num_repeats=5, num_warmup=2
    )
    assert order == [12, 96] * 7
    for side in (12, 96):
        seconds = found[str(side)].seconds
        expected = 4e-6 * side**2
        assert (seconds.low, seconds.median, seconds.high) == pytest.approx((expected,) * 3)
        assert found[str(side)].images_per_second == 4 / seconds.median


def test_the_real_clock_runs() -> None:
    (found,) = time_networks(
        {"tiny": (trained(tiny()), tiny())}, runtime=CPU, batch_size=4, num_repeats=3
    ).values()
    assert 0 < found.seconds.low <= found.seconds.median <= found.seconds.high


def test_training_steps_change_the_weights_and_inference_does_not() -> None:
    architecture = tiny()
    network = trained(architecture)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for train in (False, True):
        time_networks(
            {"tiny": (network, architecture)},
            runtime=CPU,
            batch_size=4,
            train=train,
            num_repeats=1,
            num_warmup=0,
        )
        after = network.state_dict()
        assert train is not all(torch.equal(before[name], after[name]) for name in before)


def test_the_batch_is_chosen_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = tiny()
    monkeypatch.setattr(CPU, "free_memory", lambda: 10**9, raising=True)
    networks = {"tiny": (trained(architecture), architecture)}
    found = time_networks(networks, runtime=CPU, batch_size=None, num_repeats=1, num_warmup=0)
    assert found["tiny"].batch_size == 1024
    monkeypatch.setattr(CPU, "free_memory", lambda: 1000)
    found = time_networks(networks, runtime=CPU, batch_size=None, num_repeats=1, num_warmup=0)
    assert found["tiny"].batch_size == 1


def test_a_chosen_batch_that_a_gpu_refuses_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(network, images, **_):
        if len(images) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return lambda: None

    monkeypatch.setattr(timing, "ready", run_out)
    architecture = tiny()
    arguments = {"runtime": CPU, "train": True}
    network = trained(architecture)
    assert prepare(network, architecture, batch_size=None, **arguments)[1] == 8
    with pytest.raises(torch.OutOfMemoryError):
        prepare(network, architecture, batch_size=16, **arguments)


@pytest.mark.parametrize(
    ("backend", "train", "precision", "message"),
    [
        ("jit", False, "fp32", "backend: 'jit' is not known; use eager, compile, onnx"),
        ("onnx", True, "fp32", "onnx does not train"),
        ("onnx", False, "bf16", "onnx runs on the CPU in fp32"),
    ],
)
def test_what_a_backend_cannot_do(backend, train, precision, message) -> None:
    with pytest.raises(ValueError, match=message):
        check(backend, runtime=Runtime(device="cpu", precision=precision), train=train)


def test_compiling_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match="needs a C\\+\\+ compiler and there is none here"):
        check("compile", runtime=CPU, train=False)


def test_batches_too_small() -> None:
    networks = {"tiny": (trained(tiny()), tiny())}
    for train, size in ((False, 0), (True, 1)):
        with pytest.raises(ValueError, match=f"batch_size: {size} is too small"):
            time_networks(networks, runtime=CPU, batch_size=size, train=train)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_networks_run_and_train() -> None:
    """A training step changes weights, inference does not; the two training nets share a class."""
    architecture = tiny(depths=(1, 1))
    images = torch.rand(4, 1, 12, 12).to(memory_format=torch.channels_last)
    for seed, classes in enumerate((None, 3, 3)):
        network = trained(architecture, seed=seed)
        before = network.classifier.weight.detach().clone()
        run = ready(network, images, backend="compile", runtime=CPU, train_classes=classes)
        run()
        assert torch.equal(before, network.classifier.weight) is (classes is None)
