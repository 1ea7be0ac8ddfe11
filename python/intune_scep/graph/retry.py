"""When a request may be repeated, and how long to wait first.

tenacity alone governs repetition; the SDK's own retry and redirect handlers are not in the chain.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_before_delay
from tenacity.wait import wait_base, wait_random_exponential

from intune_scep.errors import GraphError, GraphTransportError

MAX_ATTEMPTS = 6
MAX_TOTAL_SECONDS = 300.0
_LOG = logging.getLogger("intune_scep.graph")
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)
REPEATABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


def retry_after_seconds(value: str | None, *, now: datetime | None = None) -> float | None:
    """Read a Retry-After header in each form Graph uses (GRAPH.md 4.1).

    Args:
        value: Whole seconds, fractional seconds (`2.128`), an HTTP date, or None.

    Returns:
        Seconds to wait, from 0 to `MAX_TOTAL_SECONDS`, at which nobody waits any more; None where
        the header says nothing usable.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return _bounded(seconds) if seconds < float("inf") else None
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _bounded((moment - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_TOTAL_SECONDS)


class WaitAsTold(wait_base):
    """Wait as long as Graph says, else exponentially longer with full jitter."""

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        told = retry_after_seconds(getattr(error, "retry_after", None))
        return told if told is not None else _BACKOFF(retry_state)


def is_repeatable(error: BaseException) -> bool:
    """Whether a request without effect on data may be sent again after this error."""
    if isinstance(error, GraphError):
        return error.status in REPEATABLE_STATUSES
    return isinstance(error, GraphTransportError) and error.may_repeat


def never_sent(error: BaseException) -> bool:
    """Whether the request surely never reached Graph, so that all may begin anew."""
    return isinstance(error, GraphTransportError) and error.may_repeat and not error.hides_commit


def policy(repeatable: Callable[[BaseException], bool]) -> AsyncRetrying:
    """Repetition after the errors that are `repeatable`: so often, so long, and as Graph says."""
    return AsyncRetrying(
        stop=stop_after_attempt(MAX_ATTEMPTS) | stop_before_delay(MAX_TOTAL_SECONDS),
        wait=WaitAsTold(),
        retry=retry_if_exception(repeatable),
        before_sleep=_tell,
        reraise=True,
    )


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    _LOG.info(
        "Trying again in %.1f s (attempt %d of %d): %s",
        wait,
        state.attempt_number + 1,
        MAX_ATTEMPTS,
        _in_short(error),
    )


def _in_short(error: BaseException | None) -> str:
    if isinstance(error, GraphError):
        told = ", as it asked" if error.retry_after else ""
        return f"{error.method} {error.path} was answered {error.status}{told}"
    return str(error)
