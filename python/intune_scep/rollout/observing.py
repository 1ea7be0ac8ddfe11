"""What a gate is judged by, read from the tenant; each reading costs only its own check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from intune_scep.audience.reissued import Before, Reissuance, reissuance
from intune_scep.changes.watch import silent
from intune_scep.errors import IntuneScepError
from intune_scep.rollout.commands import run_command
from intune_scep.rollout.gates import CommandEnd, Devices, Facts, Told
from intune_scep.rollout.model import Gates
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.tenant import Tenant
from intune_scep.tenant.check_ins import read_check_ins
from intune_scep.tenant.connectors import Connector, read_connectors
from intune_scep.tenant.entities import Failures
from intune_scep.tenant.issued import read_issued
from intune_scep.tenant.policy_status import PolicyStatus, read_policy_statuses


class Observer:
    """Reads what the gate of one ring needs.

    Args:
        file: Of the rollout; its directory is where a command runs.
        verifiable: Ids of the ring's profiles of which Intune reports certificates.
        control: Ids of the profiles that are not changed yet.
        exchanged: Id of each profile of the ring to what its people had before, and have now.
        apart: Ids of devices that are not looked at though they have these profiles.
        followed: Id of each copy of a dependant to when the ring got it.
        preparing: Told what is being read.
    """

    def __init__(
        self,
        tenant: Tenant,
        file: Path,
        gates: Gates,
        state: RolloutState,
        ring: RingState,
        *,
        verifiable: Collection[str],
        control: Collection[str],
        exchanged: Mapping[str, tuple[str, str]],
        apart: Collection[str] = (),
        followed: Mapping[str, datetime] | None = None,
        preparing: Callable[[str], None] = silent,
    ) -> None:
        self._tenant = tenant
        self._file = file
        self._gates = gates
        self._state = state
        self._ring = ring
        self._verifiable = frozenset(verifiable)
        self._control = frozenset(control)
        self._exchanged = exchanged
        self._apart = frozenset(apart)
        self._followed = followed or {}
        self._preparing = preparing
        self._unread: dict[str, str] = {}

    async def facts(self, changed_at: datetime) -> Facts:
        """Everything the gate is judged by.

        Args:
            changed_at: When the last profile of the ring was changed.
        """
        gates = self._gates
        devices = await self._devices()
        told, control = await self._told() if gates.max_failed is not None else (None, None)
        connectors = await self._connectors() if gates.connector else None
        command = await self._command() if gates.command is not None else None
        approved = self._ring.approved
        return Facts(
            now=self._tenant.now(),
            changed_at=changed_at,
            devices=devices,
            told=told,
            control=control,
            connectors=connectors,
            approved_by=str(approved) if approved is not None else None,
            command=command,
            unread=self._unread,
        )

    async def _devices(self) -> Devices | None:
        wanted = [name for name in ("seen", "reissued") if getattr(self._gates, name) is not None]
        before = self._ring.before
        if not wanted or not self._verifiable:
            return None
        if before is None:
            why = "What was out before the change was not kept."
            self._unread |= dict.fromkeys(wanted, why)
            return None
        try:
            self._preparing("Reading the certificates")
            issued = await read_issued(self._tenant, self._ids())
            failures: Failures = []
            self._preparing("Reading check-ins")
            check_ins = await read_check_ins(self._tenant, failures)
            if failures:
                raise failures[0][1]
        except IntuneScepError as error:
            self._unread |= dict.fromkeys(wanted, f"It could not be read: {error}")
            return None
        pairs = self._exchanged
        changed = {pairs[i][0]: at for i, at in self._ring.changed.items() if i in self._verifiable}
        found = reissuance(
            before,
            issued,
            check_ins,
            changed,
            self._tenant.now(),
            replaced_by={old: new for old, new in pairs.values() if old != new},
            devices=self._looked_at(before),
        )
        return _devices(found.values())

    def _looked_at(self, before: Before) -> frozenset[str] | None:
        """Devices of the ring; None for all."""
        if self._ring.devices is not None or not self._apart:
            return self._ring.devices
        return frozenset(device for held in before.held.values() for device in held) - self._apart

    def _ids(self) -> set[str]:
        return {i for pair in self._exchanged.values() for i in pair}

    async def _told(self) -> tuple[Told | None, Told | None]:
        self._preparing("Reading what devices told of the profiles")
        try:
            wanted = {*self._ids(), *self._control, *self._followed}
            rows = await read_policy_statuses(self._tenant, wanted)
        except IntuneScepError as error:
            self._unread["max_failed"] = f"It could not be read: {error}"
            return None, None
        since = {self._exchanged[i][1]: at for i, at in self._ring.changed.items()}
        since |= self._followed
        lacking = {
            self._exchanged[i][1]: devices
            for i, devices in self._ring.without_sid.items()
            if i in self._exchanged
        }
        entered = self._ring.entered_at
        ours = self._ring.devices
        own = (
            row
            for row in rows
            if (ours is None or row.device_id in ours) and row.device_id not in self._apart
        )
        control = None
        if self._control and entered is not None:
            others = (row for row in rows if ours is None or row.device_id not in ours)
            control = _told(others, dict.fromkeys(self._control, entered))
        return _told(own, since, self._ring.excused_until, lacking), control

    async def _connectors(self) -> tuple[Connector, ...] | None:
        self._preparing("Reading the certificate connectors")
        try:
            return tuple(await read_connectors(self._tenant))
        except IntuneScepError as error:
            self._unread["connector"] = f"It could not be read: {error}"
            return None

    async def _command(self) -> CommandEnd:
        about = {
            "INTUNE_SCEP_ROLLOUT": self._state.name,
            "INTUNE_SCEP_RING": self._ring.name,
            "INTUNE_SCEP_TENANT": self._state.tenant,
        }
        command = self._gates.command or ()
        self._preparing("Waiting for the command of the gate")
        return await run_command(command, self._file.absolute().parent, about)


def _devices(found: Iterable[Reissuance]) -> Devices:
    """Each device once, whatever number of profiles it has: it was seen, or has new certificates,
    where that holds for all of them. Those that nobody manages any more do not count."""
    held: dict[str, list[Reissuance]] = {}
    for item in found:
        for device in item.devices - item.unmanaged:
            held.setdefault(device, []).append(item)
    seen = {
        device
        for device, items in held.items()
        if all(item.seen is not None and device in item.seen for item in items)
    }
    reissued = {device for device in seen if all(device in item.reissued for item in held[device])}
    lag = (any(device in item.within_lag for item in held[device]) for device in seen - reissued)
    return Devices(held=len(held), seen=len(seen), reissued=len(reissued), within_lag=sum(lag))


def _told(
    rows: Iterable[PolicyStatus],
    since: Mapping[str, datetime],
    excused_until: datetime | None = None,
    without_sid: Mapping[str, frozenset[str]] | None = None,
) -> Told:
    """Devices with some profiles, and how those ended that told it after a moment.

    Args:
        without_sid: Id of a profile to the devices whose failures of it are set apart. One that
            failed otherwise too counts all the same.
    """
    lower = {profile.lower(): moment for profile, moment in since.items()}
    known = {profile.lower(): devices for profile, devices in (without_sid or {}).items()}
    devices, told, failed, excused, apart = set(), set(), set(), set(), set()
    for row in rows:
        moment = lower.get(row.profile_id)
        if moment is None:
            continue
        devices.add(row.device_id)
        if row.told_at is None or row.told_at < moment:
            continue
        if row.failed and row.device_id in known.get(row.profile_id, ()):
            apart.add(row.device_id)
            continue
        if row.failed and excused_until is not None and row.told_at < excused_until:
            excused.add(row.device_id)
            continue
        told.add(row.device_id)
        if row.failed:
            failed.add(row.device_id)
    excused -= failed
    apart -= failed | excused
    return Told(len(devices - apart), len(told - apart), len(failed), len(excused), len(apart))
