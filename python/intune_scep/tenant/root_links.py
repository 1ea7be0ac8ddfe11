"""Which trusted root profile each SCEP profile points at (GRAPH.md 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.session import checked_id
from intune_scep.profiles import Profile, parse_profile
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
    paths = [
        f"{CONFIGURATIONS}/{checked_id(profile.id or '')}"
        f"/microsoft.graph.{profile.profile_type.name}/rootCertificate"
        for profile in profiles
    ]
    answers = await read_batch(tenant.session, paths)
    return {
        profile.id or "": None if answer.not_found else answer.error or parse_profile(answer.body)
        for profile, answer in zip(profiles, answers, strict=True)
    }
