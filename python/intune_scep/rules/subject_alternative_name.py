"""Rules about the subject alternative names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intune_scep.profiles import PROFILE_TYPES, ProfileKind
from intune_scep.profiles.enums import SubjectAlternativeNameType
from intune_scep.profiles.vocabulary import DNS, EMAIL, PLATFORM_NAMES, SAN_LABELS, UPN, san_label
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.places import LEGACY_SAN, SANS, SUBJECT, Place
from intune_scep.rules.platforms import ANDROID_ENTERPRISE, DEVICE_OWNER
from intune_scep.rules.registry import ADMIN_CENTER, GRAPH_METADATA, SCEPMAN, TOOL_RULE, page, rule
from intune_scep.rules.said import of_settings, of_wording
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import repeated, variable
from intune_scep.rules.wording import ANY_PURPOSE, CLIENT_AUTHENTICATION, Wording

_SECTION: Final = "step 7, Subject alternative name"
_LIMIT: Final = 500
_LEGACY_TYPE: Final = "subjectAlternativeNameType"
_LEGACY_TYPES: Final = {member.value for member in SubjectAlternativeNameType} - set(SAN_LABELS)
_AUTHENTICATING: Final = ANY_PURPOSE | {CLIENT_AUTHENTICATION}
_WITHOUT_SANS: Final = frozenset(
    row.platform
    for row in PROFILE_TYPES
    if row.kind is ProfileKind.SCEP and not row.supports_custom_sans
)


@rule(
    "R-050",
    Severity.ERROR,
    "Unknown kind of alternative name",
    remedy="Use emailAddress, userPrincipalName, domainNameService or universalResourceIdentifier.",
    source=f"{page(_SECTION)}; {GRAPH_METADATA}",
    property=SANS,
)
@of_wording
def check_san_types(wording: Wording) -> Iterator[Complaint]:
    """The admin center offers e-mail address, UPN, DNS and URI. Graph still knows none and
    customAzureADAttribute, which are legacy; anything else it refuses."""
    for san in wording.sans:
        if san.san_type in _LEGACY_TYPES:
            yield Complaint(
                f"The kind {san.san_type} of the name {san.text!r} is legacy.", Severity.WARNING
            )
        elif san.san_type not in SAN_LABELS:
            yield Complaint(f"The name {san.text!r} is of the unknown kind {san.san_type!r}.")


@rule(
    "R-051",
    Severity.ERROR,
    "Too many alternative names",
    remedy="Keep the names that something reads.",
    source=f"{page(_SECTION)}; Microsoft Graph documentation",
    property=SANS,
)
@of_wording
def check_san_count(wording: Wording) -> Iterator[Complaint]:
    """Several names may be given, also several of one kind, but Graph takes 500 at most."""
    count = len(wording.sans)
    if count > _LIMIT:
        yield Complaint(f"There are {count} alternative names.")


@rule(
    "R-052",
    Severity.ERROR,
    "Alternative name without a value",
    remedy="Give the name a value, or remove it.",
    source="GitHub: MicrosoftDocs/windows-itpro-docs issue 8548",
    property=SANS,
)
@of_wording
def check_san_values(wording: Wording) -> Iterator[Complaint]:
    """An empty value made the service answer with an internal error."""
    for position, san in enumerate(wording.sans, 1):
        if not san.text.strip():
            kind = san_label(san.san_type)
            yield Complaint(f"Alternative name {position} ({kind}) has no value.")


@rule(
    "R-053",
    Severity.ERROR,
    "{{UserName}} in an alternative name on corporate Android",
    remedy="Use {{UserPrincipalName}}.",
    source=page(f"{_SECTION}, Note"),
    property=SANS,
    platforms=DEVICE_OWNER,
    reads=(SANS, LEGACY_SAN),
)
@of_wording
def check_user_name(wording: Wording) -> Iterator[Complaint]:
    """Fully managed, dedicated and corporate-owned work profile devices do not support the
    variable UserName in the subject alternative name."""
    for place, used in wording.used({"username"}):
        if place.wire_name != SUBJECT:
            yield Complaint(
                f"The {place.label} {place.text!r} uses {variable(used.name)}.",
                property=place.wire_name,
            )


@rule(
    "R-054",
    Severity.ERROR,
    "Forbidden character after a variable",
    remedy="Remove { } | and ; from the text that follows the variable.",
    source=page(f"{_SECTION}, Important"),
    property=SANS,
    reads=(SANS, SUBJECT, LEGACY_SAN),
)
@of_wording
def check_text_after_variable(wording: Wording) -> Iterator[Complaint]:
    """Curly brackets, pipes and semicolons must not stand in the text that follows a variable.
    The page says so of alternative names; in a subject it is a warning."""
    for place in wording.places:
        found = place.forbidden
        if found:
            yield Complaint(
                f"The {place.label} {place.text!r} has {' '.join(found)} after a variable.",
                Severity.WARNING if place.wire_name == SUBJECT else None,
                place.wire_name,
            )


@rule(
    "R-055",
    Severity.WARNING,
    "UPN or e-mail name without @",
    remedy="Write the part after the @ too, for example {{AAD_Device_ID}}@contoso.com.",
    source=ADMIN_CENTER,
    property=SANS,
)
@of_wording
def check_at_sign(wording: Wording) -> Iterator[Complaint]:
    """A UPN and an e-mail address have the form name@domain. Variables that resolve to such a
    value pass."""
    for san in wording.sans:
        if san.san_type in {UPN, EMAIL} and san.text.strip() and not _may_hold_at(san):
            yield Complaint(f"The {san.label} {san.text!r} has no @.")


_WITH_AT: Final = {"userprincipalname", "emailaddress", "onpremisesuserprincipalname"}


def _may_hold_at(san: Place) -> bool:
    return (
        "@" in san.text
        or san.sid.is_attempt
        or any(used.known is None or used.folded in _WITH_AT for used in san.variables)
    )


@rule(
    "R-056",
    Severity.WARNING,
    "DNS name that is no host name",
    remedy="Use a host name, for example {{DeviceName}}.contoso.com.",
    source=ADMIN_CENTER,
    property=SANS,
)
@of_wording
def check_dns_names(wording: Wording) -> Iterator[Complaint]:
    """A DNS name must hold no @ and must not end with a symbol."""
    for san in wording.sans:
        text = san.text.strip()
        if san.san_type != DNS or not text or san.sid.is_attempt:
            continue
        if "@" in text or any(used.folded in _WITH_AT for used in san.variables):
            yield Complaint(f"The {san.label} {text!r} holds an @.")
        elif not (text[-1].isalnum() or text.endswith("}}")):
            yield Complaint(f"The {san.label} {text!r} ends with {text[-1]!r}.")


@rule(
    "R-057",
    Severity.WARNING,
    "No UPN in a user certificate for client authentication",
    remedy="Add a UPN name with {{UserPrincipalName}} if a Network Policy Server checks the"
    " certificate.",
    source=page(f"{_SECTION}, User certificate type"),
    property=SANS,
    reads=(SANS, "certificateStore", "extendedKeyUsages", _LEGACY_TYPE),
)
@of_wording
def check_upn(wording: Wording) -> Iterator[Complaint]:
    """A Network Policy Server finds the account of a user by the UPN in the certificate."""
    authenticates = not _AUTHENTICATING.isdisjoint(wording.usages)
    if not wording.is_user or not authenticates or UPN in wording.legacy_san_types:
        return
    if all(san.san_type != UPN for san in wording.sans):
        yield Complaint("The certificate is for client authentication, but holds no UPN.")


@rule(
    "R-058",
    Severity.WARNING,
    "Android Enterprise profile without any alternative name",
    remedy="Add a subject alternative name, for example a UPN.",
    source=f"GitHub: MicrosoftDocs/IntuneDocs issue 1741; {SCEPMAN}",
    property=SANS,
    platforms=ANDROID_ENTERPRISE,
    reads=(SANS, _LEGACY_TYPE),
)
@of_wording
def check_any_san(wording: Wording) -> Iterator[Complaint]:
    """On Android Enterprise a certificate without any alternative name may not be issued, or may
    not be offered for Wi-Fi."""
    if not wording.sans and not wording.legacy_san_types:
        yield Complaint("There is no subject alternative name.")


@rule(
    "R-059",
    Severity.WARNING,
    "Alternative name given twice",
    remedy="Remove one of them at the next change.",
    source=TOOL_RULE,
    property=SANS,
)
@of_wording
def check_duplicate_sans(wording: Wording) -> Iterator[Complaint]:
    """The same name twice adds nothing to the certificate. The SID URI has a rule of its own,
    R-074."""
    names = [(san.san_type, san.folded) for san in wording.sans if not san.is_sid_uri]
    for (kind, text), count in repeated(names):
        yield Complaint(f"The {san_label(kind)} name {text!r} is there {count} times.")


@rule(
    "R-060",
    Severity.ERROR,
    "Existing names disturbed by adding the SID URI",
    remedy="Keep every name as it is and in order, and append the SID URI.",
    source=f"Microsoft: Network access control with Intune; {SCEPMAN}; Cisco field notice FN74227",
    property=SANS,
    needs=(Need.PLAN,),
)
def check_names_kept(context: Context) -> Iterator[Complaint]:
    """Network access control finds devices by URIs such as IntuneDeviceId://{{DeviceId}}. They
    must survive, untouched and in order, when the SID URI is added."""
    from intune_scep.profiles import ScepProfile

    before = context.plan.before
    if not isinstance(before, ScepProfile) or not context.scep.sid_uris:
        return
    earlier = context.facts_of(before)
    if earlier.sid_uris:
        return  # It is there already, so nothing is added.
    old, new = earlier.wording.names, context.scep.wording.names
    if new[: len(old)] != old:
        lost = [name for pair in old if pair not in new for name in pair[1:]]
        yield Complaint(
            f"The plan adds the SID URI, but loses {', '.join(map(repr, lost))}."
            if lost
            else "The plan adds the SID URI, but changes the order of the names."
        )


@rule(
    "R-061",
    Severity.WARNING,
    "Legacy alternative name fields in use",
    remedy="Have a person decide; a change re-issues the certificates.",
    source=f"Microsoft Graph documentation; {GRAPH_METADATA}",
    property=_LEGACY_TYPE,
    reads=(_LEGACY_TYPE, LEGACY_SAN),
)
@of_wording
def check_legacy_fields(wording: Wording) -> Iterator[Complaint]:
    """Before custom names there were a set of kinds and one text. Nobody has documented which
    side counts when both are set. They are read, and never rewritten in passing."""
    types = wording.legacy_san_types
    if types:
        yield Complaint(f"subjectAlternativeNameType is {','.join(sorted(types))}.")
    if wording.legacy_san is not None:
        text = wording.legacy_san.text
        yield Complaint(f"subjectAlternativeNameFormatString is {text!r}.", property=LEGACY_SAN)


@rule(
    "R-062",
    Severity.WARNING,
    "Type that cannot carry the SID URI",
    remedy="Move the devices to a platform whose profiles take custom alternative names.",
    source=f"{GRAPH_METADATA}; {ADMIN_CENTER}",
    property="@odata.type",
    platforms=_WITHOUT_SANS,
)
@of_settings
def check_can_carry_sid(settings: Settings) -> Iterator[Complaint]:
    """The SCEP types of Android device administrator and of the retired Windows platforms have no
    customSubjectAlternativeNames, so strong mapping is out of reach. It is an error where the
    profile is given such names all the same."""
    platform = PLATFORM_NAMES[settings.platform]
    if settings.wire.get(SANS):
        yield Complaint(
            f"customSubjectAlternativeNames is set, but {platform} profiles have none.",
            Severity.ERROR,
        )
    else:
        yield Complaint(f"{platform} profiles cannot carry the SID URI.")
