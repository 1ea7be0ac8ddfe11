"""What strong mapping (KB5014754) means for one SCEP profile. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from intune_scep.profiles import SID_VARIABLE, Platform
from intune_scep.profiles.vocabulary import PLATFORM_NAMES, san_label
from intune_scep.rules.catalogue import RULES
from intune_scep.rules.model import Need, Severity
from intune_scep.rules.places import LEGACY_SAN, SUBJECT, Place
from intune_scep.rules.wording import wording_of

if TYPE_CHECKING:
    from intune_scep.profiles import ScepProfile
    from intune_scep.rules.engine import CheckResult, Skipped
    from intune_scep.rules.scep_facts import ScepFacts
    from intune_scep.rules.wording import Wording

_REQUIRED_PLATFORMS: Final = frozenset({Platform.WINDOWS, Platform.IOS, Platform.MACOS})
_WHERE: Final = {
    SUBJECT: "subject name format",
    LEGACY_SAN: "legacy subject alternative name format",
}
_NOT_TRIMMED: Final = "White space stands around it, and nobody knows whether Intune trims it."


class Verdict(StrEnum):
    """What strong mapping means for a profile (WORDS.md)."""

    MAPPED = "mapped"
    REQUIRED = "required"
    OPT_IN = "opt_in"
    NOT_APPLICABLE = "not_applicable"
    UNSUPPORTED = "unsupported"
    DEFECTIVE = "defective"
    REVIEW = "review"


VERDICT_WORDS: Final = {
    Verdict.REQUIRED: ("required", "must get the SID URI: domain controllers refuse these now"),
    Verdict.DEFECTIVE: ("defective", "misuses the SID variable; a person has to mend it"),
    Verdict.REVIEW: ("review", "a person has to decide"),
    Verdict.OPT_IN: ("opt-in", "can get the SID URI if you choose so"),
    Verdict.UNSUPPORTED: ("unsupported", "the platform cannot carry the SID URI"),
    Verdict.NOT_APPLICABLE: ("not applicable", "not for logging on to Active Directory"),
    Verdict.MAPPED: ("mapped", "carries the SID URI"),
}
"""A label and its meaning for each verdict, in the order of urgency."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and why.

    Attributes:
        verdict: See `Verdict`.
        reason: One or more sentences a PKI administrator understands.
        needs: The operator's choices without which the profile stays as it is: any of
            `include_android`, `include_device_certificates`, `include_legacy_san`,
            `include_review` (which must name the profile). Empty for profiles that change by
            default and for those that no choice can change.
        changeable: Whether the SID URI may be appended at all.
    """

    verdict: Verdict
    reason: str
    needs: frozenset[str] = frozenset()
    changeable: bool = False


def judge(profile: ScepProfile, facts: ScepFacts | None = None) -> Judgement:
    """Decide what strong mapping means for a profile.

    Defects come first, since a defective profile must not be touched whatever else it is.
    Sources: Microsoft's SCEP profiles page, DOMAIN.md 3 (contradictions) and 5.

    Args:
        facts: Of this profile, where they were worked out already.
    """
    wording = wording_of(profile) if facts is None else facts.wording
    return wording.make(_judge)


def _judge(wording: Wording) -> Judgement:
    platform = wording.profile_type.platform
    if platform is Platform.WINDOWS_10X:
        return Judgement(
            Verdict.UNSUPPORTED,
            "Windows 10X is retired and its profiles live in another collection.",
        )
    if defects := tuple(_defects(wording)):
        return Judgement(Verdict.DEFECTIVE, " ".join(defects))
    if not wording.profile_type.supports_custom_sans:
        return Judgement(
            Verdict.UNSUPPORTED,
            f"{PLATFORM_NAMES[platform]} profiles cannot carry a URI in the subject alternative"
            " name.",
        )
    if unreadable := _unreadable(wording):
        return Judgement(Verdict.REVIEW, unreadable)
    if wording.sid_uris:
        return Judgement(Verdict.MAPPED, _mapped(wording))
    return _judge_unmapped(wording)


def reviewed(judgement: Judgement, result: CheckResult, *, unread: str | None = None) -> Judgement:
    """A judgement in the light of what the rules say of the profile.

    No change is planned over an error that the rules know, nor over what could not be judged: its
    certificates would be revoked, and perhaps no others issued. A person decides, by name.

    Args:
        unread: Why the link to the trusted root could not be read.
    """
    if not judgement.changeable:
        return judgement
    errors = [f"{item.rule_id}: {item.message}" for item in result.counting(Severity.ERROR)]
    unjudged = [
        *(f"{item.rule_id} needs {item.missing}." for item in result.skipped if _is_unread(item)),
        *([f"Its trusted root could not be read: {unread}"] if unread else []),
    ]
    if not errors and not unjudged:
        return judgement
    why = "a rule finds an error" if errors else "not all of it could be judged"
    start = f"Would be {judgement.verdict.value}, but {why}."
    if judgement.verdict is Verdict.REVIEW:
        start = judgement.reason
    return replace(
        judgement,
        verdict=Verdict.REVIEW,
        reason=" ".join([start, *errors, *unjudged]),
        needs=judgement.needs | {"include_review"},
    )


def _is_unread(item: Skipped) -> bool:
    """Whether a rule about errors could not be judged, because a property has an odd shape."""
    return item.need is Need.PROFILE and RULES[item.rule_id].severity is Severity.ERROR


def _mapped(wording: Wording) -> str:
    spaced = any(san.sid.is_spaced for san in wording.sid_uris)
    return f"Carries the SID URI. {_NOT_TRIMMED}" if spaced else "Carries the SID URI."


def _judge_unmapped(wording: Wording) -> Judgement:
    if not wording.logs_on:
        if not all(wording.usages):
            return Judgement(Verdict.REVIEW, "An extended key usage has no object identifier.")
        names = ", ".join(_usage_names(wording))
        return Judgement(
            Verdict.NOT_APPLICABLE,
            f"Not for logging on to Active Directory: its extended key usages are {names}.",
        )
    if wording.is_device_off_windows:
        return Judgement(
            Verdict.NOT_APPLICABLE,
            "Device certificates are strongly mapped on Windows only.",
        )
    if wording.certificate_type is None:
        return Judgement(
            Verdict.REVIEW, "The certificate type is not set, so user or device is unknown."
        )
    verdict, reason, needs = _audience(wording)
    if legacy := _legacy_san(wording):
        return Judgement(
            Verdict.REVIEW,
            f"Would be {verdict.value}, but has {legacy}: nobody knows whether Intune still uses"
            " it next to custom names.",
            needs | {"include_legacy_san"},
            changeable=True,
        )
    return Judgement(verdict, reason, needs, changeable=True)


def _audience(wording: Wording) -> tuple[Verdict, str, frozenset[str]]:
    if wording.is_device:
        return (
            Verdict.OPT_IN,
            "No SID URI; Windows device certificate, and only hybrid-joined devices have a SID.",
            frozenset({"include_device_certificates"}),
        )
    if wording.profile_type.platform in _REQUIRED_PLATFORMS:
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


def _defects(wording: Wording) -> Iterator[str]:
    """Yield a sentence for each way in which SIDs and their variable are misused."""
    for place in wording.places:
        if place.misuses_sid:
            yield _misuse(place)
    count = len(wording.sid_uris)
    if count > 1:
        yield f"The SID URI is there {count} times."
    if count and wording.is_device_off_windows:
        yield "The SID URI is in a device certificate, where it works on Windows only."
    for place in wording.places:
        if place.sid.has_literal_sid:
            yield (
                f"The {_where(place)} has a literal SID, the same identity for everyone:"
                f" {place.text!r}."
            )


def _misuse(place: Place) -> str:
    where, sid, text = _where(place), place.sid, f"{place.text!r}."
    if sid.has_variable and not place.is_uri:
        return f"{SID_VARIABLE} works in a URI only, but is in the {where}: {text}"
    if sid.has_variable or (sid.has_tag and place.is_uri and not sid.is_near_miss):
        return (
            f"The {where} must be {SID_VARIABLE} alone, since Intune writes the tag itself: {text}"
        )
    if sid.names_variable:
        return f"The {where} has the variable's name, but not as {SID_VARIABLE}: {text}"
    if sid.is_near_miss:
        return f"The {where} seems to mean {SID_VARIABLE}, but does not say so: {text}"
    return f"The {where} has a tag that only Intune writes, and only in a URI: {text}"


def _where(place: Place) -> str:
    """The place in the words of the admin center's page."""
    return _WHERE.get(place.wire_name) or f"{san_label(place.san_type)} name"


def _usage_names(wording: Wording) -> list[str]:
    return [name or identifier or "unnamed" for name, identifier in wording.purposes]


def _legacy_san(wording: Wording) -> str | None:
    if wording.legacy_san_types:
        return f"the legacy subject alternative name type {wording.legacy_san_type}"
    return "a legacy subject alternative name format" if wording.legacy_san else None


def _unreadable(wording: Wording) -> str | None:
    """Why a person must look: a verdict rests on what Graph sent in an unknown shape."""
    if wording.malformed:
        return f"Graph sent {', '.join(wording.malformed)} in a shape that is not known."
    if not wording.names_sent:
        return "Graph did not send the list of subject alternative names."
    return None
