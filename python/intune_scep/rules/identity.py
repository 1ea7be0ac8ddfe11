"""Rules about whom a certificate names: the one it is given to, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intune_scep.profiles.vocabulary import EMAIL, UPN
from intune_scep.rules.model import Complaint, Severity
from intune_scep.rules.places import SANS, SUBJECT, Place
from intune_scep.rules.registry import TOOL_RULE, page, rule
from intune_scep.rules.said import of_settings, of_wording
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import variable
from intune_scep.rules.wording import Wording

_WHOLE_NAMES: Final = frozenset(
    {"userprincipalname", "emailaddress", "onpremisesuserprincipalname"}
)
"""Variables that stand for name@domain already."""
_TYPOGRAPHIC: Final = re.compile(
    "[\u201c-\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a\u275d\u275e\u301d-\u301f\uff02]"
)
_READS: Final = (SUBJECT, SANS, "certificateStore", "extendedKeyUsages")


@rule(
    "R-041",
    Severity.ERROR,
    "The same identity for everyone",
    remedy="Use a variable, for example {{UserPrincipalName}}. In Ansible mark the value as"
    " !unsafe: else a play variable of the same name takes the place of Intune's.",
    source=TOOL_RULE,
    property=SUBJECT,
    reads=_READS,
)
@of_settings
def check_one_identity_each(settings: Settings) -> Iterator[Complaint]:
    """A user certificate names its user in the subject, the UPN or the e-mail address. A text
    without a variable there names one and the same person, or nobody, in every certificate of the
    profile. Where certificates authenticate, everyone would be that person."""
    wording = settings.wording
    if not wording.is_user:
        return
    severity = None if wording.logs_on else Severity.WARNING
    for place in _identities(settings):
        if place.text.strip() and not place.variables and not place.sid.is_attempt:
            yield Complaint(
                f"The {place.label} {place.text!r} is the same for everyone.",
                severity,
                place.wire_name,
            )


def _identities(settings: Settings) -> Iterator[Place]:
    # The fixed formats ignore the text, and name the user by themselves.
    if settings.profile.subject_name_format in {None, "custom"}:
        yield settings.wording.subject
    yield from (san for san in settings.wording.sans if san.san_type in {UPN, EMAIL})


@rule(
    "R-042",
    Severity.ERROR,
    "Typographic quotes in the subject",
    remedy='Write the straight quote: CN="{{OnPrem_Distinguished_Name}}".',
    source=page("step 7, Subject name format (CertStrToName)"),
    property=SUBJECT,
)
@of_wording
def check_straight_quotes(wording: Wording) -> Iterator[Complaint]:
    """Only the straight quote (U+0022) encloses a value. Word processors, chats and web pages turn
    it into typographic ones, which are letters like any other: the commas between them separate."""
    for part in wording.subject_parts:
        if _TYPOGRAPHIC.match(part.value):
            yield Complaint(f"{part.text!r} begins with the typographic quote {part.value[0]}.")


@rule(
    "R-043",
    Severity.ERROR,
    "More than the variable in a UPN or e-mail name",
    remedy="Leave the variable alone in it, for example {{UserPrincipalName}}.",
    source=TOOL_RULE,
    property=SANS,
)
@of_wording
def check_whole_names(wording: Wording) -> Iterator[Complaint]:
    """These variables stand for the whole name@domain. With other text around them the name is no
    account's, for example CN=alice@contoso.com or alice@contoso.com@contoso.com."""
    for san in wording.sans:
        if san.san_type not in {UPN, EMAIL}:
            continue
        for used in san.variables:
            if used.folded in _WHOLE_NAMES and _rest(san.text):
                yield Complaint(
                    f"The {san.label} {san.text!r} has {_rest(san.text)!r} beside"
                    f" {variable(used.name)}."
                )


def _rest(text: str) -> str:
    """The text without its first variable."""
    return re.sub(r"\{\{[^{}]+\}\}", "", text, count=1).strip()
