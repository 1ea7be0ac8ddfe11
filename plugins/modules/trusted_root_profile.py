#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trusted_root_profile
short_description: Manage trusted root certificate profiles of a Microsoft Intune tenant
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Brings trusted root certificate profiles to their declared state. They deliver the certificate
    of a certification authority to devices, and SCEP profiles point at them.
  - Only the options that are given are managed. An option that is left out keeps the value the
    profile has; a new profile gets what the admin center fills in. An option that is given as null,
    or as an empty list, is cleared.
  - A profile is found by O(id) if that is given, else by O(platform) and O(name), exactly. Two
    profiles of one name are an error that names both IDs.
  - A profile that is as declared is not written to. When one profile cannot be as declared, nothing
    at all is written. When one fails while writing, the others are still done and reported, and the
    task fails.
  - The certificate must be one of a certification authority. A leaf certificate, a private key,
    several certificates in one file and an expired certificate are refused.
  - A root that a SCEP profile still points at is neither deleted nor replaced.
extends_documentation_fragment:
  - intune.scep.profile_options.trusted_root
  - intune.scep.journal
  - intune.scep.journal.max_changes
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.writes
seealso:
  - module: intune.scep.trusted_root_profile_info
  - module: intune.scep.scep_profile
  - module: intune.scep.certificate_profiles
"""

EXAMPLES = r"""
- name: Deliver a root certificate to iPhones
  intune.scep.trusted_root_profile:
    name: Contoso Root CA - iOS
    platform: ios
    certificate_path: files/contoso-root.cer
    assignments:
      - group: All Staff
      - group: Contractors
        exclude: true

- name: Deliver it to every other platform, in one task that reads the tenant once
  intune.scep.trusted_root_profile:
    certificate_path: files/contoso-root.cer
    assignments:
      - all_devices: true
    profiles:
      - name: Contoso Root CA - Windows
        platform: windows
        destination_store: computer_root
      - name: Contoso Root CA - macOS
        platform: macos
        deployment_channel: user
      - name: Contoso Root CA - Android
        platform: android_work_profile

- name: Find a profile
  intune.scep.trusted_root_profile_info:
    names: [Contoso Root CA - iOS]
  register: known

- name: Rename it
  intune.scep.trusted_root_profile:
    id: "{{ known.profiles[0].id }}"
    platform: ios
    name: Contoso Root CA 2021 - iOS

- name: Remove a profile
  intune.scep.trusted_root_profile:
    name: Contoso Root CA - Android
    platform: android_work_profile
    state: absent
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

from ansible_collections.intune.scep.plugins.module_utils._profile_options import TRUSTED_ROOT_SPEC
from ansible_collections.intune.scep.plugins.module_utils._profiles import run_profile_module


def main():
    run_profile_module("trusted_root", TRUSTED_ROOT_SPEC)


if __name__ == "__main__":
    main()
