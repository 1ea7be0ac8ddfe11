"""A long, fixed sequence of requests: what both doors must answer alike."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .bodies import SCEP_ROOTS, SID_URI, UPN, group_target, root, scep, target_of, wire_type
from .graph import DEVICE_CONFIGURATIONS, RESOURCE_ACCESS, Json, one

GROUP = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d01"
MISSING = "0f1c2d3e-0000-4000-8000-00000000dead"
EVENTUAL = {"ConsistencyLevel": "eventual"}


@dataclass(frozen=True)
class Step:
    """One request. `{n}` in path and body stands for the id that the n-th create returned.

    Args:
        method: HTTP verb.
        path: Under `/beta`, or from the root when it begins with a slash.
        body: JSON; None for no body.
        content: Raw body instead.
        headers: Further headers.
        anonymous: Without a token.
    """

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    headers: Json = field(default_factory=dict)
    anonymous: bool = False


def recording() -> Iterator[Step]:
    """The sequence, for a tenant seeded with scenario contoso."""
    yield from _reads()
    yield from _writes()
    yield from _refusals()
    yield from _batches()
    yield from _faults()
    yield from _control()


def _reads() -> Iterator[Step]:
    yield Step("PUT", "/_simulator/settings", {"page_size": 40})
    for path in (
        DEVICE_CONFIGURATIONS,
        f"{DEVICE_CONFIGURATIONS}/",
        f"{DEVICE_CONFIGURATIONS}?$top=3&$count=true",
        f"{DEVICE_CONFIGURATIONS}?$expand=assignments&$top=5",
        f"{DEVICE_CONFIGURATIONS}?$select=id,displayName&$top=5",
        f"{DEVICE_CONFIGURATIONS}?%24filter=isof(%27microsoft.graph.iosScepCertificateProfile%27)",
        f"{DEVICE_CONFIGURATIONS}?$filter=contains(displayName,'S%2FMIME')",
        f"{DEVICE_CONFIGURATIONS}?$filter=displayName%20eq%20'K%C3%B6ln%20%26%20more'",
        RESOURCE_ACCESS,
        "users?$top=4",
        "users?$select=id,onPremisesSecurityIdentifier&$top=4",
        "devices?$top=4",
        "groups",
        "deviceManagement/managedDevices?$top=4",
        "deviceManagement/assignmentFilters",
        "deviceManagement/roleScopeTags",
        "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates?$top=4",
        "organization",
        "/v1.0/users?$top=2",
        "/v1.0/deviceManagement/deviceConfigurations",
    ):
        yield Step("GET", path)
    yield Step("GET", "users?$filter=startswith(displayName,'Anna')&$count=true", headers=EVENTUAL)


def _writes() -> Iterator[Step]:
    for name, root_name in SCEP_ROOTS.items():
        yield Step("POST", DEVICE_CONFIGURATIONS, root(root_name, displayName=f"Rööt {name}"))
        yield Step("POST", DEVICE_CONFIGURATIONS, scep(name))
    bound = scep(displayName="Bound") | {
        "rootCertificate@odata.bind": "https://graph.microsoft.com/beta/" + one("{0}")
    }
    yield Step("POST", DEVICE_CONFIGURATIONS, bound)
    cast = "microsoft.graph.windows81SCEPCertificateProfile"
    for path in (
        one("{18}"),
        f"{DEVICE_CONFIGURATIONS}('{{18}}')",
        one("{18}", cast),
        one("{18}", cast, "rootCertificate"),
        one("{1}", cast, "rootCertificate"),
        one("{18}", "rootCertificate"),
        one("{18}") + "?$expand=assignments",
        one("{18}") + "?$expand=rootCertificate",
        one("{18}", cast, "managedDeviceCertificateStates"),
        one("{18}", "assignments"),
    ):
        yield Step("GET", path)
    yield Step("GET", one("{18}"), headers={"Accept": "application/json;odata.metadata=full"})
    typed = {"@odata.type": wire_type("windows81SCEPCertificateProfile")}
    yield Step("PATCH", one("{18}"), typed | {"customSubjectAlternativeNames": [UPN, SID_URI]})
    yield Step("PATCH", one("{18}"), typed | {"description": "größer"})
    targets = [group_target(GROUP), target_of("allDevicesAssignmentTarget")]
    yield Step("POST", one("{18}", "assign"), {"assignments": targets})
    yield Step("GET", one("{18}", "assignments"))
    reference = {"@odata.id": "https://graph.microsoft.com/beta/" + one("{2}")}
    yield Step("PUT", one("{18}", cast, "rootCertificate", "$ref"), reference)
    yield Step("DELETE", one("{18}", cast, "rootCertificate", "$ref"))
    yield Step("DELETE", one("{18}", cast, "rootCertificate", "$ref"))
    yield Step("GET", one("{18}"))
    yield Step("DELETE", one("{3}"))
    yield Step("GET", one("{3}"))
    yield Step("PUT", "/_simulator/settings", {"documented_statuses": True})
    yield Step("PATCH", one("{18}"), typed | {"description": "documented"})
    yield Step("POST", one("{18}", "assign"), {"assignments": []})
    yield Step("DELETE", one("{1}"))
    yield Step("PUT", "/_simulator/settings", {"documented_statuses": False})


def _refusals() -> Iterator[Step]:
    yield Step("GET", DEVICE_CONFIGURATIONS, anonymous=True)
    yield Step("GET", DEVICE_CONFIGURATIONS, headers={"Authorization": "Bearer nonsense"})
    yield Step("GET", one(MISSING))
    yield Step("GET", "deviceManagement/nonsense")
    yield Step("GET", "/nonsense")
    yield Step("GET", "/")
    yield Step("GET", f"{DEVICE_CONFIGURATIONS}?$filter=(((")
    yield Step("GET", f"{DEVICE_CONFIGURATIONS}?$skiptoken=forged")
    yield Step("PUT", one("{18}"), scep())
    yield Step("POST", DEVICE_CONFIGURATIONS, content=b"{")
    yield Step("POST", DEVICE_CONFIGURATIONS, content=b"")
    yield Step("POST", DEVICE_CONFIGURATIONS, content=b"\xff\xfe")
    yield Step("POST", DEVICE_CONFIGURATIONS, [])
    yield Step("POST", DEVICE_CONFIGURATIONS, scep(keySize="size1"))
    empty = [{"sanType": "userPrincipalName", "name": ""}]
    yield Step("POST", DEVICE_CONFIGURATIONS, scep(customSubjectAlternativeNames=empty))
    yield Step("PATCH", one("{18}"), {"description": "untyped"})
    yield Step("HEAD", DEVICE_CONFIGURATIONS)
    yield Step("OPTIONS", DEVICE_CONFIGURATIONS)
    yield Step("TRACE", DEVICE_CONFIGURATIONS)
    yield Step("GET", DEVICE_CONFIGURATIONS, headers={"client-request-id": "mine"})


def _batches() -> Iterator[Step]:
    items = [{"id": str(n), "method": "GET", "url": f"/{one(MISSING)}"} for n in range(20)]
    items[3]["url"] = f"/{DEVICE_CONFIGURATIONS}?$top=1"
    items[5]["dependsOn"] = ["4"]
    yield Step("POST", "$batch", {"requests": items})
    yield Step("POST", "$batch", {"requests": [*items, *items]})
    absolute = {"id": "1", "method": "GET", "url": "https://graph.microsoft.com/beta/users"}
    yield Step("POST", "$batch", {"requests": [absolute]})


def _faults() -> Iterator[Step]:
    match = {"method": "GET", "path": "users$"}
    for effect in (429, 500, 503, 504, "html_502"):
        rule = {"match": match, "effect": effect, "retry_after": 2.128, "times": 1}
        yield Step("PUT", "/_simulator/faults", [rule])
        yield Step("GET", "users?$top=1")
        yield Step("GET", "users?$top=1")
    after = {"match": {"method": "POST"}, "when": "after", "effect": 504, "times": 1}
    yield Step("PUT", "/_simulator/faults", [after])
    yield Step("POST", DEVICE_CONFIGURATIONS, scep(displayName="Ghost"))
    yield Step("GET", f"{DEVICE_CONFIGURATIONS}?$filter=displayName%20eq%20'Ghost'")
    yield Step("DELETE", "/_simulator/faults")


def _control() -> Iterator[Step]:
    yield Step("POST", "/_simulator/clock", {"advance": 86400})
    yield Step("GET", "/_simulator/settings")
    yield Step("GET", "/_simulator/faults")
    yield Step("GET", "/_simulator/nonsense")
    yield Step("PUT", "/_simulator/settings", {"nonsense": 1})
    yield Step("GET", "/_simulator/requests")
    yield Step("PUT", "/_simulator/settings", {"read_only": True})
    yield Step("DELETE", one("{18}"))
