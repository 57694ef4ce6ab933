"""How to load each member, and the configuration that repeats the run."""

from __future__ import annotations

from escalade.report.artefacts import Run
from escalade.report.member import Member
from escalade.report.number import size
from escalade.report.roster import members
from escalade.report.sections.markup import code, missing, named, section, text


def loading(run: Run) -> str:
    """Code for each member that has weights."""
    family = [member for member in members(run) if member.folder]
    if not family:
        made = missing("the members' weights", f"escalade retrain {run.folder}")
        return section("load", "Load a member", made)
    blocks = "".join(_member(member, run, opened=i == 0) for i, member in enumerate(family))
    lead = "Every member is a plain timm network with its weights in safetensors."
    return section("load", "Load a member", blocks, lead=lead)


def configuration(run: Run) -> str:
    """The resolved configuration and the command that repeats the run."""
    if run.config is None:
        made = missing("config.yaml", f"escalade run --out {run.folder}")
        return section("config", "Repeat the run", made)
    command = code(f"escalade run --config {run.folder}/config.yaml --out NEW_RUN", language="sh")
    shown = (
        f"<details><summary>config.yaml, {len(run.config.splitlines())} lines</summary>"
        f"{code(run.config, language='yaml')}</details>"
    )
    lead = "Same configuration, same seed: the same family, bit for bit on CPU."
    return section("config", "Repeat the run", command, shown, lead=lead)


def _member(member: Member, run: Run, *, opened: bool) -> str:
    folder = f"{run.folder}/{member.folder}"
    found = run.files.get(str(member.folder).removeprefix("family/"), {})
    files = "".join(f"<li><code>{text(n)}</code> {size(b)}</li>" for n, b in found.items())
    parts = [code(_timm(folder, member), language="python")]
    if "model.py" in found:
        parts.append("<p>Without Escalade installed, plain torch and timm:</p>")
        parts.append(code(f"python {folder}/model.py IMAGE", language="sh"))
    if "model.onnx" in found:
        parts.append("<p>With ONNX Runtime:</p>")
        parts.append(code(_onnx(folder), language="python"))
    if "model.onnx" not in found:
        parts.append(missing("model.onnx and program.pt2", f"escalade export {run.folder}"))
    listing = f'<ul class="files">{files}</ul>' if files else ""
    return (
        f"<details{' open' if opened else ''}><summary>{named(member)}"
        f'<span class="sub">{text(folder)}</span></summary>{"".join(parts)}{listing}</details>'
    )


def _timm(folder: str, member: Member) -> str:
    network = member.architecture
    side, channels = (network.resolution, network.in_channels) if network else ("side", "channels")
    shape = f"float (batch, {channels}, {side}, {side})"
    return (
        "import escalade.timm  # registers the networks with timm\n"
        "import timm\n\n"
        f"model = timm.create_model({f'local-dir:{folder}'!r}, pretrained=True).eval()\n"
        f"logits = model(images)  # {shape}, prepared as README.md there says"
    )


def _onnx(folder: str) -> str:
    return (
        "import onnxruntime\n\n"
        f"session = onnxruntime.InferenceSession({f'{folder}/model.onnx'!r})\n"
        "logits = session.run(None, {session.get_inputs()[0].name: images})[0]"
    )
