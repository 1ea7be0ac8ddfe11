"""Who would get a certificate without a SID, and why. Pure.

A certificate gets the SID of whoever it is for: of the user, or of the device if it is a device
certificate. Who has none gets a new certificate all the same, without the SID, and domain
controllers go on refusing it (DOMAIN.md 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, reduce
from operator import or_
from typing import Any, Final, TypeVar

from intune_scep.audience.reach import Reach, reach_of
from intune_scep.audience.systems import runs
from intune_scep.profiles import CertificateType, Platform, ScepProfile
from intune_scep.profiles.targets import Target
from intune_scep.rules.targets import read_targets
from intune_scep.tenant.entities import HYBRID_JOINED
from intune_scep.tenant.population import Device, Managed, Population, User

_ENTRA_JOINED: Final = "azuread"
_T = TypeVar("_T")


class Reason(StrEnum):
    """Why somebody would get nothing that a domain controller accepts."""

    GUEST = "guest"
    CLOUD_ONLY = "cloud_only"
    NOT_SYNCHRONISED = "not_synchronised"
    ENTRA_JOINED = "entra_joined"
    ENTRA_REGISTERED = "entra_registered"
    DISABLED = "disabled"
    NO_DEVICE = "no_device"


REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.GUEST: "a guest, whose account in Active Directory is another organisation's",
    Reason.CLOUD_ONLY: "exists in Microsoft Entra only, so it has no SID of Active Directory",
    Reason.NOT_SYNCHRONISED: "its SID does not come from Active Directory (any more, or yet)",
    Reason.ENTRA_JOINED: "joined to Microsoft Entra only, so it has no account in Active Directory",
    Reason.ENTRA_REGISTERED: "registered in Microsoft Entra only",
    Reason.DISABLED: "its account is disabled; it is not counted in the share",
    Reason.NO_DEVICE: "has no managed device of the platform, so no certificate is issued now",
}
"""What each reason means, for people."""

REASON_LABELS: Final[Mapping[Reason, str]] = {
    Reason.GUEST: "guests",
    Reason.CLOUD_ONLY: "cloud-only",
    Reason.NOT_SYNCHRONISED: "not synchronised",
    Reason.ENTRA_JOINED: "Entra-joined",
    Reason.ENTRA_REGISTERED: "Entra-registered",
    Reason.DISABLED: "disabled",
    Reason.NO_DEVICE: "without a device",
}
"""Each reason in two or three words."""

WITHOUT_SID: Final = (
    Reason.GUEST,
    Reason.CLOUD_ONLY,
    Reason.NOT_SYNCHRONISED,
    Reason.ENTRA_JOINED,
    Reason.ENTRA_REGISTERED,
)
"""Reasons of those that have no SID; they lower the share."""


_NOBODY: Final[Mapping[Reason, int]] = dict.fromkeys(Reason, 0)


class Alignment(StrEnum):
    """What Entra would say of their certificate where `requireCertificateSidAlignment` is on."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class Short:
    """Somebody who would get nothing.

    Attributes:
        name: User principal name, or name of the device.
        alignment: No variable of Intune holds the SID that Entra gives to accounts of its own, so
            a certificate without a SID is refused there (DOMAIN.md 2, row 9).
    """

    id: str
    name: str
    has_sid: bool
    reason: Reason
    alignment: Alignment


@dataclass(frozen=True)
class ProfileReadiness:
    """One profile, and those whom it reaches.

    Attributes:
        of: Whose SID its certificates carry: `user` or `device`; None if it is not known which.
        assigned: How many it reaches; at most, where `unsure` says why.
        with_sid: How many of them have a SID and an account that is not disabled.
        short: How many would get nothing, by reason; each of them once, but those without a device,
            who may have a SID.
        unsure: What could not be evaluated, in sentences.
    """

    profile: ScepProfile
    of: CertificateType | None
    assigned: int = 0
    with_sid: int = 0
    short: Mapping[Reason, int] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        """How many the share is of: all but those whose accounts are disabled."""
        return self.assigned - self.short.get(Reason.DISABLED, 0)

    @property
    def share(self) -> float | None:
        """Percent of them that have a SID; None if that is not known, or it reaches nobody."""
        if self.unsure or not self.counted:
            return None
        return 100 * self.with_sid / self.counted

    def is_short(self, least: float) -> bool:
        """Whether it is known that fewer than `least` percent have a SID."""
        share = self.share
        return share is not None and share < least

    def to_dict(self) -> dict[str, Any]:
        """One element of `profiles` in the JSON of readiness."""
        kind = self.profile.profile_type
        share = self.share
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "platform": kind.platform.value,
            "certificate_type": self.of.value if self.of else None,
            "assigned": self.assigned,
            "with_sid": self.with_sid,
            "percent_with_sid": None if share is None else round(share, 2),
            "short": {reason.value: self.short.get(reason, 0) for reason in Reason},
            "unknown": list(self.unsure),
        }


class Audience:
    """Counts and names those whom profiles reach.

    Args:
        names: Names of groups and assignment filters by their ids in lower case.
    """

    def __init__(self, population: Population, names: Mapping[str, str]) -> None:
        self._population = population
        self._names = names
        # Many profiles share their targets, and a tenant may have very many accounts.
        self._reached: dict[frozenset[Target], Reach] = {}
        self._owners: dict[tuple[Platform, int], int] = {}
        self._owned: dict[tuple[Platform, int], int] = {}
        self._with_device: dict[Platform, int] = {}
        self._platforms: dict[Platform, int] = {}

    def readiness(self, profile: ScepProfile) -> ProfileReadiness:
        """Count those whom a profile reaches."""
        of = profile.certificate_type
        if of is None:
            why = "It is not set whether its certificates are of users or of devices."
            return ProfileReadiness(profile, None, unsure=(why,))
        chosen, unsure = self._chosen(profile)
        masks = self._masks(profile)
        short = {reason: (chosen & mask).bit_count() for reason, mask in masks.items()}
        with_sid = chosen & self._with_sid(of) & ~masks[Reason.DISABLED]
        return ProfileReadiness(
            profile, of, chosen.bit_count(), with_sid.bit_count(), short, unsure
        )

    def short_of(self, profile: ScepProfile) -> Iterator[Short]:
        """Name those who would get nothing; one who has several reasons comes with the first."""
        of = profile.certificate_type
        if of is None:
            return
        chosen, _ = self._chosen(profile)
        accounts = (
            self._population.users if of is CertificateType.USER else self._population.devices
        )
        if accounts is None:
            return
        told = 0
        for reason, mask in self._masks(profile).items():
            for account in accounts.members(chosen & mask & ~told):
                alignment = _alignment(reason)
                yield Short(account.id, account.name, account.has_sid, reason, alignment)
            told |= chosen & mask

    def devices_without_sid(self, profile: ScepProfile) -> frozenset[str]:
        """The managed devices of those that a profile reaches and that have no SID.

        Returns:
            Their ids as Intune names them: of a user certificate the devices whose primary user has
            no SID, of a device certificate the devices that have none themselves.
        """
        users, devices = self._population.users, self._population.devices
        chosen, _ = self._chosen(profile)
        masks = self._masks(profile)
        lacking = chosen & reduce(or_, (masks[reason] for reason in WITHOUT_SID))
        if profile.certificate_type is CertificateType.USER:
            owners = {user.id for user in users.members(lacking)} if users is not None else set()
            found = (item for item in self._managed if item.user_id in owners)
        else:
            own = {each.device_id for each in devices.members(lacking)} if devices else set()
            own.discard("")
            found = (item for item in self._managed if item.device_id in own)
        platform = profile.profile_type.platform
        return frozenset(item.id for item in found if runs(platform, item.system)) - {""}

    @property
    def _managed(self) -> tuple[Managed, ...]:
        return self._population.managed or ()

    def _chosen(self, profile: ScepProfile) -> tuple[int, tuple[str, ...]]:
        """The accounts whose SID the certificates of a profile would carry."""
        targets = read_targets(profile.assignments or ())
        if targets not in self._reached:
            self._reached[targets] = reach_of(targets, self._population, self._names)
        reach = self._reached[targets]
        platform = profile.profile_type.platform
        if profile.certificate_type is CertificateType.USER:
            return self._users(reach, platform)
        return self._devices(reach, platform)

    def _users(self, reach: Reach, platform: Platform) -> tuple[int, tuple[str, ...]]:
        if not reach.devices:
            return reach.users, reach.unsure
        if self._population.managed is None or self._population.users is None:
            why = "Who uses the devices it is assigned to is not known: they could not be read."
            return reach.users, (*reach.unsure, why)
        key = platform, reach.devices
        if key not in self._owners:
            self._owners[key] = self._owners_of(*key)
        return reach.users | self._owners[key], reach.unsure

    def _owners_of(self, platform: Platform, devices: int) -> int:
        """The primary users of devices; Graph tells no others."""
        accounts, users = self._population.devices, self._population.users
        if accounts is None or users is None:
            return 0
        ids = {device.device_id for device in accounts.members(devices)} - {""}
        return users.set_of(
            item.user_id
            for item in self._managed
            if item.device_id in ids and runs(platform, item.system)
        )

    def _devices(self, reach: Reach, platform: Platform) -> tuple[int, tuple[str, ...]]:
        own = reach.devices & self._of_platform(platform)
        if not reach.users:
            return own, reach.unsure
        if self._population.managed is None or self._population.devices is None:
            why = "Which devices its users have is not known: they could not be read."
            return own, (*reach.unsure, why)
        key = platform, reach.users
        if key not in self._owned:
            self._owned[key] = self._owned_by(*key)
        return own | self._owned[key], reach.unsure

    def _owned_by(self, platform: Platform, users: int) -> int:
        """The devices whose primary user is among some users."""
        accounts, devices = self._population.users, self._population.devices
        if accounts is None or devices is None:
            return 0
        ids = {user.id for user in accounts.members(users)}
        owned = {
            item.device_id
            for item in self._managed
            if item.user_id in ids and runs(platform, item.system)
        } - {""}
        return devices.where(lambda device: device.device_id in owned)

    def _of_platform(self, platform: Platform) -> int:
        devices = self._population.devices
        if devices is None:
            return 0
        if platform not in self._platforms:
            self._platforms[platform] = devices.where(lambda item: runs(platform, item.system))
        return self._platforms[platform]

    # Sets of all accounts, by what holds for them

    def _with_sid(self, of: CertificateType) -> int:
        return self._users_with_sid if of is CertificateType.USER else self._devices_with_sid

    @cached_property
    def _users_with_sid(self) -> int:
        users = self._population.users
        return 0 if users is None else users.where(lambda user: user.has_sid)

    @cached_property
    def _devices_with_sid(self) -> int:
        devices = self._population.devices
        return 0 if devices is None else devices.where(lambda device: device.has_sid)

    def _masks(self, profile: ScepProfile) -> Mapping[Reason, int]:
        """Reason to the set of accounts that have it, whatever profile reaches them."""
        if profile.certificate_type is not CertificateType.USER:
            return self._device_masks
        platform = profile.profile_type.platform
        return {**self._user_masks, Reason.NO_DEVICE: self._without_device(platform)}

    @cached_property
    def _user_masks(self) -> Mapping[Reason, int]:
        users = self._population.users
        return _NOBODY if users is None else _split(users.where, _why_user)

    @cached_property
    def _device_masks(self) -> Mapping[Reason, int]:
        devices = self._population.devices
        return _NOBODY if devices is None else _split(devices.where, _why_device)

    def _without_device(self, platform: Platform) -> int:
        """The users with a SID for whom Intune manages no device of a platform."""
        users, managed = self._population.users, self._population.managed
        if users is None or managed is None:
            return 0
        if platform not in self._with_device:
            owners = (item.user_id for item in managed if runs(platform, item.system))
            self._with_device[platform] = users.set_of(owners)
        able = self._users_with_sid & ~self._user_masks[Reason.DISABLED]
        return able & ~self._with_device[platform]


def _split(
    where: Callable[[Callable[[_T], bool]], int], why: Callable[[_T], Reason | None]
) -> dict[Reason, int]:
    def has(reason: Reason) -> Callable[[_T], bool]:
        return lambda item: why(item) is reason

    return {reason: where(has(reason)) for reason in Reason}


def _why_user(user: User) -> Reason | None:
    if not user.enabled:
        return Reason.DISABLED
    if user.has_sid:
        return None
    if user.guest:
        return Reason.GUEST
    return Reason.CLOUD_ONLY if user.synchronised is None else Reason.NOT_SYNCHRONISED


def _why_device(device: Device) -> Reason | None:
    if not device.enabled:
        return Reason.DISABLED
    if device.has_sid:
        return None
    if device.trust_type == _ENTRA_JOINED:
        return Reason.ENTRA_JOINED
    return (
        Reason.NOT_SYNCHRONISED if device.trust_type == HYBRID_JOINED else Reason.ENTRA_REGISTERED
    )


def _alignment(reason: Reason) -> Alignment:
    if reason in WITHOUT_SID:
        return Alignment.REFUSED
    return Alignment.NOT_JUDGED if reason is Reason.DISABLED else Alignment.ACCEPTED
