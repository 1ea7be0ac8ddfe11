# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_journal
short_description: Choose where a role keeps its journal
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - For the roles of this collection, which name the journal before they write. It may change at any
    time.
positional: _input, host, environment
options:
  _input:
    description: Word for the job.
    type: str
    required: true
  host:
    description: Name of the host.
    type: str
    required: true
  environment:
    description: The environment variables that the play sets.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Name a file in the user's state directory
  ansible.builtin.debug:
    msg: "{{ 'strong-mapping' | intune.scep.role_journal(inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description:
    - Path of a new file in the directory C(roles) of the user's state directory. Empty when the
      Python library is missing, which the module says better.
  type: str
"""

import re
from datetime import datetime, timezone
from pathlib import Path

NO_NAME = re.compile(r"[^\w.-]+")


def role_journal(job, host, environment=None):
    """Path of a new journal."""
    directory = state_directory(environment or {})
    if directory is None:
        return ""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    return str(directory / "roles" / f"{moment}-{job}-{NO_NAME.sub('_', host)}.jsonl")


def state_directory(environment):
    """Where the library keeps journals in a task with this environment."""
    if environment.get("INTUNE_SCEP_STATE"):
        return Path(environment["INTUNE_SCEP_STATE"]).expanduser().absolute()
    try:
        from intune_scep.errors import IntuneScepError
        from intune_scep.files import state_directory as usual
    except ImportError:
        return None
    try:
        return usual()
    except IntuneScepError:
        return None


class FilterModule:
    def filters(self):
        return {"role_journal": role_journal}
