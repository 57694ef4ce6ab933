"""`model.py` in a member's folder: the network for people who have plain torch and timm."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat
from types import ModuleType

from escalade.artefacts import digests
from escalade.artefacts.files import write_text
from escalade.data.decoding import decoding, opening
from escalade.family.packaging.package import Package
from escalade.nets import shared
from escalade.nets.facts import facts, is_residual

SCRIPT = "model.py"
TEMPLATE = Path(__file__).with_name("script.py")
FIRST, LAST = "# --- this network ---\n", "# --- end ---\n"


def write(folder: Path, *, package: Package) -> Path:
    """Write the stand-alone script beside the weights; returns its path."""
    path = folder / SCRIPT
    write_text(path, script(package))
    digests.seal(folder, SCRIPT)
    return path


def script(package: Package) -> str:
    """The script's text: `script.py` with this network's facts as literals and its builder.

    Names are written as literals, so whatever a user called his classes stays data.
    """
    from escalade.nets import mobile, residual  # timm takes seconds to load

    before, rest = TEMPLATE.read_text(encoding="utf-8").split(FIRST)
    builder = residual if is_residual(package.architecture) else mobile
    sources = map(_source, (opening, decoding, shared, builder))
    network = [_literals(package), *sources]
    return before + FIRST + "\n\n".join(network) + "\n\n" + LAST + rest.split(LAST)[1]


def _literals(package: Package) -> str:
    arch, steps = package.architecture, package.preprocessing
    values = {
        "NAME": arch.name,
        "CLASSES": tuple(package.classes),
        "SEVERAL": package.task == "multilabel",
        "CHANNELS, SIDE, RESOLUTION": (arch.in_channels, steps.side, steps.resolution),
        "MEAN": steps.mean,
        "STD": steps.std,
        "LEVELS": dict(steps.levels),
        "NETWORK": facts(arch),
    }
    lines = (f"{name} = {pformat(value, sort_dicts=False)}\n" for name, value in values.items())
    return "".join(lines)


def _source(module: ModuleType) -> str:
    """A builder's file after its docstring, without what it imports from Escalade."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    _, code = text.split("from __future__ import annotations\n\n")
    lines = code.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("from escalade"))
