"""Who a profile is assigned to: read, compared, replaced as a whole (GRAPH.md 3.5)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from intune_scep.graph.session import checked_id
from intune_scep.graph.write_once import Written, write_once
from intune_scep.tenant.profiles import CONFIGURATIONS, ProfileChangedError
from intune_scep.tenant.tenant import Tenant

Assignments = Sequence[dict[str, Any]]
"""`deviceConfigurationAssignment` objects, of which only target and intent count here."""


def same_assignments(one: Assignments, other: Assignments) -> bool:
    """Whether two sets of assignments mean the same; order, ids and sources mean nothing."""
    return {_meaning(item) for item in one} == {_meaning(item) for item in other}


def _meaning(assignment: dict[str, Any]) -> Hashable:
    target = assignment.get("target") or {}
    chosen = target.get("deviceAndAppManagementAssignmentFilterType") or "none"
    narrowed = target.get("deviceAndAppManagementAssignmentFilterId") if chosen != "none" else None
    return (
        str(target.get("@odata.type")).lower(),
        str(target.get("groupId") or "").lower(),
        str(target.get("collectionId") or "").lower(),
        chosen,
        str(narrowed or "").lower(),
        assignment.get("intent") or "apply",
    )


async def read_assignments(tenant: Tenant, identifier: str) -> list[dict[str, Any]]:
    """The assignments of one profile.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}/assignments"
    return [item async for page in tenant.session.pages(path) for item in page]


async def assign_profile(
    tenant: Tenant, identifier: str, before: Assignments, after: Assignments
) -> Written[bool]:
    """Make `after` the whole set of a profile's assignments, once (law 4).

    Args:
        before: As they were read; what a re-read is compared with.
        after: Objects with a target, and an intent where it is not to apply.

    Raises:
        GraphError, GraphTransportError: it failed and had no effect.
        OutcomeUnknownError: whether it had an effect could not be read back.
        ProfileChangedError: a re-read showed somebody else's change.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}/assign"
    body = {"assignments": [_sent(item) for item in after]}

    async def send() -> bool:
        await tenant.session.write("POST", path, body)
        return True

    async def look() -> bool | None:
        now = await read_assignments(tenant, identifier)
        if same_assignments(now, after):
            return True
        if same_assignments(now, before):
            return None
        raise ProfileChangedError(
            f"The assignments of profile {identifier} were changed by somebody else meanwhile."
        )

    return await write_once(send, look)


def _sent(assignment: dict[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {"target": assignment["target"]}
    if assignment.get("intent", "apply") != "apply":
        sent["intent"] = assignment["intent"]
    return sent
