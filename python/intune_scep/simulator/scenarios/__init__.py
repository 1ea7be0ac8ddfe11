"""Tenants the simulator can start with.

Pure data: nothing here reads a clock or a random source, so a scenario built twice is equal.
"""

from collections.abc import Callable
from functools import partial

from intune_scep.simulator import scenario
from intune_scep.simulator.scenario import Scenario, build_scenario

SCENARIOS: dict[str, Callable[[], Scenario]] = {
    name: partial(build_scenario, name) for name in scenario.SCENARIOS
}
"""Name -> builder. A scenario's module is imported when its builder is called."""
