"""How near a run comes to the writes that Graph allows, on the simulated clock."""

import pytest
from tests.unit.changes.far import Far

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce

from .ratios import Row

COUNT = 400
A_SECOND = 5.0


@pytest.mark.parametrize(("seconds", "goal"), [(0.15, 0.95), (0.3, 0.95), (0.5, 0.95), (1.0, 0.9)])
def test_writes_in_a_second(simulated, seconds, goal):
    tenant = simulated(bulk(COUNT, platforms=("ios",)), name="bulk400 ios")
    far = Far(tenant, seconds)
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert report.count("applied") == COUNT
    assert not [item for item in tenant.requests() if item["status"] == 429]
    # The first write is proven by itself, before the window begins to count.
    (begin, _), (end, _) = far.writes[1], far.writes[-1]
    rate = (COUNT - 2) / (end - begin)
    work = f"Writes in a second, {seconds:g} s for each request"
    Row(work, "what Graph allows", goal, "a second", at_least=True).show([rate], [A_SECOND])
