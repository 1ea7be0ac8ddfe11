"""The seven writes, each sent once. They look at nothing and decide nothing: `changes` does.

The caller has taken a place among the writes (`GraphSession.take_write_place`). Where writes need
the approval of another administrator, `permit` is what they are sent with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intune_scep.errors import GraphError, GraphTransportError, ProfileChangedError
from intune_scep.graph.approval import Permit
from intune_scep.graph.session import GraphResponse, checked_id
from intune_scep.profiles import Profile
from intune_scep.profiles.parsing import parse_written
from intune_scep.profiles.targets import APPLY, intent_of
from intune_scep.tenant.dependants import collection_link_path, single_link_path
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.root_links import bind_url, link_path
from intune_scep.tenant.tenant import Tenant

_NOT_FOUND = 404


async def create_profile(
    tenant: Tenant, body: Mapping[str, Any], root_id: str | None, *, permit: Permit | None = None
) -> Profile:
    """Make a profile, bound to its root.

    Args:
        body: Writable wire properties with `@odata.type` and `displayName`.

    Raises:
        GraphError, GraphTransportError: no answer says what was made.
    """
    sent = dict(body)
    if root_id is not None:
        sent["rootCertificate@odata.bind"] = bind_url(tenant, root_id)
    answer = await _send(tenant, permit, "POST", CONFIGURATIONS, sent)
    if not isinstance(answer.body, dict) or not answer.body.get("id"):
        raise GraphTransportError(
            "The answer to a create does not say what was created.", hides_commit=True
        )
    return parse_written({"@odata.type": body["@odata.type"], **answer.body})


async def patch_profile(
    tenant: Tenant,
    identifier: str,
    odata_type: str,
    changes: Mapping[str, Any],
    *,
    permit: Permit | None = None,
) -> None:
    """Change some properties, collections whole, and nothing else (law 2).

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}"
    body = {"@odata.type": odata_type, **changes}
    await _send(tenant, permit, "PATCH", path, body)


async def link_root(
    tenant: Tenant,
    identifier: str,
    odata_type: str,
    root_id: str | None,
    *,
    permit: Permit | None = None,
) -> None:
    """Let a SCEP profile point at a trusted root, or at none.

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
    """
    await _refer(tenant, permit, link_path(identifier, odata_type), root_id)


async def link_certificate(
    tenant: Tenant,
    identifier: str,
    odata_type: str,
    link: str,
    profile_id: str | None,
    *,
    permit: Permit | None = None,
) -> None:
    """Let a dependant point at a certificate profile, or at none.

    Args:
        link: Name of the navigation property.

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
        PlanError: the type has no such link.
    """
    path = single_link_path(identifier, odata_type, link)
    await _refer(tenant, permit, path, profile_id)


async def attach_certificate(
    tenant: Tenant,
    identifier: str,
    odata_type: str,
    link: str,
    profile_id: str,
    *,
    permit: Permit | None = None,
) -> None:
    """Let a link that may lead to several profiles lead to one more (GRAPH.md 3.4).

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
        PlanError: the type has no such link.
    """
    path = collection_link_path(identifier, odata_type, link)
    body = {"@odata.id": bind_url(tenant, profile_id)}
    await _send(tenant, permit, "POST", f"{path}/$ref", body)


async def _refer(tenant: Tenant, permit: Permit | None, path: str, target: str | None) -> None:
    if target is None:
        await _send(tenant, permit, "DELETE", f"{path}/$ref")
    else:
        body = {"@odata.id": bind_url(tenant, target)}
        await _send(tenant, permit, "PUT", f"{path}/$ref", body)


async def assign_profile(
    tenant: Tenant,
    identifier: str,
    assignments: Sequence[Mapping[str, Any]],
    *,
    permit: Permit | None = None,
) -> None:
    """Replace a profile's assignments as a whole (GRAPH.md 3.5).

    Args:
        assignments: Objects with a target, and an intent where it is not to apply.

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}/assign"
    body = {"assignments": [_sent(item) for item in assignments]}
    await _send(tenant, permit, "POST", path, body)


def _sent(assignment: Mapping[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {"target": assignment["target"]}
    if (intent := intent_of(assignment)) != APPLY:
        sent["intent"] = intent
    return sent


async def delete_profile(tenant: Tenant, identifier: str, *, permit: Permit | None = None) -> None:
    """Delete a profile; one that is gone already counts as deleted.

    Raises:
        GraphError, GraphTransportError: Graph refused, or no answer came.
    """
    try:
        path = f"{CONFIGURATIONS}/{checked_id(identifier)}"
        await _send(tenant, permit, "DELETE", path)
    except GraphError as error:
        if error.status != _NOT_FOUND:
            raise


async def _send(
    tenant: Tenant, permit: Permit | None, method: str, path: str, body: Any = None
) -> GraphResponse:
    if permit is None:
        return await tenant.session.write(method, path, body)
    if not permit.covers(method, path, body):
        raise ProfileChangedError(
            f"The approval {permit.code} is of another change than this one. Nothing was sent."
        )
    content = (permit.content or None) if permit.code else None
    return await tenant.session.write(method, path, body, headers=permit.headers, content=content)
