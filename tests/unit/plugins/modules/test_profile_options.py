# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation, argument spec and the library's table of options are one thing in three places."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.intune.scep.plugins.doc_fragments import profile_filters, profile_options
from ansible_collections.intune.scep.plugins.module_utils import _profile_options, _profiles

from intune_scep.declarations import OPTIONS, options_of
from intune_scep.declarations.options import CREATABLE_PLATFORMS
from intune_scep.profiles import ProfileKind

SPECS = {
    ProfileKind.TRUSTED_ROOT: _profile_options.TRUSTED_ROOT_SPEC,
    ProfileKind.SCEP: _profile_options.SCEP_SPEC,
}
CASES = [
    pytest.param(kind, option, id=f"{kind.value}-{option.name}")
    for kind in SPECS
    for option in options_of(kind)
]


def documented(kind):
    return yaml.safe_load(getattr(profile_options.ModuleDocFragment, kind.name))["options"]


def shape(entry, nested):
    """What a documented option and an argument spec both say."""
    kept = {name: entry[name] for name in ("type", "elements", "default") if name in entry}
    return {
        **kept,
        "choices": list(entry.get("choices", [])),
        "required": entry.get("required", False),
        nested: {name: shape(item, nested) for name, item in entry.get(nested, {}).items()},
    }


def same_shape(entry, spec):
    here, there = shape(entry, "suboptions"), shape(spec, "options")
    return str(here).replace("'suboptions'", "'options'") == str(there)


def expected(option):
    """The table's view of an option, in the form of an argument spec."""
    number_or_word = option.type == "int" and option.may_be_not_configured
    spec = {
        "type": "str" if number_or_word else option.type,
        "choices": [str(word) if number_or_word else word for word in option.words],
    }
    if option.elements:
        spec["elements"] = option.elements
    if option.suboptions:
        spec["options"] = {
            item.name: {**expected(item), "required": item.required} for item in option.suboptions
        }
    return spec


@pytest.mark.parametrize("kind", list(SPECS))
def test_the_three_have_the_same_options(kind):
    table = [option.name for option in options_of(kind)]
    assert list(SPECS[kind]) == table
    assert list(documented(kind)) == [*table, "profiles", "rules_path"]


@pytest.mark.parametrize(("kind", "option"), CASES)
def test_the_three_say_the_same_of_an_option(kind, option):
    spec = SPECS[kind][option.name]
    assert same_shape(documented(kind)[option.name], spec)
    without_default = {name: value for name, value in spec.items() if name != "default"}
    assert shape(without_default, "options") == shape(expected(option), "options")


@pytest.mark.parametrize(("kind", "option"), CASES)
def test_an_option_says_label_platforms_and_example(kind, option):
    text = " ".join(documented(kind)[option.name]["description"])
    assert option.label in text
    platforms = option.platforms(kind)
    if platforms == CREATABLE_PLATFORMS:
        assert "On all platforms." in text
    else:
        assert all(f"V({platform})" in text for platform in platforms)
        assert not any(f"V({p})" in text for p in CREATABLE_PLATFORMS if p not in platforms)
    if option.example is not None:
        assert "Example: C(" in text
    assert "{{" not in text.partition("Example: C(")[2] or "!unsafe" in text


def test_filters_are_documented_as_they_are_and_know_every_platform():
    fragment = yaml.safe_load(profile_filters.ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(fragment) == set(_profiles.FILTER_SPEC)
    for name, spec in _profiles.FILTER_SPEC.items():
        assert same_shape(fragment[name], spec)
    assert _profiles.FILTER_SPEC["platforms"]["choices"] == list(OPTIONS["platform"].choices)
