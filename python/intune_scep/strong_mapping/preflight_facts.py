"""What Graph tells before a re-issue, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from intune_scep.records import Record
from intune_scep.tenant.connectors import Connector

Seen = tuple[bool | None, tuple[str, ...]]
"""An answer that was read, None if it does not follow, and what it was read from, in sentences."""

MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Root(Record):
    """A trusted root, and what hangs on it.

    Attributes:
        subject: Of its certificate; None if it cannot be read.
        thumbprint: SHA-1 in upper-case hex.
        is_root: Whether it signed itself; None if that is not known.
        not_after: End of its validity.
        longest_validity_days: Of the certificates below it; None if no profile says.
        profiles: Names of the profiles that point at it.
    """

    name: str
    subject: str | None
    thumbprint: str | None
    is_root: bool | None
    not_after: datetime | None
    longest_validity_days: int | None
    profiles: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What was read of Graph; None: it could not be read, and `unread` says why.

    Attributes:
        roots: Of the profiles that would change.
        without_root: Names of those that point at none.
        changing: How many profiles would change.
        requires_alignment: `requireCertificateSidAlignment`; None also if Graph has none.
        has_deployments: Whether the tenant uses Microsoft's own deployments; None also if Graph
            has none.
        unread: (what, why) of everything that could not be read.
    """

    connectors: tuple[Connector, ...] | None = None
    roots: tuple[Root, ...] | None = None
    without_root: tuple[str, ...] = ()
    changing: int | None = None
    requires_alignment: bool | None = None
    has_deployments: bool | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    def why(self, what: str) -> tuple[str, ...]:
        """Why something could not be read, as a sentence; empty if it could."""
        return (f"Not read: {self.unread[what]}",) if what in self.unread else ()
