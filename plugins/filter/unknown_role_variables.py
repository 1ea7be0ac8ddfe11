# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_role_variables
short_description: Find variables of a role that it does not know
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - For the roles of this collection, which refuse misspelled variables before anything is read. It
    may change at any time.
positional: _input, prefix, known
options:
  _input:
    description: Names of the variables there are.
    type: list
    elements: str
    required: true
  prefix:
    description: What the names of the role's variables begin with.
    type: str
    required: true
  known:
    description: Names of the variables that the role knows, and of those to be passed over.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Name the misspelled variable and the one that was meant
  ansible.builtin.debug:
    msg: >-
      {{ ['strong_mapping_onyl', 'other']
      | intune.scep.unknown_role_variables('strong_mapping_', ['strong_mapping_only']) }}
"""

RETURN = r"""
_value:
  description: A sentence for each variable that is not known, with the known name nearest to it.
  type: list
  elements: str
"""

import difflib


def unknown_role_variables(names, prefix, known):
    """A sentence for each name with the prefix that is not known."""
    unknown = sorted(name for name in names if name.startswith(prefix) and name not in known)
    return [sentence_about(name, known) for name in unknown]


def sentence_about(name, known):
    """What is said of one unknown variable."""
    nearest = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is no variable of this role.{meant}"


class FilterModule:
    def filters(self):
        return {"unknown_role_variables": unknown_role_variables}
