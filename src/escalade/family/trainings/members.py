"""Where the members' weights come from: slices, and trainings that begin with what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from escalade.artefacts.run_folder import RunFolder, command
from escalade.config.member_training import RetrainConfig
from escalade.config.ways_to_weights import trained_alone
from escalade.core.numbers.shown import percent
from escalade.core.values.invalid import Invalid
from escalade.family.family import Weights
from escalade.family.member_candidates import Candidate
from escalade.family.trainings.alone import RetrainJob, better_start
from escalade.family.trainings.equal_time import look_images
from escalade.family.trainings.jobs import CHECKPOINT, MemberJob
from escalade.family.trainings.kept import kept_network, read_made
from escalade.family.trainings.members_together import TogetherJob
from escalade.family.trainings.workshop import Workshop
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import digest, is_trained, read_facts, save_weights

TOGETHER = "together"  # the training of all searched members
STARTS = {"warm": "with those weights", "scratch": "from scratch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWeights:
    """Where a member's weights are, what they are called, and what its card says of them."""

    folder: Path
    weights: Weights
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MemberTrainings:
    """Makes the weights of a run's members.

    Attributes:
        settings: with `searched` and `grown` stated.
        least: the smallest member's budget.
        load_supernet: the trained supernet; or, given a file, that of the weights in it.
    """

    workshop: Workshop
    settings: RetrainConfig
    least: float
    seed: int
    run: RunFolder
    load_supernet: Callable[[Path], SharedWeights]

    def make(
        self,
        everyone: Sequence[Candidate],
        missing: Sequence[Candidate],
        *,
        beside: Sequence[RetrainJob] = (),
    ) -> dict[str, MemberWeights]:
        """Make the weights of the missing members, by name; other networks train beside them.

        Grown members may begin with the weights of the one before, the first with those of the
        largest searched one; where a slice may keep identities, which no grown member has, that
        one is then trained alone, too.
        """
        way, grown_from = self.settings.way, self.settings.grown
        assert grown_from is not None
        searched = [each for each in everyone if each.origin == "searched"]
        grown = [each for each in missing if each.origin == "grown"]
        largest = searched[-1]
        needs_largest = bool(grown) and grown_from != "scratch"
        alone = needs_largest and largest.keeps_identities and way.uses_slices
        first = [each for each in missing if each.origin == "searched"]
        kept = list(first)
        if needs_largest and not alone and largest not in first:
            first.append(largest)
        self._slice(first, searched)
        jobs: list[MemberJob] = [*beside]
        if way.in_turn and first:
            jobs += self._row(searched[: searched.index(first[-1]) + 1], way.folder)
        elif way.alone:
            from_slice = way.uses_slices
            jobs += [self._job(each, way.folder, from_slice=from_slice) for each in first]
        if grown_from in ("scratch", "both"):
            jobs += [self._job(each, "scratch") for each in grown]
        looked = next((each for each in everyone if each.origin == "grown"), None)
        if looked and grown and grown_from == "look":
            jobs.append(self._look(looked, "scratch"))
        if alone:
            jobs.append(self._job(largest, "scratch"))
        self.workshop.train(jobs, all_threads=way.in_turn and not beside)
        made = {
            each.name: MemberWeights(folder=self.folder(each, way.folder), weights=way.called)
            for each in kept
        }
        if not needs_largest:
            return made | {each.name: self._grown(each, grown_from) for each in grown}
        start, note = self.folder(largest, "scratch" if alone else way.folder), ""
        if looked and grown_from == "look":
            self.workshop.train([self._look(looked, "warm", start=start)])
            grown_from, note = self._better_look(looked)
        if grown_from == "scratch":
            self.workshop.train([self._job(each, grown_from) for each in grown])
        else:
            row = [
                each for each in everyone[: everyone.index(grown[-1]) + 1] if each.origin == "grown"
            ]
            row_jobs = self._row(row, "warm", start=start)
            self.workshop.train(row_jobs, all_threads=way.in_turn)
        return made | {each.name: self._grown(each, grown_from, note) for each in grown}

    def folder(self, candidate: Candidate, kind: str) -> Path:
        """Of one way to a member's weights."""
        return self.run.training / f"{candidate.label}-{kind}"

    def slice_folder(self, candidate: Candidate) -> Path:
        """Of a searched member as the supernet has it in the end."""
        return self.folder(candidate, TOGETHER if self.settings.way.together else "slice")

    def _slice(self, candidates: Sequence[Candidate], searched: Sequence[Candidate]) -> None:
        """Cut what needs a slice: to be kept, to train on from, or to tell of its identities."""
        supernet: Callable[[], SharedWeights] = cache(
            lambda: (
                self._together(searched)
                if self.settings.way.together
                else self.load_supernet(self.run.supernet)
            )
        )
        for each in candidates:
            if self.settings.way.uses_slices or each.keeps_identities:
                folder = self.slice_folder(each)
                self.workshop.slice_into(folder, each.running, supernet=supernet)

    def _job(
        self,
        candidate: Candidate,
        kind: str,
        *,
        start: Path | None = None,
        from_slice: bool = False,
    ) -> RetrainJob:
        num_train = len(self.workshop.place.data.train)
        ratio = candidate.budget / self.least
        start = self.slice_folder(candidate) if from_slice else start
        how = self.settings
        recipe = how.recipe_alone if start is None else how.recipe_from_weights
        return RetrainJob(
            name=f"{candidate.label}-{kind}",
            architecture=kept_network(start) if from_slice and start else candidate.architecture,
            recipe=recipe(num_train, ratio=ratio, effort=candidate.effort),
            seed=self.seed,
            folder=self.folder(candidate, kind),
            start=start,
        )

    def _row(
        self, candidates: Sequence[Candidate], kind: str, *, start: Path | None = None
    ) -> list[RetrainJob]:
        """Trainings one after another: each begins with the weights of the one before."""
        jobs: list[RetrainJob] = []
        for each in candidates:
            jobs.append(self._job(each, kind, start=jobs[-1].folder if jobs else start))
        return jobs

    def _look(self, candidate: Candidate, kind: str, *, start: Path | None = None) -> RetrainJob:
        """A short training from one of two starts."""
        job = self._job(candidate, kind, start=start)
        batch_size = job.recipe.batch_size
        images = job.recipe.num_images(len(self.workshop.place.data.train))
        steps = look_images(images, batch_size=batch_size) // batch_size
        kind = f"look-{kind}"
        return replace(
            job,
            name=f"{candidate.label}-{kind}",
            recipe=replace(job.recipe, epochs=None, steps=max(1, steps)),
            folder=self.folder(candidate, kind),
        )

    def _better_look(self, candidate: Candidate) -> tuple[str, str]:
        """The start that all grown members have, and why."""
        scratch, warm = (
            read_made(self.folder(candidate, f"look-{kind}")) for kind in ("scratch", "warm")
        )
        better = "warm" if warm.search.accuracy > scratch.search.accuracy else "scratch"
        note = (
            f"Grown members begin {STARTS[better]}: after {warm.num_steps:,} steps "
            f"{candidate.name} reached {percent(warm.search.accuracy, digits=2)} on the search "
            "images with the largest searched member's weights, "
            f"{percent(scratch.search.accuracy, digits=2)} from scratch."
        )
        return better, note

    def _grown(self, candidate: Candidate, way: str, note: str = "") -> MemberWeights:
        """Which weights a grown member keeps."""
        if way != "both":
            return MemberWeights(
                folder=self.folder(candidate, way),
                weights=trained_alone(from_weights=way == "warm"),
                notes=(note,) if note else (),
            )
        folders = {kind: self.folder(candidate, kind) for kind in ("scratch", "warm")}
        scratch, warm = (read_made(folders[kind]) for kind in ("scratch", "warm"))
        choice = better_start(scratch=scratch, warm=warm)
        self.workshop.console.say(f"retrain: {candidate.name}: {choice.note}")
        return MemberWeights(
            folder=folders["warm" if choice.is_warm else "scratch"],
            weights=trained_alone(from_weights=choice.is_warm),
            notes=(choice.note,),
        )

    def _together(self, searched: Sequence[Candidate]) -> SharedWeights:
        """Train the searched members on in the supernet, all in every step, unless that is done.

        The file remembers from which weights, and with whom.
        """
        supernet = self.load_supernet(self.run.supernet)
        members = {each.path.key: each.path for each in searched if each.path is not None}
        job = TogetherJob(
            name=TOGETHER,
            members=tuple(members.values()),
            distillation=self.settings.distillation,
            recipe=self.settings.recipe_together(len(self.workshop.place.data.train)),
            seed=self.seed,
            folder=self.run.training / TOGETHER,
            start=digest(supernet),
        )
        # One entry, since the file has several in no fixed order.
        facts = {"made_of": " ".join([job.start, *members])}
        runtime = self.workshop.place.runtime
        if runtime.broadcast(runtime.is_main and is_trained(self.run.together)):
            self._check_together(facts)
            supernet = self.load_supernet(self.run.together)
        else:
            names = ", ".join(each.name for each in searched)
            self.workshop.console.say(f"retrain: {names} together in the supernet")
            self._train_together(job, supernet, facts)
        if runtime.is_main:
            (job.folder / CHECKPOINT).unlink(missing_ok=True)
        runtime.barrier()
        return supernet

    def _train_together(
        self, job: TogetherJob, supernet: SharedWeights, facts: dict[str, str]
    ) -> None:
        runtime, books = self.workshop.place.runtime, self.workshop.books
        result = job.train_in(supernet, self.workshop.place)
        num, images = runtime.num_devices, result.num_images
        books.put("retrain", TOGETHER, seconds=result.seconds, num_devices=num, images=images)
        if runtime.is_main:
            save_weights(supernet, self.run.together, facts=facts)

    def _check_together(self, facts: dict[str, str]) -> None:
        again = f"run {command('retrain', self.run.path)}"
        if read_facts(self.run.together, remedy=again) != facts:
            raise Invalid(
                "other members trained together there, or from another supernet",
                path=(str(self.run.together),),
                remedy=f"delete it, {self.run.training} and {self.run.family}, and {again}",
            )
