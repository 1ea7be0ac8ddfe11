"""A run that has to wait for its place among the writes, at the limits that Microsoft publishes."""

from itertools import pairwise

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce

from .promises import moment

COUNT = 120
WAIT = 0.2


def test_a_long_run_reads_each_profile_after_its_wait_and_meets_no_refusal_for_rate(simulated):
    tenant = simulated(bulk(COUNT, platforms=("ios",)), name="bulk120 ios")
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert report.count("applied") == COUNT
    sent = tenant.sent()
    assert not [item for item in sent if item["status"] == 429]
    pairs = [(before, item) for before, item in pairwise(sent) if item["method"] == "PATCH"]
    assert len(pairs) == COUNT
    assert all((read["method"], read["path"]) == ("GET", item["path"]) for read, item in pairs)
    # A busy machine may be slow now and then; nine in ten tell where the waiting is done.
    between = [seconds(read, item) > WAIT for read, item in pairs]
    waiting = [seconds(earlier[1], later[1]) > WAIT for earlier, later in pairwise(pairs)]
    assert sum(between) < COUNT / 10
    assert sum(waiting) > COUNT / 2, "The run hardly had to wait, so it shows nothing."


def seconds(earlier, later):
    return (moment(later) - moment(earlier)).total_seconds()
