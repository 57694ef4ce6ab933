"""Settings that are almost right become a configuration, or are refused in a few words."""

from __future__ import annotations

import mutations
import yaml
from given import configurations
from hypothesis import given, settings
from seam import Config, check_refusal, resolved, setting_names

SETTINGS = [yaml.safe_load(text) for text in configurations()]
NAMES = sorted(setting_names())


@given(mutations.mappings(SETTINGS, NAMES))
@settings(max_examples=700, derandomize=True, database=None)
def test_settings(given):
    try:
        config = resolved(given)
    except ValueError as error:
        check_refusal(2, str(error), names=[*NAMES, *_keys(given)])
    else:
        assert isinstance(config, Config)
        assert resolved(yaml.safe_load(config.to_yaml())) == config


def _keys(value):
    """All keys in a mapping."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _keys(each)
