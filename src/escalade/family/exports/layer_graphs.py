"""Layers as an ONNX graph, batch norm folded: what other devices are given to time.

A graph is made of layers, as costs are, so nothing is traced and no network is built. The weights
are a built network's, or noise, which takes as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.layers import (
    Conv,
    Excitation,
    GlobalPool,
    Layer,
    Linear,
    Pad,
    Pool,
)
from escalade.core.network.parts import Part
from escalade.core.numbers.seeds import generator

OPSET, IR_VERSION = 18, 10
INPUT, OUTPUT = "image", "output"
Floats = npt.NDArray[np.float32]


def graph_of(
    parts: Iterable[tuple[str, Part]],
    *,
    batch_size: int = 1,
    weights: Mapping[str, Floats] | None = None,
) -> Any:
    """One or more parts, one after the other, as an ONNX model of fixed shapes.

    Args:
        parts: each with what stands before its names, as `parts_of` gives them.
        batch_size: images at a time.
        weights: of a network whose batch norm is folded, by its names; None draws noise.
    """
    from onnx import TensorProto, helper

    pairs = list(parts)
    first, made = pairs[0][1], _Graph(weights)
    at = INPUT
    for prefix, part in pairs:
        at = made.part(part, at, prefix)
    made.add("Identity", at, output=OUTPUT)
    shape = [batch_size, int(first.in_width), int(first.side), int(first.side)]
    graph = helper.make_graph(
        made.nodes,
        "parts",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, None)],
        made.constants,
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


class _Graph:
    """Nodes and constants so far."""

    def __init__(self, weights: Mapping[str, Floats] | None) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._weights, self._rng = weights, generator(0, "noise")

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """An operation; gives the name of its output."""
        from onnx import helper

        output = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, values: npt.NDArray[Any]) -> str:
        """A tensor."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """A tensor of the network's, or noise."""
        if self._weights is not None:
            return self.constant(np.asarray(self._weights[name], np.float32).reshape(shape))
        scale = 1 / np.sqrt(max(1, prod(shape[1:])))
        return self.constant((scale * self._rng.standard_normal(shape)).astype(np.float32))

    def part(self, part: Part, at: str, prefix: str) -> str:
        """Branch, shortcut, sum and the activation after it."""
        layers = part.layers
        out = self.way(layers.branch, at, prefix)
        if layers.shortcut is not None:
            out = self.add("Add", out, self.way(layers.shortcut, at, prefix))
        return self.activation(layers.activation, out)

    def way(self, layers: Iterable[Layer], at: str, prefix: str) -> str:
        for layer in layers:
            at = _MAKES[type(layer)](self, layer, at, prefix)
        return at

    def activation(self, name: str, at: str) -> str:
        return _ACTIVATIONS[name](self, at)


def _conv(graph: _Graph, layer: Conv, at: str, prefix: str) -> str:
    name, width, reads = prefix + layer.name, int(layer.width), int(layer.reads)
    inputs = [at, graph.weight(f"{name}.weight", width, reads, layer.kernel, layer.kernel)]
    if layer.norm is not None or layer.bias:
        inputs.append(graph.weight(f"{name}.bias", width))
    out = graph.add(
        "Conv",
        *inputs,
        group=int(layer.in_width) // reads,
        kernel_shape=[layer.kernel] * 2,
        strides=[layer.stride] * 2,
        pads=[layer.kernel // 2] * 4,
    )
    return graph.activation(layer.activation, out)


def _excitation(graph: _Graph, layer: Excitation, at: str, prefix: str) -> str:
    means = graph.add("GlobalAveragePool", at)
    inner = _conv(graph, layer.reduce, means, prefix)
    return graph.add("Mul", at, _conv(graph, layer.expand, inner, prefix))


def _pool(graph: _Graph, layer: Pool, at: str, prefix: str) -> str:
    pads = layer.kernel // 2 if layer.kernel > layer.stride else 0
    return graph.add(
        "AveragePool" if layer.is_average else "MaxPool",
        at,
        kernel_shape=[layer.kernel] * 2,
        strides=[layer.stride] * 2,
        pads=[pads] * 4,
        ceil_mode=int(not pads),
    )


def _pad(graph: _Graph, layer: Pad, at: str, prefix: str) -> str:
    more = int(layer.width) - int(layer.in_width)
    return graph.add("Pad", at, graph.constant(np.array([0, 0, 0, 0, 0, more, 0, 0], np.int64)))


def _global_pool(graph: _Graph, layer: GlobalPool, at: str, prefix: str) -> str:
    return graph.add("GlobalAveragePool", at)


def _linear(graph: _Graph, layer: Linear, at: str, prefix: str) -> str:
    name, width = prefix + layer.name, int(layer.width)
    weight = graph.weight(f"{name}.weight", width, int(layer.in_width))
    bias = graph.weight(f"{name}.bias", width)
    return graph.add("Gemm", graph.add("Flatten", at), weight, bias, transB=1)


def _clip(graph: _Graph, at: str) -> str:
    ends = (graph.constant(np.array(end, np.float32)) for end in (0, 6))
    return graph.add("Clip", at, *ends)


_MAKES: dict[type, Callable[[_Graph, Any, str, str], str]] = {
    Conv: _conv,
    Excitation: _excitation,
    Pool: _pool,
    Pad: _pad,
    GlobalPool: _global_pool,
    Linear: _linear,
}
_ACTIVATIONS: dict[str, Callable[[_Graph, str], str]] = {
    "none": lambda graph, at: at,
    "relu": lambda graph, at: graph.add("Relu", at),
    "relu6": _clip,
    "hard_swish": lambda graph, at: graph.add("HardSwish", at),
    "swish": lambda graph, at: graph.add("Mul", at, graph.add("Sigmoid", at)),
    "sigmoid": lambda graph, at: graph.add("Sigmoid", at),
    "hard_sigmoid": lambda graph, at: graph.add("HardSigmoid", at, alpha=1 / 6, beta=0.5),
}
