"""Graph's way of writing instants."""

from datetime import UTC, datetime


def format_instant(seconds: float) -> str:
    """Epoch seconds as Graph writes them: UTC, seven fractional digits.

    The seventh digit is always 0: the clock counts microseconds.
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "0Z"


def parse_instant(text: str) -> float:
    """Epoch seconds of an ISO 8601 instant.

    Raises:
        ValueError: It is not one.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
