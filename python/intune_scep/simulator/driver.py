"""A tenant's devices in the hands of a test or a demonstration, in the same process."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.errors import SimulatorError
from intune_scep.simulator.operations import Operations
from intune_scep.simulator.store import Store

T = TypeVar("T")


class FleetDriver:
    """Moves the clock, breaks connectors and devices, and tells what is so on the devices.

    Everything that it does can be done over `/_simulator/` as well. It opens the tenant's file
    beside whoever serves it.

    Args:
        path: The tenant's file.
        clock: Epoch seconds, the clock that the tenant is opened with; the system's by default.

    Raises:
        SimulatorError: The file is missing or is not a tenant file; from every method: what was
            asked for makes no sense, said in one line.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = Store(path)
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> "FleetDriver":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def now(self) -> float:
        """Epoch seconds by the tenant's clock."""
        return self._do(lambda operations: operations.now)

    def advance(self, seconds: float) -> float:
        """Set the clock forward and let the devices check in; the new instant in epoch seconds."""
        return self._do(lambda operations: operations.advance(seconds))

    def change_settings(self, /, **changes: Any) -> Mapping[str, Any]:
        """Change how the tenant behaves; every setting as it is now."""
        return self._do(lambda operations: operations.change_settings(changes))

    def kill_connector(self, named: str, at: float | None = None) -> None:
        """Let the connector with that id or name be dead from `at` (epoch seconds) on, or now."""
        since = None if at is None else format_instant(at)
        self._do(
            lambda operations: operations.set_connector(
                {"connector": named, "dead": True, "since": since}
            )
        )

    def revive_connector(self, named: str) -> None:
        """Let the connector live again."""
        self._do(lambda operations: operations.set_connector({"connector": named, "dead": False}))

    def map_connector(self, named: str, hosts: Iterable[str] | None) -> None:
        """Let the connector serve these SCEP hosts; None for every one."""
        chosen = None if hosts is None else list(hosts)
        self._do(lambda operations: operations.set_connector({"connector": named, "hosts": chosen}))

    def connectors(self) -> list[dict[str, Any]]:
        """Id, name, hosts and health of each connector."""
        return self._do(lambda operations: operations.connectors())

    def fail(self, profile: str, share: float) -> None:
        """Let this share of devices (0 to 1) fail at every enrolment of a profile; 0 ends it."""
        self._do(lambda operations: operations.set_failure({"profile": profile, "share": share}))

    def silence(self, devices: Iterable[str]) -> None:
        """Let these managed devices check in no more, and every other one again."""
        chosen = list(devices)
        self._do(lambda operations: operations.set_silent({"devices": chosen}))

    def silence_share(self, share: float) -> None:
        """Let a share of the devices (0 to 1) check in no more, and every other one again."""
        self._do(lambda operations: operations.set_silent({"share": share}))

    def silent(self) -> list[str]:
        """Ids of the managed devices that do not check in."""
        return self._do(lambda operations: operations.silent())

    def approvals(self) -> list[dict[str, Any]]:
        """Every approval request with what it asks for: `code`, `status`, `method`, `path`, …"""
        return self._do(lambda operations: operations.approvals())

    def approve(self, code: str) -> None:
        """Approve a request, as another administrator would."""
        self._do(
            lambda operations: operations.decide_approval({"code": code, "decision": "approve"})
        )

    def reject(self, code: str) -> None:
        """Reject a request, as another administrator would."""
        self._do(
            lambda operations: operations.decide_approval({"code": code, "decision": "reject"})
        )

    def truth(self, since: datetime | float = 0.0) -> dict[str, Any]:
        """Counts per profile and enrolments per host and hour, those of hours after `since`."""
        moment = since.timestamp() if isinstance(since, datetime) else since
        return self._do(lambda operations: operations.truth(moment))

    def bundle(self, profiles: Sequence[str]) -> dict[str, Any]:
        """How devices stand to profiles that replace one another."""
        return self._do(lambda operations: operations.bundle(profiles))

    def _do(self, work: Callable[[Operations], T]) -> T:
        with self._store.transaction() as connection:
            try:
                return work(Operations(connection, self._clock()))
            except ValueError as error:
                raise SimulatorError(str(error)) from None
