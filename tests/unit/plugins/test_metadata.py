# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written down in two places says the same in both."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import pytest
import yaml
from ansible_collections.intune.scep.plugins.module_utils import _base

from intune_scep import __version__
from intune_scep.connection import AUTH_SOURCES, CLOUD_NAMES, ConnectionOptions

COLLECTION = Path(_base.__file__).parents[2]
MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py"))


def read(name):
    return yaml.safe_load((COLLECTION / name).read_text())


def test_the_action_group_holds_every_module():
    assert sorted(read("meta/runtime.yml")["action_groups"]["all"]) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_the_connection_and_the_action_group(module):
    source = importlib.import_module(f"ansible_collections.intune.scep.plugins.modules.{module}")
    fragments = yaml.safe_load(source.DOCUMENTATION)["extends_documentation_fragment"]
    assert {"intune.scep.connection", "intune.scep.attributes"} <= set(fragments)


def test_the_connection_options_are_those_of_the_library():
    assert tuple(_base.CONNECTION_SPEC["cloud"]["choices"]) == CLOUD_NAMES
    assert tuple(_base.CONNECTION_SPEC["auth_source"]["choices"]) == AUTH_SOURCES
    known = {field.name for field in dataclasses.fields(ConnectionOptions)}
    assert set(_base.CONNECTION_SPEC) <= known


def test_collection_and_library_have_one_version():
    assert read("galaxy.yml")["version"] == __version__
    minimum = ".".join(str(part) for part in _base.MINIMUM_LIBRARY)
    assert (COLLECTION / "requirements.txt").read_text().splitlines()[-1] == (
        f"intune-scep>={minimum}"
    )
