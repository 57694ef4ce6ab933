"""INT8 beside a member's weights: static quantisation by onnxruntime, per channel, QDQ.

Ranges of activations are calibrated on training images by entropy and by percentile; what is more
accurate on the search images is kept. Where more than a point is lost, weights that were trained on
with the rounding in place may take part (`family/trainings/tuned.py`).
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from escalade.artefacts import digests
from escalade.artefacts.files import write_bytes
from escalade.artefacts.quantisations import MOST_LOSS, CostlyLayer
from escalade.core.values.invalid import Invalid
from escalade.evaluate.rating import ONE, Rating
from escalade.family.exports.exporting import (
    ONNX_FILE,
    need_onnx,
    onnx_content,
    onnx_facts,
    onnx_session,
    quiet,
    trace,
)
from escalade.family.exports.inside import is_inside, put_inside
from escalade.family.packaging import package

INT8_FILE = "model.int8.onnx"
WAYS = ("entropy", "percentile")
# Of layers that cost accuracy: images that they are looked for on at most, and how many are named.
NUM_LOOKED_AT, NUM_NAMED = 512, 3

Batches = Sequence[tuple[Tensor, Tensor]]
# Makes an ONNX file's content of weights that were trained for this; None where that failed.
Tune = Callable[[], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """What was kept, and how accurate both files are on the search images.

    Attributes:
        calibration: entropy or percentile.
        fp32, int8: accuracies in 0..1.
        layers: those that cost most, where the loss is above a point.
        before: the accuracy before tuning; None where there was none.
        after: that of what tuning made; None where it made nothing.
        contents: of both files, by name.
    """

    calibration: str
    fp32: float
    int8: float
    layers: tuple[CostlyLayer, ...]
    before: float | None = None
    after: float | None = None
    contents: Mapping[str, bytes] = field(repr=False)


def quantise(
    folder: Path,
    *,
    calibration: Sequence[Tensor],
    search: Batches,
    rating: Rating = ONE,
    tune: Tune | None = None,
) -> Quantised:
    """Write `model.int8.onnx` beside a member's weights, which it is made of.

    A `model.onnx` that lies there is not run, as it may be anybody's; where that has its
    preprocessing inside, the new file has, too.

    Args:
        folder: of the member.
        calibration: batches of prepared training images.
        search: batches of prepared images with their labels.
        rating: of logits against labels.
        tune: asked where more than a point is lost; what it makes is quantised alike, and kept
            where it is more accurate.

    Raises:
        Invalid: if there are no images to calibrate on.
        MissingExtra: if onnx or onnxruntime is not installed.
        ValueError: if the weights are missing or damaged.
    """
    need_onnx()
    if not sum(map(len, calibration)):
        remedy = "INT8 needs some, or leave export.int8 out"
        raise Invalid("there are no training images to calibrate on", remedy=remedy)
    packed, inside = package.read(folder), _is_inside(folder / ONNX_FILE)
    facts = onnx_facts(packed, inside=inside)
    content = onnx_content(trace(package.load_network(folder), calibration[0]), facts=facts)
    fp32 = _accuracy(_logits(content, search), search, rating)
    kept = best = _best(content, calibration=calibration, search=search, rating=rating)
    before = after = None
    if tune is not None and fp32 - best.accuracy > MOST_LOSS:
        before, tuned = best.accuracy, tune()
        if tuned is not None:
            best = _best(tuned, calibration=calibration, search=search, rating=rating)
            after = best.accuracy
            kept = max(kept, best, key=lambda each: each.accuracy)  # the first where they are level
    lost = fp32 - kept.accuracy
    layers = _costly(kept, search) if lost > MOST_LOSS else ()
    made = put_inside(kept.made, packed.preprocessing) if inside else kept.made
    write_bytes(folder / INT8_FILE, made)
    digests.seal(folder, INT8_FILE)
    return Quantised(
        calibration=kept.quantiser.way,
        fp32=fp32,
        int8=kept.accuracy,
        layers=layers,
        before=before,
        after=after,
        contents={ONNX_FILE: content, INT8_FILE: kept.made},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """A file's content as INT8, and its accuracy on the search images."""

    content: bytes
    quantiser: _Quantiser
    made: bytes
    accuracy: float


def _best(
    content: bytes, *, calibration: Sequence[Tensor], search: Batches, rating: Rating
) -> _Tried:
    """A network as INT8, its ranges by the more accurate of the ways."""
    tried = []
    with quiet(), redirect_stdout(io.StringIO()):  # calibrators print
        for way in WAYS:
            quantiser = _Quantiser(content, way=way, calibration=calibration)
            made = quantiser.quantised()
            accuracy = _accuracy(_logits(made, search), search, rating)
            tried.append(_Tried(content=content, quantiser=quantiser, made=made, accuracy=accuracy))
    return max(tried, key=lambda each: each.accuracy)


class _Quantiser:
    """A network with calibrated ranges, which may be quantised whole or layer by layer."""

    def __init__(self, content: bytes, *, way: str, calibration: Iterable[Tensor]) -> None:
        import onnx

        self.way = way
        self._model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content))
        for i, node in enumerate(self._model.graph.node):
            node.name = node.name or f"node_{i}"
        self._ranges = _ranges(self._model, way, calibration)

    @property
    def layers(self) -> dict[str, str]:
        """Nodes with weights, and the names of their layers."""
        constants = {each.name for each in self._model.graph.initializer}
        weighted = [each for each in self._model.graph.node if each.op_type in ("Conv", "Gemm")]
        named = {node.name: [at for at in node.input[1:] if at in constants] for node in weighted}
        return {name: at[0].removesuffix(".weight") for name, at in named.items() if at}

    def quantised(self, *only: str) -> bytes:
        """The network as INT8, or some of its nodes alone."""
        import onnx
        from onnxruntime.quantization import QuantType
        from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
        from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

        copied = onnx.ModelProto()
        copied.CopyFrom(self._model)
        quantiser = QDQQuantizer(
            copied,
            per_channel=True,
            reduce_range=True,  # of weights: else sums of two products saturate without VNNI
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=self._ranges,
            nodes_to_quantize=list(only),
            nodes_to_exclude=[],
            op_types_to_quantize=sorted({*QLinearOpsRegistry, *QDQRegistry}),
            extra_options={},
        )
        quantiser.quantize_model()
        made: bytes = quantiser.model.model.SerializeToString()
        return made


def _ranges(model: Any, way: str, calibration: Iterable[Tensor]) -> Any:
    """Ranges of all activations; a batch at a time, as all intermediate results are kept."""
    import onnx
    from onnxruntime.quantization.calibrate import (
        CalibrationDataReader,
        CalibrationMethod,
        create_calibrator,
    )

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, images: Tensor) -> None:
            self.left: list[Tensor] = [images]

        def get_next(self) -> dict[str, Any] | None:
            return {"image": self.left.pop().numpy()} if self.left else None

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        calibrator = create_calibrator(
            path,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod[way.capitalize()],
        )
        for images in calibration:
            calibrator.collect_data(Reader(images))
        return calibrator.compute_data()


def _is_inside(file: Path) -> bool:
    """Whether an ONNX file, if there is one, has its preprocessing inside."""
    return file.exists() and is_inside(file.read_bytes())


def _costly(tried: _Tried, search: Batches) -> tuple[CostlyLayer, ...]:
    """The layers that alone, all else in fp32, make the largest errors of logits."""
    few = _first(search)
    exact = _logits(tried.content, few)

    def error(node: str) -> float:
        return float((_logits(tried.quantiser.quantised(node), few) - exact).square().sum())

    with quiet(), redirect_stdout(io.StringIO()):
        errors = {name: error(node) for node, name in tried.quantiser.layers.items()}
    largest = sorted(errors, key=lambda name: -errors[name])[:NUM_NAMED]
    total = sum(errors.values()) or 1.0
    return tuple(CostlyLayer(name=name, share=errors[name] / total) for name in largest)


def _first(search: Batches) -> Batches:
    kept: list[tuple[Tensor, Tensor]] = []
    for batch in search:
        if sum(len(labels) for _, labels in kept) >= NUM_LOOKED_AT:
            break
        kept.append(batch)
    return kept


def _logits(content: bytes, batches: Batches) -> Tensor:
    run = onnx_session(content)
    return torch.cat([run(images) for images, _ in batches])


def _accuracy(logits: Tensor, batches: Batches, rating: Rating) -> float:
    labels = torch.cat([labels for _, labels in batches])
    return rating.worth(rating.marks(logits, labels), labels) / len(labels)
