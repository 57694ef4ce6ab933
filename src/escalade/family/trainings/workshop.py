"""Where weights are made: trainings side by side and slices, each done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from escalade.core.network.architecture import Architecture
from escalade.family.trainings.jobs import CHECKPOINT, MemberJob, Workplace
from escalade.family.trainings.kept import damage, is_done, keep
from escalade.family.trainings.making import Made, slice_member
from escalade.family.trainings.side_by_side import retrain_all
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.bookkeeping import Bookkeeper
from escalade.train.console import Console


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Makes weights in folders.

    Attributes:
        place: where.
        num_workers: processes; see `retrain_all`.
        books: what everything took.
        console: tells people.
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
        on_done: Callable[[MemberJob], None] | None = None,
    ) -> None:
        """Train what is not trained yet, side by side; what needs another follows it.

        Args:
            jobs: folders and names must differ.
            stage: of the ledger and of messages.
            on_done: called on rank 0 whenever a training is whole.

        Raises:
            Interrupted: `place.should_stop` said so; the same call goes on.
        """
        waiting = [job for job in jobs if not job.is_done]
        if not waiting:
            return
        for job in waiting:
            self._tell_damage(job.folder)
        self.console.say(f"{stage}: {', '.join(job.name for job in waiting)}")
        for job, made in retrain_all(waiting, self.place, num_workers=self.num_workers):
            if self.place.runtime.is_main:
                self._keep(job, made, stage=stage)
                if on_done is not None:
                    on_done(job)
            self.place.runtime.barrier()  # others may begin with its weights

    def _keep(self, job: MemberJob, made: Made, *, stage: str) -> None:
        keep(job.folder, made, self.place.data)
        (job.folder / CHECKPOINT).unlink(missing_ok=True)
        seconds, images = made.seconds, made.num_images
        self.books.put(stage, job.name, seconds=seconds, images=images, evaluations=1)
        self.console.say(
            f"{stage}: {job.name}: {made.search.accuracy:.2%} on the search split, {seconds:.0f} s"
        )

    def slice_into(
        self, folder: Path, running: Architecture, *, supernet: Callable[[], SharedWeights]
    ) -> None:
        """Cut what a path runs out of a supernet, unless that is done.

        Identities are folded where they fold, so that the network in `folder` may be another.

        Args:
            folder: where the slice is kept.
            running: what the path runs.
            supernet: makes or loads the supernet; called only where there is something to cut.

        Raises:
            Invalid: if the supernet is coupled, or cannot be had.
        """
        if is_done(folder):
            return
        self._tell_damage(folder)
        data, runtime = self.place.data, self.place.runtime
        made = slice_member(
            supernet(), running, data=data, runtime=runtime, settings=self.place.settings
        )
        if runtime.is_main:
            keep(folder, made, data)
        runtime.barrier()

    def _tell_damage(self, folder: Path) -> None:
        if what := damage(folder):
            self.console.say(f"{folder}: {what}; made again")
