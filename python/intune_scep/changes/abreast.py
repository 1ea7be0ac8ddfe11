"""Several actions at work at a time, none before those that it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import Final

from intune_scep.changes.plan import Action

MOST_AT_WORK: Final = 16
"""At 1 s for a request and 8 writes under way, each after a reading of its own, this many
actions keep 5 writes a second going."""


async def walk_abreast(
    actions: Sequence[Action],
    work: Callable[[Action], Awaitable[None]],
    *,
    waits_for: Callable[[Action], Iterable[str]],
    most: int = MOST_AT_WORK,
) -> None:
    """Work on actions in their order, several at a time.

    An action begins when those of the earlier ones that it waits for have ended, and those about
    the same profile. Where one breaks, no other is begun, those at work go on to their end, and
    then its error is raised.

    Args:
        waits_for: Keys of the actions that must have ended.
    """
    ready: list[int] = []
    order = TopologicalSorter(_before(actions, waits_for))
    order.prepare()
    at_work: dict[asyncio.Task[None], int] = {}
    broken: BaseException | None = None
    try:
        while True:
            for number in order.get_ready():
                heappush(ready, number)
            while ready and len(at_work) < most and broken is None:
                number = heappop(ready)
                task = asyncio.ensure_future(work(actions[number]))
                at_work[task] = number
            if not at_work:
                break
            ended, _ = await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(ended, key=at_work.__getitem__):
                order.done(at_work.pop(task))
                broken = broken or task.exception()
    finally:
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
    if broken is not None:
        raise broken


def _before(
    actions: Sequence[Action], waits_for: Callable[[Action], Iterable[str]]
) -> Mapping[int, set[int]]:
    """Place of each action to the places of those that come before it."""
    places: dict[str, int] = {}
    about: dict[str, int] = {}
    before: dict[int, set[int]] = {}
    for number, action in enumerate(actions):
        before[number] = {places[key] for key in waits_for(action) if key in places}
        if action.id is not None:
            identifier = action.id.lower()
            if identifier in about:
                before[number].add(about[identifier])
            about[identifier] = number
        places[action.key] = number
    return before
