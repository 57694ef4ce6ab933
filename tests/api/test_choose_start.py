"""A run that was to start from a network goes on from scratch where that is clearly ahead."""

from __future__ import annotations

import json
import shutil

import pytest

import seed_runs
from escalade.api.beginning import choose_start, try_starts
from escalade.api.beginning.begin import begin, open_run
from escalade.api.beginning.choose_start import with_start
from escalade.artefacts.entrants import Entrant
from escalade.artefacts.files import write_text
from escalade.artefacts.starts_tried import StartsTried, StartTrial
from escalade.config import read_file, resolve
from escalade.core.values.invalid import Invalid

# A network of the little one's kind has 40 k macs; the least of the named spaces more.
BUDGETS = [2.0 * seed_runs.MACS, 4.0 * seed_runs.MACS]
FILES = ("config.yaml", "from_network.yaml", "space.json", "plan.json", "images.csv", "starts.json")


def look(seed=60, scratch=70):
    """A look at a budget, with so many of 100 images right."""
    entrants = [Entrant(macs=10, num_steps=1, num_correct=each) for each in (seed, scratch)]
    trial = StartTrial(budget=1e6, resolution=32, rule="dWr", seed=entrants[0], scratch=entrants[1])
    return StartsTried(seed="little-0", space="small", num_images=100, trials=(trial,))


def settings(folder):
    """A run of the little network, whose weights and architecture lie in a folder."""
    file, network = seed_runs.write(folder)
    return {
        "data": "demo", "budgets": BUDGETS, "workers": 1, "threads": 1, "tolerance": 0.1,
        "dataset": {"limit": 60, "search_size": 6}, "evaluation": {"precision": "fp32"},
        "seed_network": {"source": str(file), "architecture": str(network)},
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def looked():
    """What a look finds; how often one was taken."""
    taken = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(try_starts, "_tried", lambda run: taken.append(run) or look())
        yield taken


def begun(folder, *layers):
    with begin(layers, out=folder) as run:
        return with_start(run)


def files(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def switched(tmp_path_factory):
    """A run that goes on from scratch, and its settings; not to be changed."""
    folder = tmp_path_factory.mktemp("switched")
    given = settings(folder)
    return begun(folder / "run", given), given


@pytest.fixture
def copied(switched, tmp_path):
    """A copy of it."""
    return shutil.copytree(switched[0].folder.path, tmp_path / "run")


def test_it_goes_on_as_the_run_from_scratch_would(switched, tmp_path):
    run, _ = switched
    folder = run.folder
    assert run.seed is None
    assert folder.read(StartsTried).switched
    without = begun(tmp_path / "other", read_file(folder.without_network))
    assert folder.config.read_text() == without.folder.config.read_text()
    for name in ("space.json", "plan.json", "images.csv"):
        assert (folder.path / name).read_bytes() == (without.folder.path / name).read_bytes()
    assert resolve(read_file(folder.from_network)).seed_network.digest
    assert run.data.digests == without.data.digests
    assert (run.data.mean, run.data.std) == (without.data.mean, without.data.std)


def test_the_same_command_takes_it_up_and_another_does_not(switched, copied, tmp_path, looked):
    _, given = switched
    before, num = files(copied), len(looked)
    for layers in ((given,), (read_file(copied / "config.yaml"),)):
        assert begun(copied, *layers).seed is None
        assert files(copied) == before
    assert open_run(copied).seed is None
    assert len(looked) == num
    other, network = seed_runs.write(tmp_path, seed=1)
    named = {"seed_network": {"source": str(other), "architecture": str(network)}}
    with pytest.raises(Invalid, match=r"seed_network\.digest is"):
        begun(copied, given, named)
    with pytest.raises(Invalid, match=r"seed_network\.scratch is switch there, tell here"):
        begun(copied, given, {"seed_network": {"scratch": "tell"}})


def test_its_source_may_be_gone(switched, copied, tmp_path):
    away = str(tmp_path / "little-0.safetensors")
    assert begun(copied, switched[1], {"seed_network": {"source": away}}).seed is None
    assert files(copied) == files(switched[0].folder.path)


def test_images_are_no_others_after_it(switched, copied):
    """Others are refused as ever, though the list is made anew once."""
    plan = json.loads((copied / "plan.json").read_text())
    plan["digests"]["train"] = "0" * 64
    (copied / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(Invalid, match="its images are not those that it began with"):
        begun(copied, switched[1])


class Killed(Exception):
    pass


def killed(*_, **__):
    raise Killed


def killed_at_last(path, text):
    """When config.yaml is to be written."""
    if path.name == "config.yaml":
        raise Killed
    write_text(path, text)


def test_a_kill_on_the_way_ends_in_the_same_bits(switched, tmp_path, monkeypatch):
    run, given = switched
    kills = (("write_json", killed), ("write_text", killed_at_last), ("take_up", killed))
    for where, how in kills:
        with monkeypatch.context() as patch:
            patch.setattr(choose_start, where, how)
            with pytest.raises(Killed):
                begun(tmp_path / "run", given)
    assert begun(tmp_path / "run", given).seed is None
    assert files(tmp_path / "run") == files(run.folder.path)


def test_where_from_scratch_cannot_be_the_network_stays(switched, tmp_path, monkeypatch):
    def refuse(run):
        raise Invalid("it would not fit", path=("memory",))

    monkeypatch.setattr(choose_start, "_from_scratch", refuse)
    for _ in range(2):
        run = begun(tmp_path / "run", switched[1])
        assert run.seed is not None
        held = run.folder.read(StartsTried)
        assert (held.switched, held.note) == (False, "memory: it would not fit")
    assert not run.folder.from_network.exists()
    assert run.space.name == "around_little-0"
