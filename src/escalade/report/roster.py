"""The family as search, growth, family and ledger tell it, as far as the run has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.statistics import binomial_standard_error
from escalade.report.artefacts import Run
from escalade.report.member import Latency, Member, Share
from escalade.report.running import running


def members(run: Run) -> tuple[Member, ...]:
    """All members known so far, from the smallest stage to the largest."""
    searched = {f"S{s['stage']:g}": s for s in (run.search or {}).get("stages", ())}
    grown = {m["name"]: m for m in (run.growth or {}).get("members", ())}
    finished = {m["name"]: m for m in (run.family or {}).get("members", ())}
    rows = {}
    for name in [*searched, *grown, *finished]:
        origin = "grown" if name in grown else "searched"
        found = {"name": name, "origin": origin} | dict(searched.get(name) or grown.get(name) or {})
        rows[name] = found | finished.get(name, {})
    ordered = sorted(rows.values(), key=lambda row: float(row["stage"]))
    return tuple(_member(i, row, run) for i, row in enumerate(ordered))


def budget_kind(run: Run) -> str:
    """What the run's budgets count."""
    return str((run.family or run.search or {}).get("budget_kind", "macs"))


def trained_alone(run: Run) -> bool:
    """Whether there is no supernet: a design space's networks were trained one by one."""
    return "models" in (run.search or {})


def chosen_on_front(run: Run) -> bool:
    """Whether nobody set budgets: a front's members have their own costs as budgets."""
    return "front" in (run.search or {}) and not run.settings.get("budgets")


def _member(index: int, row: Mapping[str, Any], run: Run) -> Member:
    architecture = _architecture(row, run)
    measured = _latency(row["name"], run)
    return Member(
        index=index,
        name=str(row["name"]),
        stage=float(row["stage"]),
        origin=str(row["origin"]),
        weights=row.get("weights"),
        budget=float(row["budget"]),
        gap=_gap(row, budget_kind(run), measured),
        macs=row["macs"],
        params=row["params"],
        activations=row["activations"],
        latency=measured,
        search=_search(row, run),
        test=_test(row, run),
        resolution=architecture.resolution if architecture else row.get("resolution"),
        architecture=architecture,
        running=running(run, row.get("genome")) if row["origin"] == "searched" else None,
        folder=f"family/{row['folder']}" if "folder" in row else None,
    )


def _architecture(row: Mapping[str, Any], run: Run) -> Architecture | None:
    if row.get("folder") in run.architectures:
        return run.architectures[row["folder"]]
    stated = row.get("architecture")
    return Architecture.from_json(stated, where=f"{row['name']}.architecture") if stated else None


def _gap(row: Mapping[str, Any], kind: str, measured: Latency | None) -> float | None:
    """Signed relative distance from the budget of the network that is in the family."""
    if kind in row:
        return float(row[kind]) / float(row["budget"]) - 1
    if row.get("gap") is None and measured is not None:
        return measured.median / float(row["budget"]) - 1
    return row.get("gap")


def _search(row: Mapping[str, Any], run: Run) -> Share | None:
    """The searched score with its error; where the family measured anew, that value's."""
    score, error = row.get("score"), row.get("standard_error")
    measured = row.get("accuracy", {}).get("search")
    if measured is None:
        return None if score is None else Share(value=score, standard_error=error)
    num_images = (run.plan or {}).get("split", {}).get("search")
    if num_images:
        error = binomial_standard_error(measured, num_images=num_images)
    return Share(value=measured, standard_error=error)


def _test(row: Mapping[str, Any], run: Run) -> Share | None:
    share = row.get("accuracy", {}).get("test")
    if share is None:
        return None
    num_images = _num_test_images(row["name"], run)
    error = binomial_standard_error(share, num_images=num_images) if num_images else None
    return Share(value=share, standard_error=error)


def _num_test_images(name: str, run: Run) -> int:
    """From the plan's split, else from the ledger's test of this member."""
    tested = [e["images"] for e in run.ledger if e["stage"] == "test" and e.get("name") == name]
    planned = (run.plan or {}).get("split", {}).get("test")
    return int(planned or max(tested, default=0))


def _latency(name: str, run: Run) -> Latency | None:
    measured = run.latency or {}
    found = measured.get("members", {}).get(name)
    if found is None:
        return None
    return Latency(
        median=found["median"],
        low=found.get("low"),
        high=found.get("high"),
        batch_size=measured.get("batch_size"),
        device=str(measured.get("device") or ""),
    )
