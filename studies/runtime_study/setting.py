"""What one run of the study is, and the networks it times."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, replace

from common import lab
from common.command import flag
from common.times import BASE, Scaled, Timing

PAPER_RULES = ("w", "dWr", "dwr", "dw")  # the four of Fig. 2


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run; all of these change the times, so a folder holds one setting only."""

    bases: str = flag("efficientnet_b0,regnet_y_400mf,regnet_z_500mf", "known names or files")
    rules: str = flag("w,dWr,dwr,dw,wr,d,r", "that scale every base")
    factors: str = flag("2,3,4,6,8", "of every rule, beside 1")
    resolution: int = flag(128, "of the bases")
    largest_batch: int = flag(16, "images in a step at most")
    precision: str = flag("fp32", "fp32 or bf16")
    repeats: int = flag(3, "timed batches of a network in a round")
    device: str = ""
    threads: int = flag(0, "CPU threads; 0 leaves torch's choice")

    @property
    def timing(self) -> Timing:
        names = ("largest_batch", "repeats", "device", "threads")
        return Timing(**{name: getattr(self, name) for name in names})

    @property
    def runtime(self) -> lab.Runtime:
        return lab.Runtime(precision=self.precision, threads=self.threads or None)


def settle(setting: Setting, options: Namespace) -> Setting:
    """The setting with the device and its threads.

    Raises:
        ValueError: as for `networks`, or for an unknown precision.
    """
    networks(setting)
    device = setting.runtime.device_name
    return replace(setting, device=device, threads=lab.num_threads())


def networks(setting: Setting) -> list[Scaled]:
    """Every network once: factors that change nothing more are left out.

    Raises:
        ValueError: for an unknown base or rule, or a factor that is no positive number.
    """
    made: list[Scaled] = []
    for base in setting.bases.split(","):
        architecture = replace(lab.known_architecture(base), resolution=setting.resolution)
        seen = {architecture.key}
        made.append(Scaled(base=base, rule=BASE, factor=1.0, architecture=architecture))
        for rule in setting.rules.split(","):
            for factor in map(_number, setting.factors.split(",")):
                scaled = lab.scale(architecture, rule, factor)
                if scaled.key not in seen:
                    seen.add(scaled.key)
                    made.append(Scaled(base=base, rule=rule, factor=factor, architecture=scaled))
    return made


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--factors: {text!r} is not a number") from None
