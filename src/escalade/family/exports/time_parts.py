"""Times the ONNX files beside it and writes what they take; needs onnxruntime and numpy alone.

    python time_parts.py TIMES.json --threads 1 --device "a name for this device"

All files take turns, round by round, so that a disturbance hits all alike; medians count. With one
CPU thread the clock is the thread's own. Another runner does as well: it reads `parts.json`, puts
the seconds of one batch into `seconds` of every item, and a name into `device`.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

WARMUP, FEWEST, MOST = 2, 5, 51


def main() -> None:
    """Read the command line, time, write."""
    parser = argparse.ArgumentParser(description="times the ONNX files beside this script")
    parser.add_argument("out", type=Path, metavar="TIMES.json")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--provider", default="CPUExecutionProvider")
    parser.add_argument("--device", default=platform.machine(), help="a name for this device")
    parser.add_argument("--seconds", type=float, default=60.0, help="about so long, after a trial")
    options = parser.parse_args()
    folder = Path(__file__).resolve().parent
    listed = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
    runs = [_run(folder, item, options) for item in listed["items"]]
    is_alone = options.threads == 1 and options.provider == "CPUExecutionProvider"
    clock = time.thread_time if is_alone else time.perf_counter
    trial = sum(_round(runs, clock))
    num = min(MOST, max(FEWEST, int(options.seconds / max(trial, 1e-9))))
    rounds = [_round(runs, clock) for _ in range(WARMUP + num)][WARMUP:]
    for item, seconds in zip(listed["items"], zip(*rounds, strict=True), strict=True):
        item["seconds"] = statistics.median(seconds)
    threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
    listed["device"] = options.device
    listed["settings"] = f"batch {listed['batch_size']}, {threads}, onnxruntime"
    options.out.write_text(json.dumps(listed), encoding="utf-8", newline="\n")
    sys.stderr.write(f"timed {len(runs)} files in {num} rounds: {options.out}\n")


def _run(folder: Path, item: dict[str, Any], options: argparse.Namespace) -> Any:
    """A file, ready to run on noise."""
    import numpy as np
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    path = str(folder / item["file"])
    session = onnxruntime.InferenceSession(path, settings, providers=[options.provider])
    noise = np.random.default_rng(0).random(item["input"], dtype=np.float32)
    given = {session.get_inputs()[0].name: noise}
    return lambda: session.run(None, given)


def _round(runs: list[Any], clock: Any) -> list[float]:
    """Seconds of each."""
    times = []
    for run in runs:
        start = clock()
        run()
        times.append(clock() - start)
    return times


if __name__ == "__main__":
    main()
