"""Peak memory as `memory` counts it, against what ONNX Runtime holds of the same networks.

    PYTHONPATH=src python benchmarks/planner.py [--networks NAME[@SIDE],...] [--json]

Every network is exported as members are, and runs with one image on the CPU with profiling on;
ONNX Runtime (such as 1.32) tells with every kernel how many bytes its allocator has given out.
What it had given out before the first kernel are the weights. Of the rest:

- planned: the most that is given out at the end of a kernel: what its planner keeps alive at once.
  The image is the caller's; it is added for the first kernel, which reads it.
- with workspace: the most at any moment, within kernels too, and rounded as its allocator does.
- one block: what it takes in one piece from the second run on (its memory pattern).

Layouts: `extended` fuses and keeps the layout of the file; `all`, the default of ONNX Runtime, also
brings convolutions into blocks of 8 or 16 channels.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import onnxruntime
import torch

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.family.exports.exporting import export_onnx, trace
from escalade.nets.build import build
from escalade.spaces.scaled import load

NETWORKS = (
    "mobilenet_v2@224,mobilenet_v3_large@224,efficientnet_b0@224,efficientnet_b0@64,"
    "regnet_y_400mf@224,resnet50@224,resnext50_32x4d@224,bignas_659m@224"
)
LEVELS = {
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
GIVEN_OUT, ADDED = "mem_bytes_requested_in_use", "mem_requested_in_use_delta"
MOST, CHUNKS, CHUNKS_ADDED = "mem_in_use_peak", "mem_bytes_in_use", "mem_in_use_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Bytes that a session holds beside its weights."""

    planned: int
    with_workspace: int
    one_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A network by both counts, in bytes."""

    network: str
    ours: int
    level: str
    held: Held

    def ratios(self) -> Mapping[str, float]:
        """What ONNX Runtime holds, relative to ours."""
        return {name: value / self.ours for name, value in asdict(self.held).items()}


def held(model: bytes, image: torch.Tensor, *, level: str) -> Held:
    """What a session holds while it runs one image.

    Args:
        model: an ONNX file's content, with a dynamic `batch`.
        image: (1, channels, side, side).
        level: one of `LEVELS`.
    """
    (alone,) = _runs(model, image, level=level, pattern=False, num=1)
    _, again = _runs(model, image, level=level, pattern=True, num=2)
    weights = _before(alone[0], GIVEN_OUT, ADDED)
    live = [int(kernel[GIVEN_OUT]) - weights for kernel in alone]
    live[0] += image.numel() * image.element_size()
    most = max(int(kernel[MOST]) for kernel in alone) - _before(alone[0], CHUNKS, CHUNKS_ADDED)
    return Held(
        planned=max(live),
        with_workspace=most,
        one_block=max(int(kernel[GIVEN_OUT]) for kernel in again) - weights,
    )


def _before(kernel: Mapping[str, str], now: str, added: str) -> int:
    """What was given out before a kernel."""
    return int(kernel[now]) - int(kernel[added])


def _runs(
    model: bytes, image: torch.Tensor, *, level: str, pattern: bool, num: int
) -> list[list[dict[str, str]]]:
    """What the profile tells of every kernel of every run, in order."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = LEVELS[level]
        options.enable_mem_pattern = pattern
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.add_free_dimension_override_by_name("batch", 1)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(num):
            session.run(None, {"image": image.numpy()})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    kernels = [each for each in events if str(each["name"]).endswith("_kernel_time")]
    kernels.sort(key=lambda each: int(each["ts"]))
    told: list[dict[str, str]] = [each["args"] for each in kernels]
    if GIVEN_OUT not in told[0]:
        raise SystemExit(f"onnxruntime {onnxruntime.__version__} tells nothing of memory")
    each_run = len(told) // num
    return [told[at * each_run : (at + 1) * each_run] for at in range(num)]


def compared(name: str, architecture: Architecture) -> list[Compared]:
    """A network with random weights, by both counts."""
    torch.manual_seed(0)
    network, side = build(architecture).eval(), architecture.resolution
    images = torch.randn(2, architecture.in_channels, side, side)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(network, path, traced=trace(network, images), images=images, facts={})
        model = path.read_bytes()
    ours = cost.of(architecture).memory
    return [
        Compared(network=name, ours=ours, level=level, held=held(model, images[:1], level=level))
        for level in LEVELS
    ]


def _named(text: str) -> Architecture:
    name, _, side = text.partition("@")
    network = load(name)
    return replace(network, resolution=int(side)) if side else network


def _table(found: Sequence[Compared]) -> str:
    lines = [f"{'network':24}{'ours kB':>9}  layout    planned  with workspace  one block"]
    for each in found:
        ratios = each.ratios()
        lines.append(
            f"{each.network:24}{each.ours / 1000:9.0f}  {each.level:9}{ratios['planned']:8.2f}"
            f"{ratios['with_workspace']:16.2f}{ratios['one_block']:11.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Parse, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--networks", default=NETWORKS, help="names, with @SIDE where not their own"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    found = [each for name in args.networks.split(",") for each in compared(name, _named(name))]
    if args.json:
        facts: dict[str, Any] = {
            "onnxruntime": onnxruntime.__version__,
            "networks": [asdict(each) | {"ratios": each.ratios()} for each in found],
        }
        print(json.dumps(facts, indent=2))
    else:
        print(_table(found))


if __name__ == "__main__":
    main()
