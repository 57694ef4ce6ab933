"""Where weights are made: trainings side by side and slices, each done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.shown import duration, percent
from escalade.family.trainings.division import num_together
from escalade.family.trainings.jobs import CHECKPOINT, MemberJob
from escalade.family.trainings.kept import damage, is_done, keep
from escalade.family.trainings.making import Made, Workplace, slice_member
from escalade.family.trainings.side_by_side import chains, retrain_all, work_of
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.console import Console


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Makes weights in folders.

    Attributes:
        num_workers: processes; see `retrain_all`.
    """

    place: Workplace
    num_workers: int | None
    books: Bookkeeper
    console: Console

    def train(
        self,
        jobs: Sequence[MemberJob],
        *,
        stage: str = "retrain",
        all_threads: bool = False,
        on_done: Callable[[MemberJob], None] | None = None,
    ) -> None:
        """Train what is not trained yet, side by side; what needs another follows it.

        Args:
            jobs: folders and names must differ.
            stage: of the ledger and of messages.
            all_threads: one after the other with all threads, instead of side by side.
            on_done: called on rank 0 whenever a training is whole.

        Raises:
            Interrupted: `place.should_stop` said so; the same call goes on.
        """
        runtime = self.place.runtime
        done = runtime.broadcast([job.is_done for job in jobs] if runtime.is_main else None)
        waiting = [job for job, is_there in zip(jobs, done, strict=True) if not is_there]
        if not waiting:
            return
        for job in waiting:
            self._tell_damage(job.folder)
        self.console.say(f"{stage}: {', '.join(job.name for job in waiting)}")
        together = self._together(jobs)
        for job, made in retrain_all(
            waiting,
            self.place,
            num_workers=1 if all_threads else self.num_workers,
            all_threads=all_threads,
            together=together,
            on_made=self._keep,
        ):
            if not runtime.is_main:
                continue
            seconds, images = made.seconds, made.num_images
            num = runtime.world_size if job.name in together else 1
            if all_threads and runtime.world_size == 1:
                num = runtime.num_devices
            self.books.put(
                stage, job.name, seconds=seconds, num_devices=num, images=images, evaluations=1
            )
            self.console.say(
                f"{stage}: {job.name}: {percent(made.search.accuracy)} on the search split, "
                f"{duration(seconds)}"
            )
            if on_done is not None:
                on_done(job)
        runtime.barrier()

    def _together(self, jobs: Sequence[MemberJob]) -> set[str]:
        """The jobs that all ranks train together.

        All jobs decide it, whether done or not, so that a training goes on as it began.
        """
        if self.place.runtime.world_size == 1:
            return set()
        groups = chains(jobs)
        work = [sum(work_of(job, self.place.data) for job in group) for group in groups]
        num = num_together(work, num_ranks=self.place.runtime.world_size)
        costliest = sorted(range(len(groups)), key=lambda at: (-work[at], groups[at][0].name))
        return {job.name for at in costliest[:num] for job in groups[at]}

    def _keep(self, job: MemberJob, made: Made) -> None:
        keep(job.folder, made, self.place.data)
        (job.folder / CHECKPOINT).unlink(missing_ok=True)

    def slice_into(
        self, folder: Path, running: Architecture, *, supernet: Callable[[], SharedWeights]
    ) -> None:
        """Cut what a path runs out of a supernet, unless that is done.

        Identities are folded where they fold, so that the network in `folder` may be another.

        Args:
            running: what the path runs.
            supernet: makes or loads the supernet; called only where there is something to cut.

        Raises:
            Invalid: if the supernet is coupled, or cannot be had.
        """
        runtime = self.place.runtime
        if runtime.broadcast(runtime.is_main and is_done(folder)):
            return
        self._tell_damage(folder)
        made = slice_member(supernet(), running, place=self.place)
        if runtime.is_main:
            keep(folder, made, self.place.data)
        runtime.barrier()

    def _tell_damage(self, folder: Path) -> None:
        if what := damage(folder):
            self.console.say(f"{folder}: {what}; made again")
