"""The certificates that Intune reports, of all profiles in one report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intune_scep.certificate_states import Presence, presence_of, reported_instant
from intune_scep.tenant.exports import read_export
from intune_scep.tenant.tenant import Tenant

_REPORT: Final = "AllDeviceCertificates"
_COLUMNS: Final = (
    "DeviceId",
    "PolicyId",
    "CertificateStatus",
    "ValidTo",
    "SerialNumber",
    "ValidFrom",
    "UserId",
)


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that Intune reports. The report has no subject alternative names, so it never
    tells whether there is a SID in one (ROLLOUT.md 3).

    Attributes:
        device_id, profile_id: Lower case; the device as Intune names it.
        valid_to, valid_from: Aware; None where the report does not tell it in a form that is known.
        serial: Hexadecimal, upper case, without separators; empty where there is none.
        user_id: Lower case; empty where there is none.
    """

    device_id: str
    profile_id: str
    valid_to: datetime | None
    presence: Presence
    serial: str = ""
    valid_from: datetime | None = None
    user_id: str = ""


async def read_issued(tenant: Tenant, profiles: Collection[str]) -> tuple[IssuedCertificate, ...]:
    """Every certificate of some profiles, those included that are gone.

    Intune writes one report over the whole tenant; it cannot be filtered (ROLLOUT.md 3). What it
    says may be hours old.

    Args:
        profiles: Their ids, in any letter case.

    Raises:
        GraphError: Graph refused; needs DeviceManagementManagedDevices.Read.All.
        GraphTransportError: there is no report, or it cannot be read.
    """
    wanted = {profile.lower() for profile in profiles}
    rows = await read_export(tenant, _REPORT, _COLUMNS)
    return tuple(item for item in map(_certificate, rows) if item.profile_id in wanted)


def _certificate(row: Mapping[str, str]) -> IssuedCertificate:
    return IssuedCertificate(
        device_id=row["DeviceId"].strip().lower(),
        profile_id=row["PolicyId"].strip().lower(),
        valid_to=reported_instant(row["ValidTo"]),
        presence=presence_of(row["CertificateStatus"]),
        serial="".join(row["SerialNumber"].split()).replace(":", "").upper(),
        valid_from=reported_instant(row["ValidFrom"]),
        user_id=row["UserId"].strip().lower(),
    )


class IssuedOnce:
    """What Intune reports of issued certificates, asked for once in a job however many need it.

    Attributes:
        read_at: When the report was asked for, by the service's clock; None before.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._covered: frozenset[str] = frozenset()
        self._issued: tuple[IssuedCertificate, ...] = ()
        self.read_at: datetime | None = None

    async def read(self, profiles: Collection[str]) -> tuple[IssuedCertificate, ...]:
        """As `read_issued`; another report is written only for profiles that were not asked for.

        Raises:
            GraphError, GraphTransportError: as `read_issued`; nothing is kept then.
        """
        wanted = frozenset(profile.lower() for profile in profiles)
        if not wanted <= self._covered:
            covered = wanted | self._covered
            at = self._tenant.now()
            self._issued = await read_issued(self._tenant, covered)
            self._covered, self.read_at = covered, at
        return tuple(item for item in self._issued if item.profile_id in wanted)
