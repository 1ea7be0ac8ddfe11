"""Certificate profiles: read back one by one, changed by the smallest write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.errors import GraphError, GraphTransportError
from intune_scep.graph.session import checked_id
from intune_scep.graph.write_once import Written, write_once
from intune_scep.profiles import (
    Profile,
    UnknownProfileTypeError,
    changed_properties,
    parse_profile,
)
from intune_scep.tenant.tenant import Tenant

CONFIGURATIONS = "deviceManagement/deviceConfigurations"
RESOURCE_ACCESS = "deviceManagement/resourceAccessProfiles"


class ProfileChangedError(IntuneScepError):
    """Somebody else changed the profile meanwhile (law 6)."""


async def read_profiles_by_id(
    tenant: Tenant, ids: Sequence[str], *, with_assignments: bool = False
) -> dict[str, Profile | IntuneScepError | None]:
    """Read profiles as they are now, 20 a request.

    Returns:
        By id: the profile, None where it no longer exists, or the error that kept it from being
        read.
    """
    query = "?$expand=assignments" if with_assignments else ""
    paths = [f"{CONFIGURATIONS}/{checked_id(identifier)}{query}" for identifier in ids]
    answers = await read_batch(tenant.session, paths)
    return {
        identifier: None
        if answer.not_found
        else answer.error or _profile_in(answer.body, identifier)
        for identifier, answer in zip(ids, answers, strict=True)
    }


def _profile_in(body: Any, identifier: str) -> Profile | IntuneScepError:
    """The profile that was asked for, or why an answer is not it."""
    sent = body.get("id") if isinstance(body, dict) else None
    if not isinstance(sent, str) or sent.lower() != identifier.lower():
        return GraphTransportError(
            f"Graph was asked for profile {identifier} and answered about {sent!r}.",
            hides_commit=False,
        )
    try:
        return parse_profile(body)
    except UnknownProfileTypeError as error:
        return error


async def read_profile(tenant: Tenant, identifier: str) -> Profile | None:
    """Read one profile; None where it does not exist.

    Raises:
        GraphError, GraphTransportError: it could not be read, or the answer is about another one.
    """
    try:
        body = await tenant.session.read(f"{CONFIGURATIONS}/{checked_id(identifier)}")
    except GraphError as error:
        if error.status == 404:
            return None
        raise
    found = _profile_in(body, identifier)
    if isinstance(found, IntuneScepError):
        raise found
    return found


async def patch_profile(
    tenant: Tenant, before: Profile, changes: Mapping[str, Any]
) -> Written[Profile | None]:
    """Change some properties of a profile, once, and nothing else (laws 2 and 4).

    Args:
        before: The profile as it was just read; what a re-read is compared with.
        changes: Wire properties with their new values, collections whole.

    Raises:
        GraphError, GraphTransportError: it failed and had no effect.
        OutcomeUnknownError: whether it had an effect could not be read back.
        ProfileChangedError: a re-read showed somebody else's change.
    """
    identifier = checked_id(before.id or "")
    body = {"@odata.type": before.odata_type, **changes}

    async def send() -> Profile | None:
        await tenant.session.write("PATCH", f"{CONFIGURATIONS}/{identifier}", body)
        return None

    async def look() -> Profile | None:
        return _effect(before, changes, await read_profile(tenant, identifier))

    return await write_once(send, look)


def _effect(before: Profile, changes: Mapping[str, Any], now: Profile | None) -> Profile | None:
    if now is None:
        raise ProfileChangedError(f"Profile {before.id} was deleted meanwhile.")
    if not changed_properties(now, {"@odata.type": before.odata_type, **changes}):
        return now
    if is_same_edition(before, now):
        return None
    raise ProfileChangedError(
        f"Profile {before.id} was changed by somebody else meanwhile"
        f" (version {before.version} is now {now.version})."
    )


def is_same_edition(one: Profile, other: Profile) -> bool:
    """Whether version and modification time say that nobody wrote in between (law 6)."""
    return (one.version, one.last_modified_date_time) == (
        other.version,
        other.last_modified_date_time,
    )
