"""A tenant's certificate profiles with everything around them that rules look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from intune_scep.errors import IntuneScepError
from intune_scep.profiles import (
    PROFILE_TYPES,
    Profile,
    ScepProfile,
    TrustedRootProfile,
    find_profile_type,
    parse_profile,
)
from intune_scep.tenant.dependants import UsedBy, read_dependants
from intune_scep.tenant.directory import Directory, read_directory
from intune_scep.tenant.names import read_assignment_filters, read_groups
from intune_scep.tenant.profiles import CONFIGURATIONS, RESOURCE_ACCESS, read_profiles
from intune_scep.tenant.root_links import read_root_links
from intune_scep.tenant.tenant import Tenant

_EVERYTHING: Final = {"$expand": "assignments"}
_COUNTED: Final = (
    "Users and devices are counted by group membership. Not counted: profiles with assignment"
    " filters, which only Intune evaluates, and profiles assigned to users and devices at once."
    " All users means every account, licensed or not."
)


@dataclass(frozen=True)
class ReadFailure:
    """Something that should have been read and was not.

    Attributes:
        what: For example `the trusted root of iOS - SCEP - User - Mail`.
        why: The error in one sentence.
    """

    what: str
    why: str


@dataclass(frozen=True)
class Surroundings:
    """What was read of a tenant, or of files that stand for one.

    Attributes:
        profiles: Certificate profiles; assignments are inside.
        foreign: Wire objects that look like certificate profiles of another kind, such as PKCS.
        root_links: Key of a SCEP profile to the linked trusted root, None if none is linked; a
            key is missing where the link was not read.
        dependants: Key of a SCEP profile to the profiles that use it; None if they were not read.
        directory: Users and devices; None if they were not asked for.
        names: Id (lower case) of a group or assignment filter to its name, where it is known.
        failures: What could not be read although it was asked for.
        notes: What was not read on purpose or is known in part only, in sentences.
    """

    profiles: tuple[Profile, ...] = ()
    foreign: tuple[Mapping[str, Any], ...] = ()
    root_links: Mapping[str, TrustedRootProfile | None] = field(default_factory=dict)
    dependants: Mapping[str, tuple[UsedBy, ...]] | None = None
    directory: Directory | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[ReadFailure, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[str, Profile]:
        """The profiles by their keys."""
        return {profile_key(profile): profile for profile in self.profiles}


def profile_key(profile: Profile) -> str:
    """The id of a profile; its type and name where files declare it without one."""
    return profile.id or f"{profile.profile_type.name} {profile.display_name}"


async def read_surroundings(tenant: Tenant, *, with_directory: bool = False) -> Surroundings:
    """Read everything in few requests: one listing, and the links in batches of 20.

    Args:
        with_directory: Also read the users and devices of every assigned group, which needs
            GroupMember.Read.All, User.Read.All and Device.Read.All.

    Raises:
        GraphError, GraphTransportError: the profiles could not be listed, or a whole request
            failed for good.
    """
    wires: list[dict[str, Any]] = []
    async for page in tenant.session.pages(CONFIGURATIONS, query=_EVERYTHING):
        wires += page
    retired = await read_profiles(
        tenant, [row for row in PROFILE_TYPES if row.collection == RESOURCE_ACCESS]
    )
    listed = [parse_profile(wire) for wire in wires if find_profile_type(_type_of(wire))]
    roots, failures = await _read_roots(tenant, listed)
    dependants = await read_dependants(tenant, wires)
    failures += [
        ReadFailure(f"a certificate link of {name}", str(error))
        for name, error in dependants.failures
    ]
    names, notes = await _read_names(tenant, wires)
    directory = await _read_directory(tenant, listed) if with_directory else None
    if directory:
        notes.append(_COUNTED)
        failures += [ReadFailure(what, str(error)) for what, error in directory.failures]
    if not listed:
        notes.append("The tenant has no certificate profile that this application can see.")
    return Surroundings(
        profiles=(*listed, *retired.profiles),
        foreign=tuple(wire for wire in wires if _is_other_certificate(_type_of(wire))),
        root_links=roots,
        dependants=dependants.by_profile,
        directory=directory,
        names=names,
        failures=tuple(failures),
        notes=(*retired.notes, *notes),
    )


def _type_of(wire: Mapping[str, Any]) -> str:
    return str(wire.get("@odata.type") or "")


def _is_other_certificate(odata_type: str) -> bool:
    name = odata_type.lower()
    return find_profile_type(odata_type) is None and ("scep" in name or "pkcs" in name)


async def _read_roots(
    tenant: Tenant, profiles: Iterable[Profile]
) -> tuple[dict[str, TrustedRootProfile | None], list[ReadFailure]]:
    scep = [profile for profile in profiles if isinstance(profile, ScepProfile)]
    links = await read_root_links(tenant, scep)
    names = {profile.id: profile.display_name or profile.id for profile in scep}
    roots: dict[str, TrustedRootProfile | None] = {}
    failures: list[ReadFailure] = []
    for identifier, answer in links.items():
        if answer is None or isinstance(answer, TrustedRootProfile):
            roots[identifier] = answer
        elif isinstance(answer, IntuneScepError):
            failures.append(ReadFailure(f"the trusted root of {names[identifier]}", str(answer)))
        else:
            failures.append(
                ReadFailure(
                    f"the trusted root of {names[identifier]}",
                    f"Graph sent a {answer.odata_type}, which is no trusted root profile.",
                )
            )
    return roots, failures


def _targets(wires: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for wire in wires:
        for assignment in wire.get("assignments") or ():
            yield assignment.get("target") or {}


async def _read_names(
    tenant: Tenant, wires: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], list[str]]:
    """Names are a courtesy: a report without them shows ids, and says why."""
    targets = list(_targets(wires))
    groups = sorted({str(item["groupId"]) for item in targets if item.get("groupId")})
    filtered = any(item.get("deviceAndAppManagementAssignmentFilterId") for item in targets)
    names: dict[str, str] = {}
    notes: list[str] = []
    try:
        if groups:
            names |= {key.lower(): name for key, name in await read_groups(tenant, ids=groups)}
        if filtered:
            filters = await read_assignment_filters(tenant)
            names |= {key.lower(): name for key, name in filters}
    except IntuneScepError as error:
        notes.append(f"Groups and filters are shown by id, their names were not read: {error}")
    return names, notes


async def _read_directory(tenant: Tenant, profiles: Iterable[Profile]) -> Directory:
    targets = list(
        _targets({"assignments": profile.assignments} for profile in profiles if profile.is_scep)
    )
    kinds = {str(item.get("@odata.type") or "").lower() for item in targets}
    return await read_directory(
        tenant,
        {str(item["groupId"]) for item in targets if item.get("groupId")},
        everyone="#microsoft.graph.alllicensedusersassignmenttarget" in kinds,
        every_device="#microsoft.graph.alldevicesassignmenttarget" in kinds,
    )
