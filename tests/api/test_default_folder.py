"""Which folder a run works in, and which settings make it the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from escalade.api.claim import claim, default_folder
from escalade.api.run_folder import RunFolder
from escalade.config import resolve

SMALL = {"data": "demo", "budgets": "1M,2M", "space": "small"}
# The defaults of runs that were begun before these followed from the space.
BEFORE = {
    "supernet": {"step": "single_path"},
    "search": {
        "method": "mcea",
        "population": 64,
        "generations": 40,
        "objectives": ["error", "macs", "-params"],
    },
    "retrain": {"searched": "finetune"},
}
FRONT = {"data": "demo", "space": "scarlet_small"}
STATED = {
    "supernet": {"step": "fair", "identity": "let"},
    "search": {
        "method": "nsga2",
        "population": 70,
        "generations": 120,
        "objectives": ["error", "macs", "-params"],
        "members": 3,
    },
    "retrain": {"searched": "retrain"},
}


def edited(folder, key, value):
    """The folder's configuration with another value, as a user's editor leaves it."""
    data = yaml.safe_load(folder.config.read_text())
    data[key] = value
    folder.config.write_text(yaml.safe_dump(data))


# The same run


@pytest.mark.parametrize(("given", "stated"), [(SMALL, BEFORE), (FRONT, STATED)])
def test_settings_that_follow_from_the_space_may_be_stated(tmp_path, given, stated):
    before, after = resolve(given, stated), resolve(given)
    for name, (first, second) in {"a": (before, after), "b": (after, before)}.items():
        claim(tmp_path / name, first)
        assert claim(tmp_path / name, second).load_config() == first


@pytest.mark.parametrize("space", ["bignas_small", "regnet_y_small"])
def test_they_may_in_every_kind_of_space(tmp_path, space):
    stated = BEFORE | {"search": {"population": 64, "generations": 40, "crossover": 0.5}}
    stated = {"supernet": stated["supernet"], "search": stated["search"]}
    claim(tmp_path / "run", resolve(SMALL | {"space": space}, stated))
    claim(tmp_path / "run", resolve(SMALL | {"space": space}))


def test_objectives_are_of_a_front_only(tmp_path):
    latencies = SMALL | {"budgets": "1ms,2ms", "budget_kind": "latency"}
    claim(tmp_path / "run", resolve(latencies, BEFORE))
    claim(tmp_path / "run", resolve(latencies))


@pytest.mark.parametrize(
    ("given", "more", "words"),
    [
        (SMALL, {"search": {"population": 8}}, "search.population is 64 there, 8 here"),
        (SMALL, {"search": {"method": "random"}}, "search.method is mcea there, random here"),
        (SMALL, {"supernet": {"step": "sandwich"}}, "supernet.step is single_path there, sandwich"),
        (SMALL, {"retrain": {"searched": "slice"}}, "retrain.searched is finetune there, slice"),
        (SMALL, {"space": "medium"}, "space is small there, medium here"),
        (FRONT, {"supernet": {"identity": "plain"}}, "supernet.identity is let there, plain here"),
        (FRONT, {"search": {"objectives": ["error", "macs"]}}, "search.objectives is"),
        (FRONT, {"search": {"members": 4}}, "search.members is 3 there, 4 here"),
    ],
)
def test_other_values_are_another_run(tmp_path, given, more, words):
    claim(tmp_path / "run", resolve(given))
    with pytest.raises(ValueError) as caught:
        claim(tmp_path / "run", resolve(given, more))
    assert words in str(caught.value)
    assert "Use another --out" in str(caught.value)


def test_no_identity_is_the_spaces_own_not_the_one_the_run_began_with(tmp_path):
    plain = resolve(FRONT, {"supernet": {"identity": "plain"}})
    folder = claim(tmp_path / "run", plain)
    assert claim(folder.path, plain).load_space(plain).identity == "plain"
    with pytest.raises(ValueError, match=r"supernet\.identity is plain there, let here"):
        claim(folder.path, resolve(FRONT))
    assert default_folder([FRONT], folder.path) == folder.path.with_name("run-2")


# The run's own configuration


@pytest.mark.parametrize(
    ("space", "begun", "remedy"),
    [("bignas_small", "small", "write that"), ("small", "mine", "name its file")],
)
def test_the_space_of_a_run_cannot_be_edited(tmp_path, space, begun, remedy):
    file = tmp_path / "my_space.yaml"
    file.write_text("format: 1\nlike: small\nname: mine\n")
    folder = claim(
        tmp_path / "run", resolve(SMALL | {"space": str(file) if begun == "mine" else begun})
    )
    edited(folder, "space", space)
    for use in (
        lambda: folder.load_space(folder.load_config()),
        lambda: claim(folder.path, folder.load_config()),
    ):
        with pytest.raises(ValueError) as caught:
            use()
        assert str(caught.value) == (
            f"{folder.config}: space is {space}, but the run began with {begun}; {remedy}, or "
            "use another --out"
        )
    edited(folder, "space", str(file) if begun == "mine" else begun)
    assert folder.load_space(folder.load_config()).name == begun


def test_a_mistyped_space_is_told(tmp_path):
    folder = claim(tmp_path / "run", resolve(SMALL))
    edited(folder, "space", "smal")
    with pytest.raises(ValueError, match="did you mean small"):
        folder.load_space(folder.load_config())


@pytest.mark.parametrize("change", ["moved", "widths: [", "stem: {widths: [8]}\n"])
def test_a_users_file_may_move_or_change(tmp_path, change):
    file = tmp_path / "mine.yaml"
    file.write_text("format: 1\nlike: small\nname: mine\n")
    config = resolve(SMALL | {"space": str(file)})
    folder = claim(tmp_path / "run", config)
    before = folder.load_space(config).layout
    if change == "moved":
        file.unlink()
    else:
        file.write_text(file.read_text() + change)
    assert claim(tmp_path / "run", config).load_space(config).layout == before


# A folder where none was named


def test_the_default_folder_is_free_or_this_runs_own(tmp_path):
    path = tmp_path / "runs" / "demo"
    assert default_folder([SMALL], path) == path
    path.mkdir(parents=True)
    (path / ".config.yaml.part").write_text("data: de")
    assert default_folder([SMALL], path) == path
    claim(path, resolve(SMALL, BEFORE))
    assert default_folder([SMALL], path) == path
    second = path.with_name("demo-2")
    assert default_folder([SMALL, {"seed": 1}], path) == second
    claim(second, resolve(SMALL, {"seed": 1}))
    assert default_folder([SMALL, {"seed": 1}], path) == second
    assert default_folder([SMALL, {"seed": 2}], path) == path.with_name("demo-3")
    assert default_folder([FRONT], path) == path.with_name("demo-3")


def test_a_rank_that_looks_while_another_makes_the_run_takes_the_same_folder(tmp_path, monkeypatch):
    path, exists = tmp_path / "demo", Path.exists
    path.mkdir()

    def just_before(file):
        found = exists(file)
        if file == path / "config.yaml" and not found:
            monkeypatch.undo()
            claim(path, resolve(SMALL))
        return found

    monkeypatch.setattr(Path, "exists", just_before)
    assert default_folder([SMALL], path) == path


@pytest.mark.parametrize("name", ["notes.txt", "config.yaml"])
def test_what_is_no_such_run_is_left_alone(tmp_path, name):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).write_text("[1")
    assert default_folder([SMALL], tmp_path / "demo") == tmp_path / "demo-2"
    (tmp_path / "demo-2").touch()
    assert default_folder([SMALL], tmp_path / "demo") == tmp_path / "demo-3"


def test_a_fitted_run_is_found_again(tmp_path):
    fitted = {"hours": 1.0, "fitted": True, "search": {"population": 12, "generations": 7}}
    claim(tmp_path / "demo", resolve(SMALL, fitted))
    assert default_folder([SMALL, {"hours": 1.0}], tmp_path / "demo") == tmp_path / "demo"
    assert default_folder([SMALL, {"hours": 2.0}], tmp_path / "demo") == tmp_path / "demo-2"


def test_settings_that_cannot_be_are_told(tmp_path):
    with pytest.raises(ValueError, match="did you mean seed"):
        default_folder([SMALL, {"sed": 1}], tmp_path / "demo")


def test_a_run_folder_knows_its_space(tmp_path):
    claim(tmp_path / "run", resolve(SMALL))
    assert RunFolder(tmp_path / "run").load_space(resolve(SMALL)).name == "small"
