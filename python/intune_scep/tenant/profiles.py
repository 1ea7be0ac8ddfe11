"""Certificate profiles, read one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intune_scep.errors import GraphError, IntuneScepError
from intune_scep.graph.batch import BatchAnswer, read_batch
from intune_scep.graph.session import checked_id, require_same_id
from intune_scep.profiles import Profile, parse_profile
from intune_scep.profiles.dependants import name_of_dependant
from intune_scep.profiles.parsing import parse_written
from intune_scep.tenant.expanded import completed, is_partial
from intune_scep.tenant.tenant import Tenant

CONFIGURATIONS = "deviceManagement/deviceConfigurations"
RESOURCE_ACCESS = "deviceManagement/resourceAccessProfiles"


async def read_profiles_by_id(
    tenant: Tenant,
    ids: Sequence[str],
    *,
    with_assignments: bool = False,
    types: Mapping[str, str] | None = None,
) -> dict[str, Profile | IntuneScepError | None]:
    """Read profiles as they are now, 20 a request.

    Args:
        types: Id to the type it must be of, for those that are no certificate profiles.

    Returns:
        By id: the profile, None where it no longer exists, or the error that kept it from being
        read.
    """
    query = "?$expand=assignments" if with_assignments else ""
    paths = [f"{CONFIGURATIONS}/{checked_id(identifier)}{query}" for identifier in ids]
    answers = await read_batch(tenant.session, paths)
    return {
        identifier: await _answered(tenant, identifier, answer, (types or {}).get(identifier))
        for identifier, answer in zip(ids, answers, strict=True)
    }


async def _answered(
    tenant: Tenant, identifier: str, answer: BatchAnswer, odata_type: str | None
) -> Profile | IntuneScepError | None:
    if answer.error is not None:
        return None if answer.not_found else answer.error
    try:
        return await _profile_in(tenant, identifier, answer.body, odata_type)
    except IntuneScepError as error:
        return error


async def read_profile(
    tenant: Tenant,
    identifier: str,
    *,
    with_assignments: bool = False,
    odata_type: str | None = None,
) -> Profile | None:
    """Read one profile; None where it does not exist.

    Args:
        odata_type: The type it must be of, where that is a dependant's and no certificate
            profile's.

    Raises:
        GraphError, GraphTransportError: it could not be read, or the answer is about another one.
    """
    query = {"$expand": "assignments"} if with_assignments else None
    try:
        body = await tenant.session.read(f"{CONFIGURATIONS}/{checked_id(identifier)}", query=query)
    except GraphError as error:
        if error.status == 404:
            return None
        raise
    return await _profile_in(tenant, identifier, body, odata_type)


async def _profile_in(
    tenant: Tenant, identifier: str, body: Any, odata_type: str | None
) -> Profile:
    wire = require_same_id(identifier, body)
    whole = await completed(tenant, wire) if is_partial(wire) else dict(wire)
    wanted = name_of_dependant(odata_type)
    if wanted is not None and wanted == name_of_dependant(whole.get("@odata.type")):
        return parse_written(whole, copy=False)
    return parse_profile(whole, copy=False)
