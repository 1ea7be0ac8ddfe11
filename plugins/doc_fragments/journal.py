# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  journal:
    description:
      - File to record the run in, for going on after an interruption and for a rollback. It is
        written with mode 0600 and holds no secret.
      - A relative path begins at the directory of the playbook.
      - Without it a new file in the user's state directory is used, see RV(journal).
      - With the journal of a run that was interrupted, that run is finished instead of a new one
        begun.
    type: path
  allow_ephemeral_journal:
    description:
      - Whether to write although the journal lies where it goes away with the job, as in a
        container of a pipeline without a volume. The task then warns and returns
        RV(journal_content).
      - With V(false) the task fails before anything is read, with
        RV(failure.code=ephemeralJournal). Check mode writes nothing and does not fail.
    type: bool
    default: true
  justification:
    description:
      - Why, for the approval of another administrator, where the tenant asks for one; 1024
        characters at most. It is sent only where Graph asked for it.
      - A change that waits for its approval is RV(profiles[].status=held_back), and the task does
        not fail. The next run carries it out once it is approved.
    type: str
"""

    MAX_CHANGES = r"""
options:
  max_changes:
    description:
      - Refuse to change anything when more profiles than this would change.
    type: int
"""
