# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.intune.scep.plugins.modules import strong_mapping_rollout
from ansible_collections.intune.scep.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    """The module, run in process wherever that cannot be told from outside."""

    module = strong_mapping_rollout
