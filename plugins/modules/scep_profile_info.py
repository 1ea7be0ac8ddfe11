#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: scep_profile_info
short_description: Read the SCEP certificate profiles of a Microsoft Intune tenant
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Returns SCEP profiles with their trusted root and assignments.
    Each comes as the declaration that would make it and as Graph sent it. Nothing is changed.
  - Names and IDs that no profile has are no error; the profile is then not in the answer.
extends_documentation_fragment:
  - intune.scep.profile_filters
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.reads
seealso:
  - module: intune.scep.scep_profile
"""

EXAMPLES = r"""
- name: Read every SCEP profile
  intune.scep.scep_profile_info:
  register: known

- name: Name the profiles that still ask for a 1024 bit key
  ansible.builtin.debug:
    msg: >-
      {{ known.profiles | selectattr('declaration.key_size', 'defined')
      | selectattr('declaration.key_size', 'eq', 1024) | map(attribute='name') }}

- name: Read the profiles of two platforms
  intune.scep.scep_profile_info:
    platforms: [ios, macos]

- name: Read one profile by name
  intune.scep.scep_profile_info:
    names: [Staff Wi-Fi - iOS]
  register: wifi

- name: Show what a declaration of it looks like
  ansible.builtin.debug:
    var: wifi.profiles[0].declaration
"""

RETURN = r"""
msg:
  description: How many profiles were found, in one sentence.
  returned: always
  type: str
  sample: 12 profiles.
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
notes:
  description: What was not read, and why.
  returned: success
  type: list
  elements: str
profiles:
  description: The profiles, in Graph's order.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the profile.
      type: str
      returned: always
    name:
      description: Name of the profile.
      type: str
      returned: always
    kind:
      description: V(scep).
      type: str
      returned: always
    platform:
      description: The platform.
      type: str
      returned: always
      sample: ios
    odata_type:
      description: Graph's type of the profile.
      type: str
      returned: always
      sample: "#microsoft.graph.iosScepCertificateProfile"
    certificate_type:
      description: V(user) or V(device), or null when the type does not say.
      type: str
      returned: always
    version:
      description: Graph's version number of the profile.
      type: int
      returned: always
    last_modified:
      description: When the profile was changed last, as Graph says it.
      type: str
      returned: always
    declaration:
      description:
        - The options of M(intune.scep.scep_profile) that would make the profile. Groups,
          filters, scope tags and roots are called by name where only one has the name. The profile
          itself is called by its C(id) where several of its type have the name.
      type: dict
      returned: always
    not_declarable:
      description: What of the profile no option can say, one sentence each.
      type: list
      elements: str
      returned: always
    wire:
      description: The profile as Graph sent it.
      type: dict
      returned: always
    message:
      description: Why its trusted root could not be read, else null.
      type: str
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

from ansible_collections.intune.scep.plugins.module_utils._profiles import run_info_module


def main():
    run_info_module("scep")


if __name__ == "__main__":
    main()
