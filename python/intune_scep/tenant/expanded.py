"""Expanded collections that Graph sends in parts: the rest is behind a nextLink of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from intune_scep.errors import GraphTransportError
from intune_scep.tenant.tenant import Tenant

Wire = dict[str, Any]
_LINK: Final = "@odata.nextLink"


def is_partial(wire: Mapping[str, Any]) -> bool:
    """Whether an expanded collection of an object goes on elsewhere."""
    if _LINK not in "".join(wire):  # As nearly always, and this is asked of every profile.
        return False
    links = [name for name in wire if _is_link(name)]
    return any(wire[name] is not None for name in links)


async def completed(tenant: Tenant, wire: Mapping[str, Any]) -> Wire:
    """An object with its expanded collections whole, and without the links that led to the rest.

    Raises:
        GraphError, GraphTransportError: the rest could not be read, or is no list of objects.
        UnsafeLinkError: it is at no URL or on another host.
    """
    whole = dict(wire)
    for name in [name for name in wire if _is_link(name)]:
        # As a page's own link, so that it is checked the same way.
        link = tenant.session.next_link({_LINK: whole.pop(name)})
        collection = name.removesuffix(_LINK)
        if link is not None:
            first = whole.get(collection) or []
            whole[collection] = await with_rest(tenant, collection, first, link)
    return whole


async def with_rest(tenant: Tenant, what: str, first: list[Wire], link: str) -> list[Wire]:
    """The items of a collection with those behind its nextLink, none of them twice.

    Args:
        what: The collection, for messages.
        first: What came already.
        link: Where it goes on.

    Raises:
        GraphError, GraphTransportError: the rest could not be read, or is no list of objects.
        UnsafeLinkError: it leads to another host.
    """
    items = list(first)
    async for page in tenant.session.pages(link):
        for item in page:
            if not isinstance(item, dict):
                raise GraphTransportError(
                    f"Graph sent {what} in parts, and one that is no object.", hides_commit=False
                )
            if item not in items:
                items.append(item)
    return items


def _is_link(name: str) -> bool:
    return name.endswith(_LINK) and name != _LINK
