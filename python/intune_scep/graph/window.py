"""What Graph still counts, and when there is room for more; pure, the clock is the caller's.

GRAPH.md 4.1: 100 writes and 1,000 requests in 20 s for an application in a tenant. How it counts is
not documented; a sliding window over the times of arrival is assumed, as the simulator has it. A
request arrives after its sending and before its answer. So each is counted until 20 s after its
answer: one that is sent then arrives more than 20 s after it, whatever way the two took. Where
answers are quick it is 20.2 s after the sending.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

WRITES = 98
REQUESTS = 980
# One whose answer has not come counts for so long and no longer, as its process may be dead; a
# place that is not used likewise.
UNANSWERED_SECONDS = 30.0
# Nobody waits longer because Graph asks for it.
LONGEST_HOLD_SECONDS = 300.0
_AFTER_ANSWER = 20.0
_AFTER_SENDING = 20.2

# What is sent evenly: so many at once, then twice as fast as Graph takes them in the long run, and
# just as fast once it has refused one.
_AT_ONCE = 20
_GAP_SECONDS = 0.1

# After a refusal the window begins with a bit less than Graph let through, comes near that, stays
# near it about `_LEVEL_SECONDS` after the refusal, and then grows ever faster (as TCP's CUBIC).
_CUT = 0.15
_LEVEL_SECONDS = 50.0
_LEAST_SHARE = 0.04
_KEPT = 1 / 3


class Window:
    """Requests of one kind.

    Args:
        most: How many may be counted at a time as long as Graph refuses none.
        evenly: Whether no burst may be sent, because all that is under way at a refusal would be
            refused.

    Attributes:
        ends: When each of them counts no more, sorted.
        share: The part of `most` that Graph let through before it refused one.
        refused_at: When it refused one.
        held_until: Until when nobody may send, as it asked.
        last: When one was sent last.
    """

    def __init__(self, most: int, *, evenly: bool = False) -> None:
        self.most = most
        self.evenly = evenly
        self.ends: list[float] = []
        self.share = 1.0
        self.refused_at = self.held_until = self.last = -math.inf

    def limit(self, now: float) -> int:
        """How many may be counted at a time; fewer for a while after a refusal."""
        if self.refused_at == -math.inf:
            return self.most
        turns = (now - self.refused_at) / _LEVEL_SECONDS - 1
        part = self.share * (1 + _CUT * turns**3)
        return max(1, int(self.most * min(max(part, _LEAST_SHARE), 1.0)))

    def count(self, now: float) -> int:
        """How many are counted."""
        return len(self.ends) - bisect_right(self.ends, now)

    def free_at(self, now: float, items: int = 1, *, reserved: int = 0) -> float:
        """When `items` more may be sent, from `now` on, as far as can be told now.

        Args:
            reserved: How many have a place and are not sent yet.
        """
        del self.ends[: bisect_right(self.ends, now)]
        limit = self.limit(now)
        moment = max(now, self.held_until, self._evenly_at(limit, reserved))
        over = len(self.ends) + reserved + items - max(limit, items)
        if over > len(self.ends):
            # Places have to be used or given back first.
            return max(moment, now + UNANSWERED_SECONDS)
        return max(moment, self.ends[over - 1]) if over > 0 else moment

    def _evenly_at(self, limit: int, reserved: int) -> float:
        if not self.evenly or (limit == self.most and len(self.ends) + reserved < _AT_ONCE):
            return -math.inf
        gap = _GAP_SECONDS if limit == self.most else _AFTER_SENDING / limit
        return self.last + (1 + reserved) * gap

    def begin(self, now: float, items: int = 1) -> None:
        """Count what is being sent."""
        for _ in range(items):
            insort(self.ends, now + UNANSWERED_SECONDS)
        self.last = now

    def end(self, began: float, now: float, items: int = 1) -> None:
        """Count what was begun at `began` from its answer on."""
        first = bisect_left(self.ends, began + UNANSWERED_SECONDS)
        after = bisect_right(self.ends, began + UNANSWERED_SECONDS)
        del self.ends[first : min(first + items, after)]
        for _ in range(items):
            insort(self.ends, max(now + _AFTER_ANSWER, began + _AFTER_SENDING))

    def refuse(self, began: float, now: float, *, let_through: int, wait: float) -> None:
        """Learn that Graph refused what was sent at `began`.

        Args:
            let_through: How many were counted beside it when it was sent.
            wait: Seconds for which Graph asked to wait.
        """
        self.held_until = max(self.held_until, now + wait)
        if began <= self.refused_at:
            # It was under way when the window shrank.
            return
        # Something is kept in any case, as not every refusal is about this window.
        counted = max(let_through, self.limit(now) * _KEPT)
        self.share = min(counted / self.most, 1.0)
        self.refused_at = now

    def learned(self) -> tuple[float, ...]:
        """What is known beside what is counted, as `learn` reads it."""
        return self.share, self.refused_at, self.held_until, self.last

    def learn(self, known: Sequence[float], now: float) -> None:
        """Know what another window knows. What cannot be right is taken as unknown."""
        share, refused_at, held_until, last = known
        self.share = share if 0 < share <= 1 else 1.0
        self.refused_at = refused_at if refused_at <= now else -math.inf
        self.held_until = held_until if held_until <= now + LONGEST_HOLD_SECONDS else -math.inf
        self.last = last if last <= now else -math.inf


class Tally:
    """What one application has sent to a tenant.

    Attributes:
        places: When each place among the writes was taken that is not used yet.
    """

    def __init__(self, writes: int = WRITES, requests: int = REQUESTS) -> None:
        self.writes = Window(writes, evenly=True)
        self.requests = Window(requests)
        self.places: list[float] = []

    def read_at(self, now: float, items: int) -> float:
        """When requests may be sent that change nothing; writes that have a place go before."""
        return self.requests.free_at(now, items, reserved=self._taken(now))

    def place_at(self, now: float) -> float:
        """When a reading and a write may be sent, behind those that have a place."""
        taken = self._taken(now)
        return max(
            self.writes.free_at(now, reserved=taken),
            self.requests.free_at(now, 2, reserved=2 * taken),
        )

    def write_at(self, now: float) -> float:
        """When a write may be sent that has a place."""
        return max(self.writes.free_at(now), self.requests.free_at(now))

    def leave(self, place: float) -> None:
        """A place is used now, or given back."""
        if place in self.places:
            self.places.remove(place)

    def _taken(self, now: float) -> int:
        self.places = [place for place in self.places if now - place < UNANSWERED_SECONDS]
        return len(self.places)

    def numbers(self) -> list[float]:
        """All of it, as `take` reads it."""
        places, writes, requests = self.places, self.writes.ends, self.requests.ends
        lengths = map(float, map(len, (places, writes, requests)))
        learned = (*self.writes.learned(), *self.requests.learned())
        return [*lengths, *learned, *places, *writes, *requests]

    def take(self, numbers: Sequence[float], now: float) -> None:
        """Become what another tally is. What cannot be right in it is left out."""
        lengths = [int(number) for number in numbers[:3] if 0 <= number <= len(numbers)]
        if len(lengths) < 3 or _HEAD + sum(lengths) != len(numbers):
            return
        middle = 3 + (_HEAD - 3) // 2
        self.writes.learn(numbers[3:middle], now)
        self.requests.learn(numbers[middle:_HEAD], now)
        writes, requests = _HEAD + lengths[0], _HEAD + lengths[0] + lengths[1]
        self.places = _between(numbers[_HEAD:writes], now - UNANSWERED_SECONDS, now)
        latest = now + UNANSWERED_SECONDS
        self.writes.ends = _between(numbers[writes:requests], now, latest)
        self.requests.ends = _between(numbers[requests:], now, latest)


# What stands before the moments: how many there are, and what the two windows have learned.
_HEAD = 3 + 2 * len(Window(0).learned())


def _between(numbers: Sequence[float], first: float, last: float) -> list[float]:
    return sorted(number for number in numbers if first < number <= last)
