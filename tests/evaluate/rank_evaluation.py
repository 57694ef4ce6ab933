"""One rank of an evaluation; started by test_evaluator.py: FILE of the store."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tiny_evaluation import evaluator, some_paths
from torch import distributed


def main(file: str) -> None:
    torch.set_num_threads(1)
    with evaluator(Path(file)) as made:
        assert not made.score([])
        scores = made.score(some_paths())
        assert made.score(some_paths()) == scores
        assert made.count.num_measured == len(scores)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
