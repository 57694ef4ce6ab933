"""fvcore's count of a network's activations, without the detours of its analysis."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

with warnings.catch_warnings():  # fvcore's, from its import on
    warnings.simplefilter("ignore")
    from fvcore.nn.activation_count import _DEFAULT_SUPPORTED_OPS as HANDLES


def activations(network: nn.Module, images: Tensor) -> int:
    """What fvcore counts in the traced operations of a forward pass.

    `ActivationCountAnalysis` is the sum of these counts, too, but sorts them by module, which takes
    as long again. The tracer writes down Python's whole stack for every operation, so it runs in a
    thread, whose stack is short: under pytest that halves its time.
    """

    def count() -> int:
        with torch.no_grad():
            graph, _ = torch.jit._get_trace_graph(network, images)
        nodes = [node for node in graph.nodes() if node.kind() in HANDLES]
        return sum(_total(HANDLES[n.kind()](list(n.inputs()), list(n.outputs()))) for n in nodes)

    with warnings.catch_warnings(), ThreadPoolExecutor(1) as thread:
        warnings.simplefilter("ignore")  # the tracer's
        return thread.submit(count).result()


def _total(counted: object) -> int:
    """Of a handle's answer: a number, or numbers by operation."""
    return int(sum(counted.values()) if isinstance(counted, dict) else counted)
