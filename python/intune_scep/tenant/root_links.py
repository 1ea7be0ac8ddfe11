"""Which trusted root profile each SCEP profile points at (GRAPH.md 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.errors import GraphError
from intune_scep.graph.session import checked_id
from intune_scep.profiles import Profile, parse_profile, require_profile_type
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant


async def read_root_links(
    tenant: Tenant, profiles: Sequence[Profile]
) -> dict[str, Profile | IntuneScepError | None]:
    """Read the trusted root of each SCEP profile, 20 a request.

    The link is never part of a plain GET; it is read through the cast to the concrete type.

    Returns:
        By SCEP profile id: the trusted root profile, None where none is bound, or the error that
        kept it from being read.
    """
    answers = await read_batch(tenant.session, [_path(profile) for profile in profiles])
    return {
        profile.id or "": None if answer.not_found else answer.error or parse_profile(answer.body)
        for profile, answer in zip(profiles, answers, strict=True)
    }


def bind_url(tenant: Tenant, root_id: str) -> str:
    """How a link names a trusted root profile: a URL at the cloud's own host."""
    base = tenant.session.engine.cloud.base_url
    return f"{base}/{CONFIGURATIONS}('{checked_id(root_id)}')"


async def read_root_id(tenant: Tenant, identifier: str, odata_type: str) -> str | None:
    """Id of the trusted root a SCEP profile points at; None where there is none.

    Raises:
        GraphError, GraphTransportError: it could not be read.
    """
    try:
        body = await tenant.session.read(link_path(identifier, odata_type))
    except GraphError as error:
        if error.status == 404:
            return None
        raise
    return str(body.get("id"))


def link_path(identifier: str, odata_type: str) -> str:
    """Where the root link of a SCEP profile is read and written: through the cast to its type."""
    name = require_profile_type(odata_type).name
    return f"{CONFIGURATIONS}/{checked_id(identifier)}/microsoft.graph.{name}/rootCertificate"


def _path(profile: Profile) -> str:
    return link_path(profile.id or "", profile.odata_type)
