"""What one run of the study is, and the networks it times."""

from __future__ import annotations

from dataclasses import dataclass, replace

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.scale_by import scale
from escalade.spaces.known import load

BASE = "base"
PAPER_RULES = ("w", "dWr", "dwr", "dw")  # the four of Fig. 2


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All of these change the times, so a folder holds one setting only.

    Attributes:
        bases, rules, factors: comma-separated; every base is scaled by every rule and factor.
        resolution: of the bases.
        largest_batch: images in a step at most.
        precision: fp32 or bf16.
        repeats: timed batches of a network in a round.
        device, threads: where it runs.
    """

    bases: str = "efficientnet_b0,regnet_y_400mf,regnet_z_500mf"
    rules: str = "w,dWr,dwr,dw,wr,d,r"
    factors: str = "2,3,4,6,8"
    resolution: int = 128
    largest_batch: int = 16
    precision: str = "fp32"
    repeats: int = 3
    device: str = ""
    threads: int = 0


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """A base network (rule `base`, factor 1) or what a rule and a factor make of it."""

    base: str
    rule: str
    factor: float
    architecture: Architecture

    @property
    def name(self) -> str:
        return f"{self.base}-{self.rule}-{self.factor:g}".replace("/", "_")


def networks(setting: Setting) -> list[Scaled]:
    """Every network once: factors that change nothing more are left out.

    Raises:
        ValueError: for an unknown base or rule, or a factor that is no positive number.
    """
    made: list[Scaled] = []
    for base in setting.bases.split(","):
        architecture = replace(load(base), resolution=setting.resolution)
        seen = {architecture.key}
        made.append(Scaled(base=base, rule=BASE, factor=1.0, architecture=architecture))
        for rule in setting.rules.split(","):
            for factor in map(_number, setting.factors.split(",")):
                scaled = scale(architecture, rule, factor)
                if scaled.key not in seen:
                    seen.add(scaled.key)
                    made.append(Scaled(base=base, rule=rule, factor=factor, architecture=scaled))
    return made


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--factors: {text!r} is not a number") from None
