"""The query options of a request."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl

from intune_scep.simulator.graph_errors import bad_request

_KNOWN = frozenset(
    {
        "$filter",
        "$select",
        "$expand",
        "$top",
        "$count",
        "$skiptoken",
        "$orderby",
        "$search",
        "$skip",
    }
)


@dataclass(frozen=True)
class Options:
    """Query options, syntax checked.

    Args:
        filter: `$filter`, as sent.
        select: Names in `$select`; None when there is none.
        expand: Names in `$expand`.
        top: `$top`.
        count: `$count=true`.
        skip_token: `$skiptoken`.
        kept: The options that a nextLink repeats, in their order.
    """

    filter: str | None = None
    select: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()
    top: int | None = None
    count: bool = False
    skip_token: str | None = None
    kept: tuple[tuple[str, str], ...] = ()


def read_options(query: str, allowed: Collection[str]) -> Options:
    """Parse a query string.

    Args:
        query: Raw.
        allowed: Options the resource supports, with their `$`.

    Raises:
        GraphError: 400 for an option that is unknown, unsupported, repeated or malformed.
    """
    given = parse_qsl(query, keep_blank_values=True)
    options: dict[str, str] = {}
    for name, value in given:
        if not name.startswith("$"):
            continue
        if name not in _KNOWN:
            raise bad_request(f"The query parameter '{name}' is not supported.")
        if name in options:
            raise bad_request(f"Query option '{name}' was specified more than once.")
        if name not in allowed:
            raise bad_request(f"The query option '{name}' is not allowed here.")
        options[name] = value
    return Options(
        filter=options.get("$filter"),
        select=_names("$select", options["$select"]) if "$select" in options else None,
        expand=_names("$expand", options["$expand"]) if "$expand" in options else (),
        top=_top(options.get("$top")),
        count=_count(options.get("$count")),
        skip_token=options.get("$skiptoken"),
        kept=tuple(pair for pair in given if pair[0] != "$skiptoken"),
    )


def _names(option: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise bad_request(f"The query option '{option}' names nothing.")
    return names


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise bad_request(f"Invalid value '{text[:40]}' for $top query option found.")
    return int(text)


def _count(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise bad_request(f"Invalid value '{text}' for $count query option found.")
    return text == "true"
