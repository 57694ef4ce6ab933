"""Preprocessing inside an ONNX file: `pixels`, bytes of any size, become the network's `image`.

It is what `model.py` does, in whole operators: the centre square is resized to the stored side as
Pillow does it (bilinear with antialias, first rows, then columns, each rounded to bytes), from
there to the network's resolution as torch does, and normalised. A resize is a product with a matrix
of weights, which the graph makes of the image's own height and width, so that both are free.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalade.family.packaging.preprocessing import Preprocessing

PIXELS, IMAGE = "pixels", "image"
PREFIX = "preprocessing/"  # of all names in this part of the graph

_SIZES = """
    size = Shape (pixels)
    rows_1 = Slice (size, two, three)
    columns_1 = Slice (size, three, four)
    rows_size = Cast <to = 11> (rows_1)
    columns_size = Cast <to = 11> (columns_1)
    short = Min (rows_size, columns_size)
    scale = Div (short, side)
    stretch = Max (scale, one)
    steps = Mul (grid, scale)
"""
# The weights of an axis: a triangle over each pixel of the square, as wide as it is scaled down.
_WEIGHTS = """
    AXIS_free = Sub (AXIS_size, short)
    AXIS_start = Mul (AXIS_free, half)
    AXIS_centres = Add (steps, AXIS_start)
    AXIS_end = Squeeze (AXIS_size)
    AXIS_pixels = Range (first, AXIS_end, step)
    AXIS_apart = Sub (AXIS_pixels, AXIS_centres)
    AXIS_far = Abs (AXIS_apart)
    AXIS_ratio = Div (AXIS_far, stretch)
    AXIS_left = Sub (one, AXIS_ratio)
    AXIS_triangle = Relu (AXIS_left)
    AXIS_sum = ReduceSum (AXIS_triangle, last)
    AXIS_shares = Div (AXIS_triangle, AXIS_sum)
    AXIS_weights = Cast <to = 1> (AXIS_shares)
"""
_SQUARE = """
    values = Cast <to = 1> (pixels)
    across = Transpose <perm = [1, 0]> (columns_weights)
    narrow = MatMul (values, across)
    narrow_up = Add (narrow, half_byte)
    narrow_whole = Floor (narrow_up)
    narrow_bytes = Clip (narrow_whole, black, white)
    short_up = MatMul (rows_weights, narrow_bytes)
    square_up = Add (short_up, half_byte)
    square_whole = Floor (square_up)
    square = Clip (square_whole, black, white)
"""
_RESIZED = """
    thin = MatMul (square, to_columns)
    resized = MatMul (to_rows, thin)
"""
_NORMALISED = """
    shares = Div (SOURCE, white)
    centred = Sub (shares, mean)
    image = Div (centred, std)
"""


def put_inside(content: bytes, steps: Preprocessing) -> bytes:
    """An ONNX file of a network with its preprocessing before it.

    Args:
        content: of the file, whose input `image` is prepared.
        steps: what turns bytes (batch, channels, height, width) into it.
    """
    return _joined(_front(steps), content)


def network_alone(content: bytes) -> bytes:
    """The file of the network alone, which takes prepared images; itself where it is that."""
    if not is_inside(content):
        return content
    model = _load(content)
    _, own = _parted(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(own)
    _, constants = _parted(model.graph.initializer)
    del model.graph.initializer[:]
    model.graph.initializer.extend(constants)
    prepared = next(value for value in model.graph.value_info if value.name == IMAGE)
    del model.graph.input[:]
    model.graph.input.append(prepared)
    model.graph.value_info.remove(prepared)
    return _saved(model)


def with_front_of(whole: bytes, content: bytes) -> bytes:
    """A file of a network alone, with the preprocessing that another has inside, if it has."""
    if not is_inside(whole):
        return content
    model = _load(whole)
    for kept in (model.graph.node, model.graph.initializer):
        front, _ = _parted(kept)
        del kept[:]
        kept.extend(front)
    return _joined(model.graph, content)


def is_inside(content: bytes) -> bool:
    """Whether an ONNX file has its preprocessing inside."""
    return PREFIX.encode() in content


def resize_weights(size: int, to: int) -> NDArray[np.float32]:
    """What torch resizes an axis by, bilinear with antialias: (to, size)."""
    scale = size / to
    centres = (np.arange(to)[:, None] + 0.5) * scale
    far = np.abs(np.arange(size) + 0.5 - centres) / max(scale, 1.0)
    triangle = np.maximum(1.0 - far, 0.0)
    shares: NDArray[np.float32] = (triangle / triangle.sum(axis=1, keepdims=True)).astype(
        np.float32
    )
    return shares


def _front(steps: Preprocessing) -> Any:
    """The graph from `pixels` to `image`, its inner names with the prefix."""
    import onnx
    from onnx import numpy_helper, parser

    resizes = steps.resolution != steps.side
    body = _SIZES + "".join(_WEIGHTS.replace("AXIS", axis) for axis in ("rows", "columns"))
    body += _SQUARE + (_RESIZED if resizes else "")
    body += _NORMALISED.replace("SOURCE", "resized" if resizes else "square")
    channels, side = steps.in_channels, steps.resolution
    graph: Any = parser.parse_graph(
        f"preprocessing (uint8[batch, {channels}, height, width] {PIXELS}) "
        f"=> (float[batch, {channels}, {side}, {side}] {IMAGE}) {{{body}}}"
    )
    for name, value in _constants(steps).items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), PREFIX + name))
    for i, node in enumerate(graph.node):
        node.name = f"{PREFIX}{i}"
        for names in (node.input, node.output):
            named = [each if each in (PIXELS, IMAGE) else PREFIX + each for each in names]
            del names[:]
            names.extend(named)
    assert isinstance(graph, onnx.GraphProto)
    return graph


def _constants(steps: Preprocessing) -> dict[str, Any]:
    whole = {"two": [2], "three": [3], "four": [4], "last": [1]}
    exact = {"side": [float(steps.side)], "one": [1.0], "half": [0.5], "first": 0.5, "step": 1.0}
    single: dict[str, Any] = {"half_byte": 0.5, "black": 0.0, "white": 255.0}
    for name in ("mean", "std"):
        single[name] = np.reshape(getattr(steps, name), (1, -1, 1, 1))
    if steps.resolution != steps.side:
        weights = resize_weights(steps.side, steps.resolution)
        single |= {"to_rows": weights, "to_columns": weights.T.copy()}
    grid = np.arange(steps.side, dtype=np.float64)[:, None] + 0.5
    return {
        "grid": grid,
        **{name: np.array(value, dtype=np.int64) for name, value in whole.items()},
        **{name: np.array(value, dtype=np.float64) for name, value in exact.items()},
        **{name: np.array(value, dtype=np.float32) for name, value in single.items()},
    }


def _joined(front: Any, content: bytes) -> bytes:
    """A graph before a network's."""
    model = _load(content)
    prepared = model.graph.input[0]
    model.graph.value_info.append(prepared)
    nodes = [*front.node, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(front.initializer)
    del model.graph.input[:]
    model.graph.input.extend(front.input)
    return _saved(model)


def _parted(values: Any) -> tuple[list[Any], list[Any]]:
    """Nodes or constants of the preprocessing, and all others."""
    front = [each for each in values if each.name.startswith(PREFIX)]
    return front, [each for each in values if not each.name.startswith(PREFIX)]


def _load(content: bytes) -> Any:
    import onnx

    return onnx.load_from_string(content)


def _saved(model: Any) -> bytes:
    content: bytes = model.SerializeToString()
    return content
