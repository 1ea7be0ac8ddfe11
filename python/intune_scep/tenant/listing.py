"""Listings of configurations: sets by id, in which one odd item costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from intune_scep.errors import GraphError, GraphTransportError, IntuneScepError, InvalidIdError
from intune_scep.graph.batch import BATCH_SIZE, BatchAnswer, read_batch
from intune_scep.graph.session import checked_id, require_same_id
from intune_scep.profiles import ProfileType
from intune_scep.tenant.expanded import completed, is_partial, with_rest
from intune_scep.tenant.profiles import CONFIGURATIONS, RESOURCE_ACCESS
from intune_scep.tenant.tenant import Tenant

Wire = dict[str, Any]
_EXPANDED: Final = {"$expand": "assignments"}
_COUNTED: Final = {"$count": "true"}


@dataclass(frozen=True)
class ReadFailure:
    """Something that should have been read and was not.

    Attributes:
        what: For example `the trusted root of iOS - SCEP - User - Mail`.
        why: The error in one sentence.
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass
class Listing:
    """What was listed, and what of it cannot be used.

    Attributes:
        items: Wire objects, none of one id twice, in Graph's order.
        pages: How many requests it took.
        left_out: Items, or parts of them, that were sent and are not in it, and how many Graph
            counts that it never sent.
        notes: What was not read on purpose, and what was read again, in sentences.
    """

    items: list[Wire] = field(default_factory=list)
    pages: int = 0
    left_out: list[ReadFailure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def list_configurations(
    tenant: Tenant,
    types: Sequence[ProfileType],
    wanted: Callable[[str], bool],
    *,
    with_assignments: bool,
    counted: bool = True,
) -> Listing:
    """List device configurations, in as few requests as Graph's paging allows.

    The first page is asked for the number of all items. Nobody has documented `$count` for this
    collection, so a server that refuses it is asked without. A server that does not accept the
    filter by type is asked for everything instead (GRAPH.md 3.6 grades long `isof` filters as
    practised only). One that does not expand assignments in a listing is asked for them 20
    profiles a request (GRAPH.md 3.5 has seen the expansion of one profile only).

    Args:
        types: What Graph is asked to filter by; all that it has if empty.
        wanted: Says of an `@odata.type` whether its items are kept.
        counted: Whether the number is asked for.

    Raises:
        GraphError, GraphTransportError: the listing failed.
    """
    by_type = " or ".join(f"isof('microsoft.graph.{row.name}')" for row in types)
    expand = _EXPANDED if with_assignments else {}
    queries = [*([{"$filter": by_type, **expand}] if by_type else []), expand]
    first = [{**queries[0], **_COUNTED}] if counted else []
    for query in (*first, *queries):
        try:
            return await _list(tenant, CONFIGURATIONS, query, wanted)
        except GraphError as error:
            if error.status != 400 or not query:
                raise
    listing = await list_configurations(
        tenant, types, wanted, with_assignments=False, counted=False
    )
    await _add_assignments(tenant, listing)
    return listing


async def list_resource_access(tenant: Tenant, wanted: Callable[[str], bool]) -> Listing:
    """Windows 10X profiles live in a collection of their own, with a permission of its own.

    Raises:
        GraphError, GraphTransportError: the listing failed otherwise than by being refused.
    """
    try:
        return await _list(tenant, RESOURCE_ACCESS, {}, wanted)
    except GraphError as error:
        if error.status not in {400, 403, 404}:
            raise
        note = (
            "Windows 10X profiles were not read: the retired collection resourceAccessProfiles"
            f" answered {error.status}. They cannot be changed here in any case."
        )
        return Listing(pages=1, notes=[note])


@dataclass
class _Pages:
    """What the pages of one reading of a collection held.

    Attributes:
        found: Id (lower case) to the item as it was sent last.
        differing: Ids of items that were sent with different content.
        left_out: Items that cannot be used.
        items: Everything that was sent, each id once.
        requests: How many it took.
        counted: How many Graph counts; None where it does not say.
    """

    found: dict[str, Wire] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)
    left_out: list[ReadFailure] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    requests: int = 0
    counted: int | None = None

    @property
    def lacking(self) -> int:
        """How many items Graph counts that no page held."""
        return max(0, (self.counted or 0) - len(self.items))

    def take(self, item: Any, wanted: Callable[[str], bool]) -> None:
        """Take in an item of a page."""
        identifier = item.get("id") if isinstance(item, dict) else None
        key = identifier.lower() if isinstance(identifier, str) else f"item {len(self.items)}"
        self.items.add(key)
        if (problem := _why_useless(item, wanted)) is not None:
            self.left_out.append(problem)
        elif wanted(item["@odata.type"]):
            self.add(key, item)

    def add(self, key: str, item: Wire) -> None:
        """Keep an item, in place of an earlier copy."""
        if key in self.found and self.found[key] != item:
            self.differing.add(key)
        self.found[key] = item

    def add_all(self, later: _Pages) -> None:
        """Take in what a later reading held."""
        for key, item in later.found.items():
            self.add(key, item)
        self.differing |= later.differing
        known = set(self.left_out)
        self.left_out += [item for item in later.left_out if item not in known]
        self.items |= later.items
        self.requests += later.requests
        self.counted = later.counted


@dataclass(frozen=True)
class _Question:
    """A collection that is listed, and what of it is wanted."""

    tenant: Tenant
    path: str
    query: Mapping[str, str]
    wanted: Callable[[str], bool]


async def _list(
    tenant: Tenant, path: str, query: Mapping[str, str], wanted: Callable[[str], bool]
) -> Listing:
    listing = Listing()
    question = _Question(tenant, path, query, cache(wanted))
    pages = await _read_pages(question)
    if pages.lacking:
        await _look_again(question, pages, listing)
    found = pages.found
    listing.pages = pages.requests
    listing.left_out += pages.left_out
    differing = [key for key in found if key in pages.differing]
    fresh = await _read_again(tenant, path, query, [found[key] for key in differing], listing)
    chosen = {**found, **dict(zip(differing, fresh, strict=True))}
    listing.items += [item for item in chosen.values() if item is not None]
    await _complete(tenant, listing)
    return listing


async def _read_pages(question: _Question) -> _Pages:
    pages = _Pages()
    on_first = 0
    session = question.tenant.session
    async for body in session.page_bodies(question.path, query=question.query):
        pages.requests += 1
        for item in body["value"]:
            pages.take(item, question.wanted)
        if pages.requests == 1:
            pages.counted, on_first = _whole_number(body.get("@odata.count")), len(body["value"])
    # Some services count the page, not the collection.
    if pages.requests > 1 and (pages.counted or 0) <= on_first:
        pages.counted = None
    return pages


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


async def _look_again(question: _Question, pages: _Pages, listing: Listing) -> None:
    """List once more what a listing lacks, and tell what came to light and what did not."""
    before = set(pages.found)
    pages.add_all(await _read_pages(question))
    for key in [key for key in pages.found if key not in before]:
        item = pages.found[key]
        listing.notes.append(
            f"{item.get('displayName')!r} ({item['id']}) was missing when the profiles were listed"
            " first: it slipped between two pages, or was made meanwhile. They were listed again."
        )
    if pages.lacking:
        listing.left_out.append(
            ReadFailure(
                f"{pages.lacking} of {pages.counted} items of the listing",
                f"Graph counts {pages.counted}, and pages that were read twice held"
                f" {len(pages.items)}. What is missing slipped between two pages, or was made"
                " meanwhile: look again.",
            )
        )


async def _complete(tenant: Tenant, listing: Listing) -> None:
    """Read the rest of what was expanded in parts; an item costs only itself."""
    for number, item in enumerate(listing.items):
        if not is_partial(item):
            continue
        try:
            whole = await completed(tenant, item)
        except IntuneScepError as error:
            listing.left_out.append(_half_assigned(item, error))
            continue
        if are_assignments(whole.get("assignments")):
            listing.items[number] = whole
        else:
            odd = GraphTransportError("The rest is of an unknown form.", hides_commit=False)
            listing.left_out.append(_half_assigned(item, odd))


def _why_useless(item: Any, wanted: Callable[[str], bool]) -> ReadFailure | None:
    """Why an item of a listing can be nobody's profile, or cannot be used as one."""
    if not isinstance(item, dict):
        kind = "null" if item is None else f"a {type(item).__name__}"
        return _left_out("an item of the listing", f"an item that is {kind}, not an object")
    odata_type = item.get("@odata.type")
    if not isinstance(odata_type, str) or not odata_type:
        return _left_out(_shown(item), "an item without @odata.type")
    if not wanted(odata_type):
        return None
    try:
        checked_id(item.get("id"))  # type: ignore[arg-type]  # it says so of anything else
    except InvalidIdError:
        what = "without an id" if item.get("id") is None else "with an id that none can be"
        return _left_out(_shown(item), f"a {odata_type} {what}")
    if not are_assignments(item.get("assignments")):
        return _left_out(_shown(item), f"a {odata_type} with assignments of an unknown form")
    return None


def _left_out(what: str, sent: str) -> ReadFailure:
    return ReadFailure(what, f"Graph sent {sent}: it was left out.")


def are_assignments(value: Any) -> bool:
    """Whether a value has the form of `assignments`; null is none that were listed."""
    if value is None:
        return True
    return isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("target") or {}, dict) for item in value
    )


def _shown(item: Mapping[str, Any]) -> str:
    name, identifier = item.get("displayName"), item.get("id")
    words = [repr(name)] if name is not None else []
    words += [f"({identifier!r})"] if identifier is not None else []
    return f"the item {' '.join(words)}" if words else "an item of the listing"


def _half_assigned(item: Mapping[str, Any], error: IntuneScepError) -> ReadFailure:
    return ReadFailure(
        f"all assignments of {item.get('displayName') or item.get('id')}",
        f"Graph sent them in parts, of which only the first was read: {error}",
    )


async def _read_again(
    tenant: Tenant, path: str, query: Mapping[str, str], items: Sequence[Wire], listing: Listing
) -> list[Wire | None]:
    """Read items as they are now that a listing has in several editions; None for one that is gone.

    What cannot be read again is taken as the listing had it last.
    """
    expand = "?$expand=assignments" if "$expand" in query else ""
    answers = await read_batch(tenant.session, [f"{path}/{item['id']}{expand}" for item in items])
    fresh: list[Wire | None] = []
    for item, answer in zip(items, answers, strict=True):
        shown = f"{item.get('displayName')!r} ({item['id']})"
        if answer.not_found:
            listing.notes.append(f"{shown} was deleted while the profiles were listed.")
            fresh.append(None)
            continue
        try:
            fresh.append(_item_in(item["id"], answer))
        except IntuneScepError as error:
            listing.left_out.append(
                ReadFailure(f"the present edition of {shown}, which was listed twice", str(error))
            )
            fresh.append(item)
            continue
        listing.notes.append(
            f"{shown} was listed more than once, with different content; it was read again."
        )
    return fresh


def _item_in(identifier: str, answer: BatchAnswer) -> Wire:
    if answer.error is not None:
        raise answer.error
    item = dict(require_same_id(identifier, answer.body))
    if not item.get("@odata.type"):
        raise GraphTransportError(
            f"Graph was asked for {identifier} and answered without its type.", hides_commit=False
        )
    return item


async def _add_assignments(tenant: Tenant, listing: Listing) -> None:
    """Read the assignments where a listing does not expand them."""
    paths = [f"{CONFIGURATIONS}/{item['id']}/assignments" for item in listing.items]
    listing.pages += -(-len(paths) // BATCH_SIZE)
    gone: set[str] = set()
    answers = await read_batch(tenant.session, paths)
    for item, answer in zip(listing.items, answers, strict=True):
        if answer.not_found:
            gone.add(item["id"])
            listing.notes.append(f"{_shown(item)} was deleted while the profiles were listed.")
            continue
        item["assignments"] = _assignments_in(answer)
        try:
            await _add_rest(tenant, item, answer)
        except IntuneScepError as error:
            listing.left_out.append(_half_assigned(item, error))
    listing.items[:] = [item for item in listing.items if item["id"] not in gone]


async def _add_rest(tenant: Tenant, item: Wire, answer: BatchAnswer) -> None:
    link = tenant.session.next_link(answer.body)
    if link is not None:
        first = item["assignments"]
        item["assignments"] = await with_rest(tenant, "assignments", first, link)


def _assignments_in(answer: BatchAnswer) -> list[Wire]:
    if answer.error is not None:
        raise answer.error
    values = answer.body.get("value") if isinstance(answer.body, dict) else None
    if not isinstance(values, list) or not are_assignments(values):
        raise GraphTransportError(
            f"The answer to GET {answer.path} is no list of assignments.", hides_commit=False
        )
    return values


def assignments_of(wires: Iterable[Mapping[str, Any]]) -> list[Wire]:
    """All assignments of listed items."""
    return [item for wire in wires for item in wire.get("assignments") or ()]
