#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: strong_mapping
short_description: Move SCEP profiles of a tenant to strong certificate mapping
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Reads every SCEP certificate profile of a Microsoft Intune tenant, decides for each what
    strong certificate mapping (KB5014754) means for it, and adds the one subject alternative name
    that is missing - type URI, value C({{OnPremisesSecurityIdentifier}}) - to those that need it.
    It is added last; every other subject alternative name stays as it is.
  - B(Editing a SCEP profile makes Intune revoke and issue again every certificate of that profile.)
    Run in check mode first, and use O(only) and O(max_changes) to go in steps. A profile that is
    already mapped is never written to.
  - A profile that was changed by somebody else between reading and writing is left alone and
    reported as a conflict.
  - When one profile fails, the others are still done and reported, and the task fails.
  - PKCS profiles are never touched.
options:
  state:
    description:
      - V(enforced) adds the subject alternative name where it is required.
      - V(rolled_back) restores the subject alternative names that O(journal), which it needs,
        recorded before the change. It refuses profiles that were changed since. Intune issues the
        certificates again once more; what was revoked stays revoked.
    type: str
    choices:
      - enforced
      - rolled_back
    default: enforced
extends_documentation_fragment:
  - intune.scep.strong_mapping_choices
  - intune.scep.journal
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.writes
seealso:
  - module: intune.scep.strong_mapping_info
  - name: KB5014754
    description: Certificate-based authentication changes on Windows domain controllers.
    link: https://support.microsoft.com/topic/kb5014754-ad2c23b0-15d8-4340-a468-4d4f3b188f16
"""

EXAMPLES = r"""
- name: Show what would change
  intune.scep.strong_mapping:
  check_mode: true
  diff: true

- name: Move one profile, and keep what is needed to go back
  intune.scep.strong_mapping:
    only:
      - iOS - SCEP - User - Corporate Wi-Fi
    journal: ./strong-mapping.jsonl

- name: Move the others, leaving one of them alone, unless they are more than expected
  intune.scep.strong_mapping:
    except:
      - macOS - SCEP - User - Corporate Wi-Fi
    max_changes: 60

- name: Put back what the journal recorded
  intune.scep.strong_mapping:
    state: rolled_back
    journal: ./strong-mapping.jsonl
"""

RETURN = r"""
msg:
  description: What happened, in one sentence.
  returned: always
  type: str
  sample: 12 profiles changed.
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
  description:
    - How many profiles have each verdict, as they were found.
  returned: when the tenant was reached
  type: dict
  sample:
    mapped: 9
    required: 12
    opt_in: 6
    not_applicable: 30
    unsupported: 8
    defective: 6
    review: 3
statuses:
  description:
    - How many profiles have each status.
  returned: when the tenant was reached
  type: dict
journal:
  description: The file the run was recorded in, or null when nothing was to be written.
  returned: when the tenant was reached
  type: str
notes:
  description: What the operator should know about this run.
  returned: when the tenant was reached
  type: list
  elements: str
profiles:
  description: Every profile that was judged, and what was done with it.
  returned: when the tenant was reached
  type: list
  elements: dict
  contains:
    id:
      description: ID of the profile.
      type: str
      returned: always
    display_name:
      description: Name of the profile.
      type: str
      returned: always
    odata_type:
      description: Graph's type of the profile.
      type: str
      returned: always
      sample: "#microsoft.graph.windows81SCEPCertificateProfile"
    platform:
      description: The platform.
      type: str
      returned: always
      sample: windows
    certificate_type:
      description: V(user) or V(device), or null when the type does not say.
      type: str
      returned: always
    verdict:
      description:
        - What strong mapping means for the profile. One of V(mapped), V(required), V(opt_in),
          V(not_applicable), V(unsupported), V(defective), V(review).
      type: str
      returned: always
    reason:
      description: The reason for the verdict.
      type: str
      returned: always
    version:
      description: Graph's version number of the profile.
      type: int
      returned: always
    status:
      description:
        - What was done. One of V(unchanged), V(planned) (check mode), V(applied), V(held_back) (the
          options leave it alone, RV(profiles[].message) says which), V(conflict) (somebody else
          changed it meanwhile), V(failed), V(unknown) (it could not be learned whether the change
          was made).
      type: str
      returned: always
    before:
      description: The subject alternative names before the run.
      type: list
      elements: dict
      returned: always
      contains:
        san_type:
          description: Graph's name of the type.
          type: str
          returned: always
          sample: userPrincipalName
        name:
          description: The value.
          type: str
          returned: always
    after:
      description: The subject alternative names after the run, or in check mode those it would
        have.
      type: list
      elements: dict
      returned: always
      contains:
        san_type:
          description: Graph's name of the type.
          type: str
          returned: always
          sample: universalResourceIdentifier
        name:
          description: The value.
          type: str
          returned: always
    message:
      description: Why the profile has this status, where there is something to say, else null.
      type: str
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

from ansible_collections.intune.scep.plugins.module_utils._base import diff_of, run_module
from ansible_collections.intune.scep.plugins.module_utils._journal import JOURNAL_SPEC
from ansible_collections.intune.scep.plugins.module_utils._strong_mapping import (
    CHOICE_SPEC,
    choices_of,
    complaint_about,
)


def enforce(client, params, check_mode):
    from intune_scep.reports.runs import MOST_LISTED, run_lines, text_of

    if params["state"] == "rolled_back":
        report = client.strong_mapping.rollback(
            params["journal"], max_changes=params["max_changes"], dry_run=check_mode
        )
    else:
        report = client.strong_mapping.enforce(
            choices_of(params), dry_run=check_mode, journal=params["journal"]
        )
    result = report.to_dict()
    text = text_of(run_lines(report, most=MOST_LISTED))
    return {**result, "text": text, "diff": diff_of(result["profiles"])}


def main():
    run_module(
        enforce,
        argument_spec={
            **CHOICE_SPEC,
            **JOURNAL_SPEC,
            "state": {
                "type": "str",
                "choices": ["enforced", "rolled_back"],
                "default": "enforced",
            },
        },
        check=complaint_about,
        required_if=[("state", "rolled_back", ("journal",))],
    )


if __name__ == "__main__":
    main()
