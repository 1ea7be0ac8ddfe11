"""Contoso: a company with a grown Intune tenant.

Everything that strong mapping has to tell apart is here several times, written the way
administrators leave it behind: drafts, duplicates, experiments with the SID variable, legacy SAN
fields, retired platforms. No date depends on the clock.
"""

from intune_scep.simulator.scenario import Application, Scenario, Wire
from intune_scep.simulator.scenarios.contoso import (
    android,
    apple,
    dependants,
    issued,
    retired,
    windows,
)
from intune_scep.simulator.scenarios.contoso.machines import (
    device_wire,
    machines,
    managed_device_wire,
)
from intune_scep.simulator.scenarios.contoso.membership import group_wires, members
from intune_scep.simulator.scenarios.contoso.people import DOMAIN, people, user_wire
from intune_scep.simulator.scenarios.contoso.roots import ROOTS
from intune_scep.simulator.scenarios.contoso.targets import assignment_filters, role_scope_tags
from intune_scep.simulator.scenarios.wire import Placed, stable_id

_SCEP = (*windows.PROFILES, *apple.PROFILES, *android.PROFILES, *retired.WINDOWS_PHONE)
_USERS_OF_CERTIFICATES = tuple(each.placed for each in dependants.DEPENDANTS)
_CONFIGURATIONS: tuple[Placed, ...] = (
    *ROOTS.values(),
    *_SCEP,
    *dependants.PKCS,
    *_USERS_OF_CERTIFICATES,
)


def build() -> Scenario:
    """The whole tenant."""
    everybody = people()
    every_machine = machines(everybody)
    return Scenario(
        tenant_id=stable_id("tenant", "contoso"),
        display_name="Contoso",
        default_domain=DOMAIN,
        users=tuple(user_wire(person) for person in everybody),
        groups=group_wires(),
        members=members(everybody, every_machine),
        devices=tuple(device_wire(machine) for machine in every_machine),
        managed_devices=tuple(managed_device_wire(machine) for machine in every_machine),
        assignment_filters=assignment_filters(),
        role_scope_tags=role_scope_tags(),
        profiles=tuple(placed.wire for placed in _mixed(_CONFIGURATIONS)),
        root_links={placed.id: placed.root_id for placed in _SCEP if placed.root_id},
        links=tuple(link for each in dependants.DEPENDANTS for link in each.links()),
        assignments=_assignments(),
        certificates=issued.certificates(every_machine),
        resource_access_profiles=tuple(placed.wire for placed in retired.WINDOWS_10X),
        applications=_applications(),
    )


def _mixed(profiles: tuple[Placed, ...]) -> list[Placed]:
    """Mixed as in a real list, not sorted by what the profiles are."""
    return sorted(profiles, key=lambda placed: placed.id)


def _assignments() -> dict[str, tuple[Wire, ...]]:
    every = (*_CONFIGURATIONS, *retired.WINDOWS_10X)
    return {placed.id: placed.targets for placed in every if placed.targets}


def _applications() -> tuple[Application, ...]:
    return (
        Application(
            client_id=stable_id("application", "contoso/intune-scep"),
            display_name="intune-scep",
            secret="simulator-only-secret",  # noqa: S106 - opens a simulated tenant only
        ),
        Application(
            client_id=stable_id("application", "contoso/intune-scep-readonly"),
            display_name="intune-scep (read only)",
            roles=(
                "DeviceManagementConfiguration.Read.All",
                "GroupMember.Read.All",
                "User.Read.All",
            ),
            secret="simulator-only-secret",  # noqa: S106 - opens a simulated tenant only
        ),
    )
