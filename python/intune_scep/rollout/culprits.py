"""Which ring an event of a domain controller is about, and what its state asks for. Pure.

The journal of a rollout names the profiles of the rings that were opened and, where a ring is a
part of a profile's devices, those devices; of rings to come it names nothing that an event does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intune_scep.active_directory.culprits import ADVICE, Culprit
from intune_scep.audience.reissued import serial_of
from intune_scep.records import Record
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.rollout.words import State

# Events that say that there is no strong mapping (DOMAIN.md 1).
_UNMAPPED: Final = frozenset({39, 40})


class Place(StrEnum):
    """Where a certificate stands in a rollout."""

    NO_RING = "no_ring"
    """Nothing is to come for its profile, or its profile is not known."""
    NOT_OPENED = "not_opened"
    DEVICE_UNKNOWN = "device_unknown"
    """Its profile moves by parts of its devices, and whose the certificate is, is not known."""
    NOT_CHANGED = "not_changed"
    BEFORE = "before"
    AFTER = "after"
    AGE_UNKNOWN = "age_unknown"
    TAKEN_BACK = "taken_back"


PLACE_WORDS: Final[Mapping[Place, str]] = {
    Place.NO_RING: "no ring",
    Place.NOT_OPENED: "no ring opened yet",
    Place.DEVICE_UNKNOWN: "ring not known",
    Place.NOT_CHANGED: "not changed yet",
    Place.BEFORE: "from before the change",
    Place.AFTER: "from after the change",
    Place.AGE_UNKNOWN: "age not known",
    Place.TAKEN_BACK: "taken back",
}
"""Each place in a few words."""

_BY_HAND: Final = "map it by hand until then (certificate bridge)"
_OLD: Final = "The certificate is from before the change"
_TO_DO: Final[Mapping[Place, str]] = {
    Place.NOT_OPENED: (
        "No ring that was opened has its profile: wait for its ring (strong-mapping rollout"
        f" status), or {_BY_HAND}. If the file has no ring for it, add one."
    ),
    Place.DEVICE_UNKNOWN: (
        "The rollout moves its profile by parts of the devices, and the event does not tell which"
        " device it is: look for the account's device, and in which ring it is."
    ),
    Place.NOT_CHANGED: (
        "Its ring is opened and the profile is not changed yet: go on (strong-mapping rollout"
        f" run), or {_BY_HAND}."
    ),
    Place.BEFORE: (
        f"{_OLD}: the device has not got a new one yet, or does not use it. See that it checks in"
        f" (strong-mapping rollout status), or {_BY_HAND}."
    ),
    Place.AFTER: (
        "The certificate is from after the change: see whether the SID is in it (certificate"
        " inspect). If it is, the domain controller is Windows Server 2016, which cannot read it;"
        " if not, the account has no SID (strong-mapping readiness)."
    ),
    Place.AGE_UNKNOWN: (
        "The profile is changed; whether the certificate is from before that is not known. See"
        " whether the SID is in it (certificate inspect)."
    ),
}
_DONE_WITH: Final = (
    f"{_OLD}, and its ring is done with: the device was not seen, or uses the old one. Let it check"
    " in, take the old certificate from it, or map it by hand (certificate bridge)."
)


@dataclass(frozen=True, slots=True)
class InRing(Record):
    """Where an event stands in a rollout.

    Attributes:
        ring: Its name; None where it is in none, or that is not known.
        state: Of the ring.
        to_do: In a sentence. Only an event that says that there is no strong mapping is cured by a
            ring; of the others it is what they ask for by themselves.
    """

    place: Place
    ring: str | None
    state: State | None
    to_do: str

    @property
    def words(self) -> str:
        """The ring with its state, in a few words."""
        if self.ring is None or self.state is None:
            return PLACE_WORDS[self.place]
        return f"{self.ring} ({self.state.told}), {PLACE_WORDS[self.place]}"


def in_rings(culprits: Iterable[Culprit], state: RolloutState) -> tuple[InRing, ...]:
    """Where each event stands, in their order."""
    clones = {copy.lower(): original.lower() for original, copy in state.clones.items()}
    return tuple(_in_ring(item, state, clones) for item in culprits)


def _in_ring(item: Culprit, state: RolloutState, clones: Mapping[str, str]) -> InRing:
    advice = ADVICE[item.event.event_id]
    profile = (item.policy_id or "").strip().lower()
    if not profile:
        return InRing(Place.NO_RING, None, None, advice)
    original = clones.get(profile, profile)
    rings = [ring for ring in state.rings if original in map(str.lower, ring.profiles)]
    if not rings:
        return _to_come(item, state)
    ring = _ring_of(item, rings)
    if ring is None:
        to_come = all(other.devices is not None for other in rings) and _device(item)
        return _to_come(item, state) if to_come else _told(item, Place.DEVICE_UNKNOWN)
    if any(run.journal in state.taken_back for run in ring.runs):
        return InRing(Place.TAKEN_BACK, ring.name, ring.state, advice)
    place = Place.AFTER if profile in clones else _age(item, ring, original, state)
    to_do = _told(item, place).to_do
    if _is_unmapped(item) and place is Place.BEFORE and ring.state is State.COMPLETED:
        to_do = _DONE_WITH
    if place is Place.NOT_CHANGED and state.state is State.CANCELED:
        to_do = advice
    return InRing(place, ring.name, ring.state, to_do)


def _to_come(item: Culprit, state: RolloutState) -> InRing:
    """Of a certificate that no ring has that was opened."""
    over = state.state in {State.CANCELED, State.COMPLETED}
    if over or all(ring.is_entered for ring in state.rings):
        return InRing(Place.NO_RING, None, None, ADVICE[item.event.event_id])
    return _told(item, Place.NOT_OPENED)


def _told(item: Culprit, place: Place) -> InRing:
    advice = _TO_DO[place] if _is_unmapped(item) else ADVICE[item.event.event_id]
    return InRing(place, None, None, advice)


def _is_unmapped(item: Culprit) -> bool:
    return item.event.event_id in _UNMAPPED


def _ring_of(item: Culprit, rings: list[RingState]) -> RingState | None:
    """The ring of the device; else the one that is about all devices that are left."""
    device = _device(item)
    parts = [ring for ring in rings if ring.devices is not None]
    for ring in parts:
        if ring.devices is not None and device in ring.devices:
            return ring
    if parts and not device:
        return None
    return next((ring for ring in reversed(rings) if ring.devices is None), None)


def _device(item: Culprit) -> str:
    told = item.certificate.device_id if item.certificate is not None else None
    return (told or "").strip().lower()


def _age(item: Culprit, ring: RingState, original: str, state: RolloutState) -> Place:
    """Whether a certificate of an original was out before the ring changed."""
    if original not in map(str.lower, ring.changed):
        return Place.NOT_CHANGED
    told = item.certificate.serial_number if item.certificate is not None else None
    serial = serial_of(told or item.event.serial_number or "")
    known = [each.before for each in state.rings if each.before and original in each.before.held]
    if not serial or not known:
        return Place.AGE_UNKNOWN
    if any(serial in before.serials(original) for before in known):
        return Place.BEFORE
    # An original that was copied may issue without the SID until its people have left it.
    copied = original in map(str.lower, state.clones)
    return Place.AGE_UNKNOWN if copied else Place.AFTER
