"""A run that has to wait for its place among the writes, at the limits that Microsoft publishes."""

from itertools import pairwise

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce

from .promises import moment

COUNT = 120


def test_a_long_run_reads_each_profile_after_its_wait_and_meets_no_refusal_for_rate(simulated):
    tenant = simulated(bulk(COUNT, platforms=("ios",)), name="bulk120 ios")
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert report.count("applied") == COUNT
    sent = tenant.sent()
    assert not [item for item in sent if item["status"] == 429]
    pairs = [(before, item) for before, item in pairwise(sent) if item["method"] == "PATCH"]
    assert len(pairs) == COUNT
    for before, item in pairs:
        assert (before["method"], before["path"]) == ("GET", item["path"])
        assert (moment(item) - moment(before)).total_seconds() < 0.2
    waited = [
        (moment(later[1]) - moment(earlier[1])).total_seconds()
        for earlier, later in pairwise(pairs)
    ]
    assert max(waited) > 0.2, "The run never had to wait, so it shows nothing."
