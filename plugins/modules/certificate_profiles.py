#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_profiles
short_description: Bring a tenant to the certificate profiles declared in a directory
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Reads every declaration of trusted root and SCEP profiles in a directory and brings a Microsoft
    Intune tenant to it, in one task that reads the tenant once. Trusted roots are made before the
    SCEP profiles that point at them, and deleted after them.
  - The declarations have the options of M(intune.scep.trusted_root_profile) and
    M(intune.scep.scep_profile). The files are no templates, so variables of Intune are written as
    they are, C("CN={{UserName}}"); the tag C(!unsafe) does no harm. The command C(intune-scep
    profiles apply) takes the same files, and C(intune-scep profiles export) writes them.
  - B(Changing a SCEP profile can make Intune revoke and issue again every certificate of that
    profile.) Check mode names the profiles concerned.
  - A profile that is as declared is not written to. When one profile cannot be as declared, nothing
    at all is written. When one fails while writing, the others are still done and reported, and the
    task fails.
options:
  state:
    description:
      - V(present) brings the tenant to what the files of O(path) declare.
      - V(rolled_back) takes back what the run that O(journal), which it needs, recorded has done,
        where nobody changed the profile since. A deleted profile is made again with a new ID.
      - V(restored) makes what the tenant lacks of the backup in O(path), as C(intune-scep profiles
        backup) wrote it. What the tenant has already is left alone.
    type: str
    choices:
      - present
      - rolled_back
      - restored
    default: present
  path:
    description:
      - A file with declarations, or a directory that holds them in files C(*.yml), C(*.yaml) and
        C(*.json). Directories are read with what is below them; names that start with a dot are
        passed over.
      - A file holds one profile as C(scep_profile) or C(trusted_root_profile), or lists of them as
        C(scep_profiles) and C(trusted_root_profiles).
      - With O(state=restored) it is the directory of a backup.
      - A relative path begins at the directory of the playbook.
      - Required, unless O(state=rolled_back).
    type: path
  managed_by:
    description:
      - >-
        Name of this set of declarations. It is written at the end of the description of each of its
        profiles, as C([managed by intune.scep: NAME]), so that O(prune) knows them again.
    type: str
  prune:
    description:
      - Delete the profiles that carry the mark of O(managed_by), and those of O(prune_list), that
        are not declared. Their certificates are revoked.
      - Without one of these two options it is an error, because it would be about every profile of
        the tenant.
    type: bool
    default: false
  prune_list:
    description:
      - Names or IDs of profiles to delete if they are not declared. One that is gone already is no
        error; one that is declared is. Needs O(prune).
    type: list
    elements: str
  rules_path:
    description:
      - A YAML file with severities, waivers and answers for the rules that judge what would be
        written, as C(intune-scep check --rules) takes it.
    type: path
extends_documentation_fragment:
  - intune.scep.journal
  - intune.scep.journal.max_changes
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.writes
seealso:
  - module: intune.scep.trusted_root_profile
  - module: intune.scep.scep_profile
"""

EXAMPLES = r"""
- name: Show what would change
  intune.scep.certificate_profiles:
    path: profiles/
  check_mode: true
  diff: true

- name: Bring the tenant to what is declared, and remember which profiles these are
  intune.scep.certificate_profiles:
    path: profiles/
    managed_by: network team

- name: The same, and delete the profiles of this set whose file is gone
  intune.scep.certificate_profiles:
    path: profiles/
    managed_by: network team
    prune: true

- name: Put back what the journal recorded
  intune.scep.certificate_profiles:
    state: rolled_back
    journal: ./certificate-profiles.jsonl

- name: Make what is missing of a backup
  intune.scep.certificate_profiles:
    state: restored
    path: backup/
"""

RETURN = r"""
msg:
  description: What happened, in one sentence.
  returned: always
  type: str
  sample: 2 profiles changed (1 create, 1 update).
tenant:
  description: ID of the tenant.
  returned: when the tenant was reached
  type: str
  sample: 3f2b8c1e-0d7a-4f43-9b0e-6f6a4f3c2d11
cloud:
  description: The cloud the tenant lives in.
  returned: when the tenant was reached
  type: str
  sample: public
summary:
  description: How many profiles each action concerns.
  returned: when the tenant was reached
  type: dict
  sample:
    none: 40
    create: 1
    update: 1
    replace: 0
    delete: 0
    refused: 0
statuses:
  description: How many profiles have each status.
  returned: when the tenant was reached
  type: dict
notes:
  description: What the operator should know about this run.
  returned: when the tenant was reached
  type: list
  elements: str
profiles:
  description: Every declared profile, and what was done with it.
  returned: when the tenant was reached
  type: list
  elements: dict
  contains:
    id:
      description: ID of the profile, or null where there is none.
      type: str
      returned: always
    name:
      description: Name of the profile.
      type: str
      returned: always
    kind:
      description: V(trusted_root) or V(scep).
      type: str
      returned: always
    platform:
      description: The platform.
      type: str
      returned: always
      sample: ios
    action:
      description:
        - What is to be done. One of V(none), V(create), V(update), V(replace), V(delete),
          V(refused) (it cannot be as declared; then nothing at all is written).
      type: str
      returned: always
    status:
      description:
        - What was done. One of V(unchanged), V(planned) (check mode), V(applied), V(held_back) (not
          tried, because something else failed or was refused), V(conflict) (somebody else changed
          the profile meanwhile), V(failed), V(unknown) (it could not be learned whether the change
          was made).
      type: str
      returned: always
    diff:
      description: Every option that changes.
      type: list
      elements: dict
      returned: always
      contains:
        property:
          description: The option.
          type: str
          returned: always
          sample: key_size
        before:
          description: Its value before, or null.
          type: raw
          returned: always
        after:
          description: Its value after, or null.
          type: raw
          returned: always
    reissues:
      description:
        - Whether Intune revokes the certificates of the profile and issues them again. V(yes),
          V(no), or V(probably_not), which is what is reported, while Microsoft's page says that any
          change to a SCEP profile revokes.
      type: str
      returned: always
    message:
      description: What is to be known about this change, or why it failed, else null.
      type: str
      returned: always
    findings:
      description: What the rules say of the profile as it will be, waived findings included.
      type: list
      elements: dict
      returned: always
failure:
  description: Why the task failed.
  returned: on failure
  type: dict
  contains:
    code:
      description:
        - Graph's error code, V(profilesFailed) when single profiles failed, or V(badArgument).
      type: str
      returned: always
    status:
      description: HTTP status, when Graph answered.
      type: int
      returned: always
    message:
      description: The message.
      type: str
      returned: always
    request_id:
      description: Graph's request ID, for a support case.
      type: str
      returned: always
    activity_id:
      description: Intune's activity ID, for a support case.
      type: str
      returned: always
"""

from ansible_collections.intune.scep.plugins.module_utils._base import run_module
from ansible_collections.intune.scep.plugins.module_utils._journal import (
    JOURNAL_SPEC,
    MAX_CHANGES_SPEC,
    complaint_about_limit,
    run_options,
)
from ansible_collections.intune.scep.plugins.module_utils._profiles import (
    apply,
    result_of,
    rules_of,
)

DECLARED_SPEC = {
    "managed_by": {"type": "str"},
    "prune": {"type": "bool", "default": False},
    "prune_list": {"type": "list", "elements": "str"},
    "rules_path": {"type": "path"},
}
STATES = ("present", "rolled_back", "restored")


def complaint_about(params):
    """What is wrong with these options beyond what their types say, or None."""
    state = params["state"]
    given = [name for name in DECLARED_SPEC if params[name] and state != "present"]
    if params["path"] and state == "rolled_back":
        given.insert(0, "path")
    if given:
        return f"{', '.join(given)} has no meaning with state={state}."
    return complaint_about_limit(params)


def prepared(given):
    """What the state wanted needs, read before the tenant is reached."""
    state = given.get("state") or "present"
    if state == "present":
        return state, declared(given)
    return state, {"directory": given.get("path"), **run_options(given)}


def declared(given):
    """The declarations of the directory, and the choices that go with them."""
    from intune_scep.declarations import read_declarations
    from intune_scep.desired_state import PlanChoices

    choices = PlanChoices(
        managed_by=given.get("managed_by"),
        prune=bool(given.get("prune")),
        prune_list=tuple(given.get("prune_list") or ()),
    )
    choices.check()
    options = {**rules_of(given), **run_options(given)}
    return read_declarations(given["path"]), choices, options


def bring(client, work, check_mode):
    """Bring the tenant to the state wanted, or in check mode say what that would change."""
    state, wanted = work
    if state == "present":
        return apply(client, wanted, check_mode)
    directory, journal, max_changes = wanted.values()
    if state == "rolled_back":
        return result_of(
            client.profiles.rollback(journal, max_changes=max_changes, dry_run=check_mode)
        )
    return result_of(
        client.profiles.restore(
            directory, journal=journal, max_changes=max_changes, dry_run=check_mode
        )
    )


def main():
    run_module(
        bring,
        argument_spec={
            "state": {"type": "str", "choices": list(STATES), "default": "present"},
            "path": {"type": "path"},
            **DECLARED_SPEC,
            **MAX_CHANGES_SPEC,
            **JOURNAL_SPEC,
        },
        check=complaint_about,
        prepare=prepared,
        required_if=[
            ("state", "present", ("path",)),
            ("state", "restored", ("path",)),
            ("state", "rolled_back", ("journal",)),
        ],
    )


if __name__ == "__main__":
    main()
