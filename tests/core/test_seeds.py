from __future__ import annotations

import subprocess
import sys

import numpy as np

from escalade.core.numbers.seeds import generator, torch_seed

STREAMS = [("a",), ("b",), ("a", 0), ("a", 1), ("a", "0", "1"), ("ab",), ()]


def test_streams_are_apart():
    first = [generator(0, *stream).integers(0, 2**62) for stream in STREAMS]
    assert len(set(first)) == len(STREAMS)
    assert generator(1, "a").integers(0, 2**62) not in first
    assert len({torch_seed(0, *stream) for stream in STREAMS}) == len(STREAMS)


def test_streams_are_uncorrelated():
    drawn = np.stack([generator(0, "paths", epoch).random(4000) for epoch in range(6)])
    assert np.abs(np.corrcoef(drawn) - np.eye(6)).max() < 0.06


def test_a_stream_is_the_same_everywhere():
    """Not the process's string hashing: what is written into runs must not change."""
    program = (
        "from escalade.core.numbers.seeds import generator, torch_seed;"
        "print(torch_seed(7, 'x', 3), generator(7, 'x').integers(0, 10**9))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    expected = f"{torch_seed(7, 'x', 3)} {generator(7, 'x').integers(0, 10**9)}\n"
    assert answers == {expected}


def test_torch_seeds_fit():
    assert all(0 <= torch_seed(seed, "x") < 2**63 for seed in range(200))
