# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Which profiles a module reads.
    DOCUMENTATION = r"""
options:
  names:
    description:
      - Only profiles with one of these names, exactly. With O(ids) as well, those that fit either.
    type: list
    elements: str
  ids:
    description:
      - Only profiles with one of these IDs.
    type: list
    elements: str
  platforms:
    description:
      - Only profiles of these platforms.
    type: list
    elements: str
    choices:
      - windows
      - ios
      - macos
      - android_device_owner
      - android_work_profile
      - android_for_work
      - android_aosp
      - android_device_administrator
"""
