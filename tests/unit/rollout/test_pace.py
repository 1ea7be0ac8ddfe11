"""How many profiles may be changed at a time, as a table of what is asked of hosts."""

from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.rollout.pace import Burden, pace

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def burden(name, enrolments, *hosts):
    return Burden(name, name, enrolments, hosts or ("one",))


# 80 in an hour for 8 h are 640 certificates; of a limit of 100, 80 are planned with.
FULL, HALF, UNCOUNTED = burden("full", 640), burden("half", 320), burden("uncounted", None)
OTHER = burden("other", 640, "two")
BOTH = burden("both", 320, "one", "two")

CASES = {
    "what fits together goes together": ([HALF, OTHER], [], ("half", "other")),
    "what does not fit waits": ([FULL, HALF], [], ("full",)),
    "what comes later and fits does not wait for it": ([FULL, HALF, OTHER], [], ("full", "other")),
    "what is under way counts": ([HALF], [(FULL, 7 * HOUR)], ()),
    "what was changed a cycle ago does not count": ([FULL], [(FULL, 8 * HOUR)], ("full",)),
    "each host of several counts": ([BOTH], [(OTHER, HOUR)], ()),
    "another host is not busy": ([OTHER], [(FULL, HOUR)], ("other",)),
    "an uncounted one goes alone": ([UNCOUNTED, HALF], [], ("uncounted",)),
    "an uncounted one waits for what was chosen": ([HALF, UNCOUNTED], [], ("half",)),
    "an uncounted one waits for what is under way": ([UNCOUNTED], [(OTHER, HOUR)], ()),
    "nothing joins an uncounted one under way": ([HALF, OTHER], [(UNCOUNTED, HOUR)], ()),
    "an uncounted one of a cycle ago holds nothing": ([HALF], [(UNCOUNTED, 9 * HOUR)], ("half",)),
    "two uncounted ones go one by one": ([UNCOUNTED, burden("more", None)], [], ("uncounted",)),
    "what alone is too much is passed over": ([burden("much", 641), HALF], [], ("half",)),
}


@pytest.mark.parametrize(("left", "under_way", "now"), CASES.values(), ids=CASES.keys())
def test_so_many_may_be_changed_now(left, under_way, now):
    going = [(item, NOW - ago) for item, ago in under_way]
    found = pace(left, going, 100, NOW)
    assert found.now == now
    waiting = len(found.now) + len(found.refused) < len(left)
    assert (found.next_at is not None) is waiting
    assert found.next_at is None or found.next_at > NOW
    assert not set(found.now) & set(found.refused)


def test_without_a_limit_all_go_at_once():
    left = [FULL, UNCOUNTED, burden("much", 100_000)]
    assert pace(left, [(FULL, NOW)], None, NOW).now == ("full", "uncounted", "much")


def test_what_alone_is_too_much_is_refused_with_the_way_out():
    found = pace([burden("much", 641)], [], 100, NOW)
    assert "Raise `load`" in found.refused["much"]
