"""`$batch`: up to 20 requests in one (GRAPH.md 4.2)."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from intune_scep.simulator.bodies import read_object
from intune_scep.simulator.conduct import edit_around
from intune_scep.simulator.context import Context
from intune_scep.simulator.faults import Fault, decide_fault
from intune_scep.simulator.graph_errors import bad_request, fault_error, render_error
from intune_scep.simulator.messages import Request, Response, json_response

if TYPE_CHECKING:
    from intune_scep.simulator.core import Core

_LARGEST = 20
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Item:
    """One request of a batch, syntax checked."""

    id: str
    request: Request
    depends_on: str | None


def is_batch(path: str) -> bool:
    """Whether `path` is the batch endpoint."""
    return path in ("/beta/$batch", "/v1.0/$batch")


def run_batch(core: "Core", request: Request) -> Response:
    """Answer a batch: every item in a transaction of its own, inside an outer 200."""
    items: list[Item] = []

    def read(context: Context) -> Response:
        items.extend(_read_items(context))
        return Response(200)

    with core.store.transaction() as connection:
        context = core.open_context(connection, request)
        fault = decide_fault(context)
        stopped = fault is not None and fault.before
        if fault is not None and fault.bends:
            edit_around(context, fault.rule, "before")
        opening = Response(200) if stopped else core.attempt(context, read)
        if stopped or opening.status != 200:
            return core.close_context(context, None if stopped else opening, fault)
    answers = _run_items(core, context, items, fault)
    with core.store.transaction() as connection:
        context.connection = connection
        if fault is not None and fault.bends:
            edit_around(context, fault.rule, "after")
        response = json_response(200, {"responses": answers}, opening.headers)
        return core.close_context(context, response, fault)


def _run_items(
    core: "Core", context: Context, items: Sequence[Item], fault: Fault | None
) -> list[dict[str, Any]]:
    statuses: dict[str, int] = {}
    answers = []
    for number, item in enumerate(_in_order(items), start=1):
        struck = fault is not None and fault.is_item and number == fault.item
        response = _run_item(core, context, item, statuses, fault if struck else None)
        statuses[item.id] = response.status
        answers.append(_answer(item, response))
    # Graph promises no order; this one is the same in every run.
    return sorted(
        answers,
        key=lambda answer: hashlib.sha256(
            f"{context.meta['seed']}|{context.number}|{answer['id']}".encode()
        ).digest(),
    )


def _run_item(
    core: "Core",
    context: Context,
    item: Item,
    statuses: Mapping[str, int],
    fault: Fault | None,
) -> Response:
    if item.depends_on is not None and statuses[item.depends_on] >= 400:
        return render_error(context, fault_error(424, "plain", {}))
    if fault is not None and fault.rule["when"] == "before":
        return _struck(context, fault)
    response = core.serve(item.request, batch=context.number)
    if fault is not None:
        return _struck(context, fault)
    if response.effect is not None:
        # Inside a batch a lost answer is the gateway's timeout.
        return render_error(context, fault_error(504, "empty", {}))
    return response


def _struck(context: Context, fault: Fault) -> Response:
    status = int(fault.rule.get("status", 503))
    return render_error(
        context, fault_error(status, fault.rule.get("form"), fault.headers(context))
    )


def _in_order(items: Sequence[Item]) -> list[Item]:
    first = [item for item in items if item.depends_on is None]
    waiting = [item for item in items if item.depends_on is not None]
    done = {item.id for item in first}
    while waiting:
        ready = [item for item in waiting if item.depends_on in done]
        if not ready:
            break
        first += ready
        done |= {item.id for item in ready}
        waiting = [item for item in waiting if item.id not in done]
    return first


def _answer(item: Item, response: Response) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": item.id, "status": response.status}
    # The date is of the answer that carries it.
    answer["headers"] = {name: value for name, value in response.headers.items() if name != "Date"}
    if response.headers.get("Content-Type") == "application/json":
        answer["body"] = response.json()
    elif response.body:
        answer["body"] = base64.b64encode(response.body).decode()
    return answer


def _read_items(context: Context) -> list[Item]:
    if context.request.method != "POST":
        raise bad_request("The batch endpoint takes POST.")
    requests = read_object(context.request).get("requests")
    if not isinstance(requests, list) or not requests:
        raise bad_request("Invalid batch payload format: 'requests' must be a non-empty array.")
    if len(requests) > _LARGEST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {_LARGEST}.")
    items = [_read_item(context, each) for each in requests]
    if len({item.id for item in items}) < len(items):
        raise bad_request("Request ids in a batch must be unique.")
    _check_dependencies(items)
    return items


def _read_item(context: Context, given: Any) -> Item:
    if not isinstance(given, dict):
        raise bad_request("Invalid batch payload format: a request is an object.")
    item_id, method, url = _read_id(given.get("id")), given.get("method"), given.get("url")
    if not item_id:
        raise bad_request("Every request of a batch needs an id, a string or a whole number.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise bad_request(f"The method of batch request '{item_id}' is missing or unknown.")
    if not isinstance(url, str) or not url or "://" in url or url.startswith("//"):
        raise bad_request(f"Invalid request URI of batch request '{item_id}': must be relative.")
    headers = _read_headers(item_id, given.get("headers", {}))
    body = given.get("body")
    if body is not None and "content-type" not in headers:
        raise bad_request(f"Content-Type header of batch request '{item_id}' is missing.")
    path, _, query = url.partition("?")
    full = f"/{context.version}/{path.lstrip('/')}"
    if is_batch(full):
        raise bad_request("A batch cannot contain a batch.")
    outer = context.request
    return Item(
        id=item_id,
        request=Request(
            method=method.upper(),
            path=unquote(full),
            query=query,
            headers={"authorization": outer.headers.get("authorization", ""), **headers},
            body=b"" if body is None else json.dumps(body).encode(),
            scheme=outer.scheme,
            host=outer.host,
        ),
        depends_on=_read_dependency(item_id, given.get("dependsOn")),
    )


def _read_id(given: Any) -> str:
    """An id as Graph answers with it, "" for what is none.

    Strings are documented; IntuneCD sends whole numbers and reads strings (GRAPH.md 4.2).
    """
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given if isinstance(given, str) else ""


def _read_headers(item_id: str, given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise bad_request(f"The headers of batch request '{item_id}' are malformed.")
    return {name.lower(): value for name, value in given.items()}


def _read_dependency(item_id: str, given: Any) -> str | None:
    if given in (None, []):
        return None
    wanted = _read_id(given[0]) if isinstance(given, list) and len(given) == 1 else ""
    if not wanted:
        raise bad_request(f"Batch request '{item_id}' can depend on one other request only.")
    return wanted


def _check_dependencies(items: Sequence[Item]) -> None:
    ids = [item.id for item in items]
    dependent = [item for item in items if item.depends_on is not None]
    if any(item.depends_on not in ids or item.depends_on == item.id for item in dependent):
        raise bad_request("A batch request depends on a request that is not in the batch.")
    same = len({item.depends_on for item in dependent}) <= 1
    serial = [item.depends_on for item in items] == [None, *ids[:-1]]
    if not same and not serial:
        raise bad_request("Batch requests must all depend on the one before, or on the same one.")
