"""Which devices have got a new certificate since a change, and which have not. Pure.

A re-issued certificate is one whose serial number was not there before (ROLLOUT.md 3). What is
counted are devices, each once, whatever number of certificates it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from intune_scep.certificate_states import Presence
from intune_scep.profiles import Platform
from intune_scep.rules.platforms import CORPORATE_ANDROID
from intune_scep.tenant.issued import IssuedCertificate

CHECK_IN: Final = timedelta(hours=8)
"""About how often a device asks for its profiles (ROLLOUT.md 3)."""
REPORT_LAG: Final = timedelta(hours=6)
"""How old what the report says can be (ROLLOUT.md 3)."""
COMPLETE_AFTER: Final = CHECK_IN + REPORT_LAG
"""How long after a change an answer can be complete, at the earliest."""

_CHUNK: Final = 1000
_MOST_PARTS: Final = 1_000_000

_T = TypeVar("_T")
Serials = Mapping[str, frozenset[str]]
"""Ids of devices to the serial numbers of their certificates."""


class Unverifiable(StrEnum):
    """Why nothing can be said of a profile."""

    NOT_REPORTED = "not_reported"
    """Intune does not report the certificates of its platform."""
    NO_SNAPSHOT = "no_snapshot"
    """What was there before the change was not kept."""


def is_reported(platform: Platform) -> bool:
    """Whether Intune reports certificates of a platform's devices (ROLLOUT.md 3)."""
    return platform not in CORPORATE_ANDROID


@dataclass(frozen=True)
class Before:
    """The certificates that were there before a change.

    Attributes:
        taken_at: When they were read.
        held: Ids of profiles to what each device held of it, neither gone nor expired. A profile
            of which nothing was out has an empty entry; one that was not read has none.
        other: Those that were reported besides: gone, expired, or not there yet. One that comes
            back is no new one.
    """

    taken_at: datetime
    held: Mapping[str, Serials] = field(default_factory=dict)
    other: Mapping[str, Serials] = field(default_factory=dict)

    @classmethod
    def of(
        cls, issued: Iterable[IssuedCertificate], profiles: Iterable[str], taken_at: datetime
    ) -> Before:
        """Keep what a report says of some profiles.

        Args:
            profiles: Their ids, in any letter case.
            taken_at: When it was read; one without a zone is in UTC.
        """
        moment = _utc(taken_at)
        held: dict[str, dict[str, set[str]]] = {item.lower(): {} for item in profiles}
        other: dict[str, dict[str, set[str]]] = {profile: {} for profile in held}
        for item in issued:
            profile, device = item.profile_id.lower(), item.device_id.lower()
            if profile in held:
                place = held if device and _is_held(item, moment) else other
                place[profile].setdefault(device, set()).add(serial_of(item.serial))
        return cls(moment, _frozen(held), _frozen(other))

    def serials(self, profile: str) -> frozenset[str]:
        """Every serial number that was reported of a profile, wherever."""
        devices = (*self.held.get(profile, {}).values(), *self.other.get(profile, {}).values())
        return frozenset().union(*devices)

    def gone(self, issued: Iterable[IssuedCertificate]) -> int:
        """How many of the certificates that were held are gone, or are not reported any more."""
        there = {
            (item.profile_id.lower(), item.device_id.lower(), serial_of(item.serial))
            for item in issued
            if item.presence is not Presence.GONE
        }
        return sum(
            (profile, device, serial) not in there
            for profile, devices in self.held.items()
            for device, serials in devices.items()
            for serial in serials
        )

    @property
    def count(self) -> int:
        """How many certificates were held."""
        return sum(len(serials) for held in self.held.values() for serials in held.values())

    def to_records(self, *, most: int = _CHUNK) -> Iterator[dict[str, Any]]:
        """JSON-ready pieces, each with `most` certificates or fewer; at least one a profile."""
        for profile in sorted(self.held):
            pairs = [
                (name, device, serial)
                for name, known in (("held", self.held), ("other", self.other))
                for device, serials in sorted(known.get(profile, {}).items())
                for serial in sorted(serials)
            ]
            starts = range(0, max(len(pairs), 1), most)
            for part, start in enumerate(starts, 1):
                piece: dict[str, dict[str, list[str]]] = {}
                for name, device, serial in pairs[start : start + most]:
                    piece.setdefault(name, {}).setdefault(device, []).append(serial)
                yield {
                    "profile": profile,
                    "taken_at": self.taken_at.isoformat(),
                    "part": part,
                    "parts": len(starts),
                    **piece,
                }

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> Before | None:
        """Put pieces together again, in any order; None where there are none.

        A profile of which a piece is missing is left out: what is missing would look new.

        Raises:
            ValueError: one is not what `to_records` makes.
        """
        try:
            pieces = [_Piece.of(record) for record in records]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError("it is no record of certificates that were out") from error
        if not pieces:
            return None
        missing = {piece.profile: set(range(1, piece.parts + 1)) for piece in pieces}
        for piece in pieces:
            missing[piece.profile].discard(piece.part)
        whole = [piece for piece in pieces if not missing[piece.profile]]
        held: dict[str, dict[str, set[str]]] = {piece.profile: {} for piece in whole}
        other: dict[str, dict[str, set[str]]] = {piece.profile: {} for piece in whole}
        for piece in whole:
            for place, found in ((held, piece.held), (other, piece.other)):
                for device, serials in found.items():
                    place[piece.profile].setdefault(device, set()).update(serials)
        return cls(min(piece.taken_at for piece in pieces), _frozen(held), _frozen(other))


@dataclass(frozen=True, slots=True)
class _Piece:
    profile: str
    taken_at: datetime
    part: int
    parts: int
    held: Serials
    other: Serials

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> _Piece:
        part, parts = record["part"], record["parts"]
        if type(part) is not int or type(parts) is not int or not 1 <= part <= parts <= _MOST_PARTS:
            raise ValueError
        return cls(
            record["profile"].lower(),
            _utc(datetime.fromisoformat(record["taken_at"])),
            part,
            parts,
            _serials(record.get("held", {})),
            _serials(record.get("other", {})),
        )


@dataclass(frozen=True)
class Reissuance:
    """What has become of the certificates of one profile since it was changed.

    Each of `devices` is in exactly one of `reissued`, `not_reissued`, `not_seen` and `unknown`.

    Attributes:
        profile_id: The profile that was changed, in lower case.
        changed_at: When.
        unverifiable: Why nothing can be said; None where something can.
        devices: Ids of those that held one of its certificates before.
        reissued: Seen since, with a certificate that was not there before.
        partly: Those of them that have fewer new ones than they had before.
        early: Those of them all of whose new ones are dated before the change: the report lagged
            when the snapshot was taken, or the certification authority dates certificates back.
        not_reissued: Seen since, with no new one.
        within_lag: Those of them that checked in so lately that the report may not show it yet.
        not_seen: Not seen since the change.
        unmanaged: Those of them that Intune no longer manages.
        unknown: Without a new one, where check-ins could not be read.
        newcomers: Ids of devices that have one of its certificates and held none before.
        new_serials: Serial numbers that were not there before, the newcomers' included.
        nameless: How many certificates the report has of it that name no device.
        has_check_ins: Whether check-ins could be read.
    """

    profile_id: str
    changed_at: datetime
    unverifiable: Unverifiable | None = None
    devices: frozenset[str] = frozenset()
    reissued: frozenset[str] = frozenset()
    partly: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    not_reissued: frozenset[str] = frozenset()
    within_lag: frozenset[str] = frozenset()
    not_seen: frozenset[str] = frozenset()
    unmanaged: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    newcomers: frozenset[str] = frozenset()
    new_serials: frozenset[str] = frozenset()
    nameless: int = 0
    has_check_ins: bool = True

    @property
    def seen(self) -> frozenset[str] | None:
        """Those that were there since the change; None where check-ins could not be read."""
        return self.reissued | self.not_reissued if self.has_check_ins else None

    @property
    def late(self) -> frozenset[str]:
        """Seen since, with no new one, although the report should show it."""
        return self.not_reissued - self.within_lag

    @property
    def share(self) -> float | None:
        """Percent of the devices seen since that are re-issued; None if none was, or unknown."""
        return _percent(self.reissued, self.seen)

    @property
    def share_seen(self) -> float | None:
        """Percent of the devices that are still managed which were seen; None if unknown."""
        return None if self.seen is None else _percent(self.seen, self.devices - self.unmanaged)

    @property
    def complete_at(self) -> datetime:
        """Before this time nobody can expect a complete answer."""
        return self.changed_at + COMPLETE_AFTER

    def to_dict(self) -> dict[str, Any]:
        """Counts, shares in percent, and the ids of the devices that are not done."""
        seen, share, share_seen = self.seen, self.share, self.share_seen
        return {
            "profile_id": self.profile_id,
            "changed_at": _text(self.changed_at),
            "complete_at": _text(self.complete_at),
            "unverifiable": self.unverifiable.value if self.unverifiable else None,
            "devices": len(self.devices),
            "seen": None if seen is None else len(seen),
            "percent_seen": None if share_seen is None else round(share_seen, 2),
            "reissued": len(self.reissued),
            "percent_reissued": None if share is None else round(share, 2),
            "partly": len(self.partly),
            "early": len(self.early),
            "not_reissued": len(self.not_reissued),
            "within_lag": len(self.within_lag),
            "late": len(self.late),
            "not_seen": len(self.not_seen),
            "unmanaged": len(self.unmanaged),
            "unknown": len(self.unknown),
            "newcomers": len(self.newcomers),
            "nameless": self.nameless,
            "not_reissued_devices": sorted(self.not_reissued),
            "not_seen_devices": sorted(self.not_seen),
        }


def reissuance(
    before: Before,
    now: Iterable[IssuedCertificate],
    check_ins: Mapping[str, datetime | None] | None,
    changed_at: Mapping[str, datetime],
    as_of: datetime,
    *,
    replaced_by: Mapping[str, str] | None = None,
    not_reported: Collection[str] = (),
    devices: Collection[str] | None = None,
) -> Mapping[str, Reissuance]:
    """Compare the certificates that are reported now with those that were there before.

    A device was seen since the change if it checked in after it, or holds a new certificate that is
    dated after it. Times without a zone are in UTC; ids are in any letter case.

    Args:
        check_ins: Device id to its last check-in; None where they could not be read. A device that
            is not in it is not managed any more.
        changed_at: Profile id to when it was changed. What is said is said of these.
        as_of: When the report was read.
        replaced_by: Originals to their clones: a new certificate of the original is then one of the
            clone.
        not_reported: Profiles whose certificates Intune does not report (`is_reported`).
        devices: Ids of those that are looked at, of a ring for example; all by default.

    Returns:
        By the id of the profile in lower case, in the order of `changed_at`.
    """
    clones = {old.lower(): new.lower() for old, new in (replaced_by or {}).items()}
    changes = {profile.lower(): _utc(when) for profile, when in changed_at.items()}
    silent = {profile.lower() for profile in not_reported}
    seen_at = None if check_ins is None else _by_device(check_ins)
    moment = _utc(as_of)
    sources = {clones.get(profile, profile) for profile in changes}
    reported = _Reported.of(now, sources, seen_at or {}, moment)
    asked = None if devices is None else frozenset(device.lower() for device in devices)
    comparison = _Comparison(before, reported, seen_at, moment, asked)
    found: dict[str, Reissuance] = {}
    for profile, when in changes.items():
        if profile in silent:
            found[profile] = Reissuance(profile, when, Unverifiable.NOT_REPORTED)
        elif profile not in before.held:
            found[profile] = Reissuance(profile, when, Unverifiable.NO_SNAPSHOT)
        else:
            found[profile] = comparison.of(profile, clones.get(profile, profile), when)
    return found


def _by_device(check_ins: Mapping[str, datetime | None]) -> dict[str, datetime | None]:
    """The latest check-in of each device."""
    found: dict[str, datetime | None] = {}
    for name, when in check_ins.items():
        device, known = name.lower(), found.get(name.lower())
        last = None if when is None else _utc(when)
        found[device] = last if known is None or (last is not None and last > known) else known
    return found


_Dates = Mapping[str, datetime | None]
"""Serial numbers to when their certificates begin."""


@dataclass(frozen=True, slots=True)
class _Reported:
    """What a report says is on devices.

    Attributes:
        held: By profile and device.
        nameless: Profile to how many certificates name no device.
    """

    held: Mapping[str, Mapping[str, _Dates]]
    nameless: Mapping[str, int]

    @classmethod
    def of(
        cls,
        issued: Iterable[IssuedCertificate],
        profiles: Collection[str],
        seen_at: Mapping[str, datetime | None],
        as_of: datetime,
    ) -> _Reported:
        dates: dict[tuple[str, str, str], datetime | None] = {}
        gone: set[tuple[str, str, str]] = set()
        nameless: dict[str, set[str]] = {}
        for item in issued:
            profile, device = item.profile_id.lower(), item.device_id.lower()
            key = profile, device, serial_of(item.serial)
            if profile not in profiles:
                continue
            if not device:
                nameless.setdefault(profile, set()).add(key[2])
            elif _is_held(item, as_of):
                dates[key] = item.valid_from and _utc(item.valid_from)
            else:
                gone.add(key)
        # Where two lines contradict each other, the certificate proves nothing.
        held = _each_once({key: dates[key] for key in dates.keys() - gone}, seen_at)
        return cls(held, {profile: len(serials) for profile, serials in nameless.items()})


def _each_once(
    dates: Mapping[tuple[str, str, str], datetime | None],
    seen_at: Mapping[str, datetime | None],
) -> Mapping[str, Mapping[str, _Dates]]:
    """Give a certificate that several devices are said to have to the one that was last seen."""
    never = datetime.min.replace(tzinfo=UTC)
    owners: dict[tuple[str, str], str] = {}
    for profile, device, serial in sorted(dates):
        owner = owners.setdefault((profile, serial), device)
        if (seen_at.get(device) or never) > (seen_at.get(owner) or never):
            owners[profile, serial] = device
    held: dict[str, dict[str, dict[str, datetime | None]]] = {}
    for (profile, device, serial), dated in dates.items():
        if not serial or owners[profile, serial] == device:
            held.setdefault(profile, {}).setdefault(device, {})[serial] = dated
    return held


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: Before
    reported: _Reported
    seen_at: Mapping[str, datetime | None] | None
    as_of: datetime
    asked: frozenset[str] | None = None

    def of(self, profile: str, source: str, changed: datetime) -> Reissuance:
        """Compare one profile.

        Args:
            source: The profile whose certificates are new ones: itself, or its clone.
        """
        held = self._asked(self.before.held[profile])
        now = self._asked(self.reported.held.get(source, {}))
        known = self.before.serials(profile) | self.before.serials(source)
        sets: dict[str, set[str]] = {}
        for device, earlier in held.items():
            dates = now.get(device, {})
            new = {serial: dates[serial] for serial in dates.keys() - known if serial}
            for name in self._judged(device, changed, new, len(earlier)):
                sets.setdefault(name, set()).add(device)

        def those(name: str) -> frozenset[str]:
            return frozenset(sets.get(name, ()))

        return Reissuance(
            profile,
            changed,
            devices=frozenset(held),
            reissued=those("reissued"),
            partly=those("partly"),
            early=those("early"),
            not_reissued=those("not_reissued"),
            within_lag=those("within_lag"),
            not_seen=those("not_seen"),
            unmanaged=those("unmanaged"),
            unknown=those("unknown"),
            newcomers=frozenset(now.keys() - self.before.held[profile].keys()),
            new_serials=frozenset().union(*now.values()) - known - {""},
            nameless=self.reported.nameless.get(source, 0),
            has_check_ins=self.seen_at is not None,
        )

    def _asked(self, by_device: Mapping[str, _T]) -> Mapping[str, _T]:
        if self.asked is None:
            return by_device
        return {device: by_device[device] for device in by_device.keys() & self.asked}

    def _judged(self, device: str, changed: datetime, new: _Dates, earlier: int) -> Iterator[str]:
        """The sets that a device belongs to."""
        last = None if self.seen_at is None else self.seen_at.get(device)
        dated_after = any(dated is not None and dated > changed for dated in new.values())
        seen = dated_after or (last is not None and last > changed)
        if new and (seen or self.seen_at is None):
            yield "reissued"
            if len(new) < earlier:
                yield "partly"
            if all(dated is not None and dated < changed for dated in new.values()):
                yield "early"
        elif self.seen_at is None:
            yield "unknown"
        elif seen:
            yield "not_reissued"
            if last is not None and self.as_of - last < REPORT_LAG:
                yield "within_lag"
        else:
            yield "not_seen"
            if device not in self.seen_at:
                yield "unmanaged"


def _is_held(item: IssuedCertificate, as_of: datetime) -> bool:
    if item.presence is not Presence.HELD:
        return False
    return item.valid_to is None or _utc(item.valid_to) > as_of


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def serial_of(text: str) -> str:
    """A serial number in one spelling; empty where there is none."""
    return "".join(text.split()).replace(":", "").replace("-", "").upper().lstrip("0")


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _percent(some: frozenset[str], of: frozenset[str] | None) -> float | None:
    return 100 * len(some) / len(of) if of else None


def _frozen(known: Mapping[str, Mapping[str, set[str]]]) -> Mapping[str, Serials]:
    return {
        profile: {device: frozenset(serials) for device, serials in devices.items()}
        for profile, devices in known.items()
    }


def _serials(piece: Mapping[str, Any]) -> Serials:
    if not all(isinstance(serials, list) for serials in piece.values()):
        raise TypeError
    return {device.lower(): frozenset(map(serial_of, serials)) for device, serials in piece.items()}
