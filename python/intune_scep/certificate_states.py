"""What Intune's reports say of a certificate on its device: its state, and its times.

States: `certificateIssuanceStates` of Graph (DOMAIN.md 5.1, Monitor > certificates).
"""

from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

# A time of .NET that was never set is of the year 1.
_FIRST_YEAR: Final = 1970


class Presence(Enum):
    """Whether a certificate is on its device."""

    HELD = auto()
    """It is, or nobody says that it is not."""
    COMING = auto()
    """It was asked for and is not there yet."""
    GONE = auto()
    """It was revoked or removed, or was never issued."""


# Those that are not HELD. A report may write the word or the number.
_COMING: Final = {
    "challengeissued": 1,
    "challengevalidationsucceeded": 5,
    "issuepending": 8,
    "responsepending": 11,
    "requested": 22,
}
_GONE: Final = {
    "challengeissuefailed": 2,
    "requestcreationfailed": 3,
    "requestsubmitfailed": 4,
    "challengevalidationfailed": 6,
    "issuefailed": 7,
    "responseprocessingfailed": 10,
    "enrollmentnotneeded": 13,
    "revoked": 14,
    "removedfromcollection": 15,
    "installfailed": 17,
    "deleted": 20,
}
_PRESENCE: Final = {
    word: presence
    for names, presence in ((_COMING, Presence.COMING), (_GONE, Presence.GONE))
    for name, number in names.items()
    for word in (name, str(number))
}


def presence_of(status: str) -> Presence:
    """What a state of a report means, in any spelling; an unknown one is HELD."""
    return _PRESENCE.get("".join(status.split()).lower(), Presence.HELD)


def reported_instant(text: str) -> datetime | None:
    """A time as reports write it: ISO 8601 with `T` or a blank, in UTC where they name no zone.

    None where it is written otherwise, or was never set.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.year < _FIRST_YEAR:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
