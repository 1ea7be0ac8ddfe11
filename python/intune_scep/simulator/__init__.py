"""The embedded Microsoft Graph: an Intune tenant in one SQLite file, for demos and tests.

It was never compared with a real tenant. What it does and how sure that is: `docs/parity.md`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intune_scep.simulator.driver import FleetDriver
    from intune_scep.simulator.errors import SimulatorError
    from intune_scep.simulator.in_process import Door, open_in_process
    from intune_scep.simulator.seed import seed_database

_HOMES = {
    "Door": "in_process",
    "FleetDriver": "driver",
    "SimulatorError": "errors",
    "open_in_process": "in_process",
    "seed_database": "seed",
}

__all__ = ["Door", "FleetDriver", "SimulatorError", "open_in_process", "seed_database"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
