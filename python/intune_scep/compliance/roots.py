"""Which root certificates end soon, or before the certificates they must cover. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from intune_scep.profiles import Profile, ScepProfile, TrustedRootProfile
from intune_scep.records import Record
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.settings import settings_of
from intune_scep.tenant import profile_key


class RootStatus(StrEnum):
    """How a root certificate stands, worst first."""

    EXPIRED = "expired"
    EXPIRING = "expiring"
    TOO_SHORT = "too_short"
    UNREADABLE = "unreadable"
    SOUND = "sound"


STATUS_WORDS: Final = {
    RootStatus.EXPIRED: "has expired",
    RootStatus.EXPIRING: "expires soon",
    RootStatus.TOO_SHORT: "ends before certificates issued today",
    RootStatus.UNREADABLE: "cannot be read",
    RootStatus.SOUND: "is sound",
}


@dataclass(frozen=True)
class ProfileRef(Record):
    """A profile by name and id; names are not unique."""

    name: str
    id: str | None

    @classmethod
    def of(cls, name: str | None, identifier: str | None) -> ProfileRef:
        """A reference with something to show."""
        return cls(name or identifier or "(no name)", identifier)


def in_order(refs: Iterable[ProfileRef]) -> tuple[ProfileRef, ...]:
    """References by name, then by id."""
    return tuple(sorted(refs, key=lambda ref: (ref.name, ref.id or "")))


@dataclass(frozen=True)
class RootHealth:
    """One trusted root profile and how long its certificate lasts.

    Attributes:
        id, name, platform: Of the trusted root profile.
        subject: Of the certificate; None if it cannot be read.
        not_after: End of its validity, aware; None if it cannot be read.
        days_left: Whole days from the report's time; negative when over.
        longest_validity: Days that the longest-lived certificate of the profiles below lasts; None
            if no profile says.
        used_by: The SCEP profiles that are linked to it.
    """

    id: str | None
    name: str | None
    platform: str
    subject: str | None
    not_after: datetime | None
    days_left: int | None
    longest_validity: int | None
    used_by: tuple[ProfileRef, ...]
    status: RootStatus

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "platform": self.platform,
            "subject": self.subject,
            "not_after": self.not_after.isoformat() if self.not_after else None,
            "days_left": self.days_left,
            "longest_validity_days": self.longest_validity,
            "used_by": [item.to_dict() for item in self.used_by],
            "status": self.status.value,
        }


def judge_roots(
    profiles: Iterable[Profile],
    links: Mapping[str, TrustedRootProfile | None],
    *,
    now: datetime,
    within: timedelta,
) -> tuple[RootHealth, ...]:
    """Judge every trusted root profile, the worst and the first to end first.

    Args:
        links: Key of a SCEP profile to its trusted root.
        now: Aware time.
        within: How long before its end a root counts as expiring.
    """
    everything = list(profiles)
    users: dict[str, list[ScepProfile]] = {}
    for profile in everything:
        root = links.get(profile_key(profile))
        if isinstance(profile, ScepProfile) and root is not None:
            users.setdefault(profile_key(root), []).append(profile)
    found = (
        _judge(profile, users.get(profile_key(profile), []), now, within)
        for profile in everything
        if isinstance(profile, TrustedRootProfile)
    )
    order = list(RootStatus)
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(
        sorted(
            found,
            key=lambda item: (
                order.index(item.status),
                item.not_after or latest,
                item.name or "",
                item.id or "",
            ),
        )
    )


def _judge(
    root: TrustedRootProfile, users: list[ScepProfile], now: datetime, within: timedelta
) -> RootHealth:
    facts = read_ca_certificate(root.trusted_root_certificate).facts
    end = facts.not_after if facts else None
    validities = [days for user in users if (days := settings_of(user).validity_days)]
    longest = max(validities, default=None)
    return RootHealth(
        id=root.id,
        name=root.display_name,
        platform=root.profile_type.platform.value,
        subject=facts.subject if facts else None,
        not_after=end,
        days_left=None if end is None else (end - now).days,
        longest_validity=longest,
        used_by=in_order(ProfileRef.of(user.display_name, user.id) for user in users),
        status=_status(end, longest, now, within),
    )


def _status(
    end: datetime | None, longest: int | None, now: datetime, within: timedelta
) -> RootStatus:
    if end is None:
        return RootStatus.UNREADABLE
    if end < now:
        return RootStatus.EXPIRED
    if end < now + within:
        return RootStatus.EXPIRING
    if longest is not None and end < now + timedelta(days=longest):
        return RootStatus.TOO_SHORT
    return RootStatus.SOUND
