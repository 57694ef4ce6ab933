"""What one GPU does at ImageNet's shapes: images/s and how busy it is, beside timm's training step.

    PYTHONPATH=src python benchmarks/gpu.py [--json FILE]
    PYTHONPATH=src python benchmarks/gpu.py --device cpu --space small --side 32 --batch-sizes 8 \\
        --num-images 64 --seconds 0.3 --scored 64                 # the same on a CPU, to try it

All of it in one process and one run, in bf16, channels last, on random bytes:

- `timm`: the training step of timm's script (mixed precision, SGD with momentum) of EfficientNet-B0
  on images that are on the device already; the same compiled.
- `path`: the supernet's step on random paths of the published space, its batches gathered from a
  memory-mapped store one ahead, copied through pinned buffers and augmented on the device; the
  same on one batch that is there already, which shows what the data cost; and on one path that
  recurs, as it is and compiled; the same path as a network of its own in a CUDA graph.
- `sandwich`: the largest, the smallest and two random paths.
- `evaluation`: scoring random paths, recalibration included.
- `data`: the batches alone.

Images/s count an image of a batch once, however many paths see it. Busy is the median of what
nvidia-smi tells twice a second, on a CPU the share of the threads' time. A case that cannot run
here says why. It takes about six minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.space import Space
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.nets.build import build
from escalade.spaces.load import load as load_space
from escalade.supernet.supernet import Supernet
from escalade.train.optimizer import make_optimizer
from escalade.train.prepare import objective, training_batches
from escalade.train.runtime import Runtime
from escalade.train.step import Batch, PlainStep, Step
from escalade.train.steps.path_sequence import PathSequence
from escalade.train.steps.sandwich import SandwichStep
from escalade.train.steps.single_path import SinglePathStep

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NUM_WARM = 3
Work = Callable[[], int]  # does something with some images, and says how many


class Unable(Exception):
    """A case cannot run here."""


class Streaming(Runtime):
    """Images stay on the host, as those of a set that is larger than the device's memory."""

    resident_bytes = property(lambda self: 0)  # type: ignore[assignment]


class Bench:
    """The device, the images and the supernet of all cases."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.runtime = Streaming(device=options.device, precision=options.precision)
        self.data = _data(options, folder)
        factors = options.factors
        self.space: Space = load_space(
            options.space, factors=factors, in_channels=3, num_classes=options.num_classes
        )
        torch.manual_seed(0)
        supernet = Supernet(self.space.training.shape)
        self.supernet = supernet.to(self.runtime.device, memory_format=torch.channels_last)

    def recipe(self, batch_size: int) -> Recipe:
        """ImageNet's, of the published space."""
        return Recipe(
            steps=1, batch_size=batch_size, learning_rate=1e-4, weight_decay=4e-5,
            random_resized_crop=True,
        )  # fmt: skip

    def typical(self) -> Architecture:
        """A path of the base network's stage."""
        base = self.space.for_ladder((1.0,)) if self.space.traits.scales else self.space
        drawn = Hierarchical(base).draw(generator(0, "gpu"), 1)
        return base.paths(drawn)[0].running

    def cases(self, batch_size: int) -> Iterator[tuple[str, Callable[[], Work]]]:
        """Every case, made when it is its turn."""
        yield "timm", partial(_timm, self, batch_size, compiled=False)
        yield "timm, compiled", partial(_timm, self, batch_size, compiled=True)
        yield "path", partial(_path, self, batch_size)
        yield "path, images there", partial(_path, self, batch_size, is_there=True)
        yield "one path, images there", partial(_one_path, self, batch_size, compiled=False)
        yield "one path, compiled", partial(_one_path, self, batch_size, compiled=True)
        yield "one network, images there", partial(_one_network, self, batch_size, graph=False)
        yield "one network, CUDA graph", partial(_one_network, self, batch_size, graph=True)
        yield "sandwich", partial(_sandwich, self, batch_size)
        yield "sandwich, images there", partial(_sandwich, self, batch_size, is_there=True)
        yield "data", partial(_batches_alone, self, batch_size)


def _data(options: argparse.Namespace, folder: Path) -> ImageData:
    """Random bytes in a file, mapped as a decoded cache is."""
    num, side, file = options.num_images, options.side, folder / "images.bin"
    rng = np.random.default_rng(0)
    with file.open("wb") as target:
        for _ in range(num):
            target.write(rng.bytes(3 * side * side))
    store = torch.from_numpy(np.memmap(file, np.uint8, mode="c", shape=(num, 3, side, side)))
    labels = torch.from_numpy(rng.integers(0, options.num_classes, num))
    mapped = Split(store, labels, rows=torch.arange(num))
    here = Split(store[: options.scored].clone(), labels[: options.scored])
    return ImageData(
        name="random", classes=tuple(map(str, range(options.num_classes))), in_channels=3,
        side=side, train=mapped, search=here, test=here, mean=MEAN, std=STD, flip=True,
        train_digest="train", search_digest="search", test_digest="test",
    )  # fmt: skip


def _stepped(
    bench: Bench,
    step: Step,
    network: nn.Module,
    batch_size: int,
    *,
    num_crops: int = 1,
    is_there: bool,
) -> Work:
    """Batch, gradients, update, as the training loop does them."""
    recipe, runtime = bench.recipe(batch_size), bench.runtime
    network.train()
    optimizer = make_optimizer(network, recipe=recipe)
    batches = training_batches(recipe, bench.data, seed=0, runtime=runtime, num_crops=num_crops)
    there = batches.at(0) if is_there else None
    if there is not None:
        there = there[0].clone(), there[1].clone()
    done = 0

    def work() -> int:
        nonlocal done
        images, labels = there or batches.at(done)
        optimizer.zero_grad(set_to_none=True)
        step(Batch(images=images, labels=labels, step=done, share=1.0))
        optimizer.step()
        done += 1
        return batch_size

    return work


def _path(bench: Bench, batch_size: int, *, is_there: bool = False) -> Work:
    space = bench.space.training
    step = SinglePathStep(
        bench.supernet,
        paths=PathSequence(space, sampler=Hierarchical(space), seed=0),
        objective=_objective(bench, batch_size),
    )
    return _stepped(bench, step, bench.supernet, batch_size, is_there=is_there)


def _sandwich(bench: Bench, batch_size: int, *, is_there: bool = False) -> Work:
    space, recipe = bench.space.training, bench.recipe(batch_size)
    step = SandwichStep(
        bench.supernet,
        sandwich=Sandwich(space, sampler=Hierarchical(space), seed=0),
        objective=_objective(bench, batch_size),
        recipe=recipe,
    )
    return _stepped(bench, step, bench.supernet, batch_size, is_there=is_there)


def _one_path(bench: Bench, batch_size: int, *, compiled: bool) -> Work:
    """A path that recurs: `torch.compile` has one set of shapes to compile for."""
    running = bench.typical()

    class Path(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = bench.supernet(images, running)
            return logits

    path: nn.Module = Path()
    if compiled:
        path = _compiled(bench, path)
    step = PlainStep(path, resolution=running.resolution, objective=_objective(bench, batch_size))
    return _stepped(bench, step, bench.supernet, batch_size, is_there=True)


def _one_network(bench: Bench, batch_size: int, *, graph: bool) -> Work:
    """The same path as a network of its own; in a CUDA graph there are no launches."""
    running, device = bench.typical(), bench.runtime.device
    network = build(running).to(device, memory_format=torch.channels_last).train()
    forward: Any = network
    if graph:
        if not bench.runtime.on_cuda:
            raise Unable("CUDA graphs need a GPU")
        size = (batch_size, 3, running.resolution, running.resolution)
        sample = torch.randn(size, device=device).to(memory_format=torch.channels_last)
        dtype = torch.bfloat16
        with torch.autocast(
            "cuda", dtype, enabled=bench.options.precision == "bf16", cache_enabled=False
        ):
            forward = torch.cuda.make_graphed_callables(network, (sample,))
    aim = _objective(bench, batch_size)
    step = PlainStep(forward, resolution=running.resolution, objective=aim)
    return _stepped(bench, step, network, batch_size, is_there=True)


def _timm(bench: Bench, batch_size: int, *, compiled: bool) -> Work:
    """As timm's script trains: a model, mixed precision, SGD, images that are there already."""
    device, side = bench.runtime.device, bench.options.side
    model = timm.create_model("efficientnet_b0", num_classes=bench.options.num_classes)
    model = model.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, nesterov=True)
    images = torch.randn(batch_size, 3, side, side, device=device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(bench.options.num_classes, (batch_size,), device=device)
    forward = _compiled(bench, model) if compiled else model

    def work() -> int:
        optimizer.zero_grad(set_to_none=True)
        with bench.runtime.autocast():
            loss = F.cross_entropy(forward(images), labels, label_smoothing=0.1)
        torch.autograd.backward(loss)
        optimizer.step()
        return batch_size

    return work


def _batches_alone(bench: Bench, batch_size: int) -> Work:
    recipe = bench.recipe(batch_size)
    batches = training_batches(recipe, bench.data, seed=0, runtime=bench.runtime)
    done = 0

    def work() -> int:
        nonlocal done
        batches.at(done)
        done += 1
        return batch_size

    return work


def _evaluation(bench: Bench) -> Work:
    """One path that was never scored."""
    num = min(1024, bench.options.num_images)
    settings = EvaluationSettings(
        num_recalibration=num, recalibration_batch=min(128, num), precision=bench.options.precision
    )
    evaluator = Evaluator(
        bench.supernet.eval(),
        data=bench.data,
        store=EvaluationStore(bench.folder / "evaluations.sqlite"),
        runtime=bench.runtime,
        settings=settings,
        num_workers=1,
    )
    drawn = bench.space.paths(Hierarchical(bench.space).draw(generator(0, "gpu"), 4096))
    paths = iter({path.key: path for path in drawn}.values())

    def work() -> int:
        evaluator.score([next(paths)])
        return num + bench.options.scored

    return work


def _objective(bench: Bench, batch_size: int) -> Any:
    return objective(bench.recipe(batch_size), bench.data, runtime=bench.runtime)


def _compiled(bench: Bench, module: nn.Module) -> Any:
    if not bench.runtime.on_cuda:
        raise Unable("torch.compile is tried on a GPU")
    if not (shutil.which("cc") or shutil.which("gcc")):
        raise Unable("torch.compile needs a C compiler")
    return torch.compile(module)


def measured(bench: Bench, make: Callable[[], Work]) -> dict[str, Any]:
    """Images/s (median of steps, and tenth and ninetieth), how busy, and peak memory."""
    runtime, seconds = bench.runtime, bench.options.seconds
    try:
        if runtime.on_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        work = make()
        start = runtime.clock()
        for _ in range(NUM_WARM):
            work()
        first = runtime.clock() - start
        rates: list[float] = []
        with busy(runtime) as share:
            began = last = runtime.clock()
            while last - began < seconds or len(rates) < 3:
                num = work()
                now = runtime.clock()
                rates.append(num / (now - last))
                last = now
        low, high = np.quantile(rates, (0.1, 0.9)).tolist()
    except Unable as reason:
        return {"unable": str(reason)}
    except torch.OutOfMemoryError:
        return {"unable": "out of memory"}
    except Exception as error:  # the other cases are measured all the same
        return {"unable": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    return {
        "images_per_second": statistics.median(rates),
        "tenth_and_ninetieth": [low, high],
        "steps": len(rates),
        "busy": share(),
        "warm_seconds": first,
        "peak_bytes": runtime.peak_memory(),
    }


@contextmanager
def busy(runtime: Runtime) -> Iterator[Callable[[], float | None]]:
    """How busy the device is in the body: 0 to 1, None where nobody tells."""
    found: list[float] = []
    if not runtime.on_cuda:
        wall, cpu = time.perf_counter(), time.process_time()
        yield lambda: found[0]
        spent = (time.perf_counter() - wall) * (runtime.threads or 1)
        found.append((time.process_time() - cpu) / spent)
        return
    if not shutil.which("nvidia-smi"):
        yield lambda: None
        return
    query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "500"]
    command = ["nvidia-smi", *query, "-i", str(runtime.device.index or 0)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with suppress(ValueError):
                found.append(float(line) / 100)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield lambda: statistics.median(found) if found else None
    finally:
        process.terminate()
        process.wait()
        reader.join()


def shown(result: dict[str, Any]) -> str:
    """A result in one line."""
    if "unable" in result:
        return f"- ({result['unable']})"
    low, high = result["tenth_and_ninetieth"]
    share = "" if result["busy"] is None else f", {result['busy']:.0%} busy"
    return (
        f"{result['images_per_second']:,.0f} images/s ({low:,.0f} to {high:,.0f}){share}, "
        f"{result['peak_bytes'] / 2**30:.1f} GiB, warm after {result['warm_seconds']:.1f} s"
    )


def main() -> None:
    """Parse, measure, print every case when it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--space", default="scalenet")
    parser.add_argument(
        "--factors", type=lambda text: tuple(map(float, text.split(","))), default=(1.0, 2.0)
    )
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--num-classes", type=int, default=1000)
    parser.add_argument("--num-images", type=int, default=8192)
    parser.add_argument("--scored", type=int, default=2048, help="search images of an evaluation")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=(256, 1024))
    parser.add_argument("--seconds", type=float, default=6.0, help="of every case")
    parser.add_argument("--json", type=Path, help="a file that is written after every case")
    options = parser.parse_args()
    found: dict[str, Any] = {"settings": {k: str(v) for k, v in vars(options).items()}}

    def keep(name: str, result: dict[str, Any]) -> None:
        found[name] = result
        sys.stdout.write(f"{name}: {shown(result)}\n")
        sys.stdout.flush()
        if options.json is not None:
            options.json.write_text(json.dumps(found, indent=2))

    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options, Path(name))
        found["device"] = bench.runtime.device_model
        sys.stdout.write(f"{found['device']}, torch {torch.__version__}\n")
        for batch_size in options.batch_sizes:
            for case, make in bench.cases(batch_size):
                keep(f"{batch_size} {case}", measured(bench, make))
        keep("evaluation", measured(bench, partial(_evaluation, bench)))
    if (peer := found.get(f"{options.batch_sizes[0]} timm", {}).get("images_per_second")) is None:
        return
    for case, result in found.items():
        if "images_per_second" in result:
            sys.stdout.write(f"{case}: {result['images_per_second'] / peer:.2f} of timm's\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
