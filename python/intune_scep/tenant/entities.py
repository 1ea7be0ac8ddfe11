"""Listings of accounts and devices, read to their end, and how their texts are understood."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.tenant.tenant import Tenant

PAGE: Final = 999
HYBRID_JOINED: Final = "serverad"
"""`trustType`, in lower case, of a device that is joined to Active Directory too."""

MANAGED_DEVICES: Final = "deviceManagement/managedDevices"
UNMANAGED: Final = frozenset(
    {"eas", "intuneclient", "easintuneclient", "configurationmanagerclient", "jamf", "mssense"}
)
"""`managementAgent`, in lower case, of devices that Intune lists and somebody else manages: no
profile of Intune reaches them."""

Entity = Mapping[str, Any]
Failures = list[tuple[str, IntuneScepError]]
Progress = Callable[[int, int | None, str], None]
"""Called with how many were read, of how many (None where that is not known), and of what."""


async def read_entities(
    tenant: Tenant,
    what: str,
    path: str,
    select: str,
    failures: Failures,
    *,
    headers: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> AsyncIterator[Entity]:
    """Every usable item of a listing, 999 a page.

    Args:
        what: What they are, for messages.
        select: Which properties, `id` among them.
        failures: Gets a line if some of them have no id.

    Raises:
        GraphError, GraphTransportError: a page could not be read.
    """
    query = {"$select": select, "$top": str(PAGE)}
    count = odd = 0
    async for page in tenant.session.pages(path, query=query, headers=headers):
        for entity in page:
            if isinstance(entity, dict) and isinstance(entity.get("id"), str):
                yield entity
            else:
                odd += 1
        count += len(page)
        if progress is not None:
            progress(count, None, what)
    if odd:
        failures.append((f"some of the {what}", _without_id(odd)))


async def read_managed(
    tenant: Tenant,
    select: str,
    failures: Failures,
    *,
    headers: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> AsyncIterator[Entity]:
    """Every device that Intune itself manages; needs DeviceManagementManagedDevices.Read.All.

    Args:
        select: Which properties, `id` and `managementAgent` among them.

    Raises:
        GraphError, GraphTransportError: a page could not be read.
    """
    found = read_entities(
        tenant,
        "managed devices",
        MANAGED_DEVICES,
        select,
        failures,
        headers=headers,
        progress=progress,
    )
    async for entity in found:
        if word(entity, "managementAgent") not in UNMANAGED:
            yield entity


def word(entity: Entity, name: str) -> str:
    """A text in lower case; empty where there is none."""
    return str(entity.get(name) or "").strip().lower()


def guid(entity: Entity, name: str) -> str:
    """A GUID in lower case; empty where it says nothing."""
    return "" if is_blank(entity.get(name)) else word(entity, name)


def is_blank(value: Any) -> bool:
    """Whether a text says nothing; zeros alone, as in an empty GUID, say nothing either."""
    return not str(value or "").strip(" 0-:")


def _without_id(count: int) -> IntuneScepError:
    return GraphTransportError(
        f"Graph sent {count} of them without an id; they were not counted.", hides_commit=False
    )
