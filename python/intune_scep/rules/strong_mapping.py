"""Rules about strong mapping (KB5014754): the SID URI, where it belongs and where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from intune_scep.profiles import SID_VARIABLE, Platform
from intune_scep.profiles.revocation import about_replaced
from intune_scep.profiles.variables import find_variables, fold
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context, NotRead, NotReadError, read
from intune_scep.rules.model import FOREIGN, Complaint, Need, Severity
from intune_scep.rules.places import LEGACY_SAN, SANS, SUBJECT
from intune_scep.rules.platforms import ALL as ALL_PLATFORMS
from intune_scep.rules.platforms import ANDROID_ENTERPRISE, AOSP, LIVING, WINDOWS
from intune_scep.rules.profile_type import is_pkcs
from intune_scep.rules.registry import SCEPMAN, TOOL_RULE, page, rule
from intune_scep.rules.said import of_wording
from intune_scep.rules.scep_facts import SID_FOLDED
from intune_scep.rules.texts import counted
from intune_scep.rules.wording import LOGON_USAGES, Wording

_SECTION: Final = "Strong mapping requirements for KB5014754"
_WHATS_NEW: Final = "Microsoft: What's new in Intune, October 2024"
_TEXTS: Final = (SUBJECT, SANS, LEGACY_SAN)
_LOGON: Final = (SANS, "certificateStore", "extendedKeyUsages")
_OPT_IN_ANDROID: Final = ANDROID_ENTERPRISE | AOSP
# Windows 10X has its names in another property, and nobody has ever seen one of its profiles.
_READABLE: Final = ALL_PLATFORMS - {Platform.WINDOWS_10X}


@rule(
    "R-071",
    Severity.ERROR,
    "SID variable outside a URI",
    remedy="Move the variable to an alternative name of the kind URI, with nothing else in it.",
    source=f"{page(f'{_SECTION}; step 7, Subject alternative name')}",
    property=SANS,
    platforms=_READABLE,
    reads=_TEXTS,
)
@of_wording
def check_sid_place(wording: Wording) -> Iterator[Complaint]:
    """OnPremisesSecurityIdentifier works with the URI attribute only. Anywhere else the domain
    controller does not look for a SID, or the request fails."""
    for place in wording.places:
        if place.misuses_sid and not place.is_uri:
            what = SID_VARIABLE if place.sid.has_variable else f"What is meant for {SID_VARIABLE}"
            yield Complaint(
                f"{what} is in the {place.label} {place.text!r}.", property=place.wire_name
            )


@rule(
    "R-072",
    Severity.ERROR,
    "SID URI in a device certificate",
    remedy="Remove the SID URI outside Windows; on Windows assign the profile to hybrid-joined"
    " devices only.",
    source=page("step 7, Subject alternative name, Device certificate type"),
    property=SANS,
    platforms=_READABLE,
    reads=(SANS, "certificateStore"),
)
def check_device_sid(context: Context) -> Iterator[Complaint]:
    """For device certificates the variable is supported on Microsoft Entra hybrid-joined devices,
    which are Windows. On Windows this is an information, unless all devices in scope are known to
    be hybrid joined; then there is nothing to say."""
    facts = context.scep
    if not facts.is_device or not facts.sid_uris:
        return
    if facts.is_device_off_windows:
        platform = PLATFORM_NAMES[context.platform]
        yield Complaint(f"The SID URI is in a device certificate for {platform}.")
    elif not _all_hybrid(context):
        yield Complaint(
            "Only hybrid-joined devices have a SID; others in scope may get no certificate.",
            Severity.INFO,
        )


def _all_hybrid(context: Context) -> bool:
    directory = context.directory
    if isinstance(directory, NotRead) or isinstance(directory.devices, NotRead):
        return False
    return directory.devices == directory.hybrid_devices


@rule(
    "R-073",
    Severity.ERROR,
    "More in the URI than the SID variable",
    remedy=f"Enter {SID_VARIABLE} alone.",
    source=f"{page(_SECTION)}; inferred from “Intune appends the tag”",
    property=SANS,
    platforms=_READABLE,
)
@of_wording
def check_sid_alone(wording: Wording) -> Iterator[Complaint]:
    """Intune itself writes the tag tag:microsoft.com,2022-09-14:sid: before the SID. A tag written
    by hand would be there twice, and a domain controller reads neither. White space around the
    variable is a warning: nobody knows whether Intune trims it."""
    for san in wording.sans:
        if san.is_uri and san.misuses_sid:
            yield Complaint(f"The URI is {san.text!r} instead of {SID_VARIABLE}.")
        elif san.is_uri and san.sid.is_spaced:
            yield Complaint(f"White space stands around the URI {san.text!r}.", Severity.WARNING)


@rule(
    "R-074",
    Severity.ERROR,
    "More than one SID URI",
    remedy="Keep one.",
    source=TOOL_RULE,
    property=SANS,
    platforms=_READABLE,
)
@of_wording
def check_one_sid(wording: Wording) -> Iterator[Complaint]:
    """A certificate maps to one account; a second SID adds nothing and may confuse whoever reads
    the names."""
    count = len(wording.sid_uris)
    if count > 1:
        yield Complaint(f"The SID URI is there {count} times.")


@rule(
    "R-075",
    Severity.WARNING,
    "User certificate without the SID URI",
    remedy=f"Append an alternative name of the kind URI with the value {SID_VARIABLE}. It"
    " re-issues every certificate of the profile, so plan it.",
    source=page(_SECTION),
    property=SANS,
    reads=_LOGON,
)
def check_user_mapped(context: Context) -> Iterator[Complaint]:
    """Domain controllers refuse a certificate that is not strongly mapped to its account. It is an
    error where the answer to question R-070 is that these certificates log on to Active Directory,
    and an information on Android, where Microsoft's pages disagree on the variable."""
    facts = context.scep
    if not facts.is_user or not _lacks_sid(context):
        return
    message = "The certificate can log on to Active Directory, but holds no SID URI."
    if context.platform in _OPT_IN_ANDROID:
        yield Complaint(message, Severity.INFO)
    else:
        confirmed = context.answers.get("R-070") is True
        yield Complaint(message, Severity.ERROR if confirmed else None)


@rule(
    "R-076",
    Severity.WARNING,
    "Windows device certificate without the SID URI",
    remedy=f"If the devices are hybrid joined, append a URI with the value {SID_VARIABLE}. It"
    " re-issues every certificate of the profile.",
    source=page(_SECTION),
    property=SANS,
    platforms=WINDOWS,
    needs=(Need.DIRECTORY,),
    reads=_LOGON,
)
def check_device_mapped(context: Context) -> Iterator[Complaint]:
    """Device certificates are strongly mapped on hybrid-joined devices. On devices that are only
    joined to Microsoft Entra there is no SID, and adding the variable may cost them the
    certificate. Where nobody has looked how the devices are joined, the candidate is named as an
    information."""
    if not context.scep.is_device or not _lacks_sid(context):
        return
    directory = context.directory
    count = directory if isinstance(directory, NotRead) else directory.hybrid_devices
    if isinstance(count, NotRead):
        yield Complaint(
            f"The certificate holds no SID URI. It is a candidate for {SID_VARIABLE} if its devices"
            " are hybrid joined; whether they are was not read.",
            Severity.INFO,
        )
    elif count:
        verb = "is" if count == 1 else "are"
        yield Complaint(
            f"{counted(count, 'device')} in scope {verb} hybrid joined, but the certificate holds"
            " no SID URI."
        )


def _lacks_sid(context: Context) -> bool:
    """Whether a profile for logon has no SID URI at all; misplaced ones are other rules.

    Raises:
        NotReadError: Graph did not send the names.
    """
    facts = context.scep
    if not context.known.profile_type.supports_custom_sans:
        return False
    if not facts.logs_on or facts.sid_uris or facts.misuses_sid:
        return False
    if SANS not in context.wire:
        raise NotReadError(Need.PROFILE, "the subject alternative names")
    return True


@rule(
    "R-077",
    Severity.WARNING,
    "Users or devices without a SID in scope",
    remedy="Sync them from Active Directory, or take them out of scope.",
    source=f"{page(f'{_SECTION} (prerequisite)')}; {_WHATS_NEW}",
    property=SANS,
    needs=(Need.DIRECTORY,),
    reads=(SANS, "certificateStore"),
)
def check_synced(context: Context) -> Iterator[Complaint]:
    """Only users and devices synced from Active Directory have a SID. The others get a new
    certificate as well, but without the SID: it is re-issued for nothing and still refused."""
    facts = context.scep
    if not facts.sid_uris:
        return
    directory = context.require_directory()
    if facts.is_device:
        missing = "how many devices in scope have no SID"
        count, noun = read(directory.devices_without_sid, Need.DIRECTORY, missing), "device"
    else:
        count, noun = directory.count_users_without("onPremisesSecurityIdentifier"), "user"
    if count:
        yield Complaint(f"{counted(count, noun)} in scope have no on-premises SID.")


@rule(
    "R-078",
    Severity.INFO,
    "SID URI on Android",
    remedy="Verify one issued certificate before you rely on it.",
    source=f"Microsoft: Intune support tip on strong mapping, 11/25/2024; {page(_SECTION)}",
    property=SANS,
    platforms=_OPT_IN_ANDROID,
    reads=(SANS, "certificateStore"),
)
@of_wording
def note_android(wording: Wording) -> Iterator[Complaint]:
    """Microsoft's support tip says that Android supports the variable since service release 2411;
    the page names macOS, iOS and Windows only. It is allowed, and the conflict is stated."""
    if wording.is_user and wording.sid_uris:
        yield Complaint("Microsoft's pages disagree on whether the SID URI works on Android.")


@rule(
    "R-081",
    Severity.INFO,
    "SID URI in a certificate that is not for logon",
    remedy="Leave it, or remove it at the next change.",
    source=f"{page(_SECTION)}; {SCEPMAN}",
    property=SANS,
    reads=(SANS, "extendedKeyUsages"),
)
@of_wording
def note_needless_sid(wording: Wording) -> Iterator[Complaint]:
    """Certificates for S/MIME, code signing or servers do not log on to Active Directory and need
    no SID. Such profiles are not touched by default."""
    if wording.sid_uris and not wording.logs_on:
        yield Complaint("The extended key usages are not for logging on to Active Directory.")


@rule(
    "R-082",
    Severity.WARNING,
    "Change re-issues every certificate",
    remedy="Count the certificates, agree a date with those who run NDES and the CA, and approve"
    " the plan.",
    source=f"{_WHATS_NEW}; Microsoft: Remove certificates; {SCEPMAN}",
    property=SANS,
    needs=(Need.PLAN,),
)
def check_reissue(context: Context) -> Iterator[Complaint]:
    """Changing the alternative names re-issues every certificate of the profile. What becomes of
    the previous ones depends on the platform and the CA."""
    plan = context.plan
    if plan.before is None or SANS not in plan.changed or plan.approved:
        return
    known = "every certificate of the profile"
    number = known if plan.certificates is None else counted(plan.certificates, "certificate")
    yield Complaint(
        f"The plan changes the alternative names and so re-issues {number}."
        f" {about_replaced(context.platform)}"
    )


@rule(
    "R-083",
    Severity.ERROR,
    "Literal SID in a profile",
    remedy=f"Use {SID_VARIABLE}, and revoke certificates that were issued with the SID.",
    source=f"{TOOL_RULE} (security)",
    property=SANS,
    platforms=_READABLE,
    reads=_TEXTS,
)
@of_wording
def check_literal_sid(wording: Wording) -> Iterator[Complaint]:
    """A SID written out would give everyone in scope a certificate for the same account."""
    for place in wording.places:
        if place.sid.has_literal_sid:
            yield Complaint(
                f"The {place.label} {place.text!r} holds a SID.", property=place.wire_name
            )


@rule(
    "R-084",
    Severity.ERROR,
    "SID variable in a PKCS profile",
    remedy="Remove the variable. For PKCS set EnableSidSecurityExtension=1 on connector"
    " 6.2406.0.1001 or later and renew the certificates.",
    source="Microsoft: PKCS certificate profiles; R. Hicks, directaccess.richardhicks.com",
    property="@odata.type",
    kinds=frozenset({FOREIGN}),
)
def check_pkcs(context: Context) -> Iterator[Complaint]:
    """PKCS profiles do not take the variable. There the certificate connector writes the SID
    extension into the certificate itself."""
    if not is_pkcs(context.foreign.odata_type):
        return
    for text in _all_texts(dict(context.foreign.wire)):
        if any(fold(found.name) == SID_FOLDED for found in find_variables(text)):
            yield Complaint(f"The PKCS profile has {text!r}.")


@rule(
    "R-087",
    Severity.WARNING,
    "PKCS certificates get their SID from the connector",
    remedy="Set EnableSidSecurityExtension to 1 under"
    " HKLM\\Software\\Microsoft\\MicrosoftIntune\\PFXCertificateConnector on every certificate"
    " connector, version 6.2406.0.1001 or later, restart its two services, and issue the"
    " certificates anew: those that are out stay without a SID until they are renewed.",
    source="Microsoft: PKCS certificate profiles; R. Hicks, directaccess.richardhicks.com",
    property="@odata.type",
    kinds=frozenset({FOREIGN}),
    question="Do all certificate connectors run version 6.2406.0.1001 or later with"
    " EnableSidSecurityExtension set to 1, and were the PKCS certificates issued or renewed since?",
)
def check_connector(context: Context) -> Iterator[Complaint]:
    """No setting of a PKCS profile makes its certificates strongly mapped: the connector writes the
    SID extension, and only if its registry says so. Graph does not show that, so somebody has to
    look. Profiles whose extended key usages are for something else than logging on are left
    alone."""
    if is_pkcs(context.foreign.odata_type) and _may_log_on(context.foreign.wire):
        yield Complaint("Whether these certificates hold a SID depends on the connector.")


def _may_log_on(wire: Mapping[str, object]) -> bool:
    given = wire.get("extendedKeyUsages")
    usages = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    identifiers = {str(item.get("objectIdentifier") or "").strip() for item in usages}
    return not identifiers or not LOGON_USAGES.isdisjoint(identifiers)


def _all_texts(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


@rule(
    "R-086",
    Severity.INFO,
    "Entra will compare the SID",
    remedy=f"Re-issue the certificates with {SID_VARIABLE} before the setting is enabled; it has no"
    " pilot group.",
    source="Microsoft Graph changelog, September 2026 (requireCertificateSidAlignment, beta)",
    property=SANS,
    platforms=LIVING,
    needs=(Need.TENANT,),
    reads=_LOGON,
)
def check_sid_alignment(context: Context) -> Iterator[Complaint]:
    """With requireCertificateSidAlignment, certificate-based authentication of Microsoft Entra
    refuses users whose certificate has no SID or another one. Cloud-only users have no variable
    for theirs."""
    if not context.scep.is_user or not _lacks_sid(context):
        return
    what = "requireCertificateSidAlignment of the tenant"
    tenant = read(context.tenant, Need.TENANT, what)
    if read(tenant.requires_sid_alignment, Need.TENANT, what):
        yield Complaint("The tenant requires a matching SID, but the certificate holds none.")
