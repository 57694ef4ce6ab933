"""Flops, params and activations of Fast and Accurate Model Scaling, Tables 5 to 8, as printed.

Rows that no public configuration allows are listed in docs/reference/scaling.md; the last test
holds that list to the tables.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from escalade.core.network import cost
from escalade.spaces import scaled

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "scaling.md"
# Row, how it is made here (None: no public configuration), billions of flops, millions of params
# and of activations.
TABLES = {
    "Table 5": [
        ("EN-B0", "efficientnet_b0", "0.4", "5.3", "6.7"),
        ("EN-B1", "efficientnet_b1", "0.7", "7.8", "10.9"),
        ("EN-B2", "efficientnet_b2", "1.0", "9.1", "13.8"),
        ("EN-B3", "efficientnet_b3", "1.8", "12.2", "23.8"),
        ("EN-B4", "efficientnet_b4", "4.4", "19.3", "49.5"),
        ("EN-B5", "efficientnet_b5", "10.3", "30.4", "98.9"),
    ],
    "Table 6": [
        ("RegNetY-500MF", None, "0.5", "5.6", "4.2"),
        ("RegNetZ-500MF", "regnet_z_500mf", "0.5", "7.1", "5.9"),
        ("RegNetY-4GF-224", "regnet_y_4gf", "4.0", "20.6", "12.3"),
        ("RegNetY-4GF", None, "4.1", "22.4", "14.5"),
        ("RegNetZ-4GF-224", None, "4.0", "26.9", "20.8"),
        ("RegNetZ-4GF", "regnet_z_4gf", "4.0", "28.1", "24.3"),
    ],
    "Table 7": [
        ("RegNetY-500MF→4GF", None, "4.1", "36.2", "13.3"),
        ("RegNetY-4GF [optimized]", None, "4.1", "22.4", "14.5"),
        ("RegNetZ-500MF→4GF", "regnet_z_500mf:dWr:8.1", "4.0", "41.1", "19.4"),
        ("RegNetZ-4GF [optimized]", "regnet_z_4gf", "4.0", "28.1", "24.3"),
        ("RegNetY-500MF→16GF", None, "16.2", "112.7", "29.4"),
        ("RegNetY-4GF→16GF", None, "15.5", "72.3", "30.7"),
    ],
    "Table 8": [
        ("ResNet50", "resnet50", "4.1", "25.6", "11.3"),
        ("ResNeXt50", "resnext50_32x4d", "4.2", "25.0", "14.6"),
        ("EfficientNet-B4", "efficientnet_b4", "4.4", "19.3", "49.5"),
        ("RegNetY-4GF", None, "4.1", "22.4", "14.5"),
        ("RegNetZ-4GF", "regnet_z_4gf", "4.0", "28.1", "24.3"),
        ("EfficientNet-B0→4GF", "efficientnet_b0:dWr:11", "4.1", "36.1", "29.2"),
        ("RegNetY-500MF→4GF", None, "4.1", "36.2", "13.3"),
        ("RegNetZ-500MF→4GF", "regnet_z_500mf:dWr:8.1", "4.0", "41.1", "19.4"),
        ("EfficientNet-B0→16GF", "efficientnet_b0:dWr:48", "16.2", "122.8", "61.8"),
        ("RegNetY-500MF→16GF", None, "16.2", "112.7", "29.4"),
        ("RegNetY-4GF→16GF", None, "15.5", "72.3", "30.7"),
        ("RegNetZ-500MF→16GF", "regnet_z_500mf:dWr:31.5", "16.2", "134.8", "42.6"),
        ("RegNetZ-4GF→16GF", "regnet_z_4gf:dWr:3.885", "15.9", "95.3", "51.3"),
    ],
}
PUBLIC = [(table, *row) for table, rows in TABLES.items() for row in rows if row[1] is not None]
PRIVATE = {row[0].split(" [")[0] for rows in TABLES.values() for row in rows if row[1] is None}


@pytest.mark.parametrize(
    ("table", "row", "name", "flops", "params", "activations"),
    PUBLIC,
    ids=[f"{table}, {row}" for table, row, *_ in PUBLIC],
)
def test_the_printed_digits(table, row, name, flops, params, activations):
    architecture = scaled.load(name)
    found = cost.of(architecture)
    # The published flops count biases of convolutions; no printed digit depends on it.
    with_biases = found.macs + sum(
        layer.params - layer.macs
        for layer in cost.layers(architecture)
        if ".se." in layer.name or ".attn." in layer.name
    )
    assert [f"{count / 1e9:.1f}" for count in (found.macs, with_biases)] == [flops, flops]
    assert f"{found.params / 1e6:.1f}" == params
    assert f"{found.activations / 1e6:.1f}" == activations


def test_the_nominal_factor_is_not_the_papers():
    """8 times RegNetZ-500MF gives 3.93 G, 32 times EfficientNet-B0 no 16.2 G."""
    assert f"{cost.of(scaled.load('regnet_z_500mf:dWr:8')).macs / 1e9:.2f}" == "3.93"
    assert cost.of(scaled.load("efficientnet_b0:dWr:32")).macs < 12.5e9


def test_the_document_lists_the_rest_and_the_rows_made_here():
    text = DOCUMENT.read_text(encoding="utf-8")
    for row in PRIVATE:
        assert f"| {row} |" in text, row
    for _, row, name, *_ in PUBLIC:
        assert f"`{name}`" in text, row
