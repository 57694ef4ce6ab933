"""Files of settings, spaces and networks that are damaged are read, or refused by their name."""

from __future__ import annotations

import json

import mutations
import pytest
import yaml
from given import configurations, networks, spaces
from hypothesis import given, settings
from seam import check_refusal, command, setting_names

NETWORKS = networks()
SPACES = spaces()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """One file, written again and again."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESCALADE_CACHE", str(folder / "cache"))
        yield folder / "file.yaml"


def check(file, text, *words, names=()):
    """Give a file with this text to a command."""
    file.write_bytes(text.encode(errors="surrogatepass"))
    ended = command(words)
    if ended.code:
        assert ended.out == ""
        check_refusal(ended.code, ended.err, names=[str(file), *names])


@pytest.mark.slow
@given(text=mutations.files(configurations()))
@settings(max_examples=150, derandomize=True, database=None)
def test_files_of_settings(file, text):
    check(file, text, "plan", "--config", str(file), names=setting_names())


def shown(content):
    """The text of a file with this content."""
    return yaml.dump(content, allow_unicode=True)


@pytest.mark.slow
@given(
    text=mutations.files(SPACES)
    | mutations.mappings([yaml.safe_load(text) for text in SPACES], ["stages", "kind"]).map(shown)
)
@settings(max_examples=150, derandomize=True, database=None)
def test_files_of_spaces(file, text):
    check(file, text, "space", str(file), "--num-paths", "20")


def as_json(content):
    """The same as JSON, whose keys are texts."""
    if isinstance(content, dict):
        return {str(key): as_json(value) for key, value in content.items()}
    if isinstance(content, list):
        return [as_json(value) for value in content]
    return content if isinstance(content, int | float | str | None) else str(content)


@pytest.mark.slow
@given(
    text=mutations.files(NETWORKS)
    | mutations.mappings([json.loads(text) for text in NETWORKS], ["stages", "kind"]).map(
        lambda data: json.dumps(as_json(data))
    )
)
@settings(max_examples=100, derandomize=True, database=None)
def test_files_of_networks(file, text):
    check(file, text, "cost", str(file), "--layers", "--format", "json")
