"""Users' security identifiers: what an issued certificate should be mapped to."""

from __future__ import annotations

from intune_scep.tenant.tenant import Tenant

_QUERY = {"$select": "userPrincipalName,onPremisesSecurityIdentifier", "$top": "999"}


async def read_user_sids(tenant: Tenant) -> dict[str, str | None]:
    """Read the on-premises SID of every user (GRAPH.md 2: returned only on `$select`).

    Returns:
        By user principal name: the SID, or None for a user who is not synchronised. An entry
        without a name is nobody's, and whoever is looked up by it is told as not found.

    Raises:
        GraphError, GraphTransportError: the users could not be read; needs User.Read.All.
    """
    sids: dict[str, str | None] = {}
    async for page in tenant.session.pages("users", query=_QUERY):
        for user in page:
            name = user.get("userPrincipalName") if isinstance(user, dict) else None
            if isinstance(name, str):
                sids[name] = user.get("onPremisesSecurityIdentifier") or None
    return sids
