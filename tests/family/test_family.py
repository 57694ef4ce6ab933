from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from escalade.artefacts.grown import GrowthFit
from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.values.codec import encode
from escalade.family import Accuracy, Family, FamilyMember
from escalade.family.family import PlainRival, Replaced
from escalade.spaces.load import read

MEMBER = FamilyMember(
    name="S0",
    stage=0,
    origin="searched",
    weights="retrained",
    budget=1e6,
    macs=1_010_000,
    params=12_345,
    activations=6_789,
    memory=40_000,
    resolution=12,
    accuracy=Accuracy(search=0.9),
    folder="S0",
)
FAMILY = Family(
    members=(MEMBER, replace(MEMBER, name="S1", stage=1.5, origin="grown", folder="S1")),
    budget_kind="macs",
    growth=GrowthFit(form="exponential", functions={}, leave_last_out=None, notes=()),
    space="small",
    data="demo",
)


def test_round_trip(tmp_path):
    FAMILY.save(tmp_path)
    assert Family.load(tmp_path) == FAMILY
    assert Family.load(str(tmp_path))["S1"].path == tmp_path / "S1"


def test_counts_by_class_come_back(tmp_path):
    known = Accuracy(search=0.9, test=0.8, balanced=0.7, correct=(7, 1))
    tested = ClassCounts(classes=("a", "b"), images=(8, 2))
    family = replace(FAMILY, tested=tested, members=(replace(MEMBER, accuracy=known),))
    family.save(tmp_path)
    assert Family.load(tmp_path) == family


def test_rivals_round_trip_and_are_found_by_member(tmp_path):
    network = read("small").plain_base
    replaced = Replaced(
        origin="grown", weights="finetuned", macs=1, params=2, activations=3, resolution=4,
        accuracy=Accuracy(search=0.8, test=0.7),
    )  # fmt: skip
    rival = PlainRival(
        member="S1", rule="wr", macs=5, params=6, activations=7, resolution=8, num_images=9,
        accuracy=Accuracy(search=0.9, test=0.75), architecture=network, replaced=replaced,
    )  # fmt: skip
    family = replace(FAMILY, rivals=(rival, replace(rival, member="S0", replaced=None)))
    family.save(tmp_path)
    assert Family.load(tmp_path) == family
    assert family.rival_of("S1") is rival
    assert FAMILY.rival_of("S1") is None
    written = json.loads((tmp_path / "family.json").read_text())["rivals"]
    assert ["replaced" in each for each in written] == [True, False]


def test_a_run_folder_leads_to_its_family(tmp_path):
    FAMILY.save(tmp_path / "family")
    assert Family.load(tmp_path) == FAMILY


def test_the_file_has_the_schema_of_the_design(tmp_path):
    FAMILY.save(tmp_path)
    data = json.loads((tmp_path / "family.json").read_text())
    assert list(data) == ["members", "budget_kind", "growth", "space", "data"]
    assert data["members"][0] == {
        "name": "S0",
        "stage": 0,
        "origin": "searched",
        "weights": "retrained",
        "budget": 1e6,
        "macs": 1_010_000,
        "params": 12_345,
        "activations": 6_789,
        "memory": 40_000,
        "resolution": 12,
        "accuracy": {"search": 0.9, "test": None},
        "folder": "S0",
    }


def test_equal_families_are_equal_bytes_wherever_they_are(tmp_path):
    FAMILY.save(tmp_path / "a")
    Family.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a/family.json").read_bytes() == (tmp_path / "b/family.json").read_bytes()
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["family.json"]


def test_members_by_name():
    assert FAMILY["S1"].stage == 1.5
    assert FAMILY.names == ("S0", "S1")
    with pytest.raises(KeyError, match="members are S0, S1"):
        FAMILY["S2"]
    with pytest.raises(ValueError, match="not on disk yet"):
        _ = FAMILY["S0"].path


def test_a_member_takes_the_place_of_its_name():
    member = replace(MEMBER, accuracy=Accuracy(search=0.9, test=0.8))
    assert FAMILY.with_member(member).members[0] is member
    assert FAMILY.with_member(replace(member, name="S2", folder="S2")).names == ("S0", "S1", "S2")


def test_a_family_is_asked_by_name_or_by_member():
    assert "S1" in FAMILY
    assert MEMBER in FAMILY
    assert "S2" not in FAMILY
    assert replace(MEMBER, name="S2") not in FAMILY
    assert 3 not in FAMILY
    assert (len(FAMILY), [member.name for member in FAMILY]) == (2, ["S0", "S1"])


@pytest.mark.parametrize("folder", ["", "/etc", "../S0", "a/../../b"])
def test_a_member_folder_outside_the_family_is_refused(folder):
    with pytest.raises(ValueError, match="not inside the family folder"):
        replace(MEMBER, folder=folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("members"), "family.json.members: missing"),
        (lambda d: d.pop("space"), "space"),
        (lambda d: d.update(colour=1), "colour"),
        (lambda d: d["members"][1].pop("macs"), r"members\[1\].*macs"),
        (lambda d: d["members"][1].pop("accuracy"), r"members\[1\].accuracy: missing"),
        (lambda d: d["members"][1].update(origin="found"), "origin: 'found' is not known"),
        (lambda d: d["members"][1].update(name="S0"), "'S0' is listed twice"),
        (
            lambda d: d["members"][1]["accuracy"].update(correct=[1, 2]),
            r"members\[1\].accuracy.correct: 2 counts for 0 tested classes",
        ),
    ],
)
def test_a_damaged_family_is_named(tmp_path, change, message):
    data = encode(FAMILY)
    change(data)
    (tmp_path / "family.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message):
        Family.load(tmp_path)


def test_no_family_here(tmp_path):
    with pytest.raises(ValueError, match="there is no family here; write one with"):
        Family.load(tmp_path)
    (tmp_path / "family.json").write_text("{")
    with pytest.raises(ValueError, match="not a family"):
        Family.load(tmp_path)


def test_reading_a_family_imports_no_torch(tmp_path):
    FAMILY.save(tmp_path)
    code = (
        "import sys; from escalade.family import Family; "
        f"Family.load({str(tmp_path)!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path.cwd())
