"""What a training step of each network takes: milliseconds, and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.files import read
from common.progress import Said
from common.setting import keep
from escalade.artefacts.files import write_json
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.train.runtime import Runtime
from runtime_study.setting import Scaled
from runtime_study.times import rounds_done, time_network

BYTES_PER_ACTIVATION = 16  # of four numbers: convolution, norm, nonlinearity, gradient
BATCH = 128  # that of the training
# Four numbers: what convolution, norm and nonlinearity give, and a gradient.
BYTES_PER_ACTIVATION = 16


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How networks are timed; a folder holds one way only.

    Attributes:
        largest_batch: images in a step; as few as fit if these do not.
        repeats: timed batches of a network in a round.
        device, threads: where it runs.
    """

    largest_batch: int = BATCH
    repeats: int = 3
    device: str
    threads: int


def time_all(
    networks: Sequence[Scaled], timing: Timing, folder: Path, *, runtime: Runtime, num_rounds: int
) -> None:
    """Every round of every network that is not done yet; in each they take turns anew."""
    keep(timing, folder)
    say = Said()
    for index in range(num_rounds):
        order = generator(0, "accuracy times", index).permutation(len(networks))
        for place, which in enumerate(order):
            network = networks[which]
            if rounds_done(network, folder) <= index:
                time_network(network, timing, folder, runtime=runtime)  # type: ignore[arg-type]
                say(f"round {index + 1} of {num_rounds}: {place + 1} of {len(networks)} networks")


def step_bytes(network: Scaled, folder: Path) -> int:
    """About the bytes of a training step on 128 images in fp32; counted once."""
    path = folder / f"{network.architecture.key}.json"
    known = read(path)
    if known is None:
        architecture = network.architecture
        known = {"bytes": BYTES_PER_ACTIVATION * BATCH * cost.of(architecture).activations}
        write_json(path, known)
    return int(known["bytes"])
