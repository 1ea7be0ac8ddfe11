# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible_collections.intune.scep.plugins.modules import scep_profile
from ansible_collections.intune.scep.plugins.plugin_utils._in_process import InProcessAction

ADVICE = 'Write variables of Intune as !unsafe, for example !unsafe "CN={{UserName}}"'
WITH_VARIABLES = (
    "subject_name_format",
    "subject_alternative_names",
    "legacy_subject_alternative_name_format",
    "scep_server_urls",
)
"""The options whose texts hold variables of Intune."""


class ActionModule(InProcessAction):
    """The module as it is, with advice where Ansible took a variable of Intune for its own."""

    module = scep_profile

    @classmethod
    def finalize_task_arg(cls, name, value, templar, context):
        try:
            plain = super().finalize_task_arg(name, value, templar, context)
        except AnsibleUndefinedVariable as error:
            raise AnsibleError(
                f"Ansible takes {{{{…}}}} for a template of its own. {ADVICE}"
            ) from error
        if twin := with_marks(templar):
            refuse(shadowed(relevant(name, plain), relevant(name, twin.template(value))))
        return plain

    def run(self, tmp=None, task_vars=None):
        if self._task.loop is not None and (twin := with_marks(self._templar)):
            refuse(self.shadowed_in_loop(twin, task_vars or {}))
        return super().run(tmp, task_vars)

    def shadowed_in_loop(self, twin, task_vars):
        """Variables that went into the item of a loop, and by it into a text of the profile.

        The items have been templated before the task begins, so they are looked at again here.
        """
        item = task_vars.get(self._task.loop_control.loop_var or "item")
        given = " ".join(
            text for name in self._task.args for text in relevant(name, self._task.args[name])
        )
        try:
            plain, marked = (self.items(templar) for templar in (self._templar, twin))
        except AnsibleError:
            return {}
        found = {}
        for before, after in zip(plain, marked, strict=False):
            if before == item:
                known = shadowed(texts(before), texts(after))
                found.update({name: text for name, text in known.items() if text in given})
        return found

    def items(self, templar):
        """What may be an item of the loop: its elements, and those of lists among them."""
        items = templar.template(self._task.loop)
        listed = items if isinstance(items, list) else []
        inner = [one for item in listed if isinstance(item, list) for one in item]
        return [*listed, *inner]


def names_of_intune():
    """The names of Intune's variables, spelled as in the admin center."""
    try:
        from intune_scep.profiles.variables import KNOWN_VARIABLES
    except ImportError:  # the module says it better
        return frozenset()
    return frozenset(variable.name for variable in KNOWN_VARIABLES)


def with_marks(templar):
    """A templar for which each variable of the play with a name of Intune's is a mark, or None."""
    marks = {name: mark(name) for name in names_of_intune() & set(templar.available_variables)}
    if not marks:
        return None
    variables = {**templar.available_variables, **marks}
    if hasattr(templar, "copy_with_new_env"):
        return templar.copy_with_new_env(available_variables=variables)
    twin = templar.copy()
    twin.available_variables = variables
    return twin


def mark(name):
    """A text that no play holds by chance."""
    return f"\ue000{name.lower()}\ue001"


def relevant(name, value):
    """The texts of an option that may hold variables of Intune."""
    if name in WITH_VARIABLES:
        return texts(value)
    if name != "profiles" or not isinstance(value, list):
        return []
    return [
        text
        for item in value
        if isinstance(item, dict)
        for option in WITH_VARIABLES
        for text in texts(item.get(option))
    ]


def texts(value):
    """Every text in a value, in a stable order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return []


def shadowed(plain, marked):
    """Name of each variable of the play that went into a text, with the text that came of it.

    A variable that itself holds Intune's variable as text does what was meant.
    """
    found = {}
    for before, after in zip(plain, marked, strict=False):
        for name in names_of_intune():
            kept = re.search(r"\{\{\s*" + name + r"\s*\}\}", before, re.IGNORECASE)
            if mark(name) in after.lower() and not kept:
                found[name] = before
    return found


def refuse(found):
    """Fail with the advice, if a variable was shadowed."""
    for name, text in sorted(found.items()):
        raise AnsibleError(
            f"The play has a variable {name}, and Ansible put its value in the place of Intune's"
            f" variable: {text!r} is the same for everyone. {ADVICE}, or give the variable of the"
            " play another name"
        )
