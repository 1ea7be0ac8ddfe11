"""Pages: which rows, the collection envelope and its opaque nextLink."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import bad_request
from intune_scep.simulator.messages import Response, dump_json, raw_json_response
from intune_scep.simulator.odata.options import Options
from intune_scep.simulator.resources import (
    Resource,
    count_resources,
    former_resource,
    select_resources,
)


@dataclass(frozen=True)
class Selection:
    """Rows of a collection: `source` is SQL after FROM, up to and with its conditions.

    Args:
        source: With `resource` among its tables and a WHERE clause.
        parameters: Values of its placeholders.
        order: Column that orders the rows; a page continues after its last value.
    """

    source: str
    parameters: Sequence[Any]
    order: str = "resource.seq"


def page_of(context: Context, options: Options, selection: Selection) -> tuple[list[Resource], str]:
    """One page of rows, and the token of the next ("" after the last)."""
    size = min(options.top or context.settings.page_size, context.settings.page_size)
    after = read_token(context, options.skip_token)
    source = f"{selection.source} AND {selection.order} > ? ORDER BY {selection.order} LIMIT ?"
    slipped = _slipped(context)
    limit = slipped + size + 1
    rows = list(
        select_resources(context.connection, source, [*selection.parameters, after, limit])
    )[slipped:]
    token = write_token(context, rows[size - 1].seq) if len(rows) > size else ""
    return [*_overlap(context, selection, after), *rows[:size]], token


def _slipped(context: Context) -> int:
    """How many rows a page lacks at its beginning, when a fault rule asks for it."""
    rule = context.misconduct or {}
    return int(rule.get("count", 1)) if rule.get("effect") == "slip" else 0


def part_size(context: Context) -> int | None:
    """How many assignments come at a time, when a fault rule says so."""
    rule = context.misconduct or {}
    return int(rule.get("size", 1)) if rule.get("effect") == "split" else None


def _overlap(context: Context, selection: Selection, last: int) -> list[Resource]:
    """The last row of the page before, once more, when a fault rule asks for it."""
    rule = context.misconduct or {}
    if rule.get("effect") != "overlap":
        return []
    source = f"{selection.source} AND {selection.order} = ?"
    rows = list(select_resources(context.connection, source, [*selection.parameters, last]))
    if not rule.get("stale"):
        return rows
    collection = context.request.path.rstrip("/").rpartition("/")[2]
    return [former_resource(context.connection, row, collection) for row in rows]


def total(context: Context, options: Options, selection: Selection) -> int | None:
    """`@odata.count`, when it is asked for."""
    if not options.count:
        return None
    return count_resources(context.connection, selection.source, selection.parameters)


def slice_of(context: Context, options: Options, items: Sequence[str]) -> tuple[Sequence[str], str]:
    """One page of ready items, and the token of the next."""
    largest = part_size(context) or context.settings.page_size
    size = min(options.top or largest, largest)
    start = read_token(context, options.skip_token)
    token = write_token(context, start + size) if start + size < len(items) else ""
    return items[start : start + size], token


def render_collection(
    context: Context,
    options: Options,
    fragment: str,
    items: Iterable[str],
    *,
    token: str,
    count: int | None = None,
) -> Response:
    """A collection's answer.

    Args:
        context: The request.
        options: Its query options.
        fragment: What follows `$metadata#` in `@odata.context`.
        items: JSON texts.
        token: Of the next page, or "".
        count: `@odata.count`.
    """
    head: dict[str, Any] = {"@odata.context": f"{context.base_url}/$metadata#{fragment}"}
    if count is not None:
        head["@odata.count"] = count
    if token:
        head["@odata.nextLink"] = _next_link(context, options, token)
    return raw_json_response(200, f'{dump_json(head)[:-1]},"value":[{",".join(items)}]}}')


def write_token(context: Context, position: int) -> str:
    """A page token: opaque, and refused when it was made by hand."""
    number = position.to_bytes(8, "big")
    return base64.urlsafe_b64encode(number + _seal(context.meta, number)).decode()


def read_token(context: Context, token: str | None) -> int:
    """The position a page token stands for; 0 without one."""
    if token is None:
        return 0
    try:
        data = base64.urlsafe_b64decode(token.encode())
    except ValueError:
        data = b""
    if len(data) != 16 or not hmac.compare_digest(data[8:], _seal(context.meta, data[:8])):
        raise bad_request("Skip token is not valid.")
    return int.from_bytes(data[:8], "big")


def _seal(meta: Mapping[str, Any], number: bytes) -> bytes:
    return hmac.digest(meta["signing_key"].encode(), b"page" + number, hashlib.sha256)[:8]


def _next_link(context: Context, options: Options, token: str) -> str:
    query = urlencode([*options.kept, ("$skiptoken", token)], quote_via=quote, safe="$")
    root = f"{context.request.scheme}://{context.request.host}"
    path = quote(context.request.path, safe="/()'$")
    return f"{root}{path}?{query}"
