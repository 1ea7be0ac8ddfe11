#!/usr/bin/python
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compliance_info
short_description: Judge the certificate profiles of a Microsoft Intune tenant by all rules
version_added: "0.1.0"
author:
  - The intune.scep maintainers (@intune-scep)
description:
  - Reads the trusted root and SCEP profiles of a tenant with their assignments and dependants, and
    judges them by every rule of Microsoft's documentation. The report has the verdicts on strong
    mapping, the findings of the rules, the drift since an approved baseline, root certificates that
    end, and assignments of root and SCEP profile that differ. Nothing in the tenant is changed.
  - With O(report_directory) it leaves reports there, in check mode as well.
  - The task does not fail because of what was found; RV(outcome.status) says what the policy makes
    of it. It fails when something could not be read, so that nothing could be judged, after the
    reports were written.
options:
  policy:
    description:
      - What makes a run fail. Without it the defaults of its options count.
    type: dict
    suboptions:
      fail_on:
        description:
          - Which of these fail a run.
        type: dict
        suboptions:
          errors:
            description: A finding of severity error that no waiver accepts.
            type: bool
            default: true
          new_findings:
            description: An error or warning that O(baseline_path) did not have.
            type: bool
            default: true
          required:
            description: A SCEP profile that needs the subject alternative name of strong mapping.
            type: bool
            default: true
          defective:
            description: A SCEP profile that carries the variable wrongly.
            type: bool
            default: true
          drift:
            description: Any difference from O(baseline_path).
            type: bool
            default: false
          expired_roots:
            description: A root certificate in use whose validity is over.
            type: bool
            default: true
      warnings_are_errors_from:
        description:
          - From this day on warnings count as errors, for example C("2027-07-01").
        type: str
      root_expiry_days:
        description:
          - How many days before its end a root certificate is reported.
        type: int
        default: 90
  policy_path:
    description:
      - A YAML file with the same, instead of O(policy).
    type: path
  rules_path:
    description:
      - A YAML file with severities, waivers and answers for the rules.
    type: path
  baseline_path:
    description:
      - The approved state to compare with, as C(intune-scep baseline approve) writes it.
    type: path
  directory:
    description:
      - Also read group members, users and devices, to see who lacks a security identifier or
        another attribute. Needs the permissions C(GroupMember.Read.All), C(User.Read.All) and
        C(Device.Read.All).
    type: bool
    default: false
  devices:
    description:
      - Also read the devices that Intune manages, the certificates on them, and whether Microsoft
        Entra compares the security identifier of a certificate, to see how devices are enrolled,
        what they lack and what has expired. Needs the permissions
        C(DeviceManagementManagedDevices.Read.All) and C(Policy.Read.AuthenticationMethod).
      - Which devices are in a group is known only with O(directory).
      - Intune writes a report for it, which may take minutes.
    type: bool
    default: false
  report_directory:
    description:
      - Leave reports in this directory, each whole or not at all, mode 0600. It is made if it is
        not there. Earlier JSON reports in it make the trend.
    type: path
extends_documentation_fragment:
  - intune.scep.report_formats
  - intune.scep.connection
  - intune.scep.attributes
  - intune.scep.attributes.reads
notes:
  - Relative paths begin at the directory of the playbook.
seealso:
  - module: intune.scep.strong_mapping_info
  - module: intune.scep.scep_profile_info
"""

EXAMPLES = r"""
- name: Judge the tenant and leave a page for people and files for machines
  intune.scep.compliance_info:
    report_directory: report
  register: compliance

- name: Say what to do first
  ansible.builtin.debug:
    msg: "{{ compliance.report.steps | map(attribute='title') | first | default('Nothing.') }}"

- name: Judge by a policy of one's own
  intune.scep.compliance_info:
    policy:
      fail_on:
        required: false
      warnings_are_errors_from: "2027-07-01"
  register: compliance

- name: Fail when the policy is not met
  ansible.builtin.assert:
    that: compliance.outcome.status == 'passed'
    fail_msg: "{{ compliance.msg }}"
"""

RETURN = r"""
msg:
  description: What the policy says, in one sentence.
  returned: always
  type: str
tenant:
  description: ID of the tenant.
  returned: unless an argument is wrong
  type: str
  sample: 3f2b8c1e-0d7a-4f43-9b0e-6f6a4f3c2d11
cloud:
  description: The cloud the tenant lives in.
  returned: unless an argument is wrong
  type: str
  sample: public
outcome:
  description: What the policy makes of the report.
  returned: unless an argument is wrong
  type: dict
  contains:
    status:
      description: V(passed), V(failed), or V(not_judged) when something could not be read.
      type: str
      returned: always
    exit_code:
      description: What the command C(intune-scep report) would exit with.
      type: int
      returned: always
    reasons:
      description: Why a run did not pass, each with C(cause), C(message) and C(profiles).
      type: list
      elements: dict
      returned: always
summary:
  description: The numbers.
  returned: unless an argument is wrong
  type: dict
report:
  description: The whole report, in the form that its JSON Schema describes.
  returned: unless an argument is wrong
  type: dict
text:
  description: What was found and what to do first, as text; without the single findings.
  returned: unless an argument is wrong
  type: str
files:
  description: The files that were written.
  returned: unless an argument is wrong
  type: list
  elements: str
failure:
  description: Why the task failed.
  returned: on failure
  type: dict
  contains:
    code:
      description: V(notJudged), V(badArgument), or null.
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
from ansible_collections.intune.scep.plugins.module_utils._report_formats import REPORT_FORMATS

FAIL_ON = {
    "errors": {"type": "bool", "default": True},
    "new_findings": {"type": "bool", "default": True},
    "required": {"type": "bool", "default": True},
    "defective": {"type": "bool", "default": True},
    "drift": {"type": "bool", "default": False},
    "expired_roots": {"type": "bool", "default": True},
}
ARGUMENT_SPEC = {
    "policy": {
        "type": "dict",
        "options": {
            "fail_on": {"type": "dict", "options": FAIL_ON},
            "warnings_are_errors_from": {"type": "str"},
            "root_expiry_days": {"type": "int", "default": 90},
        },
    },
    "policy_path": {"type": "path"},
    "rules_path": {"type": "path"},
    "baseline_path": {"type": "path"},
    "directory": {"type": "bool", "default": False},
    "devices": {"type": "bool", "default": False},
    "report_directory": {"type": "path"},
    "report_formats": {
        "type": "list",
        "elements": "str",
        "choices": REPORT_FORMATS,
        "default": ["html", "json", "prometheus"],
    },
}


def read(given):
    """The files that say what counts, read before the tenant is."""
    from pathlib import Path

    from intune_scep.compliance import Policy, load_policy, make_policy, read_baseline
    from intune_scep.rules import Configuration, load_configuration

    params = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}
    params |= {name: value for name, value in given.items() if value is not None}

    def file(name, reader, otherwise=None):
        return reader(Path(params[name])) if params[name] else otherwise

    policy = Policy()
    if params["policy"] is not None:
        policy = make_policy({k: v for k, v in params["policy"].items() if v is not None})
    return {
        "policy": file("policy_path", load_policy, policy),
        "configuration": file("rules_path", load_configuration, Configuration()),
        "baseline": file("baseline_path", read_baseline),
        "params": params,
    }


def check(client, work, _check_mode):
    report = client.compliance.check(
        work["policy"],
        configuration=work["configuration"],
        baseline=work["baseline"],
        with_directory=work["params"]["directory"],
        with_devices=work["params"]["devices"],
    )
    return result_of(report, work["params"])


def unreachable(options, error, work):
    """A tenant that cannot be reached is a report that says so; a wrong option is an error."""
    from intune_scep.compliance import unreachable as report_of
    from intune_scep.errors import ConnectionOptionError

    if isinstance(error, ConnectionOptionError):
        raise error
    report = report_of(options.tenant or "", options.cloud, error, policy=work["policy"])
    return result_of(report, work["params"])


def result_of(report, params):
    from pathlib import Path

    from intune_scep.reports.files import write_reports
    from intune_scep.reports.terminal import render_text

    directory = params["report_directory"]
    files = write_reports(report, Path(directory), params["report_formats"]) if directory else ()
    content = report.to_dict()
    return {
        **{name: content[name] for name in ("tenant", "cloud", "msg", "outcome", "summary")},
        "changed": False,
        "failed": bool(report.unread),
        "failure_code": "notJudged",
        "report": content,
        "text": render_text(report, every_finding=False),
        "files": [str(path) for path in files],
    }


def main():
    run_module(
        check,
        argument_spec=ARGUMENT_SPEC,
        prepare=read,
        unreachable=unreachable,
        mutually_exclusive=[("policy", "policy_path")],
    )


if __name__ == "__main__":
    main()
