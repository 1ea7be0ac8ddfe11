# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""The options that say which profiles move to strong mapping."""

from __future__ import annotations

from ansible_collections.intune.scep.plugins.module_utils._journal import (
    called,
    complaint_about_limit,
)
from ansible_collections.intune.scep.plugins.module_utils._strong_mapping_choices import (
    CHOICE_SPEC,
)

LIMIT = "max_changes"
# What has no meaning where nothing is planned or changed.
READING_SPEC = {
    name: spec
    for name, spec in CHOICE_SPEC.items()
    if name not in {LIMIT, "min_ready", "no_impact"}
}


def complaint_about_names(params):
    """What is wrong with the names of profiles, or None."""
    if params["only"] is not None and not params["only"]:
        return f"{called('only')} is an empty list. Leave it out to take every profile."
    for option in ("only", "except"):
        if any(not name.strip() for name in params[option] or []):
            return f"{called(option)} holds an empty name."
    both = sorted(set(params["only"] or []) & set(params["except"] or []))
    if both:
        return f"{called('only')} and {called('except')} both name {', '.join(both)}."
    return None


def complaint_about(params):
    """What is wrong with these options beyond what their types say, or None."""
    if complaint := complaint_about_names(params) or complaint_about_limit(params):
        return complaint
    given = [name for name in CHOICE_SPEC if params[name] and name != LIMIT]
    if params["state"] == "rolled_back" and given:
        return (
            f"{', '.join(map(called, given))} has no meaning with {called('state')}: rolled_back."
            " The journal says what to restore."
        )
    return None


def choices_of(params):
    """The operator's choices in the library's form."""
    from intune_scep.strong_mapping import Choices

    return Choices.from_dict({name: params[name] for name in CHOICE_SPEC if name in params})
