"""A run folder with plausible numbers: three searched members, two grown ones."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.scaling import ratios
from escalade.report.family_row import FamilyRow, Share

BASE_BUDGET = 1_000_000
SCALINGS = (
    ratios.Scaling(),
    ratios.Scaling(depth=1.25, width=1.2, resolution=1.2),
    ratios.Scaling(depth=1.6, width=1.45, resolution=1.4),
)
GROWN = (
    ratios.Scaling(depth=2.05, width=1.75, resolution=1.7),
    ratios.Scaling(depth=2.7, width=2.15, resolution=2.0),
)
TEST = (0.8712, 0.8893, 0.9021, 0.9098, 0.9127)
SEARCH = (0.8460, 0.8655, 0.8790)
FUNCTIONS = {
    "exponential": {
        "depth": {"a0": 0.568, "a1": 1.44},
        "width": {"a0": 0.8, "a1": 1.25},
        "resolution": {"a0": 1.0, "a1": 1.19},
    },
    "linear": {"depth": {"a": 0.29}, "width": {"a": 0.22}, "resolution": {"a": 0.2}},
    "squared": {
        "depth": {"a": 0.05, "b": 0.2},
        "width": {"a": 0.025, "b": 0.175},
        "resolution": {"a": 0.0, "b": 0.2},
    },
}


# Costs that search.json and growth.json tell.
SEARCHED = ("macs", "params", "activations")


def base() -> Architecture:
    """A small network for 14-pixel images and ten classes."""

    def blocks(width: int, kernels: tuple[int, ...], stride: int, se: bool) -> Stage:
        return Stage(
            blocks=tuple(
                Block(
                    kernel=kernel,
                    stride=stride if i == 0 else 1,
                    expansion=4.0,
                    width=width,
                    se=SqueezeExcite() if se else None,
                )
                for i, kernel in enumerate(kernels)
            )
        )

    return Architecture(
        name="S0",
        resolution=20,
        in_channels=1,
        num_classes=10,
        stem=Stem(width=16),
        stages=(
            blocks(16, (3, 5), 1, False),
            blocks(32, (5, 3, 7), 2, False),
            blocks(56, (3, 5), 2, True),
        ),
        head=Head(width=128),
    )


def architectures() -> list[Architecture]:
    """The five members' networks, smallest first."""
    return [
        ratios.apply(base(), ratio).renamed(f"S{i}") for i, ratio in enumerate((*SCALINGS, *GROWN))
    ]


def build(folder: Path, *, data: str = "fashion_mnist", member: str = "S4") -> Path:
    """Write a whole run folder; `data` and the last member's name may be hostile."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "search.json", search())
    _write(folder / "growth.json", growth(member))
    _write(folder / "ledger.json", ledger(member))
    _write(folder / "latency.json", latency(member))
    _write(folder / "family" / "family.json", family(data, member))
    for i, shape in enumerate(architectures()):
        _member(folder / "family" / f"S{i}", shape, exported=i < 2)
    lines = "\n".join(json.dumps(record) for record in metrics(member))
    (folder / "metrics.jsonl").write_text(lines + "\n")
    (folder / "config.yaml").write_text(
        f"data: {json.dumps(data)}\nbudgets: [2.0e+6, 4.0e+6, 12.0e+6]\n"
        "budget_kind: macs\ntolerance: 0.05\n"
        "grow: 2\nspace: small\nseed: 0\nsampler: hierarchical\nrecipe:\n  epochs: 12\n"
        "  batch_size: 128\n  learning_rate: 0.6\n  label_smoothing: 0.1\n"
    )
    return folder


def budgets() -> list[int]:
    """Near what the networks cost, as a search would have left them."""
    return [round(cost.of(shape).macs / g) for shape, g in zip(architectures(), _GAPS, strict=True)]


_GAPS = (1.013, 0.984, 1.021, 0.972, 1.034)


def search() -> dict[str, Any]:
    """search.json."""
    stages = []
    for i, (shape, ratio, score) in enumerate(zip(architectures(), SCALINGS, SEARCH, strict=False)):
        stages.append(
            {
                "stage": i,
                "budget": budgets()[i],
                "scaling": ratio.to_json(),
                "strategy": [i, i, i],
                "genome": [1, 2],
                "architecture": shape.to_json(),
                **_costs(shape, *SEARCHED),
                "gap": _GAPS[i] - 1,
                "score": score,
                "standard_error": math.sqrt(score * (1 - score) / 2000),
                "tied": [],
            }
        )
    return {
        "searcher": "mcea",
        "seed": 0,
        "budget_kind": "macs",
        "space": "small",
        "pi": [0.0, 0.5, 0.5],
        "base": {"genome": [1, 2], "resolution": 20, "widths": [16, 32, 56], "depths": [2, 3, 2]},
        "stages": stages,
        "iterations": iterations(),
        "evaluations": {"asked": 1480, "distinct": 1204},
        "divisors": [8, 1],
    }


def iterations() -> list[dict[str, Any]]:
    """A search that converges: one ranking, then rounds of base and strategy search."""
    rng = np.random.default_rng(4)
    rows: list[dict[str, Any]] = []

    def add(phase: str, stage: int | None, round_: int, generation: int, mean: float) -> None:
        std = 0.006 + 0.02 * math.exp(-len(rows) / 14) + float(rng.uniform(0, 0.002))
        rows.append(
            {
                "iteration": round_,
                "phase": phase,
                "stage": stage,
                "generation": generation,
                "mean": mean - std,
                "std": std,
                "best": mean + 0.8 * std,
                "num": 20,
            }
        )

    for stage in (1, 2):
        add("initial", stage, 0, 0, SEARCH[stage] - 0.02)
    for round_ in range(1, 5):
        for generation in range(8):
            add("base", None, round_, generation, 0.868 - 0.012 * math.exp(-len(rows) / 16))
        for stage in (1, 2):
            for generation in range(3):
                add("strategy", stage, round_, generation, SEARCH[stage] - 0.004)
    return rows


def growth(member: str = "S4") -> dict[str, Any]:
    """growth.json."""
    members = []
    for i, (shape, ratio) in enumerate(zip(architectures()[3:], GROWN, strict=True)):
        fitted = FUNCTIONS["exponential"]
        predicted = {k: p["a0"] * (p["a1"] ** (3 + i) - 1) + 1 for k, p in fitted.items()}
        members.append(
            {
                "name": ("S3", member)[i],
                "stage": 3 + i,
                "budget": budgets()[3 + i],
                "predicted": predicted,
                "interval": {k: [v * (0.96 - 0.03 * i), v * 1.05] for k, v in predicted.items()},
                "solved": ratio.to_json(),
                "architecture": shape.to_json(),
                **_costs(shape, *SEARCHED),
                "gap": _GAPS[3 + i] - 1,
                "extrapolation": True,
            }
        )
    points = [{"stage": float(i)} | ratio.to_json() for i, ratio in enumerate(SCALINGS)]
    return {
        "form": "exponential",
        "notes": ["two searched stages determine equation (9) exactly: there is no fit error"],
        "points": points,
        "functions": FUNCTIONS,
        "leave_last_out": None,
        "members": members,
    }


def family(data: str = "fashion_mnist", member: str = "S4") -> dict[str, Any]:
    """family/family.json."""
    members = []
    for i, shape in enumerate(architectures()):
        members.append(
            {
                "name": member if i == 4 else f"S{i}",
                "stage": float(i),
                "origin": "searched" if i < 3 else "grown",
                "weights": "retrained",
                "budget": budgets()[i],
                **_costs(shape),
                "resolution": shape.resolution,
                "accuracy": {"search": SEARCH[i] if i < 3 else None, "test": TEST[i]},
                "folder": f"S{i}",
            }
        )
    fit = {key: growth()[key] for key in ("form", "functions", "leave_last_out", "notes")}
    return {
        "members": members,
        "budget_kind": "macs",
        "growth": fit,
        "space": "small",
        "data": data,
    }


def rivals() -> list[dict[str, Any]]:
    """The key `rivals` of family.json: of the searched members, the second in its place."""
    before = {
        "origin": "searched", "weights": "finetuned", "macs": 3_900_000, "params": 1,
        "activations": 1, "resolution": 24, "accuracy": {"search": 0.84, "test": 0.86},
    }  # fmt: skip
    found = []
    for i, (rule, search, test) in enumerate(
        (("wr", 0.83, 0.86), ("wr", 0.8655, 0.8893), ("dWr", 0.87, 0.89))
    ):
        found.append(
            {
                "member": f"S{i}", "rule": rule, "macs": 2_010_000, "params": 9, "activations": 9,
                "resolution": 26, "num_images": 5_000,
                "accuracy": {"search": search, "test": test}, "architecture": base().to_json(),
            }
            | ({"replaced": before} if i == 1 else {})
        )  # fmt: skip
    return found


def plan(**more: Any) -> dict[str, Any]:
    """plan.json."""
    return {
        "data": "fashion_mnist",
        "classes": [str(i) for i in range(10)],
        "split": {"train": 8000, "search": 2000, "test": 10000},
        "images": {"train": [800] * 10, "search": [200] * 10, "test": [1000] * 10},
        "digests": {"train": "0" * 64, "search": "1" * 64, "test": "2" * 64},
        "side": 28,
        "skipped": [],
        "remarks": [],
        "space": {"name": "small", "size": 1000, "distinct": 900},
    } | more


def row(name: str = "S0", **more: Any) -> FamilyRow:
    """A member as the page shows it."""
    values: dict[str, Any] = {
        "index": 0, "name": name, "stage": 0.0, "origin": "searched", "weights": "retrained",
        "budget": 2e6, "gap": 0.01, "outside": False, "macs": 2_020_000, "params": 40_000,
        "activations": 9_000, "memory": None, "latency": None, "int8": None,
        "search": Share(value=0.8),
        "test": Share(value=0.81, interval=(0.80, 0.82)), "balanced": None,
        "recalls": (), "resolution": 20, "architecture": None,
        "running": None, "folder": "family/S0",
    }  # fmt: skip
    return FamilyRow(**values | more)


def ledger(member: str = "S4") -> list[dict[str, Any]]:
    """ledger.json."""
    device = "CPU core"

    def entry(stage: str, name: str, seconds: float, **more: Any) -> dict[str, Any]:
        return {
            "stage": stage,
            "name": name,
            "device_seconds": seconds,
            "wall_seconds": seconds * 1.02,
            "images": 0,
            "evaluations": 0,
            "device": device,
        } | more

    names = ["S0", "S1", "S2", "S3", member]
    return [
        entry("train", "supernet", 4210.0, images=2_400_000),
        entry("search", "mcea", 1385.0, images=3_010_000, evaluations=1204),
        entry("grow", "growth", 1.4),
        *(entry("retrain", n, 210.0 * 1.8**i, images=480_000) for i, n in enumerate(names)),
        *(
            entry(
                "test",
                n,
                3.0 * 1.7**i,
                images=10_000,
            )
            for i, n in enumerate(names)
        ),
        entry("export", "all", 24.0),
    ]


def latency(member: str = "S4") -> dict[str, Any]:
    """latency.json."""
    medians = {name: 0.0012 * 1.6**i for i, name in enumerate(("S0", "S1", "S2", "S3", member))}
    return {
        "device": "CPU core",
        "batch_size": 1,
        "members": {
            n: {"median": m, "low": 0.96 * m, "high": 1.08 * m} for n, m in medians.items()
        },
    }


def metrics(member: str = "S4") -> list[dict[str, Any]]:
    """metrics.jsonl: falling losses with noise."""
    rng = np.random.default_rng(7)
    rows = []

    def run(stage: str, num: int, end: float) -> None:
        for i in range(num):
            loss = end + (2.3 - end) * math.exp(-6 * i / num) + float(rng.normal(0, 0.03))
            rows.append(
                {
                    "stage": stage,
                    "step": 50 * (i + 1),
                    "loss": loss,
                    "learning_rate": 0.6 * (1 - i / num),
                    "images_per_second": 560.0,
                }
            )

    run("train", 375, 0.92)
    for i, name in enumerate(["S0", "S1", "S2", "S3", member]):
        run(f"retrain/{name}", 75, 0.82 - 0.05 * i)
    return rows


def evaluations(num: int = 1204) -> list[dict[str, Any]]:
    """Scored paths: accuracy rises with the logarithm of macs, with scatter."""
    rng = np.random.default_rng(11)
    stages = rng.integers(0, 3, num)
    targets = np.array(budgets()[:3])[stages]
    macs = np.round(targets * np.exp(rng.normal(0, 0.12, num))).astype(int)
    accuracy = 0.842 + 0.016 * np.log2(macs / budgets()[0]) - np.abs(rng.normal(0, 0.014, num))
    return [
        {"macs": int(m), "accuracy": float(a), "stage": int(s)}
        for m, a, s in zip(macs, accuracy, stages, strict=True)
    ]


def histograms() -> dict[str, dict[str, list[float]]]:
    """750,000 paths by two samplers over the same 64 bins."""
    rng = np.random.default_rng(2)
    num = 750_000
    low, high = budgets()[0] * 0.35, budgets()[2] * 2.4
    edges = np.geomspace(low, high, 65)
    centres = np.log(np.array(budgets()[:3]))
    modes = rng.normal(centres[rng.integers(0, 3, num)], 0.16)
    wide = rng.normal(centres[1] + 0.15, 0.5, num)
    drawn = {"uniform": wide, "hierarchical": modes}
    return {
        name: {
            "edges": edges.tolist(),
            "counts": np.histogram(np.exp(values), edges)[0].tolist(),
        }
        for name, values in drawn.items()
    }


def _costs(shape: Architecture, *kinds: str) -> dict[str, int]:
    found = asdict(cost.of(shape))
    return {kind: found[kind] for kind in kinds or found}


def _member(folder: Path, shape: Architecture, *, exported: bool) -> None:
    _write(
        folder / "config.json",
        {"architecture": "escalade_net", "model_args": {"architecture_json": shape.to_json()}},
    )
    (folder / "model.safetensors").write_bytes(b"\0" * (4 * cost.of(shape).params))
    (folder / "model.py").write_text("# stand-alone\n")
    if exported:
        (folder / "model.onnx").write_bytes(b"\0" * (4 * cost.of(shape).params + 9000))
        (folder / "program.pt2").write_bytes(b"\0" * (4 * cost.of(shape).params + 30000))


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
