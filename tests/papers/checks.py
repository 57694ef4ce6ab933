"""What in a command's output shows a row of docs/explanation/papers.md, by the command.

Each check is about the row's own claim; that the command ended well is checked for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from seeing import Seen

Check = Callable[[Seen], None]
CHECKS: dict[str, Check] = {}
RUNS = "escalade run --preset smoke"
RECIPE = "escalade run --preset bignas_recipe --data demo --set dataset.limit=400"
FRONT_SPACE = "--space scarlet_small"


def shows(command: str) -> Callable[[Check], Check]:
    """Names the command whose output a check looks at."""

    def keep(check: Check) -> Check:
        assert command not in CHECKS, command
        CHECKS[command] = check
        return check

    return keep


def weights(seen: Seen, run: str) -> set[str]:
    """Where the searched members' weights came from."""
    members = seen.json(f"{run}/family/family.json")["members"]
    return {member["weights"] for member in members if member["origin"] == "searched"}


def done(seen: Seen, run: str) -> str:
    """The section "What was done"."""
    page = seen.page(run)
    section = page[page.index('<section id="done"') :]
    return section[: section.index("</section>")]


# ScaleNet


@shows(f"{RUNS} --out runs/smoke")
def _(seen: Seen) -> None:
    members = seen.json("runs/smoke/family/family.json")["members"]
    assert [(m["name"], m["origin"]) for m in members] == [
        ("S0", "searched"), ("S1", "searched"), ("S2", "grown"),
    ]  # fmt: skip
    for member in members:
        assert abs(member["macs"] / member["budget"] - 1) <= 0.05
        files = ("config.json", "model.safetensors", "README.md", "model.py", "model.onnx")
        for file in (*files, "program.pt2"):  # the last row of the page, too
            assert (seen.place / "runs/smoke/family" / member["folder"] / file).stat().st_size > 0
    assert "hierarchical, trained on" in seen.page("runs/smoke")  # Fig. 3


@shows("escalade space scalenet")
def _(seen: Seen) -> None:
    assert "60,690,124,800,000 paths" in seen.said
    for stage, num, mean in ((1, 48, 0.89), (2, 75, 1.74), (3, 147, 3.56)):
        found = re.search(
            rf"stage {stage}: {num} strategies, .* mean ([\d.]+)([MG]) macs", seen.said
        )
        assert found, seen.said
        billions = float(found[1]) / (1000 if found[2] == "M" else 1)
        assert billions == pytest.approx(mean, rel=0.03)


@shows("escalade plan --data demo --budgets 1M,2M,4M --space small")
def _(seen: Seen) -> None:
    for stage, budget in enumerate(("1M", "2M", "4M")):
        assert re.search(rf"S{stage}  {budget} macs: paths cost .* of them meet it", seen.said)
    assert "S3  8M: " in seen.said


@shows("escalade plan --preset imagenet --data demo --set precision=fp32 --set dataset.side=224")
def _(seen: Seen) -> None:
    for stage, budget in enumerate(("400M", "800M", "1.6G", "3.2G")):
        found = re.search(rf"S{stage}  {budget} macs: .*, ([\d.]+) ?% of them meet it", seen.said)
        assert found is not None
        assert float(found[1]) >= 10
    assert all(each in seen.said for each in ("S4  6.4G: grown", "S5  12.8G: grown"))
    hours = re.search(r"time +about ([\d,]+) h .*here", seen.said)
    assert hours is not None
    assert float(hours[1].replace(",", "")) > 10_000


@shows("escalade space scalenet --sampler uniform")
def _(seen: Seen) -> None:
    assert re.search(r"macs, uniform: [\d.]+M \|", seen.said)


@shows(f"{RUNS} --set supernet.coupled=true --out runs/coupled")
def _(seen: Seen) -> None:
    assert seen.last_channels("runs/coupled") > 0.5
    assert seen.last_channels("runs/smoke") < 0.1
    assert "left and right channels in turns" in done(seen, "runs/coupled")


@shows(f"{RUNS} --budgets 0.3M,0.6M,1.2M,2.4M --out runs/ladder")
def _(seen: Seen) -> None:
    """Equation (9): fitted, checked on the last stage, and the grown member in its interval."""
    growth = seen.json("runs/ladder/growth.json")
    assert growth["form"] == "exponential"
    assert len(growth["points"]) == 4
    for parameters in growth["functions"]["exponential"].values():
        assert set(parameters) == {"a0", "a1"}
    assert growth["leave_last_out"]["stage"] == 3
    assert set(growth["leave_last_out"]["exponential"]) == {"depth", "width", "resolution"}
    (member,) = growth["members"]
    assert abs(member["gap"]) <= 0.05
    held_back = "growth asks for" in "".join(member.get("notes") or ())
    for dimension, (low, high) in member["interval"].items():
        assert low <= member["predicted"][dimension] <= high, dimension
        if dimension != "resolution" or not held_back:  # images have no more pixels
            assert low - 1e-9 <= member["solved"][dimension] <= high + 1e-9, dimension


@shows("escalade report runs/ladder")
def _(seen: Seen) -> None:
    """Figs. 4 and 6."""
    rows = seen.json("runs/ladder/search.json")["iterations"]
    phases = list(dict.fromkeys((row["iteration"], row["phase"]) for row in rows))
    assert phases == [(0, "initial"), (1, "base"), (1, "strategy")]
    bases = [row["generation"] for row in rows if row["phase"] == "base" and row["stage"] is None]
    assert len(set(bases)) == 4
    page = seen.page("runs/ladder")
    for name in ("Accuracy of the candidates", "Spread of the candidates"):
        assert name in page
    assert "MCEA (ScaleNet, section 3.3)" in done(seen, "runs/ladder")


@shows("escalade grow runs/ladder --to 5M")
def _(seen: Seen) -> None:
    macs = int(re.search(r"([\d,]+) macs", seen.said)[1].replace(",", ""))
    assert macs == pytest.approx(5e6, rel=0.05)
    for name in ("depth", "width", "resolution"):
        assert re.search(rf"{name}\s+x\s*[\d.]+ \(predicted [\d.]+", seen.said), name


@shows(
    "escalade retrain runs/smoke --member S2 --data demo --from-weights --epochs 1 --out runs/other"
)
def _(seen: Seen) -> None:
    result = seen.json("runs/other/result.json")
    assert 0 < result["accuracy"]["test"] <= 1


@shows("escalade report runs/smoke")
def _(seen: Seen) -> None:
    """Table 5; and the growth rule beside others."""
    ledger = seen.json("runs/smoke/ledger.json")
    for stage in ("train", "search"):
        assert sum(row["device_seconds"] for row in ledger if row["stage"] == stage) > 0
    page = seen.page("runs/smoke")
    assert "Training and searching" in page
    assert "Beside scaling rules" in page
    assert all(f"by {rule}" in page for rule in ("dWr", "dwr"))


@shows(f"{RUNS} --set search.method=independent --grow 0 --out runs/apart")
def _(seen: Seen) -> None:
    found = seen.json("runs/apart/search.json")
    assert found["searcher"] == "independent"
    assert len({tuple(stage["genome"]) for stage in found["stages"]}) == 2
    assert "an evolution for each budget by itself" in done(seen, "runs/apart")


# BigNAS


@shows(f"{RECIPE} --set supernet.recipe.epochs=10 --out runs/recipe")
def _(seen: Seen) -> None:
    """Section 3.1 as a whole."""
    rates = seen.rates("runs/recipe")
    assert rates[-1] == pytest.approx(0.05 * 0.4)
    assert rates[-1] == rates[-2]
    assert max(rates) > 3 * rates[-1]
    assert weights(seen, "runs/recipe") == {"sliced"}
    told = done(seen, "runs/recipe")
    for words in (
        "sandwich rule (BigNAS, section 3.1): the largest, the smallest and 2 random paths",
        "in-place distillation", "dropout and weight decay on the largest alone; same patches",
        "the last scale of every residual branch is 0", "exponential schedule to 5 % of it",
        "then constant", "slices of the supernet, without a training of their own",
    ):  # fmt: skip
        assert words in told, words


@shows("escalade space bignas")
def _(seen: Seen) -> None:
    """Table 1."""
    rows = {" ".join(line.split()) for line in seen.said.splitlines()}
    for row in (
        "resolution 192 to 320, 33 values", "stem.width 32 40",
        "stages[4].depth 2 3 4 5 6", "stages[5].width 192 200 208 216 in each of 6 layers",
        "stages[6].kernel 3 5 in each of 2 layers", "stages[0].kernel 3 in each of 2 layers",
    ):  # fmt: skip
        assert row in rows, row
    assert "217,632,640 macs" in seen.said
    assert "1,891,542,528 macs" in seen.said


@shows(
    f"{RECIPE} --set supernet.recipe.epochs=4 --set supernet.zero_residual=false --set "
    "supernet.regularise=all --set supernet.patches=different --set "
    "supernet.recipe.schedule=cosine --set supernet.recipe.constant_after=1 --out runs/ablated"
)
def _(seen: Seen) -> None:
    """Figs. 4 to 7, the other sides."""
    told = done(seen, "runs/ablated")
    assert "dropout and weight decay on all; different patches" in told
    assert "cosine schedule" in told
    assert "residual branch" not in told
    assert seen.rates("runs/ablated")[-1] < 0.02 * 0.4


@shows("escalade report runs/recipe")
def _(seen: Seen) -> None:
    """Section 4.4: a grid, not one skeleton."""
    selections = seen.json("runs/recipe/search.json")["selections"]
    assert len(selections) == 3
    for each in selections:
        assert each["evaluations"]["coarse"] >= 7
        assert each["evaluations"]["fine"] > each["evaluations"]["coarse"]
        assert each["fine_score"] >= each["coarse_score"]
    page = seen.page("runs/recipe")
    assert "Coarse grid: " in page
    assert "variations of its best: " in page


@shows("escalade cost bignas_659m")
def _(seen: Seen) -> None:
    macs = int(re.search(r"([\d,]+) macs", seen.said)[1].replace(",", ""))
    assert macs == pytest.approx(659e6, rel=0.002)


@shows(
    "escalade analyse runs/recipe --members S0 --arms finetune,scratch,distil_a,distil_b "
    "--rates 0.1"
)
def _(seen: Seen) -> None:
    """Tables 2 and 3."""
    found = seen.json("runs/recipe/analysis.json")
    arms = {row["arm"]: row for row in found["results"] if row["member"] == "S0"}
    assert list(arms) == ["slice", "finetune", "scratch", "distil_a", "distil_b"]
    images = {arms[name]["num_training_images"] for name in ("scratch", "distil_a", "distil_b")}
    assert images == {30 * 128}  # ten epochs of three batches: as the supernet
    assert all(0 < row["accuracy"] <= 1 for row in arms.values())
    assert found["teacher"] == "largest"


# SCARLET


@shows("escalade space scarlet")
def _(seen: Seen) -> None:
    """Table 1."""
    rows = [" ".join(line.split()) for line in seen.said.splitlines()]
    choices = [
        f"{i} expansion {e}, kernel {k}{se}"
        for i, (e, k, se) in enumerate(
            (e, k, s) for e in (3, 6) for k in (3, 5, 7) for s in ("", ", se")
        )
    ]
    assert [row for row in rows if row in choices] == choices
    assert "12 identity" in rows
    layers = [re.search(r"choice 0 to 12(?: in each of (\d+) layers)?", row) for row in rows]
    assert sum(int(each[1] or 1) for each in layers if each) == 19
    assert "23,156,736 macs" in seen.said
    assert "561,340,928 macs" in seen.said


@shows(
    f'{RUNS} {FRONT_SPACE} --set "budgets=[]" --set search.population=16 '
    '--set search.generations=8 --set "search.constraints=[macs < 2M, accuracy > 0.2]" '
    "--out runs/front"
)
def _(seen: Seen) -> None:
    """Algorithm 1: each limit leaves something out, and each way of making children a trace."""
    front = seen.json("runs/front/search.json")["front"]
    for limit in ("macs < 2M", "accuracy > 0.2"):
        assert sum(row["rejected"][limit] for row in front["generations"]) > 0, limit
    for network in front["networks"]:
        assert network["score"] > 0.2
        assert network["values"][front["objectives"].index("macs")] < 2e6
    broods = seen.json("runs/front/children.json")["generations"]
    assert len(broods) == 6
    assert {way for brood in broods for way in brood["ways"]} == {
        "crossover", "controller", "wheel",
    }  # fmt: skip
    ways = [way for brood in broods for way in brood["ways"].values()]
    assert sum(way["scored"] for way in ways) > sum(way["accepted"] for way in ways) > 0
    assert sum(way["survived"] for way in ways) > 0
    assert len(broods[0]["controller"]) == len(broods[0]["wheel"]) == 13
    assert broods[-1]["decided"] > broods[0]["decided"]
    assert "NSGA-II (SCARLET, Algorithm 1)" in done(seen, "runs/front")


@shows("escalade report runs/front")
def _(seen: Seen) -> None:
    """Fig. 6."""
    page = seen.page("runs/front")
    for title in (
        "Hypervolume of the front", "Identities among the survivors", "Networks per generation",
        "Children that survived", "What controller and wheel try",
    ):  # fmt: skip
        assert title in page, title


@shows(f"{RUNS} --budgets 0.6M,1.2M {FRONT_SPACE} --set supernet.identity=plain --out runs/plain")
def _(seen: Seen) -> None:
    """Fig. 2."""
    _, bare = seen.supernet("runs/plain")
    _, linear = seen.supernet("runs/fair")
    more = set(linear) - set(bare)
    assert more
    assert not set(bare) - set(linear)
    assert all(linear[name].ndim == 4 and linear[name].shape[2:] == (1, 1) for name in more)
    assert "bare: they hand on what they get" in done(seen, "runs/plain")
    if "Identities in slices" in seen.page("runs/plain"):
        assert "as the supernet did: bare" in seen.page("runs/plain")


@shows("escalade report runs/fair")
def _(seen: Seen) -> None:
    """Lemmas 1 and 2."""
    members = seen.json("runs/fair/family/family.json")["members"]
    told = [member["identities"] for member in members if "identities" in member]
    if told:  # of so small a search, members may have none
        assert "Identities in slices" in seen.page("runs/fair")
        assert all(each["slice"]["macs"] >= each["standalone"]["macs"] for each in told)


@shows(f"{RUNS} --budgets 0.6M,1.2M {FRONT_SPACE} --out runs/fair")
def _(seen: Seen) -> None:
    """Every choice of every layer is trained in every step."""
    began, now = seen.supernet("runs/fair")
    still = [name for name in now if now[name].ndim == 4 and now[name].equal(began[name])]
    assert still == []
    assert "strictly fair" in done(seen, "runs/fair")


@shows("escalade compare scarlet_a scarlet_b scarlet_c --blocks")
def _(seen: Seen) -> None:
    """Fig. 5."""
    cells = seen.cells()
    assert cells["macs"] == ["365.3M", "326.9M", "280.1M"]
    layers = [cells[name] for name in cells if name.startswith("stage ")]
    assert len(layers) == 20
    for column, num in enumerate((0, 2, 3)):
        assert sum(row[column] == "id" for row in layers) == num
    assert cells["stage 4, layer 3"] == ["k7e3se", "id", "k3e3se"]


@shows("escalade compare scarlet_a scarlet_a:d0_w7_r3:2.64 scarlet_a:d286_w278_r436:11.28")
def _(seen: Seen) -> None:
    """Table 4."""
    cells = seen.cells()
    assert cells["resolution"] == ["224", "260", "380"]
    assert cells["macs"][1:] == ["1.048G", "4.336G"]


# Fast and Accurate Model Scaling


@shows("escalade cost efficientnet_b0 --stages")
def _(seen: Seen) -> None:
    for number in ("385,814,752", "5,288,548", "6,748,036"):
        assert number in seen.said


@shows(
    "escalade compare efficientnet_b0:d:4 efficientnet_b0:w:4 efficientnet_b0:r:4 "
    "efficientnet_b0:dwr:4"
)
def _(seen: Seen) -> None:
    """Tables 1 and 2."""
    cells = seen.cells()
    powers = [float(each) for each in cells["activations, power"]]
    assert powers == pytest.approx([1, 1 / 2, 1, 5 / 6], abs=0.15)  # stem and head are not deeper
    assert float(cells["params, power"][2]) == pytest.approx(0, abs=0.02)


@shows(
    "escalade compare regnet_y_400mf regnet_y_400mf:w1_g0:1.4G regnet_y_400mf:g1:1.4G "
    "regnet_y_400mf:w:1.4G"
)
def _(seen: Seen) -> None:
    """Table 3."""
    cells = seen.cells()
    assert all(each.startswith("1.") for each in cells["macs"][1:])
    powers = [float(each) for each in cells["group convs' activations, power"]]
    assert powers == pytest.approx([1, 0, 1 / 2], abs=0.06)


@shows("escalade latency efficientnet_b0 regnet_y_400mf --resolution 128 --repeats 5")
def _(seen: Seen) -> None:
    assert all(name in seen.said for name in ("efficientnet_b0", "regnet_y_400mf"))
    assert len(re.findall(r"[\d.]+ \([\d.]+ to [\d.]+\)", seen.said)) == 2  # milliseconds


@shows("escalade scale efficientnet_b0 --by 4 --rule alpha=0.5")
def _(seen: Seen) -> None:
    """Equation (6): s^(1/4), s^(1/4), s^(1/8)."""
    assert "depth x1.414, width x1.414, resolution x1.189" in seen.said


@shows("escalade scale efficientnet_b0 --by 11 --plot curves.svg")
def _(seen: Seen) -> None:
    assert (seen.place / "curves.svg").read_text().count("<path") >= 5
    assert "by rule dWr, factor 11" in seen.said


@shows("escalade compare efficientnet_b0 efficientnet_b5 regnet_z_500mf regnet_z_4gf regnet_y_4gf")
def _(seen: Seen) -> None:
    """Tables 5 and 6."""
    _as_printed(
        seen, ("0.4", "10.3", "0.5", "4.0", "4.0"), ("5.3", "30.4", "7.1", "28.1", "20.6"),
        ("6.7", "98.9", "5.9", "24.3", "12.3"),
    )  # fmt: skip


@shows("escalade compare regnet_z_500mf:dWr:31.5 regnet_z_4gf:dWr:3.885 efficientnet_b0:dWr:48")
def _(seen: Seen) -> None:
    """Table 8."""
    _as_printed(
        seen, ("16.2", "15.9", "16.2"), ("134.8", "95.3", "122.8"), ("42.6", "51.3", "61.8")
    )


def _as_printed(seen: Seen, *columns: tuple[str, ...]) -> None:
    """Billions of macs, millions of params and of activations."""
    cells = seen.cells()
    for name, unit, printed in zip(
        ("macs", "params", "activations"), (1e9, 1e6, 1e6), columns, strict=True
    ):
        sizes = {"k": 1e3, "M": 1e6, "G": 1e9}
        found = [float(each[:-1]) * sizes[each[-1]] / unit for each in cells[name]]
        assert found == pytest.approx([float(each) for each in printed], abs=0.051), name


@shows("escalade plan --data demo --budgets 1M,4M --space regnet_y_small")
def _(seen: Seen) -> None:
    """Section 6.4."""
    assert "the best of 32 random ones" in seen.said
    assert "S1  4M: the largest searched member scaled by dWr" in seen.said


# Together


@shows(f"{RUNS} --set supernet.step=sandwich --set retrain.searched=slice --out runs/sandwich")
def _(seen: Seen) -> None:
    assert weights(seen, "runs/sandwich") == {"sliced"}
    assert "sandwich rule" in done(seen, "runs/sandwich")


@shows(f"{RUNS} --set retrain.searched=together --out runs/together")
def _(seen: Seen) -> None:
    assert weights(seen, "runs/together") == {"together"}
    assert (seen.place / "runs/together/supernet/together.safetensors").exists()


@shows("escalade scale runs/front/family/S2 --by 4")
def _(seen: Seen) -> None:
    assert "by rule dWr, factor 4" in seen.said
    assert 2 < float(seen.cells()["macs"][-1]) < 6  # narrow networks are scaled in coarse steps


@shows(f"{RUNS} --set search.method=nsga2 --grow 0 --out runs/staged_front")
def _(seen: Seen) -> None:
    _evolves(seen, "runs/staged_front")


@shows(f"{RUNS} --space bignas_small --set search.method=nsga2 --grow 0 --out runs/bignas_front")
def _(seen: Seen) -> None:
    _evolves(seen, "runs/bignas_front")


def _evolves(seen: Seen, run: str) -> None:
    """Generations that are not random, of which some survive."""
    broods = seen.json(f"{run}/children.json")["generations"]
    assert len(broods) == 2
    assert sum(way["survived"] for brood in broods for way in brood["ways"].values()) > 0
    assert "random search here" not in seen.said


@shows("escalade plan --preset smoke --set search.method=nsga2 --set search.generations=2")
def _(seen: Seen) -> None:
    assert "nsga2 is random search here" in seen.said


@shows("escalade analyse runs/smoke --members S0 --arms finetune,scratch --rates 0.1 --epochs 1")
def _(seen: Seen) -> None:
    results = seen.json("runs/smoke/analysis.json")["results"]
    assert [row["arm"] for row in results] == ["slice", "finetune", "scratch"]


@shows("escalade plan --data demo --budgets 30k,60k --budget-kind activations --space bignas_small")
def _(seen: Seen) -> None:
    assert re.search(r"S1  60k activations: paths cost", seen.said)


@shows("escalade plan --preset smoke --budgets 1.8ms,2.4ms --budget-kind latency --grow 0")
def _(seen: Seen) -> None:
    assert re.search(r"S1  2.4ms latency: paths cost", seen.said)
