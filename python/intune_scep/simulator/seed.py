"""Makes a tenant file from a scenario."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from intune_scep.simulator.assignments import new_assignment, replace_assignments
from intune_scep.simulator.bodies import checked_complex, new_entity, read_type
from intune_scep.simulator.certificates import State, add_states, new_state, validity_seconds
from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.context import derive_id
from intune_scep.simulator.errors import SimulatorError
from intune_scep.simulator.fleet.checkins import settle_fleet
from intune_scep.simulator.fleet.platforms import delivers_certificates
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.links import ROOT, add_links
from intune_scep.simulator.resources import (
    ASSIGNMENT_FILTERS,
    DEVICES,
    GROUPS,
    MANAGED_DEVICES,
    NDES_CONNECTORS,
    ORGANIZATION,
    PROFILES,
    RESOURCE_ACCESS_PROFILES,
    ROLE_SCOPE_TAGS,
    USERS,
    add_resources,
    find_resource,
    select_resources,
)
from intune_scep.simulator.scenario import Application, Certificate, Scenario, Wire, build_scenario
from intune_scep.simulator.schema import (
    DEVICE_CONFIGURATION,
    RESOURCE_ACCESS_PROFILE,
    StructuredType,
    require_entity_type,
)
from intune_scep.simulator.settings import Settings
from intune_scep.simulator.store import Store, create_file, read_meta, write_meta

_DATES = (
    "createdDateTime",
    "creationDateTime",
    "lastModifiedDateTime",
    "enrolledDateTime",
    "lastConnectionDateTime",
)
_LONG_SILENT = 30 * 86_400
_TARGET = "deviceAndAppManagementAssignmentTarget"


def seed_database(
    path: str | os.PathLike[str],
    scenario: str | Scenario = "contoso",
    *,
    applications: Iterable[Application] = (),
    settings: Settings | None = None,
    sizes: Mapping[str, int] | None = None,
    now: float | None = None,
) -> None:
    """Create or replace the tenant file `path`.

    Args:
        path: The file; it appears whole or not at all, readable by its owner only.
        scenario: Name of a scenario, or one.
        applications: App registrations besides the scenario's.
        settings: The tenant's settings.
        sizes: How many of what, for a scenario by name that takes sizes.
        now: Epoch seconds by the clock that the tenant will be opened with; the machine's by
            default.

    Raises:
        SimulatorError: The scenario is unknown or does not fit the schema table, or the file
            cannot be written or is there already and no tenant file.
    """
    content = build_scenario(scenario, sizes) if isinstance(scenario, str) else scenario
    name = scenario if isinstance(scenario, str) else scenario.display_name
    target = Path(path)
    _refuse_foreign(target)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    connection = create_file(draft)
    try:
        connection.execute("BEGIN IMMEDIATE")
        chosen = settings or Settings(**content.settings)
        _load(connection, content, name, chosen, tuple(applications))
        _begin_cycles(connection, content, chosen, time.time() if now is None else now)
        write_meta(connection, "sizes", dict(sizes or {}))
        connection.execute("COMMIT")
        connection.close()
        draft.replace(target)
    except GraphError as error:
        raise SimulatorError(f"The scenario does not fit the schema: {error.reason}") from error
    finally:
        connection.close()
        draft.unlink(missing_ok=True)


def _refuse_foreign(target: Path) -> None:
    """Replacing a file that is no tenant would destroy somebody's work."""
    if target.exists() and (not target.is_file() or target.stat().st_size > 0):
        Store(target).close()


def _load(
    connection: sqlite3.Connection,
    scenario: Scenario,
    name: str,
    settings: Settings,
    applications: tuple[Application, ...],
) -> None:
    start = parse_instant(scenario.start)
    facts = {
        "tenant_id": scenario.tenant_id.lower(),
        "default_domain": scenario.default_domain,
        "scenario": name,
        "seed": f"seed|{scenario.tenant_id}",
        "signing_key": secrets.token_hex(32),
        "clock_skew": 0.0,
        "settings": settings.to_dict(),
    }
    for key, value in facts.items():
        write_meta(connection, key, value)
    for application in (*scenario.applications, *applications):
        connection.execute(
            "INSERT OR REPLACE INTO application VALUES (?, ?)",
            (application.client_id.lower(), json.dumps(asdict(application))),
        )
    _load_entities(connection, scenario, start)
    _load_relations(connection, scenario)
    if not settings.check_in_seconds:
        _load_certificates(connection, scenario.certificates)


def _load_entities(connection: sqlite3.Connection, scenario: Scenario, start: float) -> None:
    organization = {"id": scenario.tenant_id, "displayName": scenario.display_name}
    plain = (
        (ORGANIZATION, "organization", (organization,)),
        (USERS, "user", scenario.users),
        (GROUPS, "group", scenario.groups),
        (DEVICES, "device", scenario.devices),
        (MANAGED_DEVICES, "managedDevice", scenario.managed_devices),
        (
            ASSIGNMENT_FILTERS,
            "deviceAndAppManagementAssignmentFilter",
            scenario.assignment_filters,
        ),
        (ROLE_SCOPE_TAGS, "roleScopeTag", scenario.role_scope_tags),
        (NDES_CONNECTORS, "ndesConnector", tuple(each.wire for each in scenario.connectors)),
    )
    for collection, type_name, entities in plain:
        kind = require_entity_type(type_name)
        add_resources(connection, collection, (_entity(kind, each, start) for each in entities))
    for collection, base, profiles in (
        (PROFILES, DEVICE_CONFIGURATION, scenario.profiles),
        (RESOURCE_ACCESS_PROFILES, RESOURCE_ACCESS_PROFILE, scenario.resource_access_profiles),
    ):
        add_resources(
            connection,
            collection,
            (_entity(read_type(each, base), each, start) for each in profiles),
        )


def _entity(kind: StructuredType, wire: Wire, start: float) -> dict[str, Any]:
    known: dict[str, Any] = {
        name: _instant(wire.get(name), start) for name in _DATES if name in kind.properties
    }
    known["id"] = wire["id"].lower()
    if "version" in kind.properties:
        known["version"] = wire.get("version", 1)
    return new_entity(kind, wire, known)


def _instant(given: str | None, start: float) -> str:
    return format_instant(parse_instant(given) if given else start)


def _load_relations(connection: sqlite3.Connection, scenario: Scenario) -> None:
    connection.executemany(
        "INSERT INTO membership (group_id, member_id) VALUES (?, ?)",
        (
            (group.lower(), member.lower())
            for group, members in scenario.members.items()
            for member in members
        ),
    )
    roots = [(scep, ROOT, root) for scep, root in scenario.root_links.items()]
    others = [(link.source_id, link.navigation, link.target_id) for link in scenario.links]
    for source, navigation, target in (*roots, *others):
        _check_link(connection, source, navigation, target)
    add_links(
        connection,
        (
            (source.lower(), navigation, target.lower())
            for source, navigation, target in (*roots, *others)
        ),
    )
    for profile, targets in scenario.assignments.items():
        whole = [
            new_assignment(profile.lower(), checked_complex("target", dict(target), _TARGET))
            for target in targets
        ]
        replace_assignments(connection, profile.lower(), whole)


def _check_link(connection: sqlite3.Connection, source: str, navigation: str, target: str) -> None:
    holder = find_resource(connection, PROFILES, source)
    pointed = find_resource(connection, PROFILES, target)
    wanted = holder.type.navigation.get(navigation) if holder else None
    if wanted is None or pointed is None or not pointed.type.is_a(wanted.target):
        raise SimulatorError(
            f"The scenario links {source} by {navigation} to {target}: impossible."
        )


def _load_certificates(connection: sqlite3.Connection, certificates: Iterable[Certificate]) -> None:
    rows = []
    for number, certificate in enumerate(certificates):
        profile = _require(connection, PROFILES, certificate.profile_id)
        device = _require(connection, MANAGED_DEVICES, certificate.managed_device_id)
        user = find_resource(connection, USERS, device.get("userId") or "")
        state = new_state(
            derive_id("certificate", number, profile["id"], device["id"]),
            profile,
            device,
            user.entity if user else None,
            parse_instant(certificate.issued),
        )
        rows.append((profile["id"], device["id"], state | _overrides(certificate)))
    add_states(connection, rows)


def _begin_cycles(
    connection: sqlite3.Connection, scenario: Scenario, settings: Settings, now: float
) -> None:
    """Connectors and their hosts; with check-in cycles the certificates and the devices too."""
    connection.executemany(
        "INSERT INTO fleet_connector (id, hosts) VALUES (?, ?)",
        (
            (each.wire["id"].lower(), None if each.hosts is None else json.dumps(each.hosts))
            for each in scenario.connectors
        ),
    )
    if not settings.check_in_seconds:
        return
    later = now - parse_instant(scenario.start) if scenario.moves_with_time else 0.0
    validity = {
        profile.id: validity_seconds(profile.entity)
        for profile in select_resources(
            connection, "resource WHERE resource.collection = ?", [PROFILES]
        )
        if delivers_certificates(profile.type)
    }
    connection.executemany(
        "INSERT INTO certificate (profile_id, managed_device_id, via, edition, issued, expires)"
        " VALUES (?, ?, ?, 1, ?, ?)",
        _dated(scenario.certificates, validity, later),
    )
    settle_fleet(connection, read_meta(connection), now)
    connection.executemany(
        "UPDATE fleet_device SET silent_since = ? WHERE id = ?",
        ((now - _LONG_SILENT, device.lower()) for device in scenario.silent),
    )


def _dated(
    certificates: Iterable[Certificate], validity: Mapping[str, float], later: float
) -> Iterator[tuple[str, str, str | None, float, float]]:
    for each in certificates:
        issued = parse_instant(each.issued) + later
        ends = issued + validity[each.profile_id]
        yield each.profile_id, each.managed_device_id, each.via, issued, ends


def _overrides(certificate: Certificate) -> State:
    given = {
        "certificateIssuanceState": certificate.state,
        "certificateRevokeStatus": certificate.revoke_status,
        "certificateErrorCode": certificate.error_code,
    }
    if certificate.expires is not None:
        given["certificateExpirationDateTime"] = format_instant(parse_instant(certificate.expires))
    if certificate.serial_number is not None:
        given["certificateSerialNumber"] = certificate.serial_number
    return given


def _require(
    connection: sqlite3.Connection, collection: str, resource_id: str
) -> Mapping[str, Any]:
    resource = find_resource(connection, collection, resource_id)
    if resource is None:
        raise SimulatorError(f"The scenario has no {resource_id} in {collection}.")
    return resource.entity
