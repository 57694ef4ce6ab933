"""Settings that are almost right become a configuration, or are refused in a few words."""

from __future__ import annotations

import mutations
import pytest
import yaml
from given import configurations
from hypothesis import given, settings
from seam import check_refusal, resolved, setting_names

SETTINGS = [yaml.safe_load(text) for text in configurations()]
NAMES = sorted(setting_names())


@pytest.mark.slow
@given(mutations.mappings(SETTINGS, NAMES))
@settings(max_examples=700, derandomize=True, database=None)
def test_settings(written):
    """What becomes of them is complete: read again it is the same."""
    try:
        config = resolved(written)
    except ValueError as error:
        check_refusal(2, str(error), names=[*NAMES, *keys(written)])
    else:
        assert resolved(yaml.safe_load(config.to_yaml())) == config


def keys(value):
    """All keys in a mapping."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from keys(each)
