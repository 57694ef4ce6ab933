"""The model card: what a member is, how good, how it was found, and how to use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from escalade.artefacts import digests
from escalade.artefacts.files import write_text
from escalade.artefacts.image_list import Digests
from escalade.config.ways_to_weights import CALLED
from escalade.core.numbers.score_words import SCORE_WORDS, ScoreWords
from escalade.core.numbers.shown import BYTES, amount, gap, interval, percent
from escalade.core.scaling.extrapolation import is_told
from escalade.core.values.codec import encode
from escalade.data.splits.duplicates import Duplicates, SeenBefore
from escalade.evaluate.score import ClassScore, Score
from escalade.family.family import FamilyMember
from escalade.family.packaging.package import Package

FILE = "README.md"
MAX_CLASSES, MAX_RECALLS = 100, 20
COSTS = {"macs": "multiply-adds", "params": "parameters", "activations": "activations"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card says beyond the member and its package.

    Attributes:
        digests: of the three splits, by which anybody can tell whether images are these.
        budget_kind: macs, params, activations, memory or latency.
        tolerance: of the budget, relative; None for a member that was given none.
        search: accuracy on the search split; where it chose the network, it flatters.
        test: accuracy on the test split by class, measured once.
        chosen: whether the search images chose the architecture.
        duplicates: images that stood in two splits.
        seen: what a network that came before had learned from, where there was one.
        scored: what the search had measured before, on the search split: name and score of each.
        scaling: ratios to the reference, `depth`, `width`, `resolution`.
        reference: the network that was scaled.
        interval: of a grown member's predicted ratios, name to (low, high).
        recipe: settings of the training, name to value.
        notes: further sentences, such as which start was better.
        found: how the member was found, where that was no joint search.
        beside: what the plain rival of the member reaches, or whose place that has taken.
    """

    data: str
    num_train: int
    digests: Digests
    budget_kind: str
    tolerance: float | None
    search: Score | None = None
    test: ClassScore | None = None
    chosen: bool = True
    duplicates: Duplicates = field(default_factory=Duplicates)
    seen: SeenBefore | None = None
    scored: tuple[tuple[str, Score], ...] = ()
    scaling: Mapping[str, float] | None = None
    reference: str = "the base"
    interval: Mapping[str, tuple[float, float]] | None = None
    recipe: Mapping[str, object] | None = None
    notes: tuple[str, ...] = ()
    found: str = ""
    beside: str = ""


def write(folder: Path, *, member: FamilyMember, package: Package, facts: Facts) -> None:
    """Write the card as README.md into a member's folder."""
    write_text(folder / FILE, card(member, package=package, facts=facts))
    digests.seal(folder, FILE)


def card(member: FamilyMember, *, package: Package, facts: Facts) -> str:
    """The card's Markdown; whatever a user named is escaped."""
    sections = [
        _head(member, package, facts),
        _costs(member, facts),
        _accuracy(facts, SCORE_WORDS[package.task]),
        _origin(member, facts),
        _training(member, facts),
        _data(facts),
        _input(package),
        _answers(package),
        _use(),
        _licence(package.licence),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def escape(text: str) -> str:
    """A user's text as plain Markdown: on one line, without markup, HTML or table bars."""
    plain = " ".join(text.split())
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(r"([\\`*_{}\[\]()#!|~$:@])", r"\\\1", plain)
    return re.sub(r"^([-+])", r"\\\1", plain)  # a list where it begins a line


def _head(member: FamilyMember, package: Package, facts: Facts) -> str:
    names = [escape(name) for name in package.classes[:MAX_CLASSES]]
    more = len(package.classes) - len(names)
    shown = ", ".join(names) + (f" and {more} more (in config.json)" if more else "")
    several = ", of which an image may have several," if package.task == "multilabel" else ""
    return (
        f"# {escape(member.name)}: {escape(facts.data)}\n\n"
        f"An image classifier for {len(package.classes)} classes{several} at {member.resolution} x "
        f"{member.resolution} pixels, a member of a family of networks for a ladder of compute "
        f"budgets, made by Escalade.\n\nClasses: {shown}"
    )


def _costs(member: FamilyMember, facts: Facts) -> str:
    rows = [f"| {COSTS[key]} | {getattr(member, key):,} |" for key in COSTS]
    rows += [
        f"| {name}: peak memory, weights | {amount(getattr(member, kind), kind)}, "
        f"{amount(member.params * BYTES[kind], kind)} |"
        for name, kind in (("fp32", "memory"), ("INT8", "memory_int8"))
    ]
    if member.latency is not None:
        rows.append(f"| predicted latency | {amount(member.latency, 'latency')} |")
    if facts.tolerance is not None:
        budget = f"{facts.budget_kind} {amount(member.budget, facts.budget_kind)}"
        rows.append(f"| budget | {budget} &plusmn; {percent(facts.tolerance, digits=None)} |")
        cost = getattr(member, facts.budget_kind)
        if cost is not None:
            rows.append(f"| gap to the budget | {gap(cost / member.budget - 1)} |")
    return "\n".join(["## Costs\n", "| | one image |", "|---|---|", *rows])


def _accuracy(facts: Facts, measure: ScoreWords) -> str:
    title = f"## {measure.name.capitalize()}\n"
    rows = []
    test = facts.test.total if facts.test else None
    for name, found in (("test", test), ("search", facts.search), *facts.scored):
        if found is not None:
            share, between = percent(found.accuracy, digits=2), interval(found.interval)
            rows.append(f"| {name} | {share} | {between} % | {found.num_images:,} |")
    if not rows:
        return f"{title}\nNot measured."
    table = [f"| images | {measure.name} | 95 % interval | number |", "|---|---|---|---|", *rows]
    beside = [f"\n{escape(_sentence(facts.beside))}"] if facts.beside else []
    told = [_part_played(facts, measure), *beside, *_by_class(facts.test, measure)]
    return "\n".join([title, *table, "", *told])


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _part_played(facts: Facts, measure: ScoreWords) -> str:
    """What the images had to do with the network."""
    doubled = facts.duplicates
    told = "The test images played no part in training or choosing."
    if doubled.kept and doubled.test:
        told = (
            f"{doubled.test:,} of the test images are training or search images, too, so that the "
            f"{measure.name} flatters (`dataset.duplicates` kept them); the others played no part "
            "in training or choosing."
        )
    elif doubled.test:
        told += f" {doubled.test:,} that were training or search images, too, were taken out."
    if facts.seen is not None:
        told += _seen(facts.seen, measure)
    if facts.chosen:
        told += " The search images chose the architecture, "
        told += f"so that {measure.name} flatters a little."
    return told


def _seen(seen: SeenBefore, measure: ScoreWords) -> str:
    """What a network that came before had to do with the test images."""
    by, told = escape(seen.by), ""
    if seen.test and seen.kept:
        told = (
            f" But {seen.test:,} of them are among the images that {by} had learned from or been "
            f"chosen on before, so that the {measure.name} flatters (`dataset.duplicates` kept "
            "them)."
        )
    elif seen.test:
        told = f" {seen.test:,} that {by} had learned from or been chosen on were taken out."
    if seen.unknown:
        told += (
            f" That is of this training; whether {by} had learned from some of them before is not "
            f"known: {escape(seen.unknown)}."
        )
    elif not seen.test:
        told += f" None is among the images that {by} had learned from or been chosen on."
    return told


def _by_class(test: ClassScore | None, measure: ScoreWords) -> list[str]:
    """The score of every class, or the least ones, and what the score of all stands on."""
    if test is None or not test.counts.total:
        return []
    counts = test.counts
    told = [f"\n{escape(caution)}" for caution in counts.cautions()]
    recalls = list(zip(counts.recalls(test.correct), counts.classes, counts.images, strict=True))
    heading = "class"
    if len(recalls) > MAX_RECALLS:
        recalls = sorted(recalls, key=lambda row: 1.0 if row[0] is None else row[0])[:MAX_RECALLS]
        heading = f"the {MAX_RECALLS} classes of least {measure.of_class}"
    rows = [f"| {escape(name)} | {percent(recall)} | {num:,} |" for recall, name, num in recalls]
    if test.balanced is not None:
        mean = percent(test.balanced, digits=2)
        told.append(f"\nBalanced accuracy (mean recall of the classes): {mean}")
    header = f"| {heading} | {measure.of_class} | test images |"
    return [*told, "", header, "|---|---|---|", *rows]


def _origin(member: FamilyMember, facts: Facts) -> str:
    if facts.found:
        text = facts.found
    elif member.origin == "searched":
        text = (
            f"Stage {member.stage:g} of a joint search for a base network and its scaling "
            "strategies in one weight-sharing supernet (ScaleNet)."
        )
    elif member.origin == "rival":
        text = (
            "A plain network, scaled by a rule to the budget: nobody searched it. It was clearly "
            "better on the search images than what had been found."
        )
    else:
        text = (
            f"Grown to stage {member.stage:g}: nobody searched this size. Its scaling follows the "
            "rule fitted through the searched stages, so it is an extrapolation."
        )
    lines = ["## How it was found\n", text]
    for name, ratio in (facts.scaling or {}).items():
        low, high = (facts.interval or {}).get(name, (None, None))
        between = ""
        if low is not None and high is not None:
            between = f", predicted between {low:.3f} and {high:.3f}"
            if not is_told(low, high):
                between = ", which the searched stages cannot tell"
        lines.append(f"- {name}: {ratio:.3f} times {facts.reference}'s{between}")
    if facts.scaling:
        lines.insert(2, "")
    return "\n".join(lines)


def _training(member: FamilyMember, facts: Facts) -> str:
    lines = [
        "## Training\n",
        f"Weights: {CALLED[member.weights].made}; {facts.num_train:,} training images of "
        f"{escape(facts.data)}. Batch-norm statistics come from training images at the end.",
    ]
    if facts.recipe:
        shown = [f"{escape(key)} {escape(str(value))}" for key, value in facts.recipe.items()]
        lines.append("\nRecipe: " + "; ".join(shown))
    lines += [f"\n{escape(note)}" for note in facts.notes]
    return "\n".join(lines)


def _data(facts: Facts) -> str:
    rows = [f"| {name} | `{digest}` |" for name, digest in encode(facts.digests).items()]
    table = ["## Images\n", "| split | SHA-256 of its pixels and labels |", "|---|---|", *rows]
    return "\n".join(table)


def _input(package: Package) -> str:
    return f"## Input\n\n{package.preprocessing.describe()}"


def _answers(package: Package) -> str:
    """What logits say, where that does not go without saying."""
    if package.task == "classification":
        return ""
    from escalade.family.packaging.script import THRESHOLD  # which loads timm

    return (
        "## Output\n\nA logit for each class; its sigmoid is the probability that the image has "
        "the class, and probabilities of several classes do not add up to one. `python model.py` "
        f"names the classes of {percent(THRESHOLD, digits=0)} or more, where missing a class and "
        "naming one too many cost alike; another threshold (`THRESHOLD` in `model.py`) trades "
        "one for the other. Average precision, by which the network was chosen, depends on no "
        "threshold. Intervals are by a jackknife over images; of scores that the search had an "
        "estimate, as of a share."
    )


def _use() -> str:
    parts = [
        "## How to load\n",
        "Without Escalade (torch, timm, safetensors, pillow): `python model.py IMAGE...`, or "
        "`from model import load, prepare`.\n",
        "With timm:\n",
        "```python\nimport escalade.timm\nimport timm\n\n"
        'model = timm.create_model("local-dir:THIS_FOLDER", pretrained=True).eval()\n```',
    ]
    return "\n".join(parts)


def _licence(of_start: str | None) -> str:
    """What is known of the licence.

    Args:
        of_start: of pretrained weights that these began as.
    """
    own = (
        "The weights derive from the training data: their licence is for whoever trained them to "
        "state, under the terms of that data. None is given here."
    )
    if of_start is not None:
        own = (
            "The weights began as those of a pretrained network, whose source states the licence "
            f"{escape(of_start)}: its terms go with them (`license` in config.json and in "
            f"model.onnx). {own}"
        )
    return f"## Licence\n\n{own}"
