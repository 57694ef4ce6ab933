"""The card's last section: exports that were written and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from escalade.artefacts import digests
from escalade.artefacts.files import write_text
from escalade.artefacts.quantisations import QuantisedMember, Tuning
from escalade.core.numbers.score_words import ScoreWords
from escalade.core.numbers.shown import amount, percent
from escalade.family.exports.executorch_export import PTE_FILE
from escalade.family.exports.exporting import ONNX_FILE, PROGRAM_FILE
from escalade.family.exports.parity import Parity
from escalade.family.exports.quantising import INT8_FILE
from escalade.family.packaging.card import FILE

TITLE = "## Exports"
INSIDE = "input `pixels` (batch, channels, height, width) bytes of any size, output `logits`"
USES = {
    ONNX_FILE: "input `image` (batch, channels, side, side) float, output `logits`",
    PROGRAM_FILE: 'no model code needed: `torch.export.load("program.pt2").module()`',
    PTE_FILE: "for ExecuTorch (XNNPACK): input (1, channels, side, side) float, output logits",
}


def is_noted(folder: Path, name: str) -> bool:
    """Whether an export needs no line on a member's card: it has one, or there is no card."""
    path = folder / FILE
    return not path.exists() or f"\n- `{name}`: " in path.read_text(encoding="utf-8")


def add_exports(folder: Path, written: Sequence[Parity]) -> None:
    """Note exports on a member's card, if it has one; a file noted before is noted anew."""
    told = {
        parity.name: f"{_takes(parity)}; largest difference from the torch network on "
        f"{parity.num_images} real images {parity.max_difference:.0e} of the largest logit"
        for parity in written
    }
    _note(folder, told)


def _takes(parity: Parity) -> str:
    """How an export is used."""
    if parity.inside:
        return f"{INSIDE}; preprocessing is inside"
    batches = "one at a time" if parity.name == PTE_FILE else "in batches of any size"
    return f"{USES[parity.name]}; takes prepared images {batches}"


def add_int8(folder: Path, told: str) -> None:
    """Note the INT8 file on a member's card, with what is told of it."""
    _note(folder, {INT8_FILE: told})


def in_words(found: QuantisedMember, *, words: ScoreWords, has_spaces: bool = True) -> str:
    """A member as INT8, in words.

    Args:
        found: its figures.
        words: of scores.
        has_spaces: whether another space would do; none would for a run from a network, whose
            kinds of blocks are fixed.
    """
    times = ", ".join(
        f"{name} {amount(each.median, 'latency')}"
        for name, each in (("INT8", found.int8_latency), ("fp32", found.fp32_latency))
    )
    text = (
        f"INT8 by static quantisation, per channel, ranges by {found.calibration} from "
        f"{found.num_calibration:,} training images; {words.name} on the {found.num_images:,} "
        f"search images {percent(found.int8, digits=2)}, {100 * -found.loss:+.2f} points "
        f"to fp32; by onnxruntime where it was exported: {times}"
    )
    if found.tuning is not None:
        text = f"{text}; {_tuned(found.tuning)}"
    if not found.layers:
        return text
    named = ", ".join(f"`{each.name}` ({percent(each.share, digits=0)})" for each in found.layers)
    offers = [f"{text}; the layers that cost most, by their shares of the error: {named}"]
    if found.wants_tuning:
        offers.append("`escalade quantise RUN --tune` may get some of it back")
    if has_spaces:
        offers.append(
            "spaces whose names end with `_int8` have neither squeeze-excitation nor hard swish"
        )
    return "; ".join(offers)


def _tuned(tuning: Tuning) -> str:
    """What training with the rounding in place was worth."""
    steps = f"{tuning.num_steps:,} steps of training with the rounding in place"
    if tuning.after is None:
        return f"{steps} were tried, and diverged"
    verdict = "kept" if tuning.is_kept else "not kept"
    before, after = percent(tuning.before, digits=2), percent(tuning.after, digits=2)
    return f"{steps} brought it from {before} to {after} ({verdict})"


def _note(folder: Path, told: Mapping[str, str]) -> None:
    """Put files, and what is told of each, on the card."""
    path = folder / FILE
    if not path.exists():
        return
    text, _, section = path.read_text(encoding="utf-8").partition(f"\n{TITLE}\n")
    lines = {_name(line): line for line in section.splitlines() if line.startswith("- `")}
    lines |= {name: f"- `{name}`: {words}" for name, words in told.items()}
    if lines:
        shown = "\n".join(lines[name] for name in sorted(lines))
        write_text(path, f"{text}\n{TITLE}\n\n{shown}\n")
        digests.seal(folder, FILE)


def _name(line: str) -> str:
    return line.split("`")[1]
