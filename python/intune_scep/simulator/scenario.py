"""What a simulated tenant starts with, as plain data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from intune_scep.simulator.errors import SimulatorError

Wire = Mapping[str, Any]
"""A resource as Graph would put it on the wire."""

SCENARIOS: Mapping[str, str] = {
    "empty": "intune_scep.simulator.scenarios.empty",
    "contoso": "intune_scep.simulator.scenarios.contoso",
    "bulk": "intune_scep.simulator.scenarios.bulk",
    "rollout": "intune_scep.simulator.scenarios.rollout",
}
"""Name of a scenario -> module with a `build() -> Scenario`."""

SIZED: Mapping[str, tuple[str, ...]] = {
    "bulk": ("profiles", "users", "devices"),
    "rollout": ("devices",),
}
"""Scenarios whose `build` takes sizes, and which."""


@dataclass(frozen=True)
class NavigationLink:
    """A reference held by a profile, for example a Wi-Fi profile's identity certificate.

    Args:
        source_id: Id of the profile that holds the reference.
        navigation: Name of the navigation property in the schema table,
            for example `identityCertificateForClientAuthentication`.
        target_id: Id of the profile pointed at.
    """

    source_id: str
    navigation: str
    target_id: str


@dataclass(frozen=True)
class Certificate:
    """One certificate that a SCEP profile delivered to a device.

    Everything Graph shows of it beyond these fields (thumbprint, key usage, names …) is derived
    from the profile and the managed device.

    Args:
        profile_id: Id of the SCEP profile.
        managed_device_id: Id of the managed device.
        issued: Instant of issuance, ISO 8601 in UTC, for example `2026-03-01T08:00:00Z`.
        expires: Instant of expiry, the same form. None: issuance plus the profile's validity.
        state: A `certificateIssuanceStates` member.
        revoke_status: A `certificateRevocationStatus` member.
        error_code: `certificateErrorCode`, 0 for none.
        serial_number: Hexadecimal. None: derived from the other fields.
        via: Id of the dependant that it was issued for, on Apple. None: for the profile itself.
    """

    profile_id: str
    managed_device_id: str
    issued: str
    expires: str | None = None
    state: str = "issued"
    revoke_status: str = "none"
    error_code: int = 0
    serial_number: str | None = None
    via: str | None = None


@dataclass(frozen=True)
class Connector:
    """A certificate connector of the tenant (NDES).

    Args:
        wire: The `ndesConnector`.
        hosts: Names of the SCEP hosts that it serves. None: every one.
    """

    wire: Wire
    hosts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Application:
    """An app registration of the tenant, the only kind of client that gets a token.

    Args:
        client_id: The application's id, a GUID.
        display_name: Name for people.
        roles: Application permissions granted. None: every permission the simulator knows.
        secret: Client secret, when one may be used.
        certificate: PEM certificate whose key may sign client assertions.
        federated_subject: `sub` claim a federated token must carry.
        federated_issuer: `iss` claim a federated token must carry.
        federated_key: PEM public key that verifies the federated token.
    """

    client_id: str
    display_name: str
    roles: tuple[str, ...] | None = None
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = None
    federated_subject: str | None = None
    federated_issuer: str | None = None
    federated_key: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A tenant's whole content.

    Every wire dict carries its own `id`. Properties of the type that a wire dict leaves out are
    completed by the loader as Graph would show them (`null`, `[]`, or the type's first member), so
    a profile needs only `@odata.type`, `id`, `displayName` and what matters about it.

    Args:
        tenant_id: The tenant's GUID.
        display_name: For example `Contoso`.
        default_domain: For example `contoso.example`.
        start: Instant used for dates that a wire dict leaves out, ISO 8601 in UTC.
        users: `user` wire dicts, with `onPremisesSecurityIdentifier` where there is a SID.
        groups: `group` wire dicts.
        members: Group id -> ids of its direct members (users, devices, groups).
        devices: Entra `device` wire dicts.
        managed_devices: `managedDevice` wire dicts (`azureADDeviceId` is a device's `deviceId`,
            `userId` a user's `id`).
        assignment_filters: `deviceAndAppManagementAssignmentFilter` wire dicts.
        role_scope_tags: `roleScopeTag` wire dicts, ids are numeric strings.
        profiles: `deviceConfiguration` wire dicts: certificate profiles and dependants alike.
        root_links: SCEP profile id -> trusted root profile id.
        links: Every other reference between profiles (dependants).
        assignments: Profile id (either collection) -> assignment target wire dicts, each with its
            `@odata.type`.
        certificates: Certificates on devices.
        resource_access_profiles: The windows10X wire dicts, which live in their own collection.
        applications: App registrations.
        connectors: Certificate connectors.
        settings: How the tenant behaves where it is not told otherwise when it is made.
        silent: Ids of managed devices that do not check in any more.
        moves_with_time: Whether the dates of certificates count from `start` as if that were the
            moment of seeding, so that they are never out of date.
    """

    tenant_id: str
    display_name: str
    default_domain: str
    start: str = "2026-01-05T08:00:00Z"
    users: tuple[Wire, ...] = ()
    groups: tuple[Wire, ...] = ()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    devices: tuple[Wire, ...] = ()
    managed_devices: tuple[Wire, ...] = ()
    assignment_filters: tuple[Wire, ...] = ()
    role_scope_tags: tuple[Wire, ...] = ()
    profiles: tuple[Wire, ...] = ()
    root_links: Mapping[str, str] = field(default_factory=dict)
    links: tuple[NavigationLink, ...] = ()
    assignments: Mapping[str, tuple[Wire, ...]] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()
    resource_access_profiles: tuple[Wire, ...] = ()
    applications: tuple[Application, ...] = ()
    connectors: tuple[Connector, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    moves_with_time: bool = False


def build_scenario(name: str, sizes: Mapping[str, int] | None = None) -> Scenario:
    """Build the scenario called `name`.

    Args:
        name: A key of `SCENARIOS`.
        sizes: How many of what, for the one that takes sizes.

    Raises:
        SimulatorError: There is no scenario of that name, or it takes no sizes.
    """
    module = SCENARIOS.get(name)
    if module is None:
        known = ", ".join(SCENARIOS)
        raise SimulatorError(f"There is no scenario {name!r}; the scenarios are {known}.")
    if strange := [each for each in sizes or () if each not in SIZED.get(name, ())]:
        options = ", ".join(f"--{each}" for each in strange)
        takers = [each for each, known in SIZED.items() if {*strange} <= {*known}]
        those = f"scenario {takers[0]} takes"
        if takers[1:]:
            those = f"scenarios {' and '.join(takers)} take"
        raise SimulatorError(f"Only the {those} sizes ({options}), not {name}.")
    build: Callable[..., Scenario] = import_module(module).build
    return build(**(sizes or {}))
