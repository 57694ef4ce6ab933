from __future__ import annotations

import ast
import importlib.util
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_members import CLASSES, packaged, tiny, trained

from escalade.core.network.architecture import Architecture
from escalade.data.batching.batches import prepare
from escalade.data.decoding.decoding import to_square
from escalade.family.packaging import package, standalone


@pytest.fixture(scope="module")
def folder(tmp_path_factory, network):
    folder = tmp_path_factory.mktemp("alone")
    package.write(folder, package=packaged(tiny()), state=network.state_dict())
    standalone.write(folder, package=packaged(tiny()))
    return folder


@pytest.fixture(scope="module")
def photos(folder):
    rng = np.random.default_rng(0)
    for name, mode, shape in [
        ("rgb.png", "RGB", (20, 31, 3)),
        ("grey.png", "L", (16, 16)),
        ("clear.png", "RGBA", (40, 25, 4)),
    ]:
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode=None).convert(mode).save(
            folder / name
        )
    deep = rng.integers(0, 65536, (18, 22)).astype(np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    return ["rgb.png", "grey.png", "clear.png", "deep.png"]


def _model(folder):
    """The script as a module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"model_{folder.name}", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_it_runs_where_escalade_cannot_be_imported(folder, photos):
    code = (
        "import runpy, sys; sys.modules['escalade'] = None;"
        "runpy.run_path('model.py', run_name='__main__')"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *photos],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    lines = done.stdout.decode(errors="replace").splitlines()
    assert [line for line in lines if not line.startswith(" ")] == photos


def test_it_gives_the_logits_of_the_member(folder, photos, network):
    model = _model(folder)
    loaded = model.load()
    for photo in photos:
        with Image.open(folder / photo) as image:
            square = torch.from_numpy(to_square(image, side=16, in_channels=1).copy())
        ready = prepare(square[None], resolution=12, mean=(0.3,), std=(0.25,))
        logits = loaded(model.prepare(folder / photo))
        torch.testing.assert_close(logits, network(ready), rtol=1e-4, atol=1e-5)


def test_the_command_names_classes_with_probabilities(folder, photos, capsys):
    (folder / "broken.png").write_bytes(b"no image")
    paths = [str(folder / name) for name in ("rgb.png", "broken.png", "missing.png")]
    model = _model(folder)
    assert model.main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert model.main(paths) == 1
    captured = capsys.readouterr()
    first, *rest = captured.out.splitlines()
    assert first == paths[0]
    shares = [line.split("%", 1) for line in rest]
    assert {name.strip() for _, name in shares} == set(CLASSES)
    assert sum(float(share) for share, _ in shares) == pytest.approx(100, abs=0.2)
    broken, missing = captured.err.splitlines()
    assert broken.startswith(f"{paths[1]}: cannot be read as an image")
    assert missing.startswith(f"{paths[2]}: cannot be read as an image")


def test_a_file_over_the_limit_is_named_and_loses_no_other(folder, photos, capsys):
    """As sizes are told in a header of 26 bytes; Pillow refuses the first at opening."""
    for name, side in (("bomb.bmp", 40_000), ("large.bmp", 10_000)):
        head = struct.pack("<2sIHHIIiiHH", b"BM", 0, 0, 0, 54, 40, side, side, 1, 24)
        (folder / name).write_bytes(head + bytes(64))
    paths = [str(folder / name) for name in ("bomb.bmp", "large.bmp", "rgb.png")]
    assert _model(folder).main(paths) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == paths[2]
    bomb, large = captured.err.splitlines()
    assert bomb.startswith(f"{paths[0]}: cannot be read as an image")
    assert "10000 x 10000 pixels are more than can be decoded in one GiB" in large


def test_grey_levels_are_those_of_the_training_images(tmp_path, network, folder):
    """12 bits in 16: by the format's range all would be nearly black."""
    made = packaged(tiny())
    levels = {"integers": (0.0, 4095.0), "floats": (-1.0, 1.0)}
    made = replace(made, preprocessing=replace(made.preprocessing, levels=levels))
    package.write(tmp_path, package=made, state=network.state_dict())
    standalone.write(tmp_path, package=made)
    assert package.read(tmp_path) == made
    values = np.linspace(0, 4095, 400).reshape(20, 20)
    model = _model(tmp_path)
    for name, deep in (
        ("deep.png", values.astype(np.uint16)),
        ("deep.tif", (values / 2047.5 - 1).astype(np.float32)),
    ):
        Image.fromarray(deep).save(tmp_path / name)
        prepared = model.prepare(tmp_path / name) * 0.25 + 0.3  # of the tiny package
        assert prepared.min() < 0.1
        assert prepared.max() > 0.9
    assert "more of them from 0 to 4095 (integers)" in made.preprocessing.describe()


def test_names_stay_data():
    evil = tiny().renamed('"""\nraise SystemExit("x")')
    names = ('"\\", exit()', "line\nbreak", "\udcff")
    made = packaged(evil)
    made = package.Package(architecture=evil, classes=names, preprocessing=made.preprocessing)
    tree = ast.parse(standalone.script(made))
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("NAME", "CLASSES")
    }
    assert values == {"NAME": evil.name, "CLASSES": names}


def test_every_field_of_an_architecture_gets_into_the_script(tmp_path):
    data = json.loads(json.dumps(tiny().to_json()))
    data["stem"] |= {"kernel": 5, "stride": 1, "activation": "swish"}
    data["head"] |= {"activation": "relu6"}
    data["stages"][1]["blocks"][1]["se"] |= {"of": "input", "gate": "sigmoid", "ratio": 0.5}
    data["stages"][1]["blocks"][0] |= {"se": None, "kernel": 5, "activation": "relu"}
    odd = Architecture.from_json(data)
    network = trained(odd)
    package.write(tmp_path, package=packaged(odd), state=network.state_dict())
    standalone.write(tmp_path, package=packaged(odd))
    images = torch.linspace(-1, 1, 2 * 144).reshape(2, 1, 12, 12)
    torch.testing.assert_close(_model(tmp_path).load()(images), network(images))


def test_several_classes_have_probabilities_of_their_own(tmp_path, network, photos, folder, capsys):
    made = replace(packaged(tiny()), task="multilabel")
    package.write(tmp_path, package=made, state=network.state_dict())
    standalone.write(tmp_path, package=made)
    assert package.read(tmp_path) == made
    model = _model(tmp_path)
    loaded, path = model.load(), folder / photos[0]
    found = dict(model.classify(loaded, path))
    expected = loaded(model.prepare(path)).sigmoid()[0].tolist()
    assert [found[name] for name in model.CLASSES] == pytest.approx(expected)
    likely = [name for name, share in found.items() if share >= model.THRESHOLD] or list(found)[:1]
    assert model.main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split("%", 1)[1].strip() for line in lines] == likely
