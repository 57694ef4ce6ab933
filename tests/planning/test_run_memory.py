"""What a run's processes hold, and how few of them keep to a limit."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.values.invalid import Invalid
from escalade.evaluate.evaluator import CACHE_BYTES
from escalade.planning.memory_needs import MemoryNeeds
from escalade.planning.network_needs import FLOAT, SCORING, TRAINING
from escalade.planning.run_memory import hold
from escalade.supernet.frozen import freeze
from escalade.train import prepare
from escalade.train.runtime import Runtime
from escalade.train.step import Batch
from escalade.train.steps import path_sampler
from noise_runs import run_of

SETTINGS = {"space": "small", "budgets": "1M,2M", "grow": {"num": 1}, "workers": 4}
PARTS = ("supernet", "retrain")
GIBI = 2**30


def held(limit, **settings):
    run = run_of(SETTINGS, settings)
    run.__dict__["runtime"] = Runtime(device="cpu")
    hold(run, limit=limit)
    holding = run.runtime.holding
    run.runtime.hold(None)
    return holding


def test_a_run_keeps_to_every_limit_that_something_fits_in():
    free = held(64 * GIBI)
    assert (free.workers, free.caches) == (4, CACHE_BYTES)
    seen = []
    for limit in (free.peak, 0.95 * free.peak, 0.8 * free.peak, 0.65 * free.peak):
        tight = held(limit)
        assert tight.peak <= limit
        assert tight.peak >= max(tight.scorer, tight.trainer)
        seen.append(tight.workers)
    assert seen[0] == 4
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 4


def test_what_nothing_fits_in_is_refused_with_what_it_needs():
    with pytest.raises(Invalid, match=r"^memory: 0\.10GiB is too little.*takes about (.*)GiB") as e:
        held(0.1 * GIBI)
    needed = float(str(e.value).split("give ")[1].split("GiB")[0])
    assert held(needed * GIBI).workers == 1


def test_half_of_what_is_free_is_the_default(monkeypatch):
    wanted = held(64 * GIBI)
    monkeypatch.setattr(Runtime, "free_memory", lambda self: round(1.6 * wanted.peak))
    assert held(None).peak <= 0.8 * wanted.peak
    monkeypatch.setattr(Runtime, "free_memory", lambda self: GIBI // 10)
    assert held(None).workers == 1  # nothing takes less, and a default refuses nothing


def test_batches_and_their_groups_decide():
    small, large, grouped = (
        MemoryNeeds(run_of(SETTINGS, {part: {"recipe": recipe} for part in PARTS}))
        for recipe in (
            {"batch_size": 8},
            {"batch_size": 32},
            {"batch_size": 32, "batch_norm_groups": 4},
        )
    )
    assert small.member < large.member
    assert small.scoring == large.scoring
    assert small.training < large.training
    assert (grouped.member, grouped.training) == (small.member, small.training)


def test_a_step_keeps_as_much_as_is_counted():
    """torch tells every tensor that it keeps for gradients; beside them, their own are alive."""
    run = run_of(SETTINGS)
    space, settings = run.space.training, run.config.supernet
    drawn = path_sampler(settings, space, run.budgets).draw(generator(0, "test"), 16)
    runtime = Runtime(device="cpu")
    supernet = replace(run.supernet_task, runtime=runtime).new_supernet()
    weights = {each.untyped_storage().data_ptr() for each in supernet.parameters()}
    aim = prepare.objective(settings.recipe, run.data, runtime=runtime)
    images, labels = run.data.train.take(torch.arange(16))
    ratios = []
    for path in space.paths(drawn):
        kept = {}

        def keep(tensor, kept=kept):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            aim.backward(
                Batch(images=images, labels=labels, step=0, share=1.0),
                resolution=path.running.resolution,
                forward=lambda x, path=path: supernet(x, path.running),
            )
        counted = FLOAT * len(images) * cost.of(path.running).activations
        ratios.append(sum(kept.values()) / counted)
    assert max(ratios) < TRAINING
    assert min(ratios) > TRAINING / 2


def test_a_score_holds_as_much_as_is_counted():
    run = run_of(SETTINGS)
    space, settings = run.space.training, run.config.supernet
    drawn = path_sampler(settings, space, run.budgets).draw(generator(0, "test"), 12)
    supernet = run.new_supernet()
    ratios = []
    for path in space.paths(drawn):
        side = path.running.resolution
        images = torch.rand(8, run.data.in_channels, side, side)
        network = freeze(supernet, [path.running], [images])
        with Alive() as seen:
            network(images)
        whole = images.nbytes + seen.most
        ratios.append(whole / (len(images) * cost.of(path.running).memory))
    assert max(ratios) < SCORING
    assert max(ratios) > SCORING / 2


class Alive(TorchDispatchMode):
    """The most bytes that tensors made within take at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.made: list[tuple[weakref.ref[torch.Tensor], int, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for each in tree_leaves(out):
            storage = each.untyped_storage()
            self.made.append((weakref.ref(each), storage.data_ptr(), storage.nbytes()))
        self.made = [each for each in self.made if each[0]() is not None]
        self.most = max(self.most, sum({at: size for _, at, size in self.made}.values()))
        return out
