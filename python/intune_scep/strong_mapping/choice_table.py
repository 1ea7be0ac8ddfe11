"""The table of what the operator may choose of a migration.

The fields of `Choices`, command line, modules, role and journal take their options from it; run
python dev/generate_choices.py after a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One choice.

    Attributes:
        name: Its name in modules, variables of the role (with a prefix), plans and journals.
        type: "bool", "int", "float", "str", "path" or "list" (of names).
        default: What leaving it out means; None for no limit, or no list.
        help: One sentence, for the command line and the role.
        paragraphs: What the modules say of it.
        metavar: The word for its value on the command line.
        minimum, maximum: The least and the greatest value of a number.
        in_journal: Whether a run that is resumed must have the same value.
        option: Its name on the command line, where it is another one.
    """

    name: str
    type: str
    default: Any
    help: str
    paragraphs: tuple[str, ...]
    metavar: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    in_journal: bool = True
    option: str | None = None

    @property
    def attribute(self) -> str:
        """Its name in Python, where `except` is a word of the language."""
        return "except_" if self.name == "except" else self.name

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return self.option or "--" + self.name.replace("_", "-")


def by_name(*choices: Choice) -> Mapping[str, Choice]:
    """A table of choices by their names."""
    return {choice.name: choice for choice in choices}


CHOICES: Mapping[str, Choice] = by_name(
    Choice(
        "only",
        "list",
        None,
        "Name or ID of a profile to consider.",
        (
            "Names or IDs of the only profiles to change. A name that no profile has, or that"
            " several have, is an error.",
            "An empty list is refused. Leave the option out to take every profile.",
        ),
    ),
    Choice(
        "except",
        "list",
        None,
        "Name or ID of a profile to leave alone.",
        (
            "Names or IDs of profiles to leave alone. A name that no profile has, or that several"
            " have, is an error.",
        ),
    ),
    Choice(
        "include_android",
        "bool",
        False,
        "Also change Android Enterprise and AOSP profiles (Microsoft's pages disagree).",
        (
            "Also change user certificate profiles of the Android Enterprise and AOSP types."
            " Microsoft's pages disagree on whether Intune resolves the variable there.",
        ),
    ),
    Choice(
        "include_device_certificates",
        "bool",
        False,
        "Also change Windows device certificates (only hybrid-joined devices have a SID).",
        (
            "Also change device certificate profiles of Windows. Only devices that are joined to"
            " Active Directory (Microsoft Entra hybrid joined) have a security identifier to put"
            " into the certificate.",
        ),
    ),
    Choice(
        "include_legacy_san",
        "bool",
        False,
        "Also change profiles with legacy SAN fields (nobody knows which side wins).",
        (
            "Also change profiles that still carry the legacy subject alternative name fields. It"
            " is not known which side wins when a profile has both.",
        ),
    ),
    Choice(
        "include_review",
        "list",
        None,
        "Name or ID of a profile to change although a rule finds an error in it.",
        (
            "Names or IDs of profiles to change although they are for review, because a rule finds"
            " an error in them or their trusted root could not be read. They are named one by one;"
            " there is no way to take them all.",
            "A finding that is waived in the file of rules needs no name here.",
        ),
    ),
    Choice(
        "rules_path",
        "path",
        None,
        "Severities, waivers and answers for the rules (YAML).",
        (
            "A YAML file with severities, waivers and answers for the rules, as the command"
            " intune-scep check takes it. A profile in which a rule finds an error that nobody has"
            " waived is for review, and is not changed.",
        ),
        metavar="FILE",
        option="--rules",
    ),
    Choice(
        "no_impact",
        "bool",
        False,
        "Leave out how many certificates, devices and users the change concerns.",
        (
            "Do not read how many certificates are out and which profiles use them. It costs one"
            " export job, for which Intune takes some seconds, and needs"
            " DeviceManagementManagedDevices.Read.All; without it the number is unknown.",
        ),
        in_journal=False,
    ),
    Choice(
        "min_ready",
        "float",
        None,
        "Hold back a profile if fewer than this of those it reaches have a SID.",
        (
            "A percentage. Reads whom each profile that would change reaches, and holds back one of"
            " which it is known that fewer of them have a security identifier (SID) of Active"
            " Directory. What is not known is told in a note, and not held back.",
            "Needs User.Read.All, Device.Read.All, GroupMember.Read.All and"
            " DeviceManagementManagedDevices.Read.All; without this option none of them is asked"
            " for anything.",
        ),
        metavar="PERCENT",
        minimum=0,
        maximum=100,
    ),
    Choice(
        "max_changes",
        "int",
        None,
        "Change nothing if more profiles than this would change.",
        ("Refuse to change anything when more profiles than this would change.",),
        minimum=0,
        in_journal=False,
    ),
)
