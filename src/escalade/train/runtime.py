"""Where a run happens: the only module that asks about CUDA, threads, ranks and world size."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from escalade.train.allocator import Holding, heap, keep_memory
from escalade.train.parents import end_with_agent

PRECISIONS = ("fp32", "bf16")
RESIDENT_SHARE = 0.25  # of a GPU's memory, for images that stay there
_PATIENCE = timedelta(days=365)

# Every path has shapes of its own, and oneDNN compiles a kernel for each: remembering 8,192 of
# them instead of 1,024 makes a training step on CPU faster, for some hundred MB. oneDNN looks when
# it first computes.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192")


class Runtime:
    """Device, precision, threads and ranks of this process.

    Under torchrun (`RANK` and `WORLD_SIZE` are set) the ranks find each other through gloo on CPU
    and nccl on CUDA; without it there is one rank.

    Args:
        device: `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.
        precision: `fp32`, or `bf16` for automatic mixed precision.
        threads: CPU threads of this process; None leaves torch's choice.
        is_alone: ignore the ranks around this process, as a worker of one of them does.

    Raises:
        ValueError: for a device this machine lacks or an unknown precision.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        precision: str = "fp32",
        threads: int | None = None,
        is_alone: bool = False,
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(
                f"precision: {precision!r} is not known; use {' or '.join(PRECISIONS)}"
            )
        if threads is not None and threads < 1:
            raise ValueError(f"threads: {threads} is not positive")
        # Also where it changes nothing: a library that was told takes no fewer for small work.
        torch.set_num_threads(threads or torch.get_num_threads())
        keep_memory()
        self.device = _device(device)
        self.precision = precision
        self.rank = 0 if is_alone else int(os.environ.get("RANK", "0"))
        self.world_size = 1 if is_alone else int(os.environ.get("WORLD_SIZE", "1"))
        if self.world_size > 1 and not dist.is_initialized():
            end_with_agent()
            dist.init_process_group("nccl" if self.on_cuda else "gloo")
            _waiting_room()
        self.holding: Holding | None = None
        _make_deterministic(self.device)

    def hold(self, holding: Holding | None) -> None:
        """Keep to a run's memory from now on, here and in workers."""
        self.holding = holding
        heap.bound = None if holding is None else holding.here

    @property
    def on_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    @property
    def threads(self) -> int | None:
        """CPU threads that compute, None on CUDA, where they decide nothing."""
        return None if self.on_cuda else torch.get_num_threads()

    @property
    def num_devices(self) -> int:
        """What a second of this run costs in device-seconds: GPUs, or CPU cores kept busy."""
        return self.world_size * (1 if self.on_cuda else torch.get_num_threads())

    @property
    def device_name(self) -> str:
        """The device for people, such as `CPU core` or `NVIDIA H100`."""
        return torch.cuda.get_device_name(self.device) if self.on_cuda else "CPU core"

    @property
    def device_model(self) -> str:
        """The very device, such as `AMD EPYC 9V74` or `NVIDIA H100`; the machine where unknown."""
        return self.device_name if self.on_cuda else _cpu_model()

    def autocast(self) -> AbstractContextManager[Any]:
        """The context a forward pass runs in."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def use_threads(self, num: int) -> None:
        torch.set_num_threads(num)

    def num_workers(self, wanted: int | None) -> int:
        """Processes that may score or train on CPU: as wanted, by default one a core."""
        num = wanted or num_cores()
        return num if self.holding is None else min(num, self.holding.workers)

    @property
    def scorer_memory(self) -> int | None:
        """Private bytes that a worker may hold between two jobs of scoring; None for any."""
        return None if self.holding is None else self.holding.scorer

    @property
    def trainer_memory(self) -> int | None:
        """Private bytes that a worker may hold between two steps of training; None for any."""
        return None if self.holding is None else self.holding.trainer

    def clock(self) -> float:
        """Seconds, after all work given to the device is done."""
        if self.on_cuda:
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def own_clock(self) -> float:
        """Seconds likewise; with one CPU thread its own, without what other processes take."""
        return time.thread_time() if self.threads == 1 else self.clock()

    def peak_memory(self) -> int:
        """Peak bytes so far: of the GPU, or of this process on CPU (0 where unknown)."""
        if self.on_cuda:
            return int(torch.cuda.max_memory_allocated(self.device))
        try:
            import resource  # not on Windows
        except ImportError:
            return 0
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def free_memory(self) -> int:
        """Bytes that are free: of the GPU, or of the machine on CPU.

        Raises:
            ValueError: on CPU where the system does not tell (it is read as Linux has it).
        """
        if self.on_cuda:
            return int(torch.cuda.mem_get_info(self.device)[0])
        try:
            lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
            (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        except (OSError, ValueError):
            raise ValueError(
                "free memory is not known on this system; give the batch size"
            ) from None
        return int(line.split()[1]) * 1024

    @property
    def resident_bytes(self) -> int:
        """What images may take of the device, so that no batch has to be copied there."""
        if not self.on_cuda:
            return 0
        memory = torch.cuda.get_device_properties(self.device).total_memory
        return int(RESIDENT_SHARE * memory)

    @contextmanager
    def tuned_kernels(self) -> Iterator[None]:
        """cudnn takes the fastest kernel for each shape instead of a repeatable one.

        For timing networks of fixed shapes, after a warm-up; nothing changes on CPU.
        """
        cudnn = torch.backends.cudnn
        before = cudnn.benchmark, cudnn.deterministic
        cudnn.benchmark, cudnn.deterministic = True, False
        try:
            yield
        finally:
            cudnn.benchmark, cudnn.deterministic = before

    @contextmanager
    def private_randomness(self) -> Iterator[None]:
        """Torch's global random state is put back afterwards."""
        with torch.random.fork_rng(devices=[self.device] if self.on_cuda else []):
            yield

    def begin_sum(self, values: Tensor) -> Callable[[], object]:
        """Begin to add up a tensor over ranks, in place; what it gives waits for the end."""
        work = dist.all_reduce(values, async_op=True)
        assert work is not None
        return work.wait

    def mean(self, value: Tensor) -> Tensor:
        """A number's mean over ranks."""
        if self.world_size == 1:
            return value
        value = value.detach().clone()
        dist.all_reduce(value)
        return value / self.world_size

    def any(self, flag: bool) -> bool:
        """Whether the flag is up on any rank."""
        if self.world_size == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def broadcast(self, value: Any) -> Any:
        if self.world_size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, group=_waiting_room())
        return box[0]

    def broadcast_weights(self, network: nn.Module) -> None:
        """Give every rank rank 0's parameters and buffers."""
        if self.world_size > 1:
            for tensor in network.state_dict().values():
                dist.broadcast(tensor, src=0)

    def gather(self, values: list[Any]) -> list[list[Any]]:
        """Every rank's list, in the order of ranks, on every rank."""
        if self.world_size == 1:
            return [values]
        gathered: list[list[Any]] = [[] for _ in range(self.world_size)]
        dist.all_gather_object(gathered, values, group=_waiting_room())
        return gathered

    def barrier(self) -> None:
        """Wait for every rank, however long it takes: rank 0 does some stages alone."""
        if self.world_size > 1:
            dist.barrier(group=_waiting_room())


@cache
def _waiting_room() -> dist.ProcessGroup:
    """Where ranks wait for each other and tell each other values.

    By gloo also where gradients go by nccl: ranks that wait here are no fault, and one that dies
    is noticed at once.
    """
    group = dist.new_group(backend="gloo", timeout=_PATIENCE)
    assert isinstance(group, dist.ProcessGroup)  # this rank is in it
    return group


@contextmanager
def limit_threads(num: int | None) -> Iterator[None]:
    """Run the body with this many CPU threads; None leaves them."""
    before = torch.get_num_threads()
    torch.set_num_threads(num or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def num_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _cpu_model() -> str:
    with suppress(OSError):  # Linux tells
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine() or "CPU"


def _device(name: str) -> torch.device:
    available = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if available else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device: {name!r} is not known; use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device: {name!r} is not supported; use auto, cpu, cuda or cuda:N")
    if device.type == "cuda":
        if not available:
            raise ValueError(f"device: {name!r} is not on this machine; use cpu")
        index: int | None = device.index
        if index is None:
            index = int(os.environ.get("LOCAL_RANK", "0"))
        if index >= torch.cuda.device_count():
            raise ValueError(
                f"device: this machine has {torch.cuda.device_count()} GPUs, not cuda:{index}"
            )
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
    return device


def _make_deterministic(device: torch.device) -> None:
    # Elastic paths change shapes every step: cudnn's benchmark mode would tune for ever, and its
    # choice differs from run to run.
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
