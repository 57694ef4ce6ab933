"""A network as ONNX and as a torch.export program, both with a dynamic batch."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from escalade.artefacts.files import write_bytes
from escalade.family.exports.inside import IMAGE, PIXELS, is_inside, network_alone
from escalade.family.exports.parity import Parity, compare
from escalade.family.packaging.package import Package
from escalade.supernet.recalibrate import fold

if TYPE_CHECKING:
    from torch.export import ExportedProgram

ONNX_FILE = "model.onnx"
PROGRAM_FILE = "program.pt2"
OPSET = 18
INSTALL_ONNX = "pip install 'escalade[onnx]'"


class MissingExtra(ImportError):
    """An optional dependency is not installed; the message has the command that installs it."""


def trace(network: nn.Module, images: Tensor, *, one: bool = False) -> ExportedProgram:
    """`network` in evaluation mode as a program with a dynamic batch, without source paths.

    Batch norm is folded into the convolutions, which halves the operations.

    Args:
        network: it is left as it is.
        images: (n, channels, side, side), prepared.
        one: for images one at a time.
    """
    from torch.export import export  # which loads sympy

    example = images[torch.arange(1 if one else 2) % len(images)].contiguous()
    plain = fold(deepcopy(network))
    for module in plain.modules():
        if hasattr(module, "inplace"):  # exporters take in-place activations apart, at length
            setattr(module, "inplace", False)  # noqa: B010
    with quiet():
        traced = export(plain, (example,), dynamic_shapes=None if one else _dynamic_batch())
    for node in traced.graph.nodes:
        node.meta.pop("stack_trace", None)
    return traced


def _dynamic_batch() -> tuple[dict[int, Any]]:
    """What stays open of the images' shape."""
    from torch.export import Dim

    return ({0: Dim("batch", min=1)},)


def export_program(
    network: nn.Module, path: Path, *, traced: ExportedProgram, images: Tensor
) -> Parity:
    """Save a traced network for `torch.export.load`; compared as `compare` does."""
    from torch.export import load, save

    def make() -> bytes:
        content = io.BytesIO()  # torch's own writer ends the process where the disk is full
        save(traced, content)
        return content.getvalue()

    def reload(content: bytes) -> Callable[[Tensor], Tensor]:
        return load(io.BytesIO(content)).module()

    return checked(network, path, make=make, load=reload, images=images)


def export_onnx(
    network: nn.Module,
    path: Path,
    *,
    traced: ExportedProgram,
    images: Tensor,
    facts: Mapping[str, str],
    opset: int = OPSET,
) -> Parity:
    """Save a traced network as ONNX: `image` (batch, channels, side, side) to `logits`.

    Args:
        network: what the file is compared with.
        path: the file.
        traced: of `network`.
        images: as for `compare`.
        facts: go into the model's metadata.
        opset: the version of ONNX's operators.

    Raises:
        ExportMismatch: if onnxruntime computes something else; the file is removed.
        MissingExtra: if onnx, onnxscript or onnxruntime is not installed.
    """
    need_onnx()
    make = partial(onnx_content, traced, facts=facts, opset=opset)
    return checked(network, path, make=make, load=onnx_session, images=images)


def onnx_content(traced: ExportedProgram, *, facts: Mapping[str, str], opset: int = OPSET) -> bytes:
    """What an ONNX file of a traced network holds."""
    with quiet():
        made: Any = torch.onnx.export(
            traced,
            dynamo=True,
            dynamic_shapes=_dynamic_batch(),
            opset_version=opset,
            input_names=["image"],
            output_names=["logits"],
            verbose=False,
        )
    made.model.metadata_props.update(facts)
    for node in made.model.graph:
        node.metadata_props.clear()  # traces of this machine's source files
    content: bytes = made.model_proto.SerializeToString()
    return content


def onnx_session(content: bytes) -> Callable[[Tensor], Tensor]:
    """An ONNX file's network on the CPU, as a function of prepared images.

    Preprocessing that is inside the file is left out.

    Raises:
        MissingExtra: if onnxruntime is not installed.
    """
    return _session(network_alone(content), IMAGE)


def whole_session(content: bytes) -> Callable[[Tensor], Tensor]:
    """An ONNX file with its preprocessing inside, on the CPU, as a function of bytes.

    Raises:
        MissingExtra: if onnxruntime is not installed.
    """
    return _session(content, PIXELS)


def onnx_form(content: bytes) -> tuple[int, bool]:
    """The opset of an ONNX file, and whether its preprocessing is inside."""
    import onnx

    model = onnx.load_from_string(content)
    opset: int = next(each.version for each in model.opset_import if not each.domain)
    return opset, is_inside(content)


def _session(content: bytes, takes: str) -> Callable[[Tensor], Tensor]:
    need_onnx()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    # threads that spin on after a run would slow down what is timed next
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {takes: images.numpy()})[0])


def onnx_facts(package: Package, *, inside: bool = False) -> dict[str, str]:
    """What a user of the ONNX file must know, for its metadata.

    Args:
        package: the member.
        inside: whether the file does the preprocessing.
    """
    steps = package.preprocessing
    outside = {"mean": json.dumps(steps.mean), "std": json.dumps(steps.std)}
    return {
        "architecture": package.architecture.name,
        "classes": json.dumps(package.classes),
        **({"task": package.task} if package.task == "multilabel" else {}),
        **({} if package.licence is None else {"license": package.licence}),
        "preprocessing": f"{'Inside: ' if inside else ''}{steps.describe()}",
        **({} if inside else outside),
        "levels": json.dumps(dict(steps.levels)),
    }


def checked(
    network: Callable[[Tensor], Tensor],
    path: Path,
    *,
    make: Callable[[], bytes],
    load: Callable[[bytes], Callable[[Tensor], Tensor]],
    images: Tensor,
) -> Parity:
    """Make, compare, write; an older file does not outlive a failure."""
    path.unlink(missing_ok=True)
    with quiet():
        content = make()
        exported = load(content)
    found = compare(network, exported, images, name=path.name)
    write_bytes(path, content)
    return found


def need_onnx() -> None:
    """Say what is missing.

    Raises:
        MissingExtra: with the command that installs it.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            f"ONNX export needs {error.name}, which is not installed: {INSTALL_ONNX}"
        ) from None


@contextmanager
def quiet() -> Iterator[None]:
    """The exporters warn about their own internals; nothing of it is for the user."""
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)
