# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""The options of the modules of a rollout, and how a verb is called."""

from __future__ import annotations

from ansible_collections.intune.scep.plugins.module_utils._base import diff_of
from ansible_collections.intune.scep.plugins.module_utils._journal import called

ACTIONS = ("run", "start", "pause", "resume", "promote", "cancel", "rollback")
WITH_REASON = ("pause", "promote", "cancel", "rollback")
OPENING_NOTHING = ("pause", "cancel", "rollback")
FILE_SPEC = {
    "file": {"type": "path", "default": "strong-mapping.yml"},
    "journal": {"type": "path"},
}


def prefixed(option):
    """An option of the module, or the variable of the role that runs it."""
    name = called(option)
    return name if name == option else called(f"rollout_{option}")


def complaint_about(params):
    """What is wrong with these options beyond what their types say, or None."""
    action, reason = params["action"], (params["reason"] or "").strip()
    if action in WITH_REASON and not reason:
        return (
            f"{prefixed('reason')} is missing. It is kept with who did it; {action} is not done"
            " without."
        )
    if action == "run" and reason:
        return (
            f"{prefixed('reason')} has no meaning with {prefixed('action')}: run, which decides"
            " nothing."
        )
    return None


def verb_of(client, params, check_mode):
    """The tick that an action asks for."""
    given = {"journal": params["journal"], "dry_run": check_mode}
    if params["action"] != "run":
        given["reason"] = params["reason"] or ""
    return getattr(client.rollout, params["action"])(params["file"], **given)


def result_of(tick, action):
    """The result of a tick."""
    from intune_scep.reports.rollout import text_of_tick

    decided = action not in ("run", "rollback")
    runs = [report.to_dict() for report in tick.reports]
    plans = [tick.plan.report()] if tick.plan is not None else []
    result = tick.to_dict()
    if action in OPENING_NOTHING:
        result["failed"] = any(report.failed for report in tick.reports)
    return {
        **result,
        "changed": tick.changed or decided,
        "text": text_of_tick(tick),
        "diff": [item for run in (*runs, *plans) for item in diff_of(run["profiles"])],
        "failure_code": "rolloutFailed",
    }
