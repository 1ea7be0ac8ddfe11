# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.plugins.action.normal import ActionModule as NormalAction


class ActionModule(NormalAction):
    """The module as it is, with advice where Ansible took a variable of Intune for its own."""

    @classmethod
    def finalize_task_arg(cls, name, value, templar, context):
        try:
            return super().finalize_task_arg(name, value, templar, context)
        except AnsibleUndefinedVariable as error:
            raise AnsibleError(
                "Ansible takes {{…}} for a template of its own. Write variables of Intune as"
                ' !unsafe, for example !unsafe "CN={{UserName}}"'
            ) from error
