"""Rules about the subject of the certificate, and about variables wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intune_scep.memory import remembered
from intune_scep.profiles import KNOWN_VARIABLES, Platform
from intune_scep.profiles.variables import count_edits, fold
from intune_scep.rules.context import Context, NotRead, NotReadError, read
from intune_scep.rules.distinguished_name import has_open_quote, is_inside_quotes
from intune_scep.rules.model import FOREIGN, Complaint, Need, Severity
from intune_scep.rules.places import LEGACY_SAN, SANS, SUBJECT, Place, Used, read_place
from intune_scep.rules.platforms import AOSP, LIVING, MACOS, PERSONAL_ANDROID, WINDOWS
from intune_scep.rules.profile_type import is_pkcs
from intune_scep.rules.registry import (
    ADMIN_CENTER,
    CLOUD_PKI_PAGE,
    GRAPH_METADATA,
    SCEP,
    SCEPMAN,
    TOOL_RULE,
    page,
    rule,
)
from intune_scep.rules.said import of_settings, of_wording
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import counted, variable, variables
from intune_scep.rules.wording import SECURE_EMAIL, Wording

_ALL_TEXTS: Final = (SUBJECT, SANS, LEGACY_SAN)
_SUBJECT_SECTION: Final = "step 7, Subject name format"
_MAX_SUBJECT: Final = 64
_HARDWARE: Final = frozenset(
    {"imei", "imeinumber", "device_imei", "meid", "serialnumber", "device_serial"}
)
_DOMAIN_NAME: Final = frozenset({"fullyqualifieddomainname"})
_SPOOFABLE: Final = _HARDWARE | _DOMAIN_NAME
_NOT_ON_AOSP: Final = frozenset(
    {"onpremisessamaccountname", "onprem_distinguished_name", "department"}
)
_IDENTIFIERS: Final = {
    "imei": "imei",
    "imeinumber": "imei",
    "device_imei": "imei",
    "meid": "meid",
    "serialnumber": "serialNumber",
    "device_serial": "serialNumber",
    "wifimacaddress": "wiFiMacAddress",
    "aad_device_id": "azureADDeviceId",
    "azureaddeviceid": "azureADDeviceId",
}
"""Variables, folded, and the property of a managed device that fills them."""


@rule(
    "R-020",
    Severity.ERROR,
    "No subject",
    remedy="Enter a subject name format, for example CN={{UserName}} or CN={{AAD_Device_ID}}.",
    source=page(_SUBJECT_SECTION),
    property=SUBJECT,
)
@of_settings
def check_subject_present(settings: Settings) -> Iterator[Complaint]:
    """With a custom format the text is all Intune has to build the subject of the request."""
    profile = settings.profile
    if profile.subject_name_format == "custom" and not settings.wording.subject.text.strip():
        yield Complaint("The subject name format is custom, but its text is empty.")


@rule(
    "R-021",
    Severity.WARNING,
    "Legacy subject name format",
    remedy="Plan a change to the format custom; it re-issues the certificates.",
    source=f"{ADMIN_CENTER}; {GRAPH_METADATA}",
    property="subjectNameFormat",
)
@of_settings
def check_custom_format(settings: Settings) -> Iterator[Complaint]:
    """Today's admin center writes custom only. The fixed formats are legacy and ignore the text
    of the format, which the admin center shows all the same."""
    kind = settings.profile.subject_name_format
    if kind is None or kind == "custom":
        return
    ignored = f" and ignores the text {settings.wording.subject.text!r}"
    yield Complaint(
        f"The subject name format is {kind}{ignored if settings.wording.subject.text else ''}."
    )


@rule(
    "R-022",
    Severity.ERROR,
    "Variable without its double curly brackets",
    remedy="Write a variable as {{Name}}, with two brackets on each side.",
    source=page(f"{_SUBJECT_SECTION}, Device certificate type, Important"),
    property=SUBJECT,
    reads=_ALL_TEXTS,
)
@of_wording
def check_brackets(wording: Wording) -> Iterator[Complaint]:
    """Anything but two brackets on each side is plain text to Intune, so the certificate would
    hold the name of the variable, or the profile fails."""
    for place in wording.places:
        broken = place.broken
        if broken:
            yield Complaint(
                f"The {place.label} {place.text!r} has {' and '.join(map(repr, broken))}, which is"
                " no variable.",
                property=place.wire_name,
            )


@rule(
    "R-023",
    Severity.WARNING,
    "Unknown variable",
    remedy="Check the spelling against Microsoft's list; if the variable is new, waive this or"
    " disable the rule.",
    source=f"{page(_SUBJECT_SECTION)}; {TOOL_RULE}",
    property=SUBJECT,
    reads=_ALL_TEXTS,
)
@of_wording
def check_known_variables(wording: Wording) -> Iterator[Complaint]:
    """Intune does not resolve a variable it does not know. Microsoft adds variables (GivenName
    and SurName came in June 2025), so an unknown name is a warning, and an error only where it
    looks like a misspelled known one."""
    for place, used in wording.all_used:
        if used.known is None:
            yield _unknown(place, used)
        elif used.known.only_in == "scep_url":
            yield Complaint(
                f"{variable(used.name)} works in SCEP server URLs only, but is in the"
                f" {place.label}.",
                property=place.wire_name,
            )


def _unknown(place: Place, used: Used) -> Complaint:
    meant = next((item.name for item in KNOWN_VARIABLES if _is_near(used.folded, item.name)), None)
    where = f"{variable(used.name)} in the {place.label} is not a known variable"
    if meant is None:
        return Complaint(f"{where}.", property=place.wire_name)
    return Complaint(
        f"{where}; {variable(meant)} is probably meant.", Severity.ERROR, place.wire_name
    )


def _is_near(name: str, known: str) -> bool:
    """Whether a name is a slip away from a known one: one edit, two in a long name."""
    allowed = 2 if len(known) >= 8 else 1
    return abs(len(name) - len(known)) <= allowed and count_edits(name, fold(known)) <= allowed


@rule(
    "R-025",
    Severity.ERROR,
    "Subject is not a distinguished name",
    remedy="Write attributes separated by commas, for example CN={{UserName}},O=Contoso; put a"
    ' value that holds a comma in quotes: CN="Doe, Jane".',
    source=page(f"{_SUBJECT_SECTION} (CertStrToName)"),
    property=SUBJECT,
)
@of_wording
def check_distinguished_name(wording: Wording) -> Iterator[Complaint]:
    """Windows reads the text with CertStrToName, which takes attributes such as CN, E, OU, O, L,
    ST, C and DC with their values. A piece without an attribute makes the request fail."""
    text = wording.subject.text
    if has_open_quote(text):
        yield Complaint(f"A quote in the subject {text!r} is never closed.")
        return
    for part in wording.subject_parts:
        if not part.key:
            yield Complaint(f"{part.text!r} in the subject {text!r} has no attribute such as CN=.")
        elif not part.has_known_key:
            yield Complaint(
                f"{part.key} in the subject {text!r} is not an attribute that CertStrToName is"
                " documented to know.",
                Severity.WARNING,
            )


@rule(
    "R-026",
    Severity.INFO,
    "Unusual e-mail attribute in the subject",
    remedy="Use E={{EmailAddress}}.",
    source=page(f"{_SUBJECT_SECTION}, User certificate type"),
    property=SUBJECT,
)
@of_wording
def check_email_attribute(wording: Wording) -> Iterator[Complaint]:
    """The attribute E of a user certificate would usually be the e-mail address. Microsoft's page
    speaks of variables in CN and E only, yet shows other attributes itself, so variables are
    accepted anywhere."""
    if not wording.is_user:
        return
    for part in wording.subject_parts:
        if part.key == "E" and "{{" in part.value and "{{emailaddress}}" not in fold(part.value):
            yield Complaint(f"The attribute E of the subject is {part.value!r}.")


@rule(
    "R-027",
    Severity.ERROR,
    "User variable in the subject of a device certificate",
    remedy="Use a device variable, for example CN={{AAD_Device_ID}} or CN={{DeviceName}}.",
    source=page(f"{_SUBJECT_SECTION}, Device certificate type"),
    property=SUBJECT,
    reads=(SUBJECT, "certificateStore"),
)
@of_wording
def check_device_subject(wording: Wording) -> Iterator[Complaint]:
    """The subject of a device certificate may use AAD_Device_ID, AzureADDeviceId, DeviceId,
    Device_Serial, Device_IMEI, SerialNumber, IMEINumber, WiFiMacAddress, IMEI, DeviceName,
    FullyQualifiedDomainName and MEID, and text. A user variable has no value there."""
    if not wording.is_device:
        return
    for used in wording.subject.variables:
        if used.known and not used.known.device:
            yield Complaint(
                f"The subject {wording.subject.text!r} of a device certificate uses the user"
                f" variable {variable(used.name)}."
            )


@rule(
    "R-028",
    Severity.WARNING,
    "Subject longer than 64 characters",
    remedy="Shorten the subject, or switch off name length enforcement on the CA.",
    source=page(f"{_SUBJECT_SECTION}, Tip"),
    property=SUBJECT,
)
@of_wording
def check_subject_length(wording: Wording) -> Iterator[Complaint]:
    """A certification authority enforces name lengths by default and then refuses the request."""
    text, fixed = wording.subject.text, wording.subject.fixed
    if len(fixed) > _MAX_SUBJECT:
        yield Complaint(
            f"The fixed text of the subject alone has {len(fixed)} characters: {text!r}."
        )
    elif any(used.folded == "onprem_distinguished_name" for used in wording.subject.variables):
        yield Complaint(
            "The subject may exceed 64 characters: {{OnPrem_Distinguished_Name}} is often long."
        )


@rule(
    "R-029",
    Severity.ERROR,
    "Escaped special character in the subject",
    remedy="Remove the character, or put the whole value in quotes without backslashes:"
    ' CN="Test User (TestCompany, LLC)".',
    source=page("Avoid certificate signing requests with escaped special characters"),
    property=SUBJECT,
    kinds=SCEP | {FOREIGN},
)
def check_escapes(context: Context) -> Iterator[Complaint]:
    """With a backslash before + ; , or = the subject of the request differs from the one in the
    challenge. Intune's validation fails and no certificate is issued. Microsoft names PKCS
    profiles beside SCEP profiles, so both are judged."""
    foreign = context.kind == FOREIGN
    subject = read_place(SUBJECT, _pkcs_subject(context)) if foreign else context.scep.subject
    if subject.escapes:
        yield Complaint(f"The subject {subject.text!r} has {' and '.join(subject.escapes)}.")


def _pkcs_subject(context: Context) -> str:
    """The subject of a PKCS profile; an empty text for objects of any other type."""
    if not is_pkcs(context.foreign.odata_type):
        return ""
    text = context.foreign.wire.get(SUBJECT) or ""
    if not isinstance(text, str):
        raise NotReadError(Need.PROFILE, f"{SUBJECT} in a shape that is known")
    return text


@rule(
    "R-030",
    Severity.ERROR,
    "Special character in an unquoted common name",
    remedy='Put the whole value in quotes, for example CN="A+B", or remove the character.',
    source=page("Avoid certificate signing requests with escaped special characters"),
    property=SUBJECT,
)
@of_wording
def check_special_characters(wording: Wording) -> Iterator[Complaint]:
    """+ ; and = have a meaning in a subject, so a name that holds one must be quoted as a whole.
    A comma ends the value, which rule R-025 notices."""
    for part in wording.subject_parts:
        if part.key != "CN" or part.is_quoted:
            continue
        special = _specials(part.value)
        if special:
            yield Complaint(f"The common name {part.value!r} has {' and '.join(special)} unquoted.")


@remembered
def _specials(value: str) -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(r"(?<!\\)[+;=]", value))))


@rule(
    "R-031",
    Severity.ERROR,
    "Distinguished name variable without quotes",
    remedy='Write CN="{{OnPrem_Distinguished_Name}}".',
    source=page(f"{_SUBJECT_SECTION}, User certificate type"),
    property=SUBJECT,
)
@of_wording
def check_quoted_distinguished_name(wording: Wording) -> Iterator[Complaint]:
    """The value of OnPrem_Distinguished_Name holds commas, which would end the attribute."""
    subject = wording.subject
    for used in subject.variables:
        is_name = used.folded == "onprem_distinguished_name"
        if is_name and not is_inside_quotes(subject.text, used.start):
            yield Complaint(f"The subject {subject.text!r} has {variable(used.name)} unquoted.")


_SYNCED: Final = {
    "onprem_distinguished_name": "onPremisesDistinguishedName",
    "onpremisessamaccountname": "onPremisesSamAccountName",
}
_USER_ATTRIBUTES: Final = {
    "emailaddress": "mail",
    "username": "userPrincipalName",
    "userprincipalname": "userPrincipalName",
    "givenname": "givenName",
    "surname": "surname",
    "department": "department",
    "onpremisesuserprincipalname": "onPremisesUserPrincipalName",
}


@rule(
    "R-032",
    Severity.WARNING,
    "Users without the synced attribute",
    remedy="Sync the attribute with Microsoft Entra Connect, or take these users out of scope.",
    source=page(f"{_SUBJECT_SECTION}, User certificate type"),
    property=SUBJECT,
    needs=(Need.DIRECTORY,),
    reads=_ALL_TEXTS,
)
def check_synced_attributes(context: Context) -> Iterator[Complaint]:
    """OnPrem_Distinguished_Name and OnPremisesSamAccountName have a value only for users whose
    attribute is synced from Active Directory. Others get no certificate."""
    yield from _without_value(context, context.scep.wording.make(_synced))


@rule(
    "R-033",
    Severity.WARNING,
    "Users without a value for a variable",
    remedy="Fill in the attribute, use another variable, or take these users out of scope.",
    source=f"{CLOUD_PKI_PAGE}; {page(f'{_SUBJECT_SECTION}, Important')}",
    property=SUBJECT,
    needs=(Need.DIRECTORY,),
    reads=_ALL_TEXTS,
)
def check_values(context: Context) -> Iterator[Complaint]:
    """Every variable must have a value. A user without a mailbox, for example, gets no
    certificate from a profile with EmailAddress, only an error in the profile's report."""
    yield from _without_value(context, context.scep.wording.make(_of_users))


_Attributes = tuple[tuple[str, Place, Used], ...]


def _synced(wording: Wording) -> _Attributes:
    return _attributes(wording, _SYNCED)


def _of_users(wording: Wording) -> _Attributes:
    return _attributes(wording, _USER_ATTRIBUTES)


def _attributes(wording: Wording, attributes: dict[str, str]) -> _Attributes:
    """What is asked of users, and the last place in which it is."""
    found = {used.folded: (place, used) for place, used in wording.used(attributes)}
    return tuple((attributes[folded], *where) for folded, where in found.items())


def _without_value(context: Context, asked: _Attributes) -> Iterator[Complaint]:
    for attribute, place, used in asked:
        count = context.require_directory().count_users_without(attribute)
        if count:
            yield Complaint(
                f"{counted(count, 'user')} in scope have no {attribute}, which"
                f" {variable(used.name)} needs.",
                property=place.wire_name,
            )


@rule(
    "R-034",
    Severity.WARNING,
    "Intune device id in the subject on Windows",
    remedy="Use CN={{AAD_Device_ID}} or another variable.",
    source=f"{page(f'{_SUBJECT_SECTION}, Note')}; {SCEPMAN} still recommends it",
    property=SUBJECT,
    platforms=WINDOWS,
)
@of_wording
def check_device_id_subject(wording: Wording) -> Iterator[Complaint]:
    """A certificate with the Intune device id as its subject can, in certain instances, make the
    device's sync with Intune fail."""
    if any(used.folded == "deviceid" for used in wording.subject.variables):
        yield Complaint(f"The subject {wording.subject.text!r} uses {{{{DeviceId}}}}.")


@rule(
    "R-035",
    Severity.WARNING,
    "Device property that can be spoofed",
    remedy="Identify the device by {{AAD_Device_ID}}.",
    source=page(f"{_SUBJECT_SECTION}, Important"),
    property=SUBJECT,
    reads=(*_ALL_TEXTS, "certificateStore"),
)
@of_wording
def check_spoofable(wording: Wording) -> Iterator[Complaint]:
    """IMEI, serial number and fully qualified domain name come from the device. Whoever has
    access to it can give false ones and so receive a certificate in another device's name."""
    if not wording.is_device:
        return
    names = {used.name for _, used in wording.used(_SPOOFABLE)}
    if names:
        yield Complaint(f"The device certificate rests on {variables(names)}.")


@rule(
    "R-036",
    Severity.WARNING,
    "Variable that devices in scope lack",
    remedy="Use a variable that every device in scope has.",
    source=page(f"{_SUBJECT_SECTION}, Important"),
    property=SUBJECT,
    needs=(Need.DEVICES,),
    reads=_ALL_TEXTS,
)
def check_device_values(context: Context) -> Iterator[Complaint]:
    """A device must have a value for every variable, or the profile does not install. Tablets
    without a modem have no IMEI, phones of today no MEID, and desktops perhaps no Wi-Fi. Where the
    devices were not read, IMEI and MEID are suspected on Windows and macOS all the same: Macs have
    none, and few Windows devices do."""
    used: dict[str, set[str]] = {}
    for _, variable_ in context.scep.used(_IDENTIFIERS):
        used.setdefault(_IDENTIFIERS[variable_.folded], set()).add(variable_.name)
    if not used:
        return
    without = context.devices if isinstance(context.devices, NotRead) else context.devices.without
    suspects = used.get("imei", set()) | used.get("meid", set())
    if isinstance(without, NotRead) and suspects and context.platform in WINDOWS | MACOS:
        yield Complaint(f"The profile uses {variables(suspects)}.")
        return
    counts = read(without, Need.DEVICES, "which identifiers the devices in scope lack")
    for attribute, names in used.items():
        if count := counts.get(attribute):
            yield Complaint(
                f"Intune knows no {attribute} of {counted(count, 'device')} in scope, which"
                f" {variables(names)} needs."
            )


@rule(
    "R-037",
    Severity.ERROR,
    "Fully qualified domain name outside Windows",
    remedy="Use {{DeviceName}} or another variable of the platform.",
    source=page(f"{_SUBJECT_SECTION}, Device certificate type"),
    property=SUBJECT,
    reads=_ALL_TEXTS,
)
@of_wording
def check_domain_name(wording: Wording) -> Iterator[Complaint]:
    """FullyQualifiedDomainName has a value on domain-joined Windows devices only. On Windows this
    is an information, since joined and other devices may be in scope."""
    on_windows = wording.profile_type.platform is Platform.WINDOWS
    for place, used in wording.used(_DOMAIN_NAME):
        what = f"The {place.label} uses {variable(used.name)}"
        if on_windows:
            yield Complaint(
                f"{what}: only domain-joined devices get the certificate.",
                Severity.INFO,
                place.wire_name,
            )
        else:
            yield Complaint(f"{what}, which works on Windows only.", property=place.wire_name)


@rule(
    "R-038",
    Severity.ERROR,
    "Hardware identifier on personally-owned devices",
    remedy="Use {{AAD_Device_ID}} or a user variable.",
    source=page(f"{_SUBJECT_SECTION}, Note on Android 12"),
    property=SUBJECT,
    platforms=PERSONAL_ANDROID,
    reads=_ALL_TEXTS,
)
@of_wording
def check_personal_hardware(wording: Wording) -> Iterator[Complaint]:
    """Since Android 12, serial number, IMEI and MEID cannot be read in a personally-owned work
    profile. Devices that had Android 12 or later when they enrolled get no certificate."""
    for place, used in wording.used(_HARDWARE):
        yield Complaint(f"The {place.label} uses {variable(used.name)}.", property=place.wire_name)


@rule(
    "R-039",
    Severity.ERROR,
    "Variable that AOSP does not support",
    remedy="Use {{UserPrincipalName}} or a device variable.",
    source=page("step 3, Android (AOSP)"),
    property=SUBJECT,
    platforms=AOSP,
    reads=_ALL_TEXTS,
)
@of_wording
def check_aosp_variables(wording: Wording) -> Iterator[Complaint]:
    """OnPremisesSamAccountName, OnPrem_Distinguished_Name and Department are not available in
    SCEP profiles for Android (AOSP)."""
    for place, used in wording.used(_NOT_ON_AOSP):
        yield Complaint(f"The {place.label} uses {variable(used.name)}.", property=place.wire_name)


@rule(
    "R-040",
    Severity.WARNING,
    "S/MIME subject without given name and surname",
    remedy="If a public CA issues the certificate, add G={{GivenName}},SN={{SurName}}.",
    source="Microsoft: SCEP certificate profiles, version of 06/26/2025, S/MIME",
    property=SUBJECT,
    platforms=LIVING,
    reads=(SUBJECT, "extendedKeyUsages"),
)
@of_wording
def check_smime_names(wording: Wording) -> Iterator[Complaint]:
    """Since 16 July 2025 public CAs refuse sponsor-validated S/MIME requests whose subject lacks
    the given name and the surname. A private CA does not ask for them."""
    if SECURE_EMAIL not in wording.usages:
        return
    keys = {part.key for part in wording.subject_parts}
    missing = [name for name, words in _NAME_KEYS.items() if not keys & words]
    if missing:
        yield Complaint(
            f"The subject of this S/MIME certificate has no {' and no '.join(missing)}."
        )


_NAME_KEYS: Final = {
    "given name (G)": {"G", "GIVENNAME", "2.5.4.42", "OID.2.5.4.42"},
    "surname (SN)": {"SN", "2.5.4.4", "OID.2.5.4.4"},
}
