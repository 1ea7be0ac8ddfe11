"""Making profiles and taking them away, each at most once (law 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from intune_scep.graph.errors import GraphError, GraphTransportError, OutcomeUnknownError
from intune_scep.graph.session import checked_id
from intune_scep.graph.write_once import Written, write_once
from intune_scep.profiles import Profile, changed_properties, parse_profile, require_profile_type
from intune_scep.tenant.profiles import (
    CONFIGURATIONS,
    ProfileChangedError,
    is_same_edition,
    read_profile,
)
from intune_scep.tenant.root_links import bind_url
from intune_scep.tenant.snapshot import read_profiles
from intune_scep.tenant.tenant import Tenant


async def create_profile(
    tenant: Tenant,
    body: Mapping[str, Any],
    *,
    root_id: str | None = None,
    known_ids: Collection[str] = (),
) -> Written[Profile]:
    """Create a profile once, bound to its root.

    After a lost answer the tenant is read again: a profile of the same type and name that was not
    there before and holds what was sent is adopted, so that no second one is made.

    Args:
        body: Writable wire properties with `@odata.type` and `displayName`.
        root_id: The trusted root to bind, for a SCEP profile.
        known_ids: Ids of the profiles that were there before.

    Raises:
        GraphError, GraphTransportError: it failed and nothing was created.
        OutcomeUnknownError: whether it was created could not be read back, or cannot be told.
        ProfileChangedError: somebody else created a profile of that name meanwhile.
    """
    sent = dict(body)
    if root_id is not None:
        sent["rootCertificate@odata.bind"] = bind_url(tenant, root_id)

    async def send() -> Profile:
        answer = await tenant.session.write("POST", CONFIGURATIONS, sent)
        if not isinstance(answer.body, dict) or not answer.body.get("id"):
            raise GraphTransportError(
                "The answer to a create does not say what was created.", hides_commit=True
            )
        return parse_profile(answer.body)

    async def look() -> Profile | None:
        return await _find_created(tenant, body, known_ids)

    return await write_once(send, look)


async def _find_created(
    tenant: Tenant, body: Mapping[str, Any], known_ids: Collection[str]
) -> Profile | None:
    kind = require_profile_type(body.get("@odata.type"))
    snapshot = await read_profiles(tenant, [kind])
    new = [
        profile
        for profile in snapshot.profiles
        if profile.display_name == body.get("displayName") and profile.id not in known_ids
    ]
    ours = [profile for profile in new if not changed_properties(profile, body)]
    if len(ours) == 1:
        return ours[0]
    if ours:
        ids = ", ".join(sorted(profile.id or "?" for profile in ours))
        raise OutcomeUnknownError(
            f"Several new profiles look like the one that was being created: {ids}."
        )
    if new:
        raise ProfileChangedError(
            f"Somebody else created a profile named {body.get('displayName')!r} meanwhile:"
            f" {new[0].id}."
        )
    return None


async def delete_profile(tenant: Tenant, before: Profile) -> Written[bool]:
    """Delete a profile once; one that is gone already counts as deleted.

    Args:
        before: The profile as it was just read; what a re-read is compared with.

    Raises:
        GraphError, GraphTransportError: it failed and had no effect.
        OutcomeUnknownError: whether it had an effect could not be read back.
        ProfileChangedError: a re-read showed somebody else's change.
    """
    identifier = checked_id(before.id or "")

    async def send() -> bool:
        try:
            await tenant.session.write("DELETE", f"{CONFIGURATIONS}/{identifier}")
        except GraphError as error:
            if error.status != 404:
                raise
        return True

    async def look() -> bool | None:
        now = await read_profile(tenant, identifier)
        if now is None:
            return True
        if is_same_edition(before, now):
            return None
        raise ProfileChangedError(f"Profile {identifier} was changed by somebody else meanwhile.")

    return await write_once(send, look)
