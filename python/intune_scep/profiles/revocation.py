"""What becomes of issued certificates: the one table that every plan, note and rule speaks from.

Microsoft's page says that an edit revokes on Windows, iOS/iPadOS, macOS and Samsung Knox, calls
Android for Work not validated, and says that Intune cannot revoke for device owner and AOSP. With a
third-party CA certificates are removed only. Of a profile that is taken away it says revoked and
removed; administrators measured removed but not revoked (GitHub: MicrosoftDocs/memdocs 4118 and
4053; DOMAIN.md 3, C-17).
Nothing here promises a revocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from intune_scep.profiles.vocabulary import PLATFORM_NAMES, Platform


class Revocation(StrEnum):
    """What is known of Intune and the certificates of a platform."""

    DOCUMENTED = "documented"
    """Microsoft says that Intune revokes them."""
    KNOX_ONLY = "knox_only"
    """Microsoft says so of Samsung Knox alone."""
    UNKNOWN = "unknown"
    """Nobody says, or Microsoft calls it not validated."""
    IMPOSSIBLE = "impossible"
    """Intune cannot revoke them."""


REVOCATION: Final[Mapping[Platform, Revocation]] = {
    Platform.WINDOWS: Revocation.DOCUMENTED,
    Platform.IOS: Revocation.DOCUMENTED,
    Platform.MACOS: Revocation.DOCUMENTED,
    Platform.ANDROID_DEVICE_ADMINISTRATOR: Revocation.KNOX_ONLY,
    Platform.ANDROID_WORK_PROFILE: Revocation.UNKNOWN,
    Platform.ANDROID_FOR_WORK: Revocation.UNKNOWN,
    Platform.ANDROID_DEVICE_OWNER: Revocation.IMPOSSIBLE,
    Platform.ANDROID_AOSP: Revocation.IMPOSSIBLE,
    Platform.WINDOWS_PHONE: Revocation.UNKNOWN,
    Platform.WINDOWS_10X: Revocation.UNKNOWN,
}

_Words = Mapping[Revocation, str]
_AT_THE_CA: Final = "do that at the CA"
_REPLACED: Final[_Words] = {
    Revocation.DOCUMENTED: (
        "Microsoft says that on {where} the old ones are revoked, and those of a third-party CA"
        " only removed."
    ),
    Revocation.KNOX_ONLY: (
        "On {where} Microsoft says of Samsung Knox alone that the old ones are revoked."
    ),
    Revocation.UNKNOWN: "Whether Intune revokes the old ones on {where} is not known.",
    Revocation.IMPOSSIBLE: f"On {{where}} Intune cannot revoke the old ones: {_AT_THE_CA}.",
}
_TAKEN_AWAY: Final[_Words] = {
    Revocation.DOCUMENTED: (
        "Microsoft's page says of {where} that they are revoked and removed; administrators have"
        " seen them removed but not revoked, and those of a third-party CA are only removed."
    ),
    Revocation.KNOX_ONLY: (
        "What becomes of them on {where} is not known; of Samsung Knox Microsoft's page says both"
        " that they go and that they stay."
    ),
    Revocation.UNKNOWN: "What becomes of them on {where} is not known.",
    Revocation.IMPOSSIBLE: f"On {{where}} Intune cannot revoke them: {_AT_THE_CA}.",
}
_ANY_CHANGE: Final[_Words] = {
    Revocation.DOCUMENTED: (
        "Microsoft's page says of {where} that any change to a SCEP profile revokes its"
        " certificates."
    ),
    Revocation.KNOX_ONLY: (
        "On {where} Microsoft's page says of Samsung Knox alone that any change to a SCEP profile"
        " revokes its certificates."
    ),
    Revocation.UNKNOWN: "Whether a change revokes certificates on {where} is not known.",
    Revocation.IMPOSSIBLE: "On {where} Intune cannot revoke certificates.",
}


def can_revoke(platform: Platform) -> bool:
    """Whether anything but the CA may revoke certificates of a platform."""
    return REVOCATION[platform] is not Revocation.IMPOSSIBLE


@cache
def about_replaced(*platforms: Platform) -> str:
    """What becomes of the certificates there are, when a SCEP profile issues others."""
    return _said(_REPLACED, platforms)


@cache
def about_taken_away(*platforms: Platform) -> str:
    """What becomes of certificates when the profile, or the assignment of a device, goes."""
    return _said(_TAKEN_AWAY, platforms)


@cache
def about_any_change(*platforms: Platform) -> str:
    """What is said of a change of which nobody reports that it re-issues."""
    return _said(_ANY_CHANGE, platforms)


def _said(words: _Words, platforms: Iterable[Platform]) -> str:
    """One sentence for each kind of platform among them, in the order of the table."""
    wanted = frozenset(platforms)
    sentences = []
    for kind, sentence in words.items():
        here = [p for p, known in REVOCATION.items() if known is kind and p in wanted]
        if here:
            where = _listed([PLATFORM_NAMES[platform] for platform in here])
            sentences.append(sentence.format(where=where))
    return " ".join(sentences)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
