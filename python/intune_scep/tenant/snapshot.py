"""What was read of a tenant at one time: what was asked for, and what could not be read.

Every job reads through `read_snapshot`; files that stand for a tenant are made into a snapshot too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from intune_scep.declarations.names import Names
from intune_scep.errors import IntuneScepError
from intune_scep.memory import collector_paused
from intune_scep.profiles import (
    PROFILE_TYPES,
    Platform,
    Profile,
    ProfileIndex,
    ProfileKind,
    ProfileType,
    TrustedRootProfile,
    find_profile_type,
    parse_profile,
)
from intune_scep.profiles.targets import TargetKind, targets_of
from intune_scep.rules import NOT_READ, NotRead
from intune_scep.tenant.dependants import UsedBy, has_certificate_links, read_dependants
from intune_scep.tenant.listing import (
    Listing,
    ReadFailure,
    assignments_of,
    list_configurations,
    list_resource_access,
)
from intune_scep.tenant.profiles import CONFIGURATIONS, RESOURCE_ACCESS
from intune_scep.tenant.root_links import RootLink, read_root_links
from intune_scep.tenant.tenant import Tenant

if TYPE_CHECKING:
    from intune_scep.tenant.devices import Devices
    from intune_scep.tenant.directory import Directory

CREATABLE_TYPES: Final = tuple(row for row in PROFILE_TYPES if row.creatable)
SCEP_TYPES: Final = tuple(row for row in PROFILE_TYPES if row.kind is ProfileKind.SCEP)
_COUNTED: Final = (
    "Users and devices are counted by group membership. Not counted: profiles with assignment"
    " filters, which only Intune evaluates, and profiles assigned to users and devices at once."
    " All users means every account, licensed or not."
)
_COUNTED_DEVICES: Final = (
    "Managed devices are counted where a group of devices holds them or their primary user is in a"
    " group of users; devices that Intune lists but does not manage itself are not. Groups need"
    " the directory too."
)
# Only there an expired certificate is never renewed.
_APPLE: Final = frozenset({Platform.IOS, Platform.MACOS})


class NamesOf(Enum):
    """Which names are read of what the profiles refer to by id."""

    NOTHING = auto()
    """None."""
    SHOWN = auto()
    """Groups and filters, for people to read; ids do where they cannot be had."""
    DECLARED = auto()
    """Groups, filters and scope tags, and whether a name is the only one of its kind."""


@dataclass(frozen=True)
class Wanted:
    """What of a tenant is to be read.

    Attributes:
        types: Types of certificate profiles.
        assignments: With whom they are assigned to.
        root_links: Which root each SCEP profile points at, 20 a request.
        names: Of what they refer to.
        dependants: Which profiles use theirs, and certificate profiles of other kinds such as
            PKCS; this lists every configuration of the tenant.
        directory: Users and devices of every assigned group, which needs GroupMember.Read.All,
            User.Read.All and Device.Read.All.
        devices: The managed devices, certificates on them where there are profiles for Apple, and
            what Entra asks of a certificate's SID; needs DeviceManagementManagedDevices.Read.All
            and Policy.Read.AuthenticationMethod.
    """

    types: tuple[ProfileType, ...] = PROFILE_TYPES
    assignments: bool = False
    root_links: bool = False
    names: NamesOf = NamesOf.NOTHING
    dependants: bool = False
    directory: bool = False
    devices: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What was read of a tenant, or of files that stand for one.

    Attributes:
        wanted: What was asked for.
        profiles: Certificate profiles in Graph's order, none of one id twice; assignments are
            inside where they were asked for.
        foreign: Wire objects that look like certificate profiles of another kind, such as PKCS.
        root_links: Key of a SCEP profile to its trusted root, None if it has none, or the error
            that kept it from being read; a key is missing where the link was not asked for.
        dependants: Key of a SCEP profile to the profiles that use it; None if not asked for.
        directory: Users and devices; None if not asked for.
        devices: Managed devices and what goes with them; None if not asked for.
        names: Those that were asked for.
        failures: What could not be read although it was asked for.
        left_out: What Graph sent and could not be used.
        notes: What was not read on purpose or is known in part only, in sentences; what was left
            out as well.
        pages: How many requests the listings took.
        read_at: When reading began, UTC.
    """

    wanted: Wanted = Wanted()
    profiles: tuple[Profile, ...] = ()
    foreign: tuple[Mapping[str, Any], ...] = ()
    root_links: Mapping[str, RootLink] = field(default_factory=dict)
    dependants: Mapping[str, tuple[UsedBy, ...]] | None = None
    directory: Directory | None = None
    devices: Devices | None = None
    names: Names = field(default_factory=Names)
    failures: tuple[ReadFailure, ...] = ()
    left_out: tuple[ReadFailure, ...] = ()
    notes: tuple[str, ...] = ()
    pages: int = 0
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def index(self) -> ProfileIndex:
        """The profiles by id, and by type and name."""
        return ProfileIndex(self.profiles)

    @cached_property
    def roots(self) -> ProfileIndex:
        """The trusted root profiles alone."""
        return ProfileIndex(profile for profile in self.profiles if not profile.is_scep)

    @cached_property
    def by_key(self) -> Mapping[str, Profile]:
        """The profiles by their keys."""
        return {profile_key(profile): profile for profile in self.profiles}

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Id (lower case) of a group or assignment filter to its name, where it is known."""
        return self.names.shown

    @cached_property
    def known_roots(self) -> Mapping[str, TrustedRootProfile | None]:
        """The root links that could be read."""
        return {
            key: link
            for key, link in self.root_links.items()
            if not isinstance(link, IntuneScepError)
        }

    def root_of(self, profile: Profile) -> TrustedRootProfile | NotRead | None:
        """The trusted root that a SCEP profile points at, with its assignments where the listing
        has them; None if it points at none, `NOT_READ` if that is not known."""
        link = self.root_links.get(profile_key(profile), NOT_READ)
        if link is None:
            return None
        if isinstance(link, NotRead | IntuneScepError):
            return NOT_READ
        listed = self.by_key.get(profile_key(link))
        return listed if isinstance(listed, TrustedRootProfile) else link

    def why_root_is_unread(self, profile: Profile) -> str | None:
        """Why the root link of a profile could not be read, where it was asked for."""
        link = self.root_links.get(profile_key(profile))
        return str(link) if isinstance(link, IntuneScepError) else None

    @cached_property
    def unread(self) -> tuple[ReadFailure, ...]:
        """Everything that was asked for and is not here, root links included."""
        links = [
            ReadFailure(f"the trusted root of {self._called(key)}", str(link))
            for key, link in self.root_links.items()
            if isinstance(link, IntuneScepError)
        ]
        return (*self.left_out, *links, *self.failures)

    def _called(self, key: str) -> str:
        profile = self.by_key.get(key)
        return (profile.display_name if profile is not None else None) or key


def profile_key(profile: Profile) -> str:
    """The id of a profile; its type and name where files declare it without one."""
    return profile.id or f"{profile.profile_type.name} {profile.display_name}"


async def read_snapshot(tenant: Tenant, wanted: Wanted) -> Snapshot:
    """Read what is wanted, in few requests: one listing, and the rest in batches of 20.

    A root link, a certificate link or a group that cannot be read costs itself. So does an item
    of a listing that cannot be used.

    Raises:
        GraphError, GraphTransportError: the profiles could not be listed, or a whole request
            failed for good.
    """
    read_at = datetime.now(UTC)
    listed, retired = await _list(tenant, wanted)
    ours = {row.odata_type.lower() for row in wanted.types}
    left_out = (*listed.left_out, *retired.left_out)
    wires = (*listed.items, *retired.items)
    types = {wire["@odata.type"] for wire in wires}
    read = {name for name in types if name.lower() in ours}
    others = {name for name in types if is_other_certificate(name)}
    with collector_paused():
        profiles = tuple(
            parse_profile(wire, copy=False) for wire in wires if wire["@odata.type"] in read
        )
    snapshot = Snapshot(
        wanted,
        profiles,
        tuple(wire for wire in listed.items if wire["@odata.type"] in others),
        left_out=left_out,
        notes=(*map(str, left_out), *listed.notes, *retired.notes),
        pages=listed.pages + retired.pages,
        read_at=read_at,
    )
    if wanted.root_links:
        snapshot = await add_root_links(tenant, snapshot, snapshot.profiles)
    if wanted.dependants:
        snapshot = await _with_dependants(tenant, snapshot, listed.items)
    snapshot = await _with_names(tenant, snapshot, listed.items)
    if wanted.directory:
        snapshot = await _with_directory(tenant, snapshot)
    return await _with_devices(tenant, snapshot) if wanted.devices else snapshot


async def read_profiles(
    tenant: Tenant, types: Iterable[ProfileType], *, with_assignments: bool = False
) -> Snapshot:
    """The profiles of some types and nothing else.

    Raises:
        GraphError, GraphTransportError: the listing failed.
    """
    return await read_snapshot(tenant, Wanted(tuple(types), assignments=with_assignments))


async def add_root_links(
    tenant: Tenant,
    snapshot: Snapshot,
    profiles: Iterable[Profile],
    *,
    with_assignments: bool = False,
) -> Snapshot:
    """Add the root links of some profiles; those that have none of their own are passed over.

    Args:
        with_assignments: As for `read_root_links`.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
    """
    linked = [
        profile
        for profile in profiles
        if profile.is_scep and profile.profile_type.collection == CONFIGURATIONS
    ]
    links = await read_root_links(tenant, linked, with_assignments=with_assignments)
    return replace(snapshot, root_links={**snapshot.root_links, **links})


async def _list(tenant: Tenant, wanted: Wanted) -> tuple[Listing, Listing]:
    names = {row.odata_type.lower() for row in wanted.types}
    here = [row for row in wanted.types if row.collection == CONFIGURATIONS]
    elsewhere = any(row.collection == RESOURCE_ACCESS for row in wanted.types)

    def ours(odata_type: str) -> bool:
        return odata_type.lower() in names

    def any_of_them(odata_type: str) -> bool:
        return (
            ours(odata_type)
            or is_other_certificate(odata_type)
            or has_certificate_links(odata_type)
        )

    listed = Listing()
    if wanted.dependants:
        listed = await list_configurations(
            tenant, (), any_of_them, with_assignments=wanted.assignments
        )
    elif here:
        listed = await list_configurations(tenant, here, ours, with_assignments=wanted.assignments)
    return listed, await list_resource_access(tenant, ours) if elsewhere else Listing()


def is_other_certificate(odata_type: str) -> bool:
    """Whether a type looks like a certificate profile of another kind than ours, such as PKCS."""
    name = odata_type.lower()
    return find_profile_type(odata_type) is None and ("scep" in name or "pkcs" in name)


async def _with_dependants(
    tenant: Tenant, snapshot: Snapshot, wires: Sequence[Mapping[str, Any]]
) -> Snapshot:
    links = await read_dependants(tenant, wires)
    failures = [
        ReadFailure(f"a certificate link of {name}", str(error)) for name, error in links.failures
    ]
    return replace(snapshot, dependants=links.by_profile, failures=(*snapshot.failures, *failures))


async def _with_names(
    tenant: Tenant, snapshot: Snapshot, wires: Sequence[Mapping[str, Any]]
) -> Snapshot:
    if snapshot.wanted.names is NamesOf.NOTHING:
        return snapshot
    from intune_scep.tenant.names import names_for_profiles, names_to_show

    if snapshot.wanted.names is NamesOf.DECLARED:
        return replace(snapshot, names=await names_for_profiles(tenant, snapshot.profiles))
    names, note = await names_to_show(tenant, assignments_of(wires))
    return replace(snapshot, names=names, notes=(*snapshot.notes, *([note] if note else ())))


async def _with_directory(tenant: Tenant, snapshot: Snapshot) -> Snapshot:
    from intune_scep.tenant.directory import read_directory

    targets = targets_of(
        item
        for profile in snapshot.profiles
        if profile.is_scep
        for item in profile.assignments or ()
    )
    kinds = {target.kind for target in targets}
    directory = await read_directory(
        tenant,
        {target.group_id for target in targets if target.group_id},
        everyone=TargetKind.ALL_USERS in kinds,
        every_device=TargetKind.ALL_DEVICES in kinds,
    )
    failures = [ReadFailure(what, str(error)) for what, error in directory.failures]
    return replace(
        snapshot,
        directory=directory,
        notes=(*snapshot.notes, _COUNTED),
        failures=(*snapshot.failures, *failures),
    )


async def _with_devices(tenant: Tenant, snapshot: Snapshot) -> Snapshot:
    from intune_scep.tenant.devices import read_devices

    apple = {
        (profile.id or "").lower()
        for profile in snapshot.profiles
        if profile.is_scep and profile.profile_type.platform in _APPLE
    }
    devices = await read_devices(tenant, certificates_of=apple)
    failures = [ReadFailure(what, str(error)) for what, error in devices.failures]
    return replace(
        snapshot,
        devices=devices,
        notes=(*snapshot.notes, _COUNTED_DEVICES, *devices.notes),
        failures=(*snapshot.failures, *failures),
    )
