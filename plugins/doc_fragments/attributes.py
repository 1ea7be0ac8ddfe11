# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module of this collection has in common.
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Options for all modules of the collection can be given once, in C(module_defaults).
    support: full
    membership:
      - intune.scep.all
  check_mode:
    description: Can run in check mode and say what would change, without changing it.
  diff_mode:
    description: Says what changed, or in check mode what would change, in the form of a diff.
  idempotent:
    description: Run again with the same options, it changes nothing and writes nothing.
"""

    # For modules that change profiles.
    WRITES = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    # For modules that only read.
    READS = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: The module never changes anything.
  diff_mode:
    support: N/A
    details: The module never changes anything.
  idempotent:
    support: full
"""
