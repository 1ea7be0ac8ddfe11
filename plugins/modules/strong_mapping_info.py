#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: strong_mapping_info
short_description: Say what strong certificate mapping means for each SCEP profile of a tenant
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Reads every SCEP certificate profile of a Microsoft Intune tenant and gives each a verdict on
    strong certificate mapping (KB5014754), with the reason. Nothing is changed.
extends_documentation_fragment:
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.reads
seealso:
  - module: intune.scep.strong_mapping
"""

EXAMPLES = r"""
- name: Judge every SCEP profile
  intune.scep.strong_mapping_info:
  register: assessment

- name: Name the profiles that need the subject alternative name
  ansible.builtin.debug:
    msg: >-
      {{ assessment.profiles | selectattr('verdict', 'eq', 'required')
      | map(attribute='display_name') }}
"""

RETURN = r"""
msg:
  description: The verdicts, counted, in one sentence.
  returned: always
  type: str
tenant:
  description: ID of the tenant.
  returned: success
  type: str
  sample: 3f2b8c1e-0d7a-4f43-9b0e-6f6a4f3c2d11
cloud:
  description: The cloud the tenant lives in.
  returned: success
  type: str
  sample: public
summary:
  description: How many profiles have each verdict.
  returned: success
  type: dict
  sample:
    mapped: 9
    required: 12
notes:
  description: What was not read, and why.
  returned: success
  type: list
  elements: str
profiles:
  description: Every profile that was judged.
  returned: success
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
failure:
  description: Why the task failed.
  returned: on failure
  type: dict
  contains:
    code:
      description: Graph's error code, or V(badArgument).
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


def assess(client, _params, _check_mode):
    assessment = client.strong_mapping.assess().to_dict()
    verdicts = assessment["counts"]["verdicts"].items()
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts)
    message = f"{len(assessment['profiles'])} SCEP profiles: {counts}."
    return {**assessment, "changed": False, "msg": message}


def main():
    run_module(assess, argument_spec={})


if __name__ == "__main__":
    main()
