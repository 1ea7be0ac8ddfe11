"""Which trusted root profile each SCEP profile points at (GRAPH.md 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intune_scep.errors import GraphError, GraphTransportError, IntuneScepError
from intune_scep.graph.batch import BatchAnswer, read_batch
from intune_scep.graph.session import checked_id
from intune_scep.profiles import (
    Profile,
    ProfileKind,
    TrustedRootProfile,
    find_profile_type,
    require_profile_type,
)
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant

RootLink = TrustedRootProfile | IntuneScepError | None
"""A trusted root, None where none is bound, or the error that kept the link from being read."""


async def read_root_links(
    tenant: Tenant, profiles: Sequence[Profile], *, with_assignments: bool = False
) -> dict[str, RootLink]:
    """Read the trusted root of each SCEP profile, 20 a request.

    The link is never part of a plain GET; it is read through the cast to the concrete type.

    Args:
        with_assignments: Ask for whom each root is assigned to in the same request. Nobody has
            seen whether Graph expands them there; where it refuses, the roots come without.

    Returns:
        By SCEP profile id.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
    """
    query = "?$expand=assignments" if with_assignments else ""
    answers = await read_batch(tenant.session, [_path(profile) + query for profile in profiles])
    links = {
        profile.id or "": _link(answer) for profile, answer in zip(profiles, answers, strict=True)
    }
    _share_roots(links)
    if with_assignments and (refused := [p for p in profiles if _is_refusal(links[p.id or ""])]):
        links |= await read_root_links(tenant, refused)
    return links


def _share_roots(links: dict[str, RootLink]) -> None:
    """Let the profiles of one root have one model of it, if it was the same at each reading."""
    known: dict[str | None, TrustedRootProfile] = {}
    for key, link in links.items():
        if isinstance(link, TrustedRootProfile):
            first = known.setdefault(link.id, link)
            if first is not link and first.wire == link.wire:
                links[key] = first


def _is_refusal(link: RootLink) -> bool:
    return isinstance(link, GraphError) and link.status == 400


def _link(answer: BatchAnswer) -> RootLink:
    if answer.not_found:
        return None
    return answer.error or _root_in(answer.body)


def _root_in(body: Any) -> RootLink:
    """A trusted root profile as Graph sends it, or what is wrong with it."""
    odata_type = body.get("@odata.type") if isinstance(body, dict) else None
    kind = find_profile_type(odata_type) if isinstance(odata_type, str) else None
    if kind is not None and kind.kind is ProfileKind.TRUSTED_ROOT and body.get("id"):
        root = kind.model.from_wire(body, copy=False)
        assert isinstance(root, TrustedRootProfile)
        return root
    sent = f"a {odata_type}" if odata_type else "something"
    return GraphTransportError(
        f"Graph sent {sent}, which is no trusted root profile.", hides_commit=False
    )


def bind_url(tenant: Tenant, root_id: str) -> str:
    """How a link names the profile it leads to: a URL at the cloud's own host."""
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
    root = _root_in(body)
    if isinstance(root, IntuneScepError):
        raise root
    return root.id if root is not None else None


def link_path(identifier: str, odata_type: str) -> str:
    """Where the root link of a SCEP profile is read and written: through the cast to its type."""
    name = require_profile_type(odata_type).name
    return f"{CONFIGURATIONS}/{checked_id(identifier)}/microsoft.graph.{name}/rootCertificate"


def _path(profile: Profile) -> str:
    return link_path(profile.id or "", profile.odata_type)
