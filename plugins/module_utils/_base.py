# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""What every module shares: connection, one call into the library, errors, diff.

Nothing but the library's light package root is imported before the arguments are known to be good.
"""

from __future__ import annotations

import os
import traceback
from contextlib import ExitStack

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.intune.scep.plugins.module_utils._journal import (
    ROLE_PREFIX,
    refusal,
    with_content,
)

try:
    import intune_scep

    LIBRARY_ERROR = None
except ImportError:
    intune_scep = None
    LIBRARY_ERROR = traceback.format_exc()

MINIMUM_LIBRARY = (0, 1, 0)

SIMULATOR_WARNING = (
    "SIMULATOR: this result comes from the embedded simulator. No real tenant was read or changed."
)

CONNECTION_SPEC = {
    "cloud": {"type": "str", "choices": ["public", "usgov", "usgov_dod", "china", "simulator"]},
    "tenant": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "x509_certificate_path": {"type": "path"},
    "oidc_token_file_path": {"type": "path"},
    "access_token": {"type": "str", "no_log": True},
    "auth_source": {"type": "str", "choices": ["auto", "env", "cli", "msi", "default", "token"]},
    "patience": {"type": "float"},
}

VERBATIM_FIELDS = ("declaration", "files", "journal", "journal_content", "wire")
FAILURE_FIELDS = ("code", "status", "request_id", "activity_id")


class Module(AnsibleModule):
    """A module that knows which options were given, null or not."""

    def _load_params(self):
        super()._load_params()
        self.names_given = tuple(self.params)
        self.mistyped = mistyped(self.params, self.argument_spec)
        for name in self.mistyped:
            del self.params[name]

    @property
    def given(self):
        """The options that were given, checked."""
        return {name: self.params[name] for name in self.names_given if name in self.argument_spec}


def run_module(job, argument_spec, check=None, prepare=None, unreachable=None, **constraints):
    """Read the arguments, call the library once, and exit with its answer.

    Args:
        job: Called with the open client, the arguments and whether this is check mode. Returns the
            result of the module; a true value of C(failed) in it makes the task fail.
        argument_spec: The module's own options; those of the connection are added.
        check: Called with the arguments before anything is imported. Returns a complaint or None.
        prepare: Called with the options that were given, before the tenant is reached. What it
            returns takes the place of the arguments in the call of job.
        unreachable: Called when the tenant cannot be reached, with the connection options, the
            error and what job would have been given. Returns a result that says so, or raises the
            error. By default the task fails.
        constraints: Passed to AnsibleModule (required_if and the like).
    """
    module = Module(
        argument_spec={**CONNECTION_SPEC, **argument_spec},
        supports_check_mode=True,
        **constraints,
    )
    complaint = " ".join(module.mistyped.values()) or (check(module.params) if check else None)
    if complaint:
        fail(module, complaint, code="badArgument")
    require_library(module)

    from intune_scep.wording import speaking

    with speaking(face()):
        run_job(module, job, prepare, unreachable)


def face():
    """In whose words the library is to speak: those of the role that runs the module, if any."""
    from intune_scep.wording import MODULE, role

    prefix = os.environ.get(ROLE_PREFIX)
    return role(prefix) if prefix else MODULE


def run_job(module, job, prepare, unreachable):
    """Do the job with arguments that are known to be good, and exit with its answer."""
    from intune_scep.connection import ConnectionOptions
    from intune_scep.errors import IntuneScepError

    try:
        options = ConnectionOptions.from_environment(
            **{name: module.params[name] for name in CONNECTION_SPEC},
            justification=module.params.get("justification"),
        )
        refused = refusal(module.params, module.check_mode) if keeps_journal(module) else None
    except IntuneScepError as error:
        fail(module, str(error), **failure_fields(error))
    if refused:
        fail(module, refused, code="ephemeralJournal")
    try:
        work = prepare(module.given) if prepare else module.params
    except IntuneScepError as error:
        fail(module, str(error), code="badArgument")
    try:
        result = call_library(options, job, work, module.check_mode, unreachable)
    except IntuneScepError as error:
        fail(module, str(error), **failure_fields(error))
    leave(module, with_content(result) if keeps_journal(module) else result)


def keeps_journal(module):
    """Whether a module writes, and so keeps a journal."""
    return "allow_ephemeral_journal" in module.params


def call_library(options, job, work, check_mode, unreachable):
    """Reach the tenant and do the job, or say that it cannot be reached."""
    from intune_scep.errors import IntuneScepError

    with ExitStack() as opened:
        try:
            client = opened.enter_context(intune_scep.IntuneClient(options))
        except IntuneScepError as error:
            if unreachable is None:
                raise
            return unreachable(options, error, work)
        return job(client, work, check_mode)


def mistyped(params, argument_spec):
    """The options that should be objects, or lists of them, and are not, each with a complaint.

    Ansible's own check of suboptions breaks off on these without naming them.
    """
    found = {}
    for name, spec in argument_spec.items():
        if "options" in spec and params.get(name) is not None:
            complaints = list(type_complaints(name, params[name], spec))
            if complaints:
                found[name] = " ".join(complaints)
    return found


def type_complaints(name, value, spec):
    """A sentence for each value in an option that should be an object and is not."""
    for item in value if isinstance(value, list) else [value]:
        try:
            content = check_type_dict(item)
        except TypeError:
            wanted = {"dict": "an object with options", "list": "a list of objects with options"}
            yield f"{name} must be {wanted[spec['type']]}."
            return
        for complaint in mistyped(content, spec["options"]).values():
            yield f"{name}.{complaint}"


def require_library(module):
    """Fail when the Python library is missing or older than this collection needs."""
    wanted = ".".join(str(part) for part in MINIMUM_LIBRARY)
    if intune_scep is None:
        missing = missing_required_lib("intune-scep >= " + wanted)
        module.fail_json(
            msg=missing + " It comes with this collection: pip install the collection's directory,"
            " or in a checkout make setup and use .venv/bin/ansible-playbook.",
            exception=LIBRARY_ERROR,
        )
    if found_version() < MINIMUM_LIBRARY:
        fail(
            module,
            f"The Python library intune-scep >= {wanted} is needed."
            f" Only {intune_scep.__version__} was found, in {intune_scep.__file__}.",
            code="libraryTooOld",
        )


def found_version():
    """The version of the library that was imported, in numbers."""
    return tuple(int(part) for part in intune_scep.__version__.split(".")[:3] if part.isdigit())


def failure_fields(error):
    """What Graph said about an error, as far as Graph was asked."""
    return {name: getattr(error, name, None) for name in FAILURE_FIELDS}


def fail(module, message, **fields):
    """Fail with one message and the same in parts, so that a play can decide on them."""
    message = cleaned(message)
    failure = {**dict.fromkeys(FAILURE_FIELDS), **fields, "message": message}
    module.fail_json(msg=message, failure=failure)


def cleaned(text):
    """Text as people may see it: nothing in it that a terminal would obey."""
    try:
        from intune_scep.texts import printable
    except ImportError:  # no library, or one too old to be used: the text is ours
        return text
    return printable(text)


def cleaned_inside(value):
    """A value with every text in it cleaned, but for what is there to be used as it is."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list):
        return [cleaned_inside(item) for item in value]
    if isinstance(value, dict):
        return {
            name: item if name in VERBATIM_FIELDS else cleaned_inside(item)
            for name, item in value.items()
        }
    return value


def leave(module, result):
    """Exit with the library's answer, and make sure that nobody takes a simulator for a tenant."""
    result = cleaned_inside(result)
    failed = result.pop("failed", False)
    code = result.pop("failure_code", "profilesFailed")
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result["cloud"] == "simulator":
        module.warn(SIMULATOR_WARNING)
        result["msg"] = "SIMULATOR: " + result["msg"].removeprefix("SIMULATOR: ")
    if not failed:
        module.exit_json(**result)
    failure = {**dict.fromkeys(FAILURE_FIELDS), "code": code, "message": result["msg"]}
    module.fail_json(failure=failure, **result)


def diff_of(profiles):
    """One before and after for each profile whose subject alternative names differ."""
    return [
        {
            "before_header": f"{profile['name']} ({profile['id']}){cost_of(profile)}",
            "after_header": f"{profile['name']} ({profile['id']}){cost_of(profile)}",
            "before": san_lines(difference["before"]),
            "after": san_lines(difference["after"]),
        }
        for profile in profiles
        for difference in profile["diff"]
    ]


def cost_of(profile):
    """What the change re-issues, where that is known."""
    impact = profile.get("impact") or {}
    if impact.get("certificates") is None:
        return ""
    devices = "1 device" if impact["devices"] == 1 else f"{impact['devices']} devices"
    return f", certificates that are re-issued: {impact['certificates']} on {devices}"


def san_lines(names):
    """Subject alternative names as text, one to a line."""
    return "".join(f"{name['type']}: {name['value']}\n" for name in names or [])
