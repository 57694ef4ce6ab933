from __future__ import annotations

from pathlib import Path

import pytest
from rank_members import jobs, place

from escalade.artefacts.ledger import Ledger
from escalade.artefacts.run_folder import RunFolder
from escalade.family.trainings.division import divided, num_together
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.kept import is_done, read_made
from escalade.train.runtime import Runtime
from rank_processes import run_ranks

SCRIPT = Path(__file__).with_name("rank_members.py")


def test_ranks_divide_members_and_go_on_after_a_stop(tmp_path: Path) -> None:
    """Each rank trains as one process does; what is alone is trained by both together."""
    folder = tmp_path / "ranks"
    run_ranks(SCRIPT, folder)
    for job, alone in zip(jobs(folder), jobs(tmp_path / "one"), strict=True):
        assert is_done(job.folder)
        assert not (job.folder / CHECKPOINT).exists()
        straight = alone.make(place(Runtime(device="cpu", threads=1)))
        found = read_made(job.folder).state
        same = [found[name].equal(value) for name, value in straight.state.items()]
        assert all(same) if job.name != "c" else not all(same)
    ledger = RunFolder(folder).read(Ledger)
    shares = {each.name: each.device_seconds / each.wall_seconds for each in ledger.entries}
    assert shares == {"a": 1, "b": 1, "c": pytest.approx(2)}


@pytest.mark.parametrize(
    ("work", "num_ranks", "num"),
    [
        ([5.0], 2, 1),  # all train the only one
        ([5.0, 5.0], 2, 0),
        ([9.0, 1.0, 1.0], 2, 1),  # and then each one of the others
        ([1.0] * 24, 8, 0),
        ([1.0, 2.0, 4.0, 8.0], 8, 4),  # each rank alone would wait for the largest
    ],
)
def test_all_ranks_train_what_is_longest(work: list[float], num_ranks: int, num: int) -> None:
    assert num_together(work, num_ranks=num_ranks) == num


def test_each_training_goes_where_least_is_to_be_done() -> None:
    assert divided([4, 3, 3, 1, 1], num_ranks=2) == [[0, 3, 4], [1, 2]]
    assert divided([], num_ranks=2) == [[], []]
