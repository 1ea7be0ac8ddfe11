"""What a file or an object seems to be that is not what was expected, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from intune_scep.profiles import ProfileKind, find_profile_type
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.texts import decoded, one_line

ODATA_TYPE: Final = "@odata.type"
_LONGEST: Final = 80
_HEAD: Final = 64 * 1024
_MOST_KEYS: Final = 5

_BINARY: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"%PDF-", "a PDF file"),
    (b"\x1f\x8b", "a file compressed with gzip"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x30\x82", "a certificate or key in DER"),
    (b"\x30\x83", "a certificate or key in DER"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_PEM_KINDS: Final = {
    "CERTIFICATE": "a certificate in PEM",
    "TRUSTED CERTIFICATE": "a certificate in PEM",
    "X509 CERTIFICATE": "a certificate in PEM",
    "CERTIFICATE REQUEST": "a certificate request in PEM",
    "NEW CERTIFICATE REQUEST": "a certificate request in PEM",
    "X509 CRL": "a revocation list in PEM",
    "PKCS7": "certificates in PKCS #7",
}
_TEXTS: Final = (
    (re.compile(r"<!doctype html|<html|<head|<body", re.IGNORECASE), "an HTML page"),
    (re.compile(r"<\?xml[^>]*>\s*<!doctype plist", re.IGNORECASE), "an Apple property list"),
    (re.compile(r"<\?xml|<!--|<[a-z]", re.IGNORECASE), "an XML file"),
    (
        re.compile(r"<#|(?:configuration|param|function)\s*[\w({]", re.IGNORECASE),
        "a PowerShell script",
    ),
    (re.compile(r"#!"), "a script"),
)
_DSC: Final = re.compile(r"Import-DscResource[^\n]{0,80}Microsoft365DSC", re.IGNORECASE)
DSC: Final = "a configuration of Microsoft365DSC"
DSC_RESOURCE: Final = "resource of Microsoft365DSC"
"""Key of an object that stands for a resource of which only the name is known."""


def kind_of_bytes(data: bytes) -> str | None:
    """What content is that can be neither JSON nor YAML of ours; None if it may be either."""
    if not data.strip():
        return "an empty file"
    for begin, words in _BINARY:
        if data.startswith(begin):
            return words
    try:
        text = decoded(data).lstrip("\ufeff \t\r\n")[:_HEAD]
    except UnicodeError:
        return None
    if (match := _PEM.match(text)) is not None:
        label = match[1]
        return _PEM_KINDS.get(label, "a private key" if "PRIVATE KEY" in label else "a PEM file")
    if _DSC.search(text):
        return DSC
    return next((words for pattern, words in _TEXTS if pattern.match(text)), None)


_ODATA: Final = (
    ("importedpfxcertificateprofile", "an imported PFX certificate profile"),
    ("pfxcertificateprofile", "an imported PFX certificate profile"),
    ("pkcscertificateprofile", "a PKCS certificate profile"),
    ("scepcertificateprofile", "a SCEP profile of a type that does not exist"),
    ("certificateprofile", "a certificate profile of another kind"),
    ("wificonfiguration", "a Wi-Fi profile"),
    ("windowswifi", "a Wi-Fi profile"),
    ("vpnconfiguration", "a VPN profile"),
    ("wirednetworkconfiguration", "a wired network profile"),
    ("emailprofile", "an e-mail profile"),
    ("easconfiguration", "an e-mail profile"),
    ("compliancepolicy", "a compliance policy"),
    ("compliancescript", "a compliance script"),
    ("devicemanagementconfigurationpolicy", "a settings catalog policy"),
    ("devicemanagementconfiguration", "a part of a settings catalog policy"),
    ("customconfiguration", "a custom profile"),
    ("devicefeaturesconfiguration", "a device features profile"),
    ("generaldeviceconfiguration", "a device restrictions profile"),
    ("generalconfiguration", "a device restrictions profile"),
    ("endpointprotectionconfiguration", "an endpoint protection profile"),
    ("updateforbusinessconfiguration", "an update policy"),
    ("updateconfiguration", "an update policy"),
    ("updateprofile", "an update policy"),
    ("grouppolicyconfiguration", "an administrative template"),
    ("enrollment", "an enrolment configuration"),
    ("autopilot", "an Autopilot profile"),
    ("managedappprotection", "an app protection policy"),
    ("informationprotectionpolicy", "an app protection policy"),
    ("appconfiguration", "an app configuration policy"),
    ("conditionalaccess", "a conditional access policy"),
    ("assignmentfilter", "an assignment filter"),
    ("script", "a script"),
    ("assignmenttarget", "the target of an assignment"),
    ("assignment", "an assignment"),
    ("graph.group", "a group"),
    ("graph.user", "a user"),
    ("graph.device", "a device"),
    ("app", "an app"),
    ("configuration", "another device configuration"),
    ("profile", "another profile"),
    ("policy", "another policy"),
)
"""What a type's name holds, in lower case, to the words for it; the first that fits counts."""

_KEYED: Final[tuple[tuple[frozenset[str], str], ...]] = tuple(
    (frozenset(keys.split()), words)
    for keys, words in (
        ("error", "an error answer of Graph"),
        ("@odata.context value", "an answer of Graph"),
        ("settings technologies", "a settings catalog policy"),
        ("settings templateReference", "a settings catalog policy"),
        ("settingsDelta templateId", "an endpoint security policy"),
        ("TenantId Organization Objects", "the migration table of IntuneManagement"),
        ("config_count feed", "a summary of IntuneCD"),
        ("groupTypes securityEnabled", "a group"),
        ("groupTypes mailEnabled", "a group"),
        ("conditions grantControls", "a conditional access policy"),
        ("rule platform assignmentFilterManagementType", "an assignment filter"),
        ("scheduledActionsForRule", "a compliance policy"),
        ("scriptContent", "a script"),
        ("detectionScriptContent", "a remediation"),
        ("target", "an assignment"),
        ("assignments", "a list of assignments"),
        ("definitionValues", "an administrative template"),
        ("apiVersion kind metadata", "a Kubernetes object"),
        ("$schema resources", "an Azure template"),
        ("hosts", "an Ansible play"),
        ("runs version $schema", "a SARIF report"),
        ("fail_on", "a policy of check"),
        ("waivers", "a configuration of the rules"),
        ("severities", "a configuration of the rules"),
    )
)
_FORMATS: Final = {
    "plan": "a saved plan",
    "baseline": "a baseline",
    "backup": "the manifest of a backup, of which the directory is to be named",
    "export": "the ledger of an export",
    "compliance-report": "a compliance report",
    "journal": "a journal",
}
_SCEP_KEYS: Final = frozenset({"scepServerUrls"})
_ROOT_KEYS: Final = frozenset({"trustedRootCertificate"})


def kind_of(document: Any) -> str:
    """What parsed data seem to be, as the rest of a sentence that begins with "it is"."""
    if isinstance(document, Mapping):
        return _kind_of_object(document)
    if isinstance(document, list):
        first = document[0] if document else None
        told = f", the first of them {kind_of(first)}" if isinstance(first, Mapping) else ""
        return f"a list of {len(document)} items{told}"
    if document is None:
        return "nothing"
    if isinstance(document, str):
        # Never the text itself: it may be a secret that was named by mistake.
        return "plain text"
    return "true or false" if isinstance(document, bool) else "a number or a date"


def _kind_of_object(document: Mapping[Any, Any]) -> str:
    odata_type = odata_type_of(document)
    if odata_type:
        return f"{_kind_of_type(odata_type)} ({shown(odata_type)})"
    if isinstance(form := document.get("format"), str) and form.startswith("intune-scep/"):
        word = form.split("/")[1]
        return _FORMATS.get(word, f"a file of the form {shown(form)}")
    if DSC_RESOURCE in document:
        return f"the resource {shown(document[DSC_RESOURCE])} of Microsoft365DSC"
    keys = set(map(str, document))
    for wanted, words in _KEYED:
        if wanted <= keys:
            return words
    if looks_like_profile(document):
        return "a certificate profile without @odata.type, so that its platform is not known"
    return f"an object with the keys {_listed(document)}" if document else "an empty object"


def _kind_of_type(odata_type: str) -> str:
    row = find_profile_type(odata_type)
    if row is not None:
        kind = "SCEP profile" if row.kind is ProfileKind.SCEP else "trusted root profile"
        return f"a {kind} of {PLATFORM_NAMES[row.platform]} as Graph has it"
    name = odata_type.lower()
    return next((words for part, words in _ODATA if part in name), "another object of Graph")


def odata_type_of(document: Mapping[Any, Any]) -> str | None:
    """The `@odata.type` of an object, in whatever letter case it is written; None without one."""
    for key, value in document.items():
        if isinstance(key, str) and key.lower() == ODATA_TYPE and isinstance(value, str) and value:
            return value
    return None


def looks_like_profile(document: Mapping[Any, Any]) -> bool:
    """Whether an object has what only a SCEP profile or a trusted root profile has."""
    return bool((_SCEP_KEYS | _ROOT_KEYS) & set(document))


def shown(text: object) -> str:
    """A text of others on one line, cut where it is long."""
    plain = one_line(text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def _listed(document: Mapping[Any, Any]) -> str:
    keys = [shown(key) for key in list(document)[:_MOST_KEYS]]
    more = f" and {len(document) - _MOST_KEYS} more" if len(document) > _MOST_KEYS else ""
    return ", ".join(keys) + more
