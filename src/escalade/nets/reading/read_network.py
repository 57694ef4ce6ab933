"""A timm network as an architecture, and its tensors by the names that `nets.build` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import (
    SAME,
    SYMMETRIC,
    Block,
    Conventions,
    Head,
    Stage,
    Stem,
)
from escalade.core.values.invalid import Invalid, within
from escalade.nets.reading.same_layers import check_same_layers
from escalade.nets.reading.timm_blocks import FORMS, function, read_block
from escalade.nets.reading.timm_modules import STEMS, ReadBlock, TimmModules, with_usual_squeezes
from escalade.nets.reading.timm_names import Naming, naming_of


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a timm network is here."""

    architecture: Architecture
    naming: Naming

    def tensors(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors under timm's names of the class, under ours."""
        return {self.naming.rename(name): tensor for name, tensor in state.items()}


def read_network(network: nn.Module, *, resolution: int, name: str = "") -> Reading:
    """Read a timm network, whose layers are compared one by one; it may be on `meta`.

    Args:
        network: of one of the classes that networks here are like.

    Raises:
        Invalid: if it has parts that are not known here, naming the block or the layer.
    """
    naming = naming_of(network)
    modules = TimmModules(network, naming)
    stem = _stem(modules)
    rows = [list(row) for row in _rows(modules, stem.width)]
    rows, hidden = _split_head(modules, rows)
    head = _head(modules, hidden)
    blocks = with_usual_squeezes(rows)
    with within(name or type(network).__name__):
        architecture = Architecture(
            name=name,
            resolution=resolution,
            in_channels=modules.conv(*STEMS).in_channels,
            num_classes=modules.classifier.out_features,
            stem=stem,
            stages=tuple(Stage(blocks=tuple(row)) for row in blocks),
            head=head,
            conventions=_conventions(network),
        )
    check_same_layers(architecture, modules.named)
    return Reading(architecture=architecture, naming=naming)


def _stem(modules: TimmModules) -> Stem:
    conv = modules.conv(*STEMS)
    active = "bn1" if modules.find("conv_stem") else "stem"
    pools = modules.find("stem.pool") is not None
    return Stem(
        width=conv.out_channels,
        kernel=conv.kernel_size[0],
        stride=conv.stride[0],
        activation=function(modules.find, "stem.conv1" if pools else active),
        max_pool=pools,
    )


def _rows(modules: TimmModules, width: int) -> Iterator[list[ReadBlock]]:
    stages: dict[int, list[ReadBlock]] = {}
    for stage, name, module in modules.blocks():
        with within(name):
            block = read_block(module, modules.inside(name), in_width=width)
        stages.setdefault(stage, []).append(ReadBlock(block=block, in_width=width, name=name))
        width = block.width
    yield from stages.values()


def _split_head(
    modules: TimmModules, rows: list[list[ReadBlock]]
) -> tuple[list[list[ReadBlock]], Block | None]:
    """MobileNetV3 has the convolution before pooling as a stage of its own."""
    if modules.find("act2") is None and modules.find("norm_head") is None:
        return rows, None
    last = rows[-1][-1]
    if len(rows[-1]) > 1 or last.block.kernel != 1 or last.block.kind != FORMS["ConvBnAct"].kind:
        problem = "a hidden layer after pooling needs a 1x1 convolution before it"
        raise Invalid(problem, path=(last.name,))
    return rows[:-1], last.block


def _head(modules: TimmModules, last: Block | None) -> Head:
    if last is not None:
        norm = modules.find("norm_head") is not None
        return Head(
            width=last.width,
            activation=last.activation,
            hidden=modules.conv("conv_head").out_channels,
            hidden_norm=norm,
        )
    for conv, active in (("conv_head", "bn2"), ("final_conv.conv", "final_conv")):
        if modules.find(conv) is not None:
            width = modules.conv(conv).out_channels
            return Head(width=width, activation=function(modules.find, active))
    if modules.find("final_conv") is not None:
        raise Invalid("an activation alone before pooling cannot be read", path=("final_conv",))
    return Head(width=None, activation=_stem(modules).activation)


def _conventions(network: nn.Module) -> Conventions:
    """Those of its layers, which all must share them."""
    norms = {
        (module.eps, module.momentum or 0.0)  # none is refused as 0 is
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    }
    if len(norms) != 1:
        found = ", ".join(map(str, sorted(norms, key=str))) or "none"
        raise Invalid(f"epsilon and momentum of batch norms differ, or there are none: {found}")
    ((epsilon, momentum),) = norms
    same = any(isinstance(module, Conv2dSame) for module in network.modules())
    padding = SAME if same else SYMMETRIC
    return Conventions(padding=padding, epsilon=epsilon, momentum=momentum)
