"""What a handler knows while it serves one request."""

import hashlib
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.messages import Request
from intune_scep.simulator.settings import Settings


@dataclass
class Context:
    """One request being served inside its transaction.

    Args:
        connection: The transaction's connection.
        request: The request.
        number: Position of the request in the tenant's life, from 1.
        now: Epoch seconds by the tenant's clock.
        settings: The tenant's settings.
        meta: Facts about the tenant (`tenant_id`, `seed`, …).
        version: `beta` or `v1.0`.
        batch: Number of the enclosing `$batch` request.
        application: `appid` of the token, once it is verified.
        roles: Permissions of the token, once it is verified.
        user: `oid` of the signed-in user, where the token is one of a user.
        misconduct: The fault rule that bends how the request is carried out.
    """

    connection: sqlite3.Connection
    request: Request
    number: int
    now: float
    settings: Settings
    meta: Mapping[str, Any]
    version: str = "beta"
    batch: int | None = None
    application: str | None = None
    roles: frozenset[str] = frozenset()
    user: str | None = None
    misconduct: Mapping[str, Any] | None = None
    _ids: int = field(default=0, repr=False)

    @property
    def base_url(self) -> str:
        """Root of links in the answer, for example `https://host/beta`."""
        return f"{self.request.scheme}://{self.request.host}/{self.version}"

    @property
    def timestamp(self) -> str:
        """Now, as Graph writes it."""
        return format_instant(self.now)

    @property
    def request_id(self) -> str:
        """The id Graph would give the request."""
        return derive_id(self.meta["seed"], "request", self.number)

    def new_id(self) -> str:
        """A fresh GUID, the same in every run with the same history."""
        self._ids += 1
        return derive_id(self.meta["seed"], "id", self.number, self._ids)


def derive_id(*parts: object) -> str:
    """A GUID decided by `parts` alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
