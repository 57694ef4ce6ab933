"""The members' architectures, one row of blocks each."""

from __future__ import annotations

from escalade.report.artefacts import Run
from escalade.report.member import Member
from escalade.report.number import amount
from escalade.report.roster import members
from escalade.report.sections.drawing import HEIGHT, draw
from escalade.report.sections.identities import identities
from escalade.report.sections.markup import missing, named, section, text
from escalade.report.slots import Slots, in_words, num_identities, slots

_LEAD = (
    "One box is one block. Its height and the first number below it are its kernel size, its shade "
    "and the second number its expansion; a dot above it is squeeze-excitation. A dashed line is a "
    "down-sampling. The grey bars are output channels, to one scale for all members; below each "
    "stage stand its channels and the side of its feature map."
)
_IDENTITIES = (
    " A line instead of a box is an identity, which leaves the layer out; a funnel is max pooling."
)
# Wider drawings have the page's whole width.
_HALF = 530


def networks(run: Run) -> str:
    """A drawing for each member whose architecture the run states."""
    family = [member for member in members(run) if member.architecture]
    if not family:
        made = missing("the members' architectures", f"escalade search {run.folder}")
        return section("networks", "The networks", made)
    widest = max(max(m.architecture.widths) for m in family if m.architecture)
    shapes = [slots(m.architecture, m.running) for m in family if m.architecture]
    drawings = [
        draw(m.architecture, shape, widest=widest)
        for m, shape in zip(family, shapes, strict=True)
        if m.architecture
    ]
    strips = "".join(map(_strip, family, shapes, drawings))
    kind = "strips pairs" if max(width for _, width in drawings) <= _HALF else "strips"
    lead = _LEAD + (_IDENTITIES if any(map(num_identities, shapes)) else "")
    shown = f'<div class="{kind}">{strips}</div>'
    return section("networks", "The networks", shown, identities(run), lead=lead)


def _strip(member: Member, shape: Slots, drawn: tuple[str, int]) -> str:
    network, (drawing, width) = member.architecture, drawn
    assert network is not None
    said = (
        f"{member.name}: input {network.resolution} pixels, depths "
        f"{'-'.join(map(str, network.depths))}, widths {'-'.join(map(str, network.widths))}"
    )
    layers = f"{member.name}, channels and layers of each stage: " + in_words(shape).replace(
        "\n", "; "
    )
    found = num_identities(shape)
    left_out = f", {found} identit{'ies' if found > 1 else 'y'}" if found else ""
    return (
        f'<div class="strip"><p class="strip-title">{named(member)}'
        f'<span class="sub">{network.resolution} × {network.resolution} px input, '
        f"{sum(map(len, shape)) - found} blocks{left_out}, {amount(member.macs)} macs</span></p>"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(said)}">'
        f'<svg class="drawing" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        f'role="img" style="color:{member.colour}" aria-label="{text(layers)}">{drawing}</svg>'
        "</div></div>"
    )
