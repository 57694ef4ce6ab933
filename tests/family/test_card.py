from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_members import packaged, tiny

from escalade.artefacts.image_list import Digests
from escalade.core.numbers.class_counts import ClassCounts
from escalade.data.splits.duplicates import Duplicates, SeenBefore
from escalade.evaluate.score import ClassScore, Score
from escalade.family import Accuracy, FamilyMember
from escalade.family.exports.parity import Parity
from escalade.family.packaging.card import Facts, card, escape, write
from escalade.family.packaging.card_exports import add_exports

MEMBER = FamilyMember(
    name="S1",
    stage=1,
    origin="searched",
    weights="retrained",
    budget=1e6,
    macs=1_020_000,
    params=12_345,
    activations=6_789,
    memory=40_000,
    resolution=12,
    accuracy=Accuracy(search=0.75),
    folder="S1",
)
FACTS = Facts(
    digests=Digests(train="a" * 64, search="b" * 64, test="c" * 64),
    data="my_data <script>",
    num_train=20_000,
    budget_kind="macs",
    tolerance=0.05,
    search=Score(num_correct=300, num_images=400),
    test=ClassScore(
        counts=ClassCounts(classes=("a|b", "c", "d"), images=(4_000, 3_000, 3_000)),
        correct=(3_200, 2_400, 2_400),
    ),
    scaling={"depth": 1.5, "width": 1.25, "resolution": 1.0},
    recipe={"epochs": 4.0, "learning_rate": 0.6},
    notes=("A *note*.",),
)


def _card(member=MEMBER, facts=FACTS):
    return card(member, package=packaged(tiny()), facts=facts)


def test_costs_budget_and_accuracy_with_intervals():
    text = _card()
    assert "| multiply-adds | 1,020,000 |" in text
    assert "| budget | macs 1M &plusmn; 5 % |" in text
    assert "| gap to the budget | +2.0 % |" in text
    assert "| test | 80.00 % | 79.2 to 80.8 % | 10,000 |" in text
    assert "| search | 75.00 % | 70.5 to 79.0 % | 400 |" in text


def test_a_member_that_was_given_no_budget():
    costs = _card(facts=replace(FACTS, tolerance=None)).split("## Costs")[1].split("## Acc")[0]
    assert "budget" not in costs
    assert "| multiply-adds | 1,020,000 |" in costs


def test_how_it_was_found():
    searched = _card()
    assert "joint search" in searched
    assert "extrapolation" not in searched
    grown = _card(
        replace(MEMBER, origin="grown", stage=2.5),
        replace(FACTS, interval={"depth": (1.2, 1.75), "width": (0.0, 55_000.0)}),
    )
    assert "Grown to stage 2.5" in grown
    assert "it is an extrapolation" in grown
    assert "- depth: 1.500 times the base's, predicted between 1.200 and 1.750" in grown
    assert "times the base's, which the searched stages cannot tell" in grown


def test_ratios_are_to_what_was_scaled():
    text = _card(facts=replace(FACTS, reference="S2"))
    assert "- depth: 1.500 times S2's" in text
    assert "the base's" not in text
    assert " times " not in _card(facts=replace(FACTS, scaling=None))


def test_training_input_and_loading():
    text = _card()
    assert "20,000 training images" in text
    assert r"epochs 4.0; learning\_rate 0.6" in text
    assert "resize to 12 x 12 (bilinear, antialias)" in text
    assert 'timm.create_model("local-dir:THIS_FOLDER", pretrained=True)' in text
    assert "python model.py IMAGE" in text
    assert "## Licence" in text


def test_the_licence_of_pretrained_weights_is_told_as_a_strangers_word():
    own = _card().split("## Licence")[1]
    assert "None is given here" in own
    assert "pretrained" not in own
    packed = replace(packaged(tiny()), licence="cc-by_4.0 | <b>")
    told = card(MEMBER, package=packed, facts=FACTS).split("## Licence")[1]
    assert r"states the licence cc-by\_4.0 \| &lt;b&gt;: its terms go with them" in told


def test_what_is_not_there_is_not_promised():
    text = _card(facts=replace(FACTS, test=None, search=None))
    assert "model.onnx" not in text
    assert "program.pt2" not in text
    assert "Not measured." in text


def test_exports_are_noted_once_each_below_the_card(tmp_path):
    def parity(name, difference):
        return Parity(name=name, num_images=7, batch_sizes=(1, 7), max_difference=difference)

    add_exports(tmp_path, [parity("model.onnx", 1e-7)])
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, member=MEMBER, package=packaged(tiny()), facts=FACTS)
    add_exports(tmp_path, [parity("program.pt2", 0.0)])
    add_exports(tmp_path, [parity("model.onnx", 1e-7)])
    add_exports(tmp_path, [parity("model.onnx", 3.2e-7)])
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    card_itself, section = text.split("\n## Exports\n")
    assert card_itself == _card()
    onnx, program = section.strip().splitlines()
    assert onnx.startswith("- `model.onnx`: input `image`")
    assert onnx.endswith("on 7 real images 3e-07 of the largest logit")
    assert program.startswith("- `program.pt2`")


def test_names_are_escaped():
    text = _card()
    assert r"my\_data &lt;script&gt;" in text
    assert "<script>" not in text
    assert r"T-shirt \| top" in text
    assert r"\*bold\* &lt;b&gt;" in text
    assert r"A \*note\*." in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("# head\n- item", r"\# head - item"),
        ("[x](http://y)", r"\[x\]\(http\://y\)"),
        ("`code` ~~s~~ $m$", r"\`code\` \~\~s\~\~ \$m\$"),
        ("a\\b", r"a\\b"),
        ("&lt;", "&amp;lt;"),
        ("- a-b", r"\- a-b"),
        ("ship", "ship"),
    ],
)
def test_escape(name, shown):
    assert escape(name) == shown


def test_a_latency_budget_has_no_gap_and_undecodable_names_are_written(tmp_path):
    facts = replace(FACTS, budget_kind="latency", data="\udcff")
    write(tmp_path, member=replace(MEMBER, budget=0.004), package=packaged(tiny()), facts=facts)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| budget | latency 4ms" in text
    assert "gap to the budget" not in text


def test_every_class_has_its_recall():
    text = _card()
    assert "Balanced accuracy (mean recall of the classes): 80.00 %" in text
    assert "| a\\|b | 80.0 % | 4,000 |" in text
    assert "Fewer than" not in text
    assert "unequal size" not in text


def test_what_an_accuracy_stands_on_is_told():
    counts = ClassCounts(classes=("common", "rare"), images=(500, 5))
    text = _card(facts=replace(FACTS, test=ClassScore(counts=counts, correct=(500, 0))))
    assert "| test | 99.01 % | 97.7 to 99.6 % | 505 |" in text
    assert "Balanced accuracy (mean recall of the classes): 50.00 %" in text
    assert "99.0 % of the 505 test images are 'common'" in text
    assert "'rare' 5" in text
    assert "| rare | 0.0 % | 5 |" in text


def test_of_many_classes_the_least_known_are_shown():
    counts = ClassCounts(classes=tuple(f"c{i}" for i in range(30)), images=(100,) * 30)
    score = ClassScore(counts=counts, correct=tuple(range(30)))
    text = _card(facts=replace(FACTS, test=score))
    assert "| the 20 classes of least recall | recall | test images |" in text
    assert "| c19 | 19.0 % | 100 |" in text
    assert "| c20 |" not in text


def test_what_images_in_two_splits_do_to_the_accuracy():
    plain = "The test images played no part in training or choosing."
    assert plain in _card()
    dropped = Duplicates(test=30, examples=(("val/1.png", "train/1.png"),))
    text = _card(facts=replace(FACTS, duplicates=dropped))
    assert f"{plain} 30 that were training or search images, too, were taken out." in text
    text = _card(facts=replace(FACTS, duplicates=replace(dropped, kept=True)))
    assert "30 of the test images are training or search images, too" in text
    assert plain not in text


def test_what_a_network_that_came_before_had_learned_from():
    def told(**seen):
        return _card(facts=replace(FACTS, seen=SeenBefore(by="S0", **seen)))

    assert "None is among the images that S0 had learned from or been chosen on." in told()
    assert "7 that S0 had learned from or been chosen on were taken out." in told(test=7)
    kept = told(test=7, kept=True)
    assert "But 7 of them are among the images that S0 had learned from" in kept
    assert "so that the accuracy flatters" in kept
    unknown = told(unknown="no list")
    assert "whether S0 had learned from some of them before is not known: no list." in unknown
    assert "None is among" not in unknown


def test_images_that_chose_nothing_are_not_said_to_have():
    text = _card(facts=replace(FACTS, chosen=False, found="It came from elsewhere."))
    assert "chose the architecture" not in text
    assert "joint search" not in text
    assert "It came from elsewhere." in text


def test_several_labels_an_image_are_told():
    counts = ClassCounts(classes=("a|b", "c", "d"), images=(50, 40, 30), of_several=80)
    test = ClassScore(counts=counts, correct=(25.0, 30.0, 15.0))
    package = replace(packaged(tiny()), task="multilabel")
    text = card(MEMBER, package=package, facts=replace(FACTS, test=test))
    assert "## Mean average precision" in text
    assert "| test | 58.33 % | " in text
    assert "| c | 75.0 % | 40 |" in text
    assert "| class | average precision | test images |" in text
    assert "its sigmoid is the probability" in text
    assert "names the classes of 50 % or more" in text
    assert "ccuracy" not in text
