"""Members cut out of a choice space's supernet: identities folded, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from test_family import FAMILY, MEMBER

from escalade.core.network import cost
from escalade.core.network.cost import Cost
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.core.values.codec import decode, encode
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.evaluate.store import EvaluationStore
from escalade.family import Family, FamilyMember
from escalade.family.identities import Folding, Identities
from escalade.family.trainings.making import Made, Workplace, slice_member
from escalade.nets.build import build
from escalade.spaces.load import load
from escalade.supernet.make import make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.runtime import Runtime
from made_data import grey_data, noise_split

SETTINGS = EvaluationSettings(num_recalibration=64, recalibration_batch=32)
IDENTITY = 12
MIXED = (3, IDENTITY, 1, IDENTITY, IDENTITY, 7, 0, 5, IDENTITY)


def split(num: int, *, seed: int) -> Split:
    return noise_split(num, side=28, seed=seed)


def images() -> ImageData:
    splits = (split(64, seed=1), split(60, seed=2), split(4, seed=3))
    return grey_data(*splits, std=0.3, flip=True)


def space_of(name: str = "scarlet_small") -> Space:
    return load(name, in_channels=1, num_classes=3)


def supernet_of(space: Space) -> SharedWeights:
    torch.manual_seed(0)
    return make_supernet(space.shape)


def sliced(space: Space, path: Path, *, settings: EvaluationSettings = SETTINGS) -> Made:
    place = Workplace(data=images(), runtime=Runtime(device="cpu"), settings=settings)
    return slice_member(supernet_of(space), path.running, place=place)


def test_a_slice_is_its_running_path_with_less():
    space = space_of()
    path = space.path(MIXED)
    made = sliced(space, path)
    assert made.folding is not None
    assert made.folding.num == MIXED.count(IDENTITY)
    assert 0 < made.folding.folded < made.folding.num
    assert all(reason.startswith("stages[") for reason in made.folding.kept)
    costs = cost.of(made.architecture)
    assert cost.of(path.architecture).macs < costs.macs < cost.of(path.running).macs
    network = build(made.architecture)
    network.load_state_dict(made.state)
    assert sum(p.numel() for p in network.parameters()) == costs.params


def test_a_slice_scores_as_its_path_does(tmp_path):
    space = space_of()
    path = space.path(MIXED)
    with (
        EvaluationStore(tmp_path / "scores.sqlite") as store,
        Evaluator(
            supernet_of(space),
            data=images(),
            store=store,
            runtime=Runtime(device="cpu"),
            settings=SETTINGS,
            num_workers=1,
        ) as evaluator,
    ):
        (score,) = evaluator.score([path])
        row = store.get(evaluator.context, [path.key])[path.key]
    assert score == sliced(space, path).search
    assert row.macs == cost.of(path.architecture).macs


def test_a_slice_is_recalibrated_on_whole_batches():
    """A last batch of a few images would weigh as much as a whole one; scores leave it out too."""
    path = space_of().path(MIXED)
    whole, rest = (
        sliced(
            space_of(),
            path,
            settings=EvaluationSettings(num_recalibration=num, recalibration_batch=24),
        )
        for num in (48, 64)
    )
    assert rest.weights == whole.weights
    assert rest.search == whole.search


def test_paths_with_one_stand_alone_network_have_scores_of_their_own(tmp_path):
    """Position decides which weights run, so the score is that of the running network."""
    space = space_of()
    paths = [space.path((0, *order, *(1,) * 6)) for order in ((3, IDENTITY), (IDENTITY, 3))]
    assert paths[0].architecture == paths[1].architecture
    with (
        EvaluationStore(tmp_path / "scores.sqlite") as store,
        Evaluator(
            supernet_of(space),
            data=images(),
            store=store,
            runtime=Runtime(device="cpu"),
            settings=SETTINGS,
            num_workers=1,
        ) as evaluator,
    ):
        evaluator.score(paths)
        assert evaluator.count.num_measured == 2


def test_all_identities_of_a_folding_space_are_gone():
    space = space_of("scarlet_small_folds")
    made = sliced(space, space.path(MIXED))
    assert made.folding == Folding(folded=MIXED.count(IDENTITY))


def test_a_path_without_identities_has_nothing_to_say():
    space = space_of()
    path = space.path((1,) * space.num_genes)
    made = sliced(space, path)
    assert made.folding is None
    assert made.architecture == path.architecture


def test_family_json_says_what_became_of_the_identities(tmp_path):
    identities = Identities(
        folded=2,
        kept=("stages[1].blocks[0]: max pooling reads it",),
        accuracy=0.5,
        slice=Cost(30, 20, 10, 40),
        standalone=Cost(20, 10, 5, 20),
    )
    member = replace(MEMBER, identities=identities)
    replace(FAMILY, members=(member,)).save(tmp_path)
    assert Family.load(tmp_path)["S0"] == member
    assert encode(member)["identities"] == {
        "folded": 2,
        "kept": ["stages[1].blocks[0]: max pooling reads it"],
        "accuracy": 0.5,
        "slice": {"macs": 30, "params": 20, "activations": 10, "memory": 40},
        "standalone": {"macs": 20, "params": 10, "activations": 5, "memory": 20},
    }
    assert identities.note.startswith("Of 3 identities 2 folded into the next layer and 1 stay:")
    assert "identities" not in encode(MEMBER)
    broken = encode(member)
    del broken["identities"]["folded"]
    with pytest.raises(ValueError, match=r"identities\.folded: missing"):
        decode(FamilyMember, broken)
