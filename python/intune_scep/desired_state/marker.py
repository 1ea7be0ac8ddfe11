"""The mark in a profile's description that says which set of declarations made it.

Only a profile that carries the mark of a set is ever pruned by that set. The mark is visible text,
so that an administrator who reads the description in the admin center knows.
"""

from __future__ import annotations

import re
from typing import Final

from intune_scep.errors import MarkerError
from intune_scep.wording import option

_MARKER: Final = re.compile(r"\s*\[managed by intune\.scep: [^\[\]\r\n]*\]")
_SET_NAME: Final = re.compile(r"[^\[\]\r\n]{1,100}")


def marker(managed_by: str) -> str:
    """The mark of a set of declarations.

    Raises:
        MarkerError: The name is empty, too long, or has brackets or line ends.
    """
    if not _SET_NAME.fullmatch(managed_by) or managed_by != managed_by.strip():
        raise MarkerError(
            f"{option('managed_by')} must be up to 100 characters without brackets; it is"
            f" {managed_by!r}."
        )
    return f"[managed by intune.scep: {managed_by}]"


def with_marker(description: str | None, managed_by: str) -> str:
    """A description that ends with the mark of that set and with no other."""
    text = without_marker(description)
    return f"{text} {marker(managed_by)}" if text else marker(managed_by)


def without_marker(description: str | None) -> str:
    """A description as a person wrote it."""
    return _MARKER.sub("", description or "")


def is_marked(description: str | None, managed_by: str) -> bool:
    """Whether a description carries the mark of that set."""
    return marker(managed_by) in (description or "")
