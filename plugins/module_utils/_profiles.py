# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""What the modules of declared profiles share: from options to declarations, from report to result.

A profile's options are those that were given: null given means to clear, left out means to leave.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.intune.scep.plugins.module_utils._base import mistyped, run_module
from ansible_collections.intune.scep.plugins.module_utils._journal import (
    JOURNAL_SPEC,
    MAX_CHANGES_SPEC,
    complaint_about_limit,
    run_options,
)
from ansible_collections.intune.scep.plugins.module_utils._profile_options import SCEP_SPEC

FILTER_SPEC = {
    "names": {"type": "list", "elements": "str"},
    "ids": {"type": "list", "elements": "str"},
    "platforms": {
        "type": "list",
        "elements": "str",
        "choices": SCEP_SPEC["platform"]["choices"],
    },
}
WHICH_ONE = ("name", "id")
MOST_NAMED = 20


def run_profile_module(kind, spec):
    """Run the module of one kind of profile.

    Args:
        kind: The library's word for the kind, C(scep) or C(trusted_root).
        spec: The argument spec of one profile's options.
    """
    run_module(
        apply,
        argument_spec={
            **spec,
            "profiles": {"type": "list", "elements": "dict"},
            "rules_path": {"type": "path"},
            **MAX_CHANGES_SPEC,
            **JOURNAL_SPEC,
        },
        check=lambda params: complaint_about_limit(params) or complaint_about(params, spec),
        prepare=lambda given: (
            declarations_of(given, kind, spec),
            None,
            {**rules_of(given), **run_options(given)},
        ),
        mutually_exclusive=[("profiles", name) for name in WHICH_ONE],
        required_one_of=[("profiles", *WHICH_ONE)],
    )


def run_info_module(kind):
    """Run the module that reads the profiles of one kind."""
    run_module(
        lambda client, params, _check_mode: listed(client, params, kind),
        argument_spec=FILTER_SPEC,
        check=complaint_about_filters,
    )


def complaint_about_filters(params):
    """An empty filter would be taken for none."""
    for name in FILTER_SPEC:
        if params[name] is not None and not params[name]:
            return f"{name} is an empty list. Leave it out to take every profile."
        if any(not value.strip() for value in params[name] or []):
            return f"{name} holds an empty text."
    return None


def listed(client, params, kind):
    """The profiles that fit, each with its declaration and with what Graph sent."""
    from intune_scep.profiles import Platform, ProfileKind

    platforms = params["platforms"]
    listing = client.profiles.list(
        kinds=[ProfileKind(kind)],
        platforms=None if platforms is None else [Platform(name) for name in platforms],
        only=[*(params["names"] or ()), *(params["ids"] or ())],
    )
    result = listing.to_dict()
    profiles = [
        {**row, "wire": profile.to_wire()}
        for row, profile in zip(result["profiles"], listing.profiles, strict=True)
    ]
    count = "1 profile." if len(profiles) == 1 else f"{len(profiles)} profiles."
    return {**result, "profiles": profiles, "changed": False, "msg": count}


def apply(client, work, check_mode):
    """Bring the tenant to what is declared, or in check mode say what that would change."""
    (declarations, unusable), choices, options = work
    report = client.profiles.apply(
        declarations, choices, dry_run=check_mode, unusable=unusable, **options
    )
    return result_of(report)


def usable(declarations, unusable):
    """The declarations with those that cannot be used beside them, if any can.

    Raises:
        IntuneScepError: None can.
    """
    from intune_scep.declarations import all_of

    if unusable and not declarations:
        raise all_of(unusable)
    return declarations, unusable


def rules_of(given):
    """The choice of rules, if one was made.

    Raises:
        IntuneScepError: The file cannot be used.
    """
    if not given.get("rules_path"):
        return {}

    from pathlib import Path

    from intune_scep.rules import load_configuration

    return {"rules": load_configuration(Path(given["rules_path"]))}


def result_of(report):
    """A library's report as the result of a module."""
    from intune_scep.reports.runs import text_of_run

    result = report.to_dict()
    return {
        **result,
        "text": text_of_run(report),
        "diff": [
            difference_of(profile)
            for profile in result["profiles"]
            if profile["diff"] or profile["action"] == "delete"
        ],
        "warnings": [*result.get("warnings", ()), *warnings_about(result["profiles"])],
    }


def warnings_about(profiles):
    """One warning that names the profiles whose certificates are issued again or go."""
    concerned = [
        profile
        for profile in profiles
        if profile.get("reissues") == "yes" and profile["status"] in ("planned", "applied")
    ]
    if not concerned:
        return []
    from intune_scep.profiles import Platform
    from intune_scep.profiles.revocation import about_replaced

    names = [f"{profile['name']} ({profile['platform']})" for profile in concerned]
    about = about_replaced(*(Platform(profile["platform"]) for profile in concerned))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    count = "1 profile" if len(names) == 1 else f"{len(names)} profiles"
    listed = ", ".join(names[:MOST_NAMED])
    return [f"This replaces or ends every certificate of {count}: {listed}{more}. {about}"]


def difference_of(profile):
    """One profile's changed options, before and after; a side that is not there is empty."""
    header = f"{profile['name']} ({profile['platform']} {profile['kind']})"
    before, after = (options_at(profile["diff"], side) for side in ("before", "after"))
    if profile["action"] == "create":
        before = ""
    if profile["action"] == "delete":
        before, after = {"name": profile["name"], "id": profile["id"]}, ""
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def options_at(differences, side):
    """The options that have a value on one side of a difference."""
    return without_nulls({item["property"]: item[side] for item in differences})


def complaint_about(params, spec):
    """What is wrong with the profiles, as far as the argument spec can tell, or None."""
    if params["profiles"] is None:
        return None if params["platform"] else "platform is required."
    if not params["profiles"]:
        return "profiles is an empty list. It must hold at least one profile."
    beside = {name: params[name] for name in spec if params[name] is not None}
    complaints = [
        f"{label_of(index, item)}: {problem}"
        for index, item in enumerate(params["profiles"])
        for problem in problems_of({**beside, **item}, spec)
    ]
    return " ".join(complaints) or None


def label_of(index, item):
    """How a message speaks of an item of the list."""
    name = item.get("name") or item.get("id")
    return f"profiles[{index}]" + (f' "{name}"' if name else "")


def problems_of(item, spec):
    """A sentence for each thing that is wrong with one item of the list."""
    unknown = sorted(str(name) for name in item if name not in spec)
    wrong = mistyped(item, spec)
    problems = [f"{name} is no option of these profiles." for name in unknown]
    problems += wrong.values()
    if not item.get("platform"):
        problems.append("platform is required.")
    if not any(item.get(name) for name in WHICH_ONE):
        problems.append("name is required, unless id is given.")
    well_typed = {name: value for name, value in item.items() if name not in wrong}
    return problems + [f"{text}." for text in checked(well_typed, spec).error_messages]


def checked(item, spec):
    """Check one item of the list as Ansible checks the options of a module."""
    known = {name: value for name, value in item.items() if name in spec}
    return ArgumentSpecValidator(spec).validate(without_nulls_inside(known))


def declarations_of(given, kind, spec):
    """The declarations that the options given stand for, and an error for each that cannot be used.

    Raises:
        IntuneScepError: An option has a value that the profile cannot have, and there is no other.
    """
    from intune_scep.declarations import parse_declaration
    from intune_scep.errors import DeclarationError
    from intune_scep.profiles import ProfileKind

    beside = {name: given[name] for name in given if name in spec}
    if given.get("profiles") is None:
        return [parse_declaration(without_nulls_inside(beside), kind=ProfileKind(kind))], []
    declarations, unusable = [], []
    for index, item in enumerate(given["profiles"]):
        merged = {**beside, **item}
        values = checked(merged, spec).validated_parameters
        try:
            declaration = parse_declaration(
                without_nulls_inside({name: values[name] for name in merged}),
                kind=ProfileKind(kind),
                source=f"profiles[{index}]",
            )
        except DeclarationError as error:
            unusable.append(error)
        else:
            declarations.append(declaration)
    return usable(declarations, unusable)


def without_nulls_inside(options):
    """Options without the nulls that Ansible puts where a suboption was left out."""
    return {name: without_nulls(value) for name, value in options.items()}


def without_nulls(value):
    """A value without the members that are null, at any depth."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return value
