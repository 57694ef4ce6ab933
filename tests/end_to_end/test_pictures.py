"""Runs on folders of pictures, and what may be wrong with a folder."""

from __future__ import annotations

import json
import shutil

import pytest
from pictures import make_pictures

from running import NO_EXPORTS, promised, settings

CLASSES = ("apple", "plum", "sea & sky <b>")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Three classes; not to be changed."""
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures", CLASSES)


def command(data, run, *more, **changes):
    flags = settings(dataset__limit="null", dataset__search_size=3, **NO_EXPORTS, **changes)
    named = ["--data", str(data), "--budgets", "0.4M,0.8M", "--grow", "1", "--preset", "smoke"]
    return ["run", *named, *flags, *more, "--out", str(run)]


@pytest.fixture(scope="session")
def run(escalade, pictures, tmp_path_factory):
    """A finished run on the pictures; not to be changed."""
    folder = tmp_path_factory.mktemp("pictures") / "run"
    result = escalade(*command(pictures, folder))
    assert result.code == 0, result.err
    return folder


@pytest.mark.slow
def test_a_family_from_mixed_pictures(run):
    family = json.loads((run / "family/family.json").read_text())
    assert [m["name"] for m in family["members"]] == ["S0", "S1", "S2"]
    assert family["data"] == "pictures"
    config = json.loads((run / "family/S2/config.json").read_text())
    assert config["num_classes"] == 3
    assert config["pretrained_cfg"]["label_names"] == list(CLASSES)
    assert config["pretrained_cfg"]["input_size"][0] == 3
    assert "sky <b>" not in (run / "report.html").read_text()


@pytest.mark.slow
def test_the_data_may_be_named_in_another_way(escalade, run, pictures, tmp_path):
    """family.json holds nothing of the place."""
    again = tmp_path / "again"
    moved = shutil.copytree(pictures, tmp_path / "pictures")  # times of files are kept
    result = escalade(*command("pictures", again), folder=moved.parent)
    assert result.code == 0, result.err
    assert promised(again) == promised(run)


@pytest.mark.slow
def test_corrupt_pictures_are_left_out_and_listed(escalade, pictures, tmp_path):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    (data / "apple/000.png").write_bytes(b"nothing")
    whole = (data / "plum/001.jpg").read_bytes()
    (data / "plum/001.jpg").write_bytes(whole[: len(whole) // 2])
    (data / "plum/notes.txt").write_text("not a picture, and not taken for one")
    result = escalade(*command(data, tmp_path / "run"))
    assert result.code == 0, result.err
    assert "2 unusable images left out" in result.err
    plan = json.loads((tmp_path / "run/plan.json").read_text())
    assert {path for path, _ in plan["skipped"]} == {"apple/000.png", "plum/001.jpg"}
    assert all(reason for _, reason in plan["skipped"])
    assert sum(plan["split"].values()) == 3 * 24 - 2


def test_too_many_corrupt_pictures_stop_the_run(escalade, pictures, tmp_path):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    for path in sorted((data / "apple").iterdir())[:11]:
        path.write_bytes(b"nothing")
    result = escalade(*command(data, tmp_path / "run"))
    assert result.code == 2
    assert "11 of 72 images" in result.err
    assert "apple/000.png" in result.err
    assert len(result.err.splitlines()) <= 3


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda data: [shutil.rmtree(data / n) for n in CLASSES[1:]], "one class folder only"),
        (lambda data: (data / "zebra").mkdir(), "zebra holds no images"),
        (lambda data: [shutil.rmtree(data / n) for n in CLASSES], "no class folders"),
        (lambda data: shutil.rmtree(data), "there is no folder"),
        (
            lambda data: [p.unlink() for p in sorted((data / "plum").iterdir())[2:]],
            "too few images to split: 'plum' (2)",
        ),
    ],
    ids=["one class", "empty class", "no class", "no folder", "two images"],
)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_folders_that_cannot_be_used(escalade, pictures, tmp_path, break_it, words, verb):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    break_it(data)
    arguments = command(data, tmp_path / "run")
    result = escalade(verb, *arguments[1:])
    assert result.code == 2, result.err
    assert words in result.err
    assert len(result.err.splitlines()) <= 3
    assert result.out == ""


def test_an_image_cache_that_cannot_be_written(escalade, pictures, tmp_path):
    (tmp_path / "file").touch()
    environment = {"ESCALADE_CACHE": str(tmp_path / "file/cache")}
    result = escalade(*command(pictures, tmp_path / "run"), environment=environment)
    assert result.code == 2
    assert str(tmp_path / "file/cache") in result.err
    assert len(result.err.splitlines()) <= 3


@pytest.mark.parametrize("change", ["added", "removed", "renamed"])
def test_other_classes_between_start_and_resume(escalade, pictures, run, tmp_path, change):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    started = tmp_path / "run"
    shutil.copytree(run, started)
    config = (started / "config.yaml").read_text().replace(str(pictures), str(data))
    (started / "config.yaml").write_text(config)
    shutil.rmtree(started / "family")
    if change == "added":
        make_pictures(tmp_path / "more", ["zebra"], seed=1)
        (tmp_path / "more/zebra").rename(data / "zebra")
    elif change == "removed":
        shutil.rmtree(data / "plum")
    else:
        (data / "plum").rename(data / "prune")
    for arguments in (command(data, started), ["retrain", started]):
        result = escalade(*arguments)
        assert result.code == 2, result.err
        assert "3 classes" in result.err
        assert len(result.err.splitlines()) <= 3


@pytest.fixture
def moved(pictures, run, tmp_path):
    """A copy of the finished run, and of its pictures in another place that it knows of."""
    data = shutil.copytree(pictures, tmp_path / "pictures", copy_function=shutil.copy)
    started = shutil.copytree(run, tmp_path / "run")
    config = (started / "config.yaml").read_text().replace(str(pictures), str(data))
    (started / "config.yaml").write_text(config)
    return started, data


@pytest.mark.slow
def test_other_images_are_refused_by_every_verb(escalade, moved):
    started, data = moved
    (data / "apple/003.webp").unlink()
    before = promised(started)
    verbs = ("train", "search", "grow", "retrain", "export", "analyse")
    for arguments in (command(data, started), *([verb, started] for verb in verbs)):
        result = escalade(*arguments)
        assert result.code == 2, result.err
        message = result.err[result.err.index("escalade: ") :]
        assert message.startswith(f"escalade: {started}: its images are not those that it began")
        assert "1 gone ('apple/003.webp')" in message
        assert len(message.splitlines()) == 2
    assert promised(started) == before
    for arguments in (["report", started], ["grow", started, "--to", "3M"]):
        assert escalade(*arguments).code == 0  # which need no images


def test_lost_digests_are_no_way_around(escalade, moved):
    started, data = moved
    (data / "apple/003.webp").unlink()
    (started / "plan.json").unlink()
    assert "1 gone ('apple/003.webp')" in escalade("export", started).err
    (started / "images.csv").unlink()
    result = escalade("export", started)
    assert result.code == 2
    assert "plan.json and images.csv are lost or damaged" in result.err
    assert not (started / "plan.json").exists()


def test_the_card_tells_the_digests(run):
    plan = json.loads((run / "plan.json").read_text())
    card = (run / "family/S0/README.md").read_text()
    assert set(plan["digests"]) == {"train", "search", "test"}
    for split, digest in plan["digests"].items():
        assert f"| {split} | `{digest}` |" in card


@pytest.mark.slow
def test_a_moved_folder_goes_on(escalade, pictures, moved, tmp_path):
    started, data = moved
    place = data.rename(tmp_path / "elsewhere")
    before = promised(started)
    result = escalade("retrain", started)
    assert result.code == 2
    assert f"there is no folder {data}" in result.err
    assert "--data FOLDER" in result.err
    result = escalade(*command("elsewhere", started), folder=tmp_path)
    assert result.code == 0, result.err
    assert f"its images are in {place} now" in result.err
    for path in place.rglob("*.*"):
        path.touch()
    shutil.rmtree(started / "family/S1")
    result = escalade("retrain", started)
    assert result.code == 0, result.err
    assert promised(started) == before  # and the data's name, which is in family.json


@pytest.mark.slow
def test_a_run_in_its_folder_of_images(escalade, pictures, tmp_path):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    arguments = command(".", "unused")[:-2]  # into runs/smoke
    run = data / "runs/smoke"
    for name in ("plan.json", "supernet/supernet.safetensors"):
        escalade.stopped(run, name, *arguments, folder=data, checkpoint_seconds=0).kill()
    result = escalade("search", run, folder=tmp_path)  # from anywhere
    assert result.code == 0, result.err
    assert "runs is not read: Escalade made what is in it" in result.err
    assert not (data / "runs/smoke-2").exists()
    assert json.loads((run / "plan.json").read_text())["classes"] == list(CLASSES)


@pytest.mark.slow
def test_other_images_between_start_and_resume(escalade, pictures, tmp_path):
    """Same classes, other images: half a training on each would be no training on either."""
    data = shutil.copytree(pictures, tmp_path / "pictures")
    run = tmp_path / "run"
    name = "supernet/checkpoint.pt"
    running = escalade.stopped(run, name, *command(data, run), checkpoint_seconds=0)
    running.kill()
    for path in sorted((data / "apple").iterdir())[:5]:
        path.unlink()
    result = escalade(*command(data, run))
    assert result.code == 2, result.err
    assert "5 gone ('apple/000.png', 'apple/001.jpg', ...)" in result.err


@pytest.mark.slow
def test_fine_tuning_a_member_on_other_data(escalade, finished, pictures, tmp_path):
    out = tmp_path / "tuned"
    flags = ["--member", "S1", "--data", pictures, "--from-weights", "--epochs", "1"]
    result = escalade("retrain", finished, *flags, "--out", out)
    assert result.code == 0, result.err
    assert json.loads((out / "result.json").read_text())["from_weights"] is True
    assert json.loads((out / "config.json").read_text())["num_classes"] == 3
    assert (out / "model.safetensors").is_file()
    assert list(out.glob("training/*.pt")) == []
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    again = escalade("retrain", finished, *flags, "--out", out)
    assert (again.code, again.err) == (0, f"S1 on {pictures.name}: done before; {out}\n")
    other = escalade("retrain", finished, *flags[:-1], "2", "--out", out)
    assert other.code == 2
    assert "holds another training (recipe); use another --out" in other.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/README.md").write_text("mine")
    for folder in (tmp_path / "mine", finished):
        taken = escalade("retrain", finished, *flags, "--out", folder)
        assert taken.code == 2
        assert "neither empty nor a training of this kind" in taken.err
    assert (tmp_path / "mine/README.md").read_text() == "mine"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == stamps


def test_fine_tuning_refuses_other_images_after_a_kill(escalade, finished, pictures, tmp_path):
    data = shutil.copytree(pictures, tmp_path / "pictures")
    flags = ["--member", "S0", "--data", data, "--epochs", "2", "--out", tmp_path / "tuned"]
    name = "training/checkpoint.pt"
    command_line = ["retrain", finished, *flags]
    escalade.stopped(tmp_path / "tuned", name, *command_line, checkpoint_seconds=0).kill()
    (data / "apple/003.webp").unlink()
    result = escalade(*command_line)
    assert result.code == 2, result.err
    assert "1 gone ('apple/003.webp')" in result.err


@pytest.mark.slow
def test_fine_tuning_goes_on_after_a_kill(escalade, finished, pictures, tmp_path):
    flags = ["--member", "S0", "--data", pictures, "--from-weights", "--epochs", "2"]
    weights = []
    for name in ("straight", "killed"):
        out = tmp_path / name
        arguments = ["retrain", finished, *flags, "--out", out]
        if name == "killed":
            name = "training/checkpoint.pt"
            running = escalade.stopped(out, name, *arguments, checkpoint_seconds=0)
            running.kill()
        result = escalade(*arguments)
        assert result.code == 0, result.err
        weights.append((out / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
