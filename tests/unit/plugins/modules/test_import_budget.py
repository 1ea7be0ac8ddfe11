# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that refuses its arguments has not paid for the libraries it would have used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.intune.scep.plugins.modules import strong_mapping

import intune_scep

COLLECTIONS = Path(strong_mapping.__file__).parents[5]
LIBRARY = Path(intune_scep.__file__).parents[1]
HEAVY = {"azure", "httpx", "kiota_http", "msgraph", "msgraph_core", "pydantic", "tenacity"}

SCRIPT = """
import importlib, json, sys
from ansible.module_utils.testing import patch_module_args
module, arguments = sys.argv[1], json.loads(sys.argv[2])
main = importlib.import_module(f"ansible_collections.intune.scep.plugins.modules.{module}").main
try:
    with patch_module_args(arguments):
        main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(module, arguments):
    """Return the module's result and the top-level packages its process had loaded at the end."""
    hidden = ("AZURE_", "INTUNE_SCEP_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, module, json.dumps(arguments)],
        env={**environment, "PYTHONPATH": os.pathsep.join(map(str, (COLLECTIONS, LIBRARY)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1, process.stderr
    result, packages = (json.loads(line) for line in process.stdout.strip().splitlines())
    return result, set(packages)


@pytest.mark.parametrize(
    ("module", "arguments", "complaint"),
    [
        ("strong_mapping", {"cloud": "mars"}, "cloud"),
        ("strong_mapping", {"only": []}, "only is an empty list"),
        ("strong_mapping", {"state": "rolled_back"}, "journal"),
        ("strong_mapping", {}, "No credentials for cloud public"),
        ("strong_mapping_info", {"unheard_of": 1}, "unheard_of"),
        ("strong_mapping_impact_info", {"only": []}, "only is an empty list"),
        ("strong_mapping_impact_info", {}, "No credentials for cloud public"),
        ("strong_mapping_info", {}, "No credentials for cloud public"),
        ("scep_profile", {"name": "A", "platform": "amiga"}, "platform"),
        ("scep_profile", {"name": "A", "platform": "ios", "validity": 1}, "validity"),
        (
            "scep_profile",
            {"profiles": [{"name": "A", "platform": "ios", "key_size": 7}]},
            "key_size",
        ),
        ("scep_profile", {"name": "A", "platform": "ios"}, "No credentials for cloud public"),
        ("trusted_root_profile", {"name": "A"}, "platform is required"),
        ("scep_profile_info", {"names": []}, "names is an empty list"),
        ("certificate_profiles", {}, "path"),
    ],
)
def test_bad_arguments_load_nothing_heavy(module, arguments, complaint):
    result, packages = loaded_by(module, arguments)
    assert complaint in result["msg"]
    assert "ansible" in packages
    assert not HEAVY & packages
