"""Which folder a run works in, and which settings make it the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from escalade.api.beginning.begin import open_run
from escalade.api.beginning.claim import (
    begun_config,
    check_same,
    check_usable,
    claim,
    free_folder,
    make_folder,
    placed,
)
from escalade.artefacts.run_folder import RunFolder
from escalade.config import Config, resolve
from escalade.planning.begun_space import begun_space, named_space
from escalade.planning.completing import complete
from escalade.train.runtime import Runtime, limit_threads

SMALL = {"data": "demo", "budgets": "1M,2M", "space": "small"}
STATED = {
    "supernet": {"step": "single_path"},
    "search": {"method": "mcea", "population": 64, "generations": 40},
    "retrain": {"searched": "in_turn"},
}
FRONT = {"data": "demo", "space": "scarlet_small"}
STATED_FRONT = {
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


def begun(path: Path, *layers) -> RunFolder:
    """A folder as a run of these settings leaves it at its start."""
    given = resolve(*layers)
    space = named_space(given)
    folder = RunFolder(path)
    make_folder(path)
    claim(folder, complete(given, space)[0], space)
    return folder


def space_of(folder: RunFolder, config: Config | None = None):
    return begun_space(folder, config or begun_config(folder))


def edited(folder, key, value):
    """The folder's configuration with another value, as a user's editor leaves it."""
    data = yaml.safe_load(folder.config.read_text())
    data[key] = value
    folder.config.write_text(yaml.safe_dump(data))


# The same run


@pytest.mark.parametrize(("given", "stated"), [(SMALL, STATED), (FRONT, STATED_FRONT)])
def test_settings_that_follow_from_the_space_may_be_stated(tmp_path, given, stated):
    check_same(begun(tmp_path / "a", given, stated), resolve(given))
    check_same(begun(tmp_path / "b", given), resolve(given, stated))


def test_a_run_keeps_its_threads_where_there_are_others(tmp_path):
    folder = begun(tmp_path / "run", SMALL, {"threads": 1})
    with limit_threads(2):
        given = Runtime(device="cpu")
        assert given.threads == 2
        assert open_run(folder.path, runtime=given).runtime.threads == 1


@pytest.mark.parametrize("space", ["bignas_small", "regnet_y_small"])
def test_they_may_in_every_kind_of_space(tmp_path, space):
    folder = begun(tmp_path / "run", SMALL | {"space": space})
    check_same(folder, resolve(SMALL | {"space": space}, {"workers": 3, "memory": "4G"}))
    check_same(folder, begun_config(folder))


@pytest.mark.parametrize(
    ("given", "more", "words"),
    [
        (SMALL, {"search": {"population": 8}}, "search.population is 64 there, 8 here"),
        (SMALL, {"search": {"method": "random"}}, "search.method is mcea there, random here"),
        (SMALL, {"supernet": {"step": "sandwich"}}, "supernet.step is single_path there, sandwich"),
        (
            SMALL,
            {"retrain": {"searched": "slice", "grown": "warm"}},
            "retrain.searched is in_turn there, slice",
        ),
        (SMALL, {"space": "medium"}, "space is medium, but the run began with small"),
        (FRONT, {"supernet": {"identity": "plain"}}, "identity is plain, but the run began with"),
        (FRONT, {"search": {"objectives": ["error", "macs"]}}, "search.objectives is"),
        (FRONT, {"search": {"members": 4}}, "search.members is 3 there, 4 here"),
    ],
)
def test_other_values_are_another_run(tmp_path, given, more, words):
    folder = begun(tmp_path / "run", given)
    with pytest.raises(ValueError) as caught:
        check_same(folder, resolve(given, more))
    assert words in str(caught.value)
    assert "another --out" in str(caught.value)


def test_no_identity_is_the_spaces_own_not_the_one_the_run_began_with(tmp_path):
    plain = resolve(FRONT, {"supernet": {"identity": "plain"}})
    folder = begun(tmp_path / "run", FRONT, {"supernet": {"identity": "plain"}})
    check_same(folder, plain)
    assert space_of(folder).layout.identity == "plain"
    with pytest.raises(ValueError, match=r"identity is let, but the run began with plain"):
        check_same(folder, resolve(FRONT))
    assert free_folder(resolve(FRONT), folder.path) == folder.path.with_name("run-2")


# The run's own configuration


@pytest.mark.parametrize(
    ("space", "first", "remedy"),
    [("bignas_small", "small", "write that"), ("small", "mine", "name its file")],
)
def test_the_space_of_a_run_cannot_be_edited(tmp_path, space, first, remedy):
    file = tmp_path / "my_space.yaml"
    file.write_text("format: 1\nlike: small\nname: mine\n")
    named = str(file) if first == "mine" else first
    folder = begun(tmp_path / "run", SMALL | {"space": named})
    edited(folder, "space", space)
    for use in (
        lambda: space_of(folder),
        lambda: check_same(folder, resolve(SMALL | {"space": space})),
    ):
        with pytest.raises(ValueError) as caught:
            use()
        assert str(caught.value) == (
            f"{folder.config}: space is {space}, but the run began with {first}; {remedy}, or "
            "use another --out"
        )
    edited(folder, "space", named)
    assert space_of(folder).name == first


def test_the_identities_of_a_run_cannot_be_edited(tmp_path):
    folder = begun(tmp_path / "run", FRONT)
    folder.config.write_text(folder.config.read_text().replace("identity: let", "identity: plain"))
    words = r"config.yaml: supernet.identity is plain, but the run began with let; use that"
    with pytest.raises(ValueError, match=words):
        space_of(folder)


def test_a_mistyped_space_is_told(tmp_path):
    folder = begun(tmp_path / "run", SMALL)
    edited(folder, "space", "smal")
    with pytest.raises(ValueError, match="did you mean small"):
        space_of(folder)


@pytest.mark.parametrize("change", ["moved", "widths: [", "stem: {widths: [8]}\n"])
@pytest.mark.parametrize("like", ["small", "scarlet_small"])
def test_a_users_file_may_move_or_change(tmp_path, change, like):
    file = tmp_path / "mine.yaml"
    file.write_text(f"format: 1\nlike: {like}\nname: mine\n")
    given = {"data": "demo", "budgets": "1M,2M", "space": str(file)}
    folder = begun(tmp_path / "run", given)
    before = space_of(folder).layout
    if change == "moved":
        file.unlink()
    else:
        file.write_text(file.read_text() + change)
    check_same(folder, resolve(given))
    assert space_of(folder).layout == before


# A folder where none was named


def test_the_default_folder_is_free_or_this_runs_own(tmp_path):
    path, small = tmp_path / "runs" / "demo", resolve(SMALL)
    assert free_folder(small, path) == path
    path.mkdir(parents=True)
    (path / f".part-{8 * '0a'}-config.yaml").write_text("data: de")
    (path / ".lock").touch()
    assert free_folder(small, path) == path
    begun(path, SMALL, STATED)
    assert free_folder(small, path) == path
    second, other = path.with_name("demo-2"), resolve(SMALL, {"seed": 1})
    assert free_folder(other, path) == second
    begun(second, SMALL, {"seed": 1})
    assert free_folder(other, path) == second
    assert free_folder(resolve(SMALL, {"seed": 2}), path) == path.with_name("demo-3")
    assert free_folder(resolve(FRONT), path) == path.with_name("demo-3")


@pytest.mark.parametrize("name", ["notes.txt", "config.yaml"])
def test_what_is_no_such_run_is_left_alone(tmp_path, name):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).write_text("[1")
    assert free_folder(resolve(SMALL), tmp_path / "demo") == tmp_path / "demo-2"
    (tmp_path / "demo-2").touch()
    assert free_folder(resolve(SMALL), tmp_path / "demo") == tmp_path / "demo-3"
    with pytest.raises(ValueError, match="demo-2: is a file; name a folder"):
        check_usable(tmp_path / "demo-2")
    if name == "notes.txt":
        with pytest.raises(ValueError, match="neither empty nor a run folder; use another --out"):
            check_usable(tmp_path / "demo")


def test_a_fitted_run_is_found_again(tmp_path):
    fitted = {"hours": 1.0, "fitted": True, "search": {"population": 12, "generations": 7}}
    begun(tmp_path / "demo", SMALL, fitted)
    for hours, expected in ((1.0, "demo"), (2.0, "demo-2")):
        given = resolve(SMALL, {"hours": hours})
        assert free_folder(given, tmp_path / "demo") == tmp_path / expected


def test_a_folder_of_images_may_have_moved(tmp_path):
    """With --out wherever it is now; without only if it cannot be another one of that name."""
    places = [tmp_path / name / "photos" for name in "abc"]
    for place in places[:2]:
        place.mkdir(parents=True)
    old, new, link = (resolve(SMALL | {"data": str(place)}) for place in places)
    folder = begun(tmp_path / "runs/photos", SMALL | {"data": str(places[0])})
    other = folder.path.with_name("photos-2")
    check_same(folder, new)
    assert [free_folder(each, folder.path) for each in (old, new)] == [folder.path, other]
    places[2].parent.mkdir()
    places[2].symlink_to(places[0])
    assert free_folder(link, folder.path) == folder.path
    places[0].rmdir()
    assert free_folder(new, folder.path) == folder.path
    assert free_folder(resolve(SMALL), folder.path) == other
    with pytest.raises(ValueError, match=r"data is .*photos there, demo here"):
        check_same(folder, resolve(SMALL))


def test_a_folder_is_named_by_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    for text, data in (
        ("photos", str(tmp_path / "photos")),
        ("photos/", str(tmp_path / "photos")),
        (".", str(tmp_path)),
        ("demo", "demo"),
        ("photo", "photo"),
        ("~nobody-of-that-name", "~nobody-of-that-name"),
        ("x" * 5000, "x" * 5000),
    ):
        assert placed(resolve(SMALL | {"data": text})).data == data
