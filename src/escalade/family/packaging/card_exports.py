"""The card's last section: exports that were written and compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from escalade.artefacts import digests
from escalade.artefacts.files import write_text
from escalade.family.exports.exporting import ONNX_FILE, PROGRAM_FILE
from escalade.family.exports.parity import Parity
from escalade.family.packaging.card import FILE

TITLE = "## Exports"
USES = {
    ONNX_FILE: "input `image` (batch, channels, side, side) float, output `logits`",
    PROGRAM_FILE: 'no model code needed: `torch.export.load("program.pt2").module()`',
}


def is_noted(folder: Path, name: str) -> bool:
    """Whether an export needs no line on a member's card: it has one, or there is no card."""
    path = folder / FILE
    return not path.exists() or f"\n- `{name}`: " in path.read_text(encoding="utf-8")


def add_exports(folder: Path, written: Sequence[Parity]) -> None:
    """Note exports on a member's card, if it has one; a file noted before is noted anew."""
    path = folder / FILE
    if not path.exists():
        return
    text, _, section = path.read_text(encoding="utf-8").partition(f"\n{TITLE}\n")
    lines = {_name(line): line for line in section.splitlines() if line.startswith("- `")}
    for parity in written:
        lines[parity.name] = (
            f"- `{parity.name}`: {USES[parity.name]}; takes prepared images in batches of any "
            f"size; largest difference from the torch network on {parity.num_images} real images "
            f"{parity.max_difference:.0e} of the largest logit"
        )
    if lines:
        shown = "\n".join(lines[name] for name in sorted(lines))
        write_text(path, f"{text}\n{TITLE}\n\n{shown}\n")
        digests.seal(folder, FILE)


def _name(line: str) -> str:
    return line.split("`")[1]
