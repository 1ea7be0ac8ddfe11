"""What a job wants to be known later of the time before its first write.

It is kept in the journal of the run as it is; the engine does not look into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.changes.plan import Plan
from intune_scep.changes.watch import Watch
from intune_scep.tenant import Tenant

_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True)
class Evidence:
    """What was gathered.

    Attributes:
        kind: What it is, for whoever reads it later.
        records: JSON-ready, each short enough for a line of a journal.
        notes: What the operator should know of it.
    """

    kind: str
    records: Iterable[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = ()


Gather = Callable[[Tenant, Plan, Callable[[str], None]], Awaitable[Evidence]]
"""Gathers it, and tells on the way what it is waiting for."""


async def gathered(
    gather: Gather | None, tenant: Tenant, plan: Plan, watch: Watch
) -> Evidence | None:
    """Gather evidence; None where there is nothing to gather, or somebody asked to stop."""
    if gather is None or watch.stop.requested:
        return None
    work = asyncio.ensure_future(gather(tenant, plan, watch.preparing))
    try:
        while not work.done() and not watch.stop.requested:
            await asyncio.wait({work}, timeout=_LOOK_SECONDS)
        return work.result() if work.done() else None
    finally:
        work.cancel()
