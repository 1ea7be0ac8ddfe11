# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""The journal of the modules that write, and what to do where it goes away with the job."""

from __future__ import annotations

import os
from pathlib import Path

JOURNAL_SPEC = {
    "journal": {"type": "path"},
    "allow_ephemeral_journal": {"type": "bool", "default": True},
    "justification": {"type": "str"},
}
MAX_CHANGES_SPEC = {"max_changes": {"type": "int"}}


ROLE_PREFIX = "INTUNE_SCEP_ROLE_PREFIX"
"""Set by the roles: what the names of their variables begin with."""


def called(option):
    """What people know an option by: its own name, or the variable of the role that runs it."""
    return os.environ.get(ROLE_PREFIX, "") + option


def run_options(params):
    """How a run is recorded and limited, as the library's calls take it."""
    return {"journal": params.get("journal"), "max_changes": params.get("max_changes")}


def complaint_about_limit(params):
    """What is wrong with max_changes, or None."""
    if (params["max_changes"] or 0) < 0:
        return f"{called('max_changes')} must not be negative. It is {params['max_changes']}."
    return None


def why_lost(journal):
    """Why a journal goes away with the job, or None if it is kept.

    Args:
        journal: Path of the file; None for one in the user's state directory.

    Raises:
        IntuneScepError: nothing says where the user's state directory is.
    """
    from intune_scep.changes.ephemeral import why_ephemeral
    from intune_scep.files import state_directory

    place = Path(journal).absolute().parent if journal else state_directory()
    return why_ephemeral(place, os.environ)


def refusal(params, check_mode):
    """Why nothing is to be written without a journal that is kept, or None."""
    if check_mode or params["allow_ephemeral_journal"]:
        return None
    if "action" in params:
        return refusal_of_rollout(params)
    reason = why_lost(params["journal"])
    if reason is None:
        return None
    return (
        f"The journal would be lost, and a rollback needs it: {reason} Name a journal on storage"
        f" that outlives the job, or set {called('allow_ephemeral_journal')}. Nothing was read or"
        " changed."
    )


def refusal_of_rollout(params):
    """The same for a rollout, whose next tick knows what the journals tell it."""
    reason = why_lost(params["journal"]) or why_lost(None)
    if reason is None:
        return None
    return (
        f"The state of the rollout would be lost, and the next tick needs it: {reason} Set"
        " INTUNE_SCEP_STATE to a directory on storage that outlives the job, or set"
        f" {called('allow_ephemeral_journal')}. Nothing was read or changed."
    )


def with_content(result):
    """A result with the text of its journal, where the file goes away with the job."""
    journal = result.get("journal")
    # Check mode, and a rollout that nobody started, tell where it would be and make none.
    reason = why_lost(journal) if journal and Path(journal).is_file() else None
    if reason is None:
        return result
    warning = f"Keep journal_content, a rollback needs it: {reason}"
    return {
        **result,
        "journal_content": Path(journal).read_text(encoding="utf-8"),
        "warnings": [*result.get("warnings", ()), warning],
    }
