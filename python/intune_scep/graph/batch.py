"""Reading many things in few requests with $batch (GRAPH.md 4.2).

Only reads: certificate writes in a batch have not been observed, and 100 writes in 20 s is the
limit with or without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intune_scep.errors import GraphError, GraphTransportError
from intune_scep.graph.answers import parse_answer
from intune_scep.graph.errors import error_from_response
from intune_scep.graph.retry import is_repeatable, policy, retry_after_seconds
from intune_scep.graph.session import GraphSession

BATCH_SIZE = 20
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class BatchAnswer:
    """What Graph said to one request of a batch.

    Attributes:
        path: The request's path, relative to the version.
        body: Parsed body of a success, else None.
        error: The error of a failure, else None.
    """

    path: str
    body: Any = None
    error: GraphError | GraphTransportError | None = None

    @property
    def not_found(self) -> bool:
        return isinstance(self.error, GraphError) and self.error.status == 404


async def read_batch(
    session: GraphSession, paths: Sequence[str], *, headers: Mapping[str, str] | None = None
) -> list[BatchAnswer]:
    """GET many paths, 20 at a time, and answer in the same order.

    Items that fail in passing (429, 5xx, no answer) are asked again by themselves; one that keeps
    failing carries its error, so that one bad profile does not hide the others.

    Args:
        headers: Sent with each of them.

    Raises:
        GraphError, GraphTransportError: the batch request itself failed for good.
    """
    answers: dict[int, BatchAnswer] = {}
    for start in range(0, len(paths), BATCH_SIZE):
        chunk = dict(enumerate(paths[start : start + BATCH_SIZE], start))
        answers.update(await _read_chunk(session, chunk, headers))
    return [answers[index] for index in range(len(paths))]


class _UnfinishedError(GraphTransportError):
    """Some items are to be asked again after the longest wait that one of them named."""

    def __init__(self, retry_after: str | None) -> None:
        super().__init__("Part of a $batch failed.", hides_commit=False)
        self.retry_after = retry_after


async def _read_chunk(
    session: GraphSession, chunk: Mapping[int, str], headers: Mapping[str, str] | None
) -> dict[int, BatchAnswer]:
    answers: dict[int, BatchAnswer] = {}
    try:
        async for attempt in policy(lambda error: isinstance(error, _UnfinishedError)):
            with attempt:
                open_items = {
                    index: path
                    for index, path in chunk.items()
                    if index not in answers or _asks_again(answers[index])
                }
                answers.update(await _ask(session, open_items, headers))
                again = [answers[index] for index in chunk if _asks_again(answers[index])]
                if again:
                    raise _UnfinishedError(_longest_wait(again))
    except _UnfinishedError:
        pass  # The items that kept failing carry their own errors.
    return answers


async def _ask(
    session: GraphSession, items: Mapping[int, str], headers: Mapping[str, str] | None
) -> dict[int, BatchAnswer]:
    more = {"headers": dict(headers)} if headers else {}
    requests = [
        {"id": str(i), "method": "GET", "url": f"/{path}", **more} for i, path in items.items()
    ]
    body = await session.repeat_read(
        "POST",
        "$batch",
        body={"requests": requests},
        items=len(requests),
        refusals=_refusals,
    )
    by_id = {str(item.get("id")): item for item in _responses(body)}
    clean = session.engine.redactor.clean
    return {index: _answer(path, by_id.get(str(index)), clean) for index, path in items.items()}


def _responses(body: Any) -> list[dict[str, Any]]:
    received = body.get("responses") if isinstance(body, dict) else None
    items = received if isinstance(received, list) else []
    return [item for item in items if isinstance(item, dict)]


def _refusals(body: Any) -> list[str | None]:
    """The Retry-After of each item that was refused for rate."""
    refused = [item for item in _responses(body) if item.get("status") == _TOO_MANY_REQUESTS]
    return [_headers(item).get("retry-after") for item in refused]


def _answer(path: str, item: Mapping[str, Any] | None, clean: Callable[[str], str]) -> BatchAnswer:
    status = None if item is None else item.get("status")
    if item is None or not isinstance(status, int) or isinstance(status, bool):
        missing = GraphTransportError(f"A $batch left GET {path} unanswered.", hides_commit=False)
        return BatchAnswer(path, error=missing)
    body = item.get("body")
    body = parse_answer(body) if isinstance(body, str) else body
    if 200 <= status < 300:
        return BatchAnswer(path, body=body)
    shown = path.partition("?")[0]
    error = error_from_response("GET", shown, status, _headers(item), body, clean=clean)
    return BatchAnswer(path, error=error)


def _headers(item: Mapping[str, Any]) -> dict[str, str]:
    given = item.get("headers")
    return {
        str(name).lower(): str(value)
        for name, value in (given.items() if isinstance(given, dict) else ())
    }


def _asks_again(answer: BatchAnswer) -> bool:
    return answer.error is not None and is_repeatable(answer.error)


def _longest_wait(answers: Sequence[BatchAnswer]) -> str | None:
    told = [a.error.retry_after for a in answers if a.error and a.error.retry_after]
    return max(told, key=lambda value: retry_after_seconds(value) or 0.0, default=None)
