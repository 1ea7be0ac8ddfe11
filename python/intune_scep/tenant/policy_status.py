"""How devices said that applying a profile went."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intune_scep.certificate_states import reported_instant
from intune_scep.tenant.exports import read_export
from intune_scep.tenant.tenant import Tenant

_REPORT: Final = "DeviceStatusesByConfigurationProfile"
_COLUMNS: Final = ("IntuneDeviceId", "PolicyId", "PolicyStatus", "PspdpuLastModifiedTimeUtc")
# Words and numbers of `complianceStatus`; which of them the report writes was not seen.
_FAILED: Final = frozenset({"error", "5", "conflict", "6", "noncompliant", "4", "failed"})


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """One device and one profile. It never proves a certificate (ROLLOUT.md 3).

    Attributes:
        device_id, profile_id: Lower case; the device as Intune names it.
        failed: Whether applying it went wrong.
        told_at: When that was last told; None where the report does not say.
    """

    device_id: str
    profile_id: str
    failed: bool
    told_at: datetime | None


async def read_policy_statuses(
    tenant: Tenant, profiles: Collection[str]
) -> tuple[PolicyStatus, ...]:
    """What devices said of some profiles, from one report over the whole tenant.

    Args:
        profiles: Their ids, in any letter case.

    Raises:
        GraphError: Graph refused; needs DeviceManagementConfiguration.Read.All.
        GraphTransportError: there is no report, or it cannot be read.
    """
    wanted = {profile.lower() for profile in profiles}
    rows = await read_export(tenant, _REPORT, _COLUMNS)
    return tuple(item for item in map(_status, rows) if item.profile_id in wanted)


def _status(row: Mapping[str, str]) -> PolicyStatus:
    return PolicyStatus(
        row["IntuneDeviceId"].strip().lower(),
        row["PolicyId"].strip().lower(),
        "".join(row["PolicyStatus"].split()).lower() in _FAILED,
        reported_instant(row["PspdpuLastModifiedTimeUtc"]),
    )
