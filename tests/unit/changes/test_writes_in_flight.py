"""Several writes under way: as many as the limits allow, each kind proven first, and what is known
of them when the run stops, breaks or is in doubt."""

import asyncio
import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.changes.abreast import MOST_AT_WORK, walk_abreast
from intune_scep.changes.plan import Action
from intune_scep.changes.watch import Stop, Watch
from intune_scep.graph.pacing import WRITES_IN_FLIGHT
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce

from .far import Far

COUNT = 250
A_SECOND = 5.0
"""Writes: what Microsoft publishes is 100 in 20 s."""


def many(simulated, count=COUNT):
    return simulated(bulk(count, platforms=("ios",)), name=f"bulk{count} ios")


def go(tenant, **options):
    return tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, **options))


@pytest.mark.parametrize(
    ("seconds", "share"), [(0.0, 0.95), (0.15, 0.95), (0.3, 0.95), (0.5, 0.95), (1.0, 0.9)]
)
def test_writes_go_as_fast_as_the_limit_allows_and_none_is_refused(simulated, seconds, share):
    tenant = many(simulated)
    far = Far(tenant, seconds)
    report = go(tenant)
    assert report.count("applied") == COUNT
    assert not [item for item in tenant.requests() if item["status"] == 429]
    assert len(far.writes) == COUNT
    assert far.most <= WRITES_IN_FLIGHT
    # What comes after the first window, which a run begins with at once.
    (begin, _), (end, _) = far.writes[1], far.writes[-1]
    assert (COUNT - 2) / (end - begin) >= share * A_SECOND


def test_the_first_of_its_kind_is_seen_to_work_before_the_second_is_sent(simulated):
    tenant = many(simulated, 40)
    Far(tenant, 0.3)
    go(tenant)
    requests = tenant.requests()
    first, second, *_ = (n for n, item in enumerate(requests) if item["method"] == "PATCH")
    path = requests[first]["path"]
    assert ("GET", path) in {
        (item["method"], item["path"]) for item in requests[first + 1 : second]
    }


def test_what_has_no_effect_is_tried_once_however_many_are_at_work(simulated):
    tenant = many(simulated, 40)
    Far(tenant, 0.3)
    tenant.control("PUT", "faults", [{"match": {"method": "PATCH"}, "effect": "ignore"}])
    report = go(tenant)
    assert report.failed
    assert len(tenant.requests("PATCH")) == 1
    assert report.count("held_back") == 39


def test_every_write_is_announced_on_the_disk_before_it_is_sent(simulated, tmp_path):
    tenant = many(simulated, 60)
    journal = tmp_path / "run.jsonl"

    def announced(request):
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        ids = {line["id"] for line in lines if line["record"] == "intention"}
        assert request.url.path.rpartition("/")[2] in ids

    far = Far(tenant, 0.5, announced)
    report = go(tenant, journal=journal)
    assert report.count("applied") == 60
    assert far.most > 1
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    order = defaultdict(list)
    for line in lines:
        if "action" in line:
            order[line["action"]].append(line["record"])
    assert set(map(tuple, order.values())) == {("intention", "outcome", "ending")}


def test_the_report_has_the_order_of_the_plan_whatever_ends_first(simulated):
    tenant = many(simulated, 40)
    Far(tenant, 0.3)
    slow = {"match": {"method": "PATCH", "nth": [2, 5, 9]}, "effect": "slow", "seconds": 8}
    tenant.control("PUT", "faults", [slow])
    told = []
    report = go(tenant, watch=Watch(progress=lambda *now: told.append(now)))
    planned = [action.key for action in report.plan.actions]
    assert [item.action.key for item in report.outcomes] == planned
    assert [done for done, _, _ in told] == list(range(1, 41))
    names = [action.name for action in report.plan.actions]
    assert [name for _, _, name in told] != names, "Nothing overtook anything."


def test_after_a_request_to_stop_only_what_is_under_way_is_ended(simulated):
    tenant = many(simulated, 120)
    stop = Stop()

    def count(request):
        if len(far.writes) == 30:
            stop.request()

    far = Far(tenant, 0.5, count)
    report = go(tenant, watch=Watch(stop=stop))
    assert 30 <= len(far.writes) <= 30 + WRITES_IN_FLIGHT
    assert report.count("applied") == len(far.writes)
    assert report.count("held_back") == 120 - len(far.writes)
    assert report.count("unknown") == 0


def test_nobody_waits_for_the_window_once_the_run_is_to_stop(simulated):
    """At the limit a place is waited for up to 20 seconds."""
    tenant = many(simulated, 200)
    stop, asked = Stop(), []

    def count(request):
        if len(far.writes) == 98:
            loop = asyncio.get_running_loop()
            loop.call_later(1, stop.request)
            asked.append(loop.time() + 1)

    far = Far(tenant, 0.1, count)
    ended = []
    watch = Watch(stop=stop, progress=lambda *_: ended.append(asyncio.get_running_loop().time()))
    report = go(tenant, watch=watch)
    assert report.count("applied") < 110
    assert max(ended) - asked[0] < 3


def test_while_it_is_learned_whether_a_write_landed_no_new_one_is_begun(simulated):
    tenant = many(simulated, 200)
    lost = {"match": {"method": "PATCH", "nth": [20]}, "when": "before", "effect": 504, "times": 1}
    tenant.control("PUT", "faults", [lost])
    far = Far(tenant, 0.3)
    report = go(tenant)
    assert report.count("applied") == 200
    # The patience is 60 s: what was begun before the answer went missing is sent, and no more.
    pauses = [after - before for (before, _), (after, _) in zip(far.writes, far.writes[1:])]  # noqa: B905
    longest = max(range(len(pauses)), key=pauses.__getitem__)
    assert pauses[longest] > 55
    assert longest + 1 <= 20 + MOST_AT_WORK


@pytest.mark.parametrize("status", [403, 504])
def test_refusals_in_a_row_stop_the_run_soon(simulated, status):
    tenant = many(simulated, 120)
    faults = [{"match": {"method": "PATCH", "nth": list(range(21, 200))}, "effect": status}]
    tenant.control("PUT", "faults", faults)
    far = Far(tenant, 0.3)
    report = go(tenant)
    assert report.failed
    tried = {path for _, path in far.writes}
    assert len(tried) <= 20 + 3 + 2 * MOST_AT_WORK
    assert report.count("held_back") >= 120 - len(tried)


def test_two_actions_about_one_profile_follow_each_other_and_none_comes_before_what_it_waits_for():
    begun, ended = [], []

    async def work(action):
        begun.append((action.key, frozenset(ended)))
        await asyncio.sleep(0)
        ended.append(action.key)

    actions = [
        Action("root", "none", "", "root"),
        Action("one", "none", "", "one", id="P", after=("root",)),
        Action("two", "none", "", "two", id="p"),
        Action("three", "none", "", "three"),
    ]
    asyncio.run(walk_abreast(actions, work, waits_for=lambda action: action.after))
    before = dict(begun)
    assert [key for key, _ in begun] == ["root", "three", "one", "two"]
    assert "root" in before["one"]
    assert "one" in before["two"]


def test_what_breaks_lets_the_others_end_and_begins_no_other():
    ended = []

    async def work(action):
        if action.key == "1":
            raise RuntimeError("a defect")
        await asyncio.sleep(0.01)
        ended.append(action.key)

    actions = [Action(str(number), "none", "", "") for number in range(6)]
    with pytest.raises(RuntimeError, match="a defect"):
        asyncio.run(walk_abreast(actions, work, waits_for=lambda _: (), most=3))
    assert ended == ["0", "2"]


def test_a_run_that_is_cut_off_leaves_nobody_at_work():
    async def main():
        ended = []

        async def work(action):
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(action.key)

        actions = [Action(str(number), "none", "", "") for number in range(5)]
        walking = asyncio.ensure_future(walk_abreast(actions, work, waits_for=lambda _: (), most=3))
        await asyncio.sleep(0.01)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking
        return ended

    assert asyncio.run(main()) == ["0", "1", "2"]


@given(st.data())
def test_any_order_of_endings_keeps_to_what_was_waited_for(data):
    count = data.draw(st.integers(0, 12))
    actions = [
        Action(
            str(number),
            "none",
            "",
            "",
            id=data.draw(st.sampled_from([None, "a", "b"])),
            after=tuple(map(str, data.draw(st.sets(st.integers(0, 12), max_size=3)))),
        )
        for number in range(count)
    ]
    waits = [data.draw(st.integers(0, 3)) for _ in actions]
    most = data.draw(st.integers(1, 4))
    ended, at_work = [], set()

    async def work(action):
        earlier = {str(number) for number in range(int(action.key))}
        assert set(action.after) & earlier <= set(ended)
        assert action.id is None or action.id not in {actions[int(key)].id for key in at_work}
        at_work.add(action.key)
        assert len(at_work) <= most
        for _ in range(waits[int(action.key)]):
            await asyncio.sleep(0)
        at_work.discard(action.key)
        ended.append(action.key)

    asyncio.run(walk_abreast(actions, work, waits_for=lambda action: action.after, most=most))
    assert sorted(ended, key=int) == [action.key for action in actions]
