# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unsafe_advice
type: aggregate
short_description: Explain undefined variables that are Intune's
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Ansible takes C({{UserName}}) for a template of its own. Where an option of
    M(intune.scep.scep_profile) holds it, the module's action plugin says so. The items of a loop
    are templated before any plugin of the task is reached, so that there Ansible says only that
    the variable is undefined. This callback adds the advice to write C(!unsafe).
requirements:
  - enable it in the configuration, as C(callbacks_enabled = intune.scep.unsafe_advice)
"""

import re

from ansible.plugins.callback import CallbackBase

ACTION = "intune.scep.scep_profile"
UNDEFINED = re.compile(r"'(\w+)' is undefined")
ADVICE = 'Write it as !unsafe, for example !unsafe "CN={{UserName}}".'


class CallbackModule(CallbackBase):
    """One warning for each variable of Intune that a task found undefined."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "intune.scep.unsafe_advice"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.explain(result)

    def v2_runner_item_on_failed(self, result):
        self.explain(result)

    def explain(self, result):
        message = str(result.result.get("msg") or "")
        if result.task.resolved_action != ACTION or "!unsafe" in message:
            return
        for name in dict.fromkeys(UNDEFINED.findall(message)):
            if is_of_intune(name):
                self._display.warning(
                    f"{name} is a variable of Intune, which Ansible took for one of its own."
                    f" {ADVICE}"
                )


def is_of_intune(name):
    """Whether Intune has a variable of that name; letter case means nothing to it."""
    try:
        from intune_scep.profiles.variables import known_variable
    except ImportError:  # the module says it better
        return False
    return known_variable(name) is not None
