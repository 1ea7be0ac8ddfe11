"""The table of paths the simulator answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from intune_scep.simulator.handlers import (
    assign,
    catalogue,
    export_jobs,
    navigation,
    profiles,
    reports,
    sign_in,
)
from intune_scep.simulator.permissions import (
    APPROVALS,
    AUTHENTICATION_METHODS,
    CONFIGURATION,
    DEVICES,
    GROUPS,
    MANAGED_DEVICES,
    ORGANIZATION,
    REPORTS,
    SCOPE_TAGS,
    SERVICE_CONFIGURATION,
    USERS,
    Permissions,
)

BETA = frozenset({"beta"})
BOTH = frozenset({"beta", "v1.0"})


@dataclass(frozen=True)
class Route:
    """One path and verb.

    Args:
        method: HTTP verb.
        template: Path after the version; `{name}` takes any segment, `{cast}` a type's.
        handler: Who answers.
        permissions: Which roles open it.
        versions: Versions of Graph that have it.
        reads: Whether it only reads, whatever its verb.
        begins_job: Whether it asks for an export job, which have limits of their own.
    """

    method: str
    template: str
    handler: profiles.Handler
    permissions: Permissions
    versions: frozenset[str] = BETA
    reads: bool = False
    begins_job: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The template, split."""
        return tuple(self.template.split("/"))

    @property
    def protectable(self) -> bool:
        """Whether it changes what multi admin approval may protect here."""
        return self.writes and self.template.startswith(_CONFIGURATIONS)

    @property
    def writes(self) -> bool:
        """Whether it changes the tenant."""
        return self.method != "GET" and not self.reads


_CONFIGURATIONS = "deviceManagement/deviceConfigurations"
_ACCESS = "deviceManagement/resourceAccessProfiles"


def _profile_routes(
    path: str,
    collection: profiles.ProfileCollection,
    permissions: Permissions,
    versions: frozenset[str],
) -> Iterator[Route]:
    item = f"{path}/{{id}}"
    yield Route("GET", path, profiles.list_profiles(collection), permissions, versions)
    yield Route("POST", path, profiles.create_profile(collection), permissions)
    yield Route("GET", item, profiles.get_profile(collection), permissions, versions)
    yield Route("PATCH", item, profiles.change_profile(collection), permissions, BOTH)
    yield Route("DELETE", item, profiles.delete_profile(collection), permissions)
    yield Route("GET", f"{item}/{{cast}}", profiles.get_profile(collection), permissions)
    yield Route("POST", f"{item}/assign", assign.assign(collection), permissions)
    yield Route("GET", f"{item}/assignments", assign.list_assignments(collection), permissions)


def _navigation_routes() -> Iterator[Route]:
    uncast = f"{_CONFIGURATIONS}/{{id}}/{{navigation}}"
    cast = f"{_CONFIGURATIONS}/{{id}}/{{cast}}/{{navigation}}"
    yield Route("GET", uncast, navigation.refuse_uncast, CONFIGURATION)
    yield Route("GET", cast, navigation.get_navigation, CONFIGURATION)
    yield Route("PUT", f"{cast}/$ref", navigation.put_reference, CONFIGURATION)
    yield Route("POST", f"{cast}/$ref", navigation.post_reference, CONFIGURATION)
    yield Route("DELETE", f"{cast}/$ref", navigation.delete_reference, CONFIGURATION)
    yield Route(
        "DELETE",
        f"{cast}/{{target}}/$ref",
        navigation.delete_collection_reference,
        CONFIGURATION,
    )


def _catalogue_routes() -> Iterator[Route]:
    rows = (
        ("users", "users", "user", USERS, BOTH),
        ("groups", "groups", "group", GROUPS, BOTH),
        ("devices", "devices", "device", DEVICES, BOTH),
        ("organization", "organization", "organization", ORGANIZATION, BOTH),
        (
            "deviceManagement/managedDevices",
            "managedDevices",
            "managedDevice",
            MANAGED_DEVICES,
            BOTH,
        ),
        (
            "deviceManagement/assignmentFilters",
            "assignmentFilters",
            "deviceAndAppManagementAssignmentFilter",
            CONFIGURATION,
            BETA,
        ),
        ("deviceManagement/roleScopeTags", "roleScopeTags", "roleScopeTag", SCOPE_TAGS, BETA),
        (
            "deviceManagement/operationApprovalRequests",
            "operationApprovalRequests",
            "operationApprovalRequest",
            APPROVALS,
            BETA,
        ),
        ("deviceManagement/ndesConnectors", "ndesConnectors", "ndesConnector", CONFIGURATION, BETA),
    )
    for path, collection, kind, permissions, versions in rows:
        everything = catalogue.list_entities(collection, kind, path)
        one = catalogue.get_entity(collection, kind, path)
        yield Route("GET", path, everything, permissions, versions)
        yield Route("GET", f"{path}/{{id}}", one, permissions, versions)
    for name, transitive in (("members", False), ("transitiveMembers", True)):
        handler = catalogue.list_members(transitive=transitive)
        yield Route("GET", f"groups/{{id}}/{name}", handler, GROUPS, BOTH)
        yield Route("GET", f"groups/{{id}}/{name}/{{cast}}", handler, GROUPS, BOTH)
    yield Route(
        "GET",
        "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates",
        catalogue.list_all_certificate_states,
        CONFIGURATION,
    )


def _report_routes() -> Iterator[Route]:
    path = "deviceManagement/reports/exportJobs"
    yield Route("POST", path, export_jobs.create_job, REPORTS, BOTH, reads=True, begins_job=True)
    yield Route("GET", f"{path}/{{id}}", export_jobs.get_job, REPORTS, BOTH)
    yield Route(
        "POST",
        "deviceManagement/reports/getConfigurationPolicyDevicesReport",
        reports.policy_devices,
        REPORTS,
        reads=True,
    )


def _policy_routes() -> Iterator[Route]:
    path = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}"
    yield Route("GET", path, sign_in.get_method, AUTHENTICATION_METHODS)


ROUTES: tuple[Route, ...] = (
    *_profile_routes(_CONFIGURATIONS, profiles.DEVICE_CONFIGURATIONS, CONFIGURATION, BETA),
    *_profile_routes(_ACCESS, profiles.RESOURCE_ACCESS, SERVICE_CONFIGURATION, BETA),
    *_navigation_routes(),
    *_catalogue_routes(),
    *_report_routes(),
    *_policy_routes(),
)


@cache
def _by_length() -> Mapping[int, tuple[Route, ...]]:
    lengths = {len(route.segments) for route in ROUTES}
    return {
        length: tuple(route for route in ROUTES if len(route.segments) == length)
        for length in lengths
    }


def find_routes(segments: tuple[str, ...], version: str) -> list[tuple[Route, Mapping[str, str]]]:
    """Every verb a path has, with the values of its parameters; fixed segments come first."""
    found: list[tuple[Route, Mapping[str, str]]] = []
    for route in _by_length().get(len(segments), ()):
        parameters = _match(route.segments, segments)
        if parameters is not None and version in route.versions:
            found.append((route, parameters))
    return found


def _match(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for wanted, given in zip(template, segments, strict=True):
        if not wanted.startswith("{"):
            if wanted != given:
                return None
            continue
        if (wanted == "{cast}") != given.startswith("microsoft.graph."):
            return None
        parameters[wanted.strip("{}")] = given
    return parameters
