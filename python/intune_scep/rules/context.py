"""Everything a rule may look at. What was not read is `NOT_READ`, which is not the same as none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from intune_scep.memory import once
from intune_scep.profiles import (
    Platform,
    ProfileKind,
    changed_properties,
    find_profile_type,
    parse_profile,
)
from intune_scep.rules.model import FOREIGN, Need
from intune_scep.rules.platforms import family_of
from intune_scep.rules.scep_facts import ScepFacts
from intune_scep.rules.targets import Target, read_targets
from intune_scep.rules.tenant_profiles import TenantProfiles

if TYPE_CHECKING:
    from intune_scep.profiles import Profile, ScepProfile, TrustedRootProfile

_T = TypeVar("_T")


class NotRead(Enum):
    """The type of `NOT_READ`."""

    NOT_READ = "not read"


NOT_READ: Final = NotRead.NOT_READ
"""Stands for a fact that nobody has looked up."""


class NotReadError(Exception):
    """A rule needs a fact that was not read; it is then skipped, never passed.

    Args:
        need: The kind of fact.
        what: The fact, in words.
    """

    def __init__(self, need: Need, what: str) -> None:
        self.need = need
        self.what = what

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class ForeignProfile:
    """An object whose `@odata.type` is no certificate profile type known here.

    Attributes:
        wire: The object as it came.
    """

    wire: Mapping[str, Any]

    @property
    def id(self) -> str | None:
        """`id`, if it is a text."""
        return _text(self.wire.get("id"))

    @property
    def display_name(self) -> str | None:
        """`displayName`, if it is a text."""
        return _text(self.wire.get("displayName"))

    @property
    def odata_type(self) -> str:
        """`@odata.type`, or an empty text."""
        return _text(self.wire.get("@odata.type")) or ""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def profile_to_check(wire: Mapping[str, Any]) -> Profile | ForeignProfile:
    """Read a wire object for checking: never raises, whatever its type (rules R-001, R-084)."""
    odata_type = wire.get("@odata.type")
    known = isinstance(odata_type, str) and find_profile_type(odata_type) is not None
    return parse_profile(wire) if known else ForeignProfile(dict(wire))


@dataclass(frozen=True)
class GroupFacts:
    """How many members of each kind a group has, nested groups included."""

    users: int
    devices: int


@dataclass(frozen=True)
class DirectoryFacts:
    """Counts over the users and devices that the profile is assigned to.

    Every field may be left out; a rule that needs it is then skipped.

    Attributes:
        users, devices: How many are in scope.
        users_without: Graph attribute of a user (`mail`, `onPremisesSecurityIdentifier`, …) to
            the number of users in scope that have no value for it.
        devices_without_sid: Devices in scope without `onPremisesSecurityIdentifier`.
        hybrid_devices: Devices in scope that are hybrid joined (`trustType` ServerAd).
    """

    users: int | NotRead = NOT_READ
    devices: int | NotRead = NOT_READ
    users_without: Mapping[str, int] = field(default_factory=dict)
    devices_without_sid: int | NotRead = NOT_READ
    hybrid_devices: int | NotRead = NOT_READ

    def count_users_without(self, attribute: str) -> int:
        """Users in scope without a value for a Graph attribute.

        Raises:
            NotReadError: it was not counted.
        """
        return read(self.users_without.get(attribute, NOT_READ), Need.DIRECTORY, attribute)


@dataclass(frozen=True)
class DeviceFacts:
    """What Intune knows of the devices that the profile reaches, and of its certificates there.

    Every field may be left out; a rule that needs it is then skipped.

    Attributes:
        devices: Devices of the profile's platform in scope.
        without_user: Those without a user: dedicated, kiosk, userless AOSP.
        without: Property of a managed device (`imei`, `meid`, …) to the number of devices in scope
            that have no value for it.
        os_versions: OS version to the number of devices in scope that run it; an empty text for
            those that do not say.
        android_enrolments: Android devices in scope, whatever the profile's platform, by the
            platform they are enrolled as; None for those of which Intune does not say it.
        expired: Devices on which every certificate of this profile has expired.
    """

    devices: int | NotRead = NOT_READ
    without_user: int | NotRead = NOT_READ
    without: Mapping[str, int] | NotRead = NOT_READ
    os_versions: Mapping[str, int] | NotRead = NOT_READ
    android_enrolments: Mapping[Platform | None, int] | NotRead = NOT_READ
    expired: int | NotRead = NOT_READ


@dataclass(frozen=True)
class TenantFacts:
    """Settings of the tenant.

    Attributes:
        requires_sid_alignment: `requireCertificateSidAlignment` of Entra's certificate-based
            authentication (Graph beta).
    """

    requires_sid_alignment: bool | NotRead = NOT_READ


@dataclass(frozen=True)
class Dependant:
    """A profile that uses certificates of the SCEP profile: Wi-Fi, VPN, wired, e-mail, SSO.

    Attributes:
        assignments: Wire objects (`deviceConfigurationAssignment`).
    """

    name: str
    odata_type: str
    assignments: Sequence[Mapping[str, Any]] | NotRead = NOT_READ

    @property
    def targets(self) -> frozenset[Target]:
        """Whom it is assigned to.

        Raises:
            NotReadError: the assignments were not read.
        """
        what = f"the assignments of {self.name}"
        return read_targets(read(self.assignments, Need.DEPENDANTS, what))


@dataclass(frozen=True)
class PlannedChange:
    """A change that has not been made yet; the context's profile is the one it would lead to.

    Attributes:
        before: The profile as it is; None if it would be created.
        after: The profile as it would be.
        certificates: How many certificates would be re-issued, if that was counted.
        approved: Whether somebody who knew that count has agreed.
    """

    before: Profile | None
    after: Profile
    certificates: int | None = None
    approved: bool = False

    @once
    def changed(self) -> frozenset[str]:
        """Wire names of what differs in meaning; everything that is set, for a new profile."""
        if self.before is None:
            return frozenset(self.after.to_write())
        return frozenset(changed_properties(self.before, self.after))


@dataclass(frozen=True)
class Context:
    """One profile and what was read around it.

    Attributes:
        profile: The profile to judge; see `profile_to_check` for wire objects.
        today: Against which dates are judged.
        root: The linked trusted root profile; None if none is linked.
        root_assignments: Wire objects. Not needed if the root came with its assignments.
        assignments: Wire objects. Not needed if the profile came with its assignments.
        dependants: The profiles that use its certificates.
        directory: Counts over users and devices in scope.
        devices: Counts over managed devices in scope, and over its certificates on them.
        groups: Members by group id.
        profiles: All certificate profiles of the tenant.
        tenant: Settings of the tenant.
        planned_change: None if nothing is planned; the rules about plans then do not apply.
        answers: Rule id to what a person answered to the rule's question; True means yes.
        facts: The SCEP profile, or the one before a planned change, taken apart, where somebody
            did it already.
    """

    profile: Profile | ForeignProfile
    today: date
    root: TrustedRootProfile | NotRead | None = NOT_READ
    root_assignments: Sequence[Mapping[str, Any]] | NotRead = NOT_READ
    assignments: Sequence[Mapping[str, Any]] | NotRead = NOT_READ
    dependants: Sequence[Dependant] | NotRead = NOT_READ
    directory: DirectoryFacts | NotRead = NOT_READ
    devices: DeviceFacts | NotRead = NOT_READ
    groups: Mapping[str, GroupFacts] | NotRead = NOT_READ
    profiles: Sequence[Profile] | NotRead = NOT_READ
    tenant: TenantFacts | NotRead = NOT_READ
    planned_change: PlannedChange | None = None
    answers: Mapping[str, bool] = field(default_factory=dict)
    facts: ScepFacts | None = field(default=None, repr=False, compare=False)

    @once
    def kind(self) -> str:
        """A value of `ProfileKind`, or `foreign`."""
        if isinstance(self.profile, ForeignProfile):
            return FOREIGN
        return self.profile.profile_type.kind.value

    @once
    def foreign(self) -> ForeignProfile:
        """The profile, for rules of the kind `foreign`."""
        if not isinstance(self.profile, ForeignProfile):
            raise TypeError(f"{self.profile.odata_type} is a certificate profile.")
        return self.profile

    @once
    def known(self) -> Profile:
        """The profile, for rules of the kinds SCEP and trusted root."""
        if isinstance(self.profile, ForeignProfile):
            raise TypeError(f"{self.profile.odata_type} is no certificate profile.")
        return self.profile

    @once
    def wire(self) -> Mapping[str, Any]:
        """The profile's wire object, for properties that its type does not have."""
        return self.known.wire

    def malformed(self, own: Iterable[str]) -> frozenset[str]:
        """Wire names of the properties whose value has an unexpected JSON type.

        Args:
            own: Which to look at of those that each SCEP profile has for itself.
        """
        if isinstance(self.profile, ForeignProfile):
            return frozenset()
        if self.kind == ProfileKind.SCEP:
            return self.scep.settings.malformed.union(self.profile.malformed_of(own))
        return frozenset(self.profile.malformed)

    @once
    def platform(self) -> Platform:
        """The profile's platform."""
        return self.known.profile_type.platform

    @once
    def own_root(self) -> TrustedRootProfile:
        """The profile, for rules of the kind trusted root."""
        from intune_scep.profiles import TrustedRootProfile

        if not isinstance(self.profile, TrustedRootProfile):
            raise TypeError(f"{self.profile.odata_type} is no trusted root profile.")
        return self.profile

    @once
    def scep(self) -> ScepFacts:
        """The SCEP profile, taken apart."""
        if self.kind != ProfileKind.SCEP:
            raise TypeError(f"{self.profile.odata_type} is no SCEP profile.")
        return self.facts_of(cast("ScepProfile", self.profile))

    def facts_of(self, profile: ScepProfile) -> ScepFacts:
        """This profile, or the one before a planned change, taken apart."""
        given = self.facts
        return given if given is not None and given.profile is profile else ScepFacts(profile)

    @once
    def is_new(self) -> bool:
        """Whether the profile does not exist in the tenant yet."""
        if self.planned_change is not None:
            return self.planned_change.before is None
        return not self.profile.id

    @once
    def plan(self) -> PlannedChange:
        """The planned change.

        Raises:
            NotReadError: nothing is planned.
        """
        if self.planned_change is None:
            raise NotReadError(Need.PLAN, "a planned change")
        return self.planned_change

    @once
    def reissues(self) -> bool:
        """Whether the plan changes something of an existing profile that is known to re-issue.

        Raises:
            NotReadError: nothing is planned.
        """
        rows = self.known.profile_type.properties_by_name
        return self.plan.before is not None and any(
            name in rows and rows[name].re_enrols is True for name in self.plan.changed
        )

    @once
    def linked_root(self) -> TrustedRootProfile | None:
        """The linked trusted root profile, None if none is linked.

        Raises:
            NotReadError: the link was not read.
        """
        return read(self.root, Need.ROOT, "the linked trusted root profile")

    @once
    def targets(self) -> frozenset[Target]:
        """Whom the profile is assigned to.

        Raises:
            NotReadError: the assignments were not read.
        """
        return _targets(self.assignments, self.known, "the assignments")

    @once
    def root_targets(self) -> frozenset[Target]:
        """Whom the linked root is assigned to; nobody if there is no root.

        Raises:
            NotReadError: the root or its assignments were not read.
        """
        root = self.linked_root
        if root is None:
            return frozenset()
        return _targets(self.root_assignments, root, "the assignments of the trusted root profile")

    @once
    def unread(self) -> Mapping[Need, str]:
        """What of that which rules ask for first was not read, in words."""
        return {
            need: missing for need, ask in _ASKED.items() if (missing := _why_unread(self, ask))
        }

    def require_dependants(self) -> Sequence[Dependant]:
        """The profiles that use its certificates.

        Raises:
            NotReadError: they were not read.
        """
        return read(self.dependants, Need.DEPENDANTS, "the profiles that use the certificates")

    def require_directory(self) -> DirectoryFacts:
        """Counts over users and devices in scope.

        Raises:
            NotReadError: the directory was not read.
        """
        return read(self.directory, Need.DIRECTORY, "users and devices of the directory")

    def require_devices(self) -> DeviceFacts:
        """Counts over managed devices in scope.

        Raises:
            NotReadError: they were not read.
        """
        return read(self.devices, Need.DEVICES, "the managed devices")

    def require_profiles(self) -> Sequence[Profile]:
        """All certificate profiles of the tenant.

        Raises:
            NotReadError: they were not read.
        """
        return read(self.profiles, Need.TENANT, "all certificate profiles of the tenant")

    def of_all_roots(self, read_them: Callable[[Sequence[str | None]], _T]) -> _T:
        """What a function reads off the certificates of all trusted roots for the same devices.

        Args:
            read_them: A function of a module; for a tenant it is called once.

        Raises:
            NotReadError: the profiles of the tenant were not read.
        """
        profiles = self.require_profiles()
        known = profiles if isinstance(profiles, TenantProfiles) else TenantProfiles(profiles)
        return known.of_roots(family_of(self.platform), read_them)

    def require_group(self, group_id: str) -> GroupFacts:
        """The members of a group.

        Raises:
            NotReadError: they were not read.
        """
        what = f"the members of group {group_id}"
        groups = read(self.groups, Need.DIRECTORY, what)
        return read(groups.get(group_id, NOT_READ), Need.DIRECTORY, what)


def read(value: _T | NotRead, need: Need, what: str) -> _T:
    """The value of a fact.

    Raises:
        NotReadError: it was not read.
    """
    if isinstance(value, NotRead):
        raise NotReadError(need, what)
    return value


def _targets(
    given: Sequence[Mapping[str, Any]] | NotRead, profile: Profile, what: str
) -> frozenset[Target]:
    own = NOT_READ if profile.assignments is None else profile.assignments
    found = own if isinstance(given, NotRead) else given
    return read_targets(read(found, Need.ASSIGNMENTS, what))


_ASKED: Final[Mapping[Need, Callable[[Context], object]]] = {
    Need.ROOT: lambda context: context.linked_root,
    Need.ASSIGNMENTS: lambda context: context.targets,
    Need.DEPENDANTS: Context.require_dependants,
    Need.DEVICES: Context.require_devices,
}


def _why_unread(context: Context, ask: Callable[[Context], object]) -> str | None:
    try:
        ask(context)
    except NotReadError as error:
        return error.what
    return None
