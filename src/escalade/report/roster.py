"""The family as search, growth, family and ledger tell it, as far as the run has come."""

from __future__ import annotations

from escalade.artefacts.grown import GrownMember
from escalade.artefacts.searched import SearchedStage
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.numbers.score_words import LabelTask
from escalade.core.numbers.statistics import binomial_standard_error, wilson_interval
from escalade.core.values.codec import encode
from escalade.family.family import FamilyMember, PlainRival
from escalade.report.contents import Contents
from escalade.report.family_row import FamilyRow, Rival, Share

TOLERANCE = 0.05
Found = SearchedStage | GrownMember


def family_rows(run: Contents) -> tuple[FamilyRow, ...]:
    """All members known so far, from the smallest stage to the largest."""
    found: dict[str, Found] = {s.name: s for s in run.search.stages} if run.search else {}
    found |= {m.name: m for m in run.growth.members} if run.growth else {}
    finished = {member.name: member for member in run.family or ()}
    known = {name: finished.get(name) or found[name] for name in [*found, *finished]}
    ordered = sorted(known, key=lambda name: known[name].stage)
    rows = ((found.get(name), finished.get(name)) for name in ordered)
    return tuple(_row(i, before, member, run) for i, (before, member) in enumerate(rows))


def data_name(run: Contents) -> str:
    """The data set as the run names it."""
    planned = run.plan.data if run.plan else "an unnamed data set"
    return str(run.family.data if run.family else run.settings.get("data") or planned)


def task(run: Contents) -> LabelTask:
    """Whether every image has one class, or may have several."""
    if run.plan is not None:
        return run.plan.task
    tested = run.family.tested if run.family else None
    return "multilabel" if tested is not None and tested.of_several else "classification"


def budget_kind(run: Contents) -> str:
    """What the run's budgets count."""
    stated = run.family or run.search
    return stated.budget_kind if stated else "macs"


def tolerance(run: Contents) -> float:
    """The budgets' relative tolerance that the run was made with."""
    return float(run.settings.get("tolerance", TOLERANCE))


def trained_alone(run: Contents) -> bool:
    """Whether there is no supernet: a design space's networks were trained one by one."""
    return run.search is not None and run.search.models is not None


def chosen_on_front(run: Contents) -> bool:
    """Whether nobody set budgets: a front's members have their own costs as budgets."""
    return bool(run.search and run.search.front and not run.settings.get("budgets"))


def class_counts(run: Contents) -> dict[str, ClassCounts]:
    """Images of each class by split, as far as the run has it."""
    counts = {}
    if run.plan:
        sizes = encode(run.plan.split) if task(run) == "multilabel" else {}
        counts = {
            name: ClassCounts(
                classes=run.plan.classes, images=tuple(images), of_several=sizes.get(name)
            )
            for name, images in encode(run.plan.images).items()
        }
    if run.family and run.family.tested:
        counts["test"] = run.family.tested
    return counts


def _row(
    index: int, found: Found | None, finished: FamilyMember | None, run: Contents
) -> FamilyRow:
    """A member: `found` as search or growth left it, `finished` as the family has it."""
    row = finished or found
    assert row is not None
    stated = run.architectures.get(finished.folder) if finished else None
    shape = stated or (found.architecture if found else None)
    measured = run.latency.members.get(row.name) if run.latency else None
    origin = "grown" if isinstance(found, GrownMember) else "searched"
    is_rival = finished is not None and finished.origin == "rival"
    beside = run.family.rival_of(row.name) if run.family else None
    gap = _gap(found, finished, budget_kind(run))
    return FamilyRow(
        index=index,
        name=row.name,
        stage=row.stage,
        origin=finished.origin if finished else origin,
        weights=finished.weights if finished else None,
        budget=row.budget,
        gap=gap,
        outside=gap is not None and abs(gap) > tolerance(run) + 1e-9,
        macs=row.macs,
        params=row.params,
        activations=row.activations,
        memory=cost.of(shape).memory if shape else None,
        latency=measured,
        int8=run.int8.members.get(row.name) if run.int8 else None,
        search=_search(found, finished, run),
        test=_test(finished.accuracy.test, finished.name, run) if finished else None,
        balanced=finished.accuracy.balanced if finished else None,
        recalls=_recalls(finished, run),
        resolution=shape.resolution if shape else None,
        architecture=shape,
        running=None if is_rival else _runs(found),
        folder=f"family/{finished.folder}" if finished else None,
        rival=None if beside is None else _rival(beside, run),
    )


def _gap(found: Found | None, finished: FamilyMember | None, kind: str) -> float | None:
    """Signed relative distance from the budget of the network that is in the family."""
    value: float | None = getattr(finished, kind, None)
    if finished and value is not None:
        return value / finished.budget - 1
    return found.gap if found else None


def _search(found: Found | None, finished: FamilyMember | None, run: Contents) -> Share | None:
    """The searched score; where the family measured anew, that value."""
    stage = found if isinstance(found, SearchedStage) else None
    measured = finished.accuracy.search if finished else None
    if measured is None and stage is not None:
        measured = stage.score
    if measured is None:
        return None
    return _of_images(measured, run.plan.split.search if run.plan else _num_images(stage))


def _num_images(stage: SearchedStage | None) -> int:
    """How many images a score was measured on, by its standard error; 0 where that does not say."""
    if stage is None or stage.score is None or not stage.standard_error:
        return 0
    return round(stage.score * (1 - stage.score) / stage.standard_error**2)


def _runs(found: Found | None) -> Architecture | None:
    return found.runs if isinstance(found, SearchedStage) else None


def _rival(beside: PlainRival, run: Contents) -> Rival:
    """What stands beside a member, or in its place."""
    search, before = beside.accuracy.search, beside.replaced
    num_images = run.plan.split.search if run.plan else 0
    return Rival(
        base=beside.base,
        rule=beside.rule,
        macs=beside.macs,
        activations=beside.activations,
        search=None if search is None else _of_images(search, num_images),
        test=_test(beside.accuracy.test, beside.member, run),
        architecture=beside.architecture,
        replaced=None if before is None else _test(before.accuracy.test, beside.member, run),
    )


def _of_images(share: float, num_images: int) -> Share:
    """A share of so many images; none says that their number is not known."""
    if not num_images:
        return Share(value=share)
    return Share(
        value=share,
        standard_error=binomial_standard_error(share, num_images=num_images),
        interval=wilson_interval(share, num_images=num_images),
    )


def _test(share: float | None, name: str, run: Contents) -> Share | None:
    """Test accuracy; the number of images is the plan's, or that of the ledger's test."""
    if share is None:
        return None
    tested = [e.images for e in run.ledger if (e.stage, e.name) == ("test", name)]
    num_images = run.plan.split.test if run.plan else max(tested, default=0)
    return _of_images(share, num_images)


def _recalls(finished: FamilyMember | None, run: Contents) -> tuple[float | None, ...]:
    tested = run.family.tested if run.family else None
    correct = finished.accuracy.correct if finished else None
    return tested.recalls(correct) if tested and correct else ()
