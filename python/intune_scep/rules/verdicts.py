"""What strong mapping (KB5014754) means for one SCEP profile. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from intune_scep.profiles import (
    SID_VARIABLE,
    CertificateType,
    Flags,
    Platform,
    ScepProfile,
)

URI = "universalResourceIdentifier"
SID_NAME = SID_VARIABLE.strip("{}").casefold()

# Extended key usages with which a certificate can log on to Active Directory.
LOGON_USAGES = {
    "1.3.6.1.5.5.7.3.2": "client authentication",
    "1.3.6.1.4.1.311.20.2.2": "smart card logon",
    "2.5.29.37.0": "any purpose",
    "1.3.6.1.4.1.311.10.12.1": "any purpose",
}

_REQUIRED_PLATFORMS = frozenset({Platform.WINDOWS, Platform.IOS, Platform.MACOS})
_LITERAL_SID = re.compile(r"S-1-5-21-\d", re.IGNORECASE)
_SID_MENTION = re.compile(re.escape(SID_NAME), re.IGNORECASE)
_SID_WRITTEN = re.compile(re.escape(SID_VARIABLE), re.IGNORECASE)
_NO_LEGACY_SAN = (None, "", "none")


class Verdict(StrEnum):
    """What strong mapping means for a profile (WORDS.md)."""

    MAPPED = "mapped"
    REQUIRED = "required"
    OPT_IN = "opt_in"
    NOT_APPLICABLE = "not_applicable"
    UNSUPPORTED = "unsupported"
    DEFECTIVE = "defective"
    REVIEW = "review"


@dataclass(frozen=True)
class Judgement:
    """A verdict and why.

    Attributes:
        verdict: See `Verdict`.
        reason: One or more sentences a PKI administrator understands.
        needs: The operator's choices without which the profile stays as it is: any of
            `include_android`, `include_device_certificates`, `include_legacy_san`. Empty for
            profiles that change by default and for those that no choice can change.
        changeable: Whether the SID URI may be appended at all.
    """

    verdict: Verdict
    reason: str
    needs: frozenset[str] = frozenset()
    changeable: bool = False


def judge(profile: ScepProfile) -> Judgement:
    """Decide what strong mapping means for a profile.

    Defects come first, since a defective profile must not be touched whatever else it is.
    Sources: Microsoft's SCEP profiles page, DOMAIN.md 3 (contradictions) and 5.
    """
    if profile.profile_type.platform is Platform.WINDOWS_10X:
        return Judgement(
            Verdict.UNSUPPORTED,
            "Windows 10X is retired and its profiles live in another collection.",
        )
    if defects := tuple(find_defects(profile)):
        return Judgement(Verdict.DEFECTIVE, " ".join(defects))
    if not profile.profile_type.supports_custom_sans:
        return Judgement(
            Verdict.UNSUPPORTED,
            f"{_platform_name(profile)} profiles cannot carry a URI in the subject alternative"
            " name.",
        )
    if unreadable := _unreadable(profile):
        return Judgement(Verdict.REVIEW, unreadable)
    if sid_uri_positions(profile):
        return Judgement(Verdict.MAPPED, "Carries the SID URI.")
    return _judge_unmapped(profile)


def _judge_unmapped(profile: ScepProfile) -> Judgement:
    if not logs_on(profile):
        if any(not usage.object_identifier for usage in profile.extended_key_usages or []):
            return Judgement(Verdict.REVIEW, "An extended key usage has no object identifier.")
        names = ", ".join(_usage_names(profile))
        return Judgement(
            Verdict.NOT_APPLICABLE,
            f"Not for logging on to Active Directory: its extended key usages are {names}.",
        )
    is_device = profile.certificate_type is CertificateType.DEVICE
    if is_device and profile.profile_type.platform is not Platform.WINDOWS:
        return Judgement(
            Verdict.NOT_APPLICABLE,
            "Device certificates are strongly mapped on Windows only.",
        )
    if profile.certificate_type is None:
        return Judgement(
            Verdict.REVIEW, "The certificate type is not set, so user or device is unknown."
        )
    verdict, reason, needs = _audience(profile, is_device)
    if legacy := _legacy_san(profile):
        return Judgement(
            Verdict.REVIEW,
            f"Would be {verdict.value}, but has {legacy}: nobody knows whether Intune still uses"
            " it next to custom names.",
            needs | {"include_legacy_san"},
            changeable=True,
        )
    return Judgement(verdict, reason, needs, changeable=True)


def _audience(profile: ScepProfile, is_device: bool) -> tuple[Verdict, str, frozenset[str]]:
    if is_device:
        return (
            Verdict.OPT_IN,
            "No SID URI; Windows device certificate, and only hybrid-joined devices have a SID.",
            frozenset({"include_device_certificates"}),
        )
    if profile.profile_type.platform in _REQUIRED_PLATFORMS:
        return (
            Verdict.REQUIRED,
            "No SID URI; domain controllers refuse these user certificates.",
            frozenset(),
        )
    return (
        Verdict.OPT_IN,
        "No SID URI; Android user certificate, and Microsoft's pages disagree on whether it works.",
        frozenset({"include_android"}),
    )


def find_defects(profile: ScepProfile) -> Iterator[str]:
    """Yield a sentence for each way in which the SID variable is misused."""
    texts = list(_texts(profile))
    for where, text, is_uri in texts:
        if not _SID_MENTION.search(text):
            continue
        if not _SID_WRITTEN.search(text):
            yield f"The {where} has the variable's name, but not as {SID_VARIABLE}: {text!r}."
        elif not is_uri:
            yield f"{SID_VARIABLE} works in a URI only, but is in the {where}: {text!r}."
        elif not is_sid_name(text):
            yield (
                f"The {where} must be {SID_VARIABLE} alone, since Intune writes the tag itself:"
                f" {text!r}."
            )
    positions = sid_uri_positions(profile)
    if len(positions) > 1:
        yield f"The SID URI is there {len(positions)} times."
    if positions and _is_device_off_windows(profile):
        yield "The SID URI is in a device certificate, where it works on Windows only."
    for where, text, _ in texts:
        if _LITERAL_SID.search(text):
            yield f"The {where} has a literal SID, the same identity for everyone: {text!r}."


def _is_device_off_windows(profile: ScepProfile) -> bool:
    return (
        profile.certificate_type is CertificateType.DEVICE
        and profile.profile_type.platform is not Platform.WINDOWS
    )


def _texts(profile: ScepProfile) -> Iterator[tuple[str, str, bool]]:
    """Yield (where, text, whether it is a URI name) for all that ends up in the certificate."""
    for name, where in (
        ("subject_name_format_string", "subject name format"),
        ("subject_alternative_name_format_string", "legacy subject alternative name format"),
    ):
        text = getattr(profile, name, None)
        if isinstance(text, str):
            yield where, text, False
    for san in _sans(profile):
        if isinstance(san.name, str):
            yield f"{san_label(san.san_type)} name", san.name, san.san_type == URI


def san_label(san_type: Any) -> str:
    """The admin center's word for a SAN type; an unknown one as it is."""
    return _SAN_LABELS.get(str(san_type), str(san_type))


_SAN_LABELS = {
    "emailAddress": "e-mail",
    "userPrincipalName": "UPN",
    "domainNameService": "DNS",
    URI: "URI",
}


def _sans(profile: ScepProfile) -> Sequence[Any]:
    sans = getattr(profile, "custom_subject_alternative_names", None)
    return [san for san in sans if hasattr(san, "san_type")] if isinstance(sans, list) else []


def is_sid_name(name: Any) -> bool:
    """Whether a SAN's name is the SID variable, compared trimmed and without letter case."""
    return isinstance(name, str) and name.strip().casefold() == SID_VARIABLE.casefold()


def sid_uri_positions(profile: ScepProfile) -> list[int]:
    """Return the positions of the SID URIs in the list of names."""
    return [
        index
        for index, san in enumerate(_sans(profile))
        if san.san_type == URI and is_sid_name(san.name)
    ]


def logs_on(profile: ScepProfile) -> bool:
    """Whether a certificate of the profile can log on to Active Directory."""
    usages = profile.extended_key_usages or []
    identifiers = [str(usage.object_identifier or "").strip() for usage in usages]
    return not identifiers or any(identifier in LOGON_USAGES for identifier in identifiers)


def _usage_names(profile: ScepProfile) -> list[str]:
    return [
        str(usage.name or usage.object_identifier or "unnamed")
        for usage in profile.extended_key_usages or []
    ]


def _legacy_san(profile: ScepProfile) -> str | None:
    kind = profile.subject_alternative_name_type
    shown = kind.wire if isinstance(kind, Flags) else kind
    if shown not in _NO_LEGACY_SAN:
        return f"the legacy subject alternative name type {shown}"
    if profile.subject_alternative_name_format_string:
        return "a legacy subject alternative name format"
    return None


# Properties a verdict rests on: if Graph sends one in an unknown shape, a person must look.
_JUDGED = (
    "customSubjectAlternativeNames",
    "extendedKeyUsages",
    "certificateStore",
    "subjectAlternativeNameType",
)


def _unreadable(profile: ScepProfile) -> str | None:
    malformed = [name for name in _JUDGED if name in profile.malformed]
    if malformed:
        return f"Graph sent {', '.join(malformed)} in a shape that is not known."
    if "custom_subject_alternative_names" not in profile.model_fields_set:
        return "Graph did not send the list of subject alternative names."
    return None


def _platform_name(profile: ScepProfile) -> str:
    return {
        Platform.ANDROID_DEVICE_ADMINISTRATOR: "Android device administrator",
        Platform.WINDOWS_PHONE: "Windows Phone 8.1",
    }.get(profile.profile_type.platform, str(profile.profile_type.platform))
