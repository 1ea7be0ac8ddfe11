"""What Intune knows of its devices, of their certificates, and what Entra asks of certificates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from intune_scep.certificate_states import Presence
from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.tenant.entities import Entity, guid, is_blank, read_managed, word
from intune_scep.tenant.issued import IssuedCertificate, read_issued
from intune_scep.tenant.tenant import Tenant

IDENTIFIERS: Final = ("imei", "meid", "serialNumber", "wiFiMacAddress", "azureADDeviceId")
"""Properties of a managed device that variables of a profile are filled from."""

_SELECTED: Final = (
    "id",
    "userId",
    "operatingSystem",
    "osVersion",
    "deviceEnrollmentType",
    "deviceType",
    "managementAgent",
    *IDENTIFIERS,
)
_ALIGNMENT: Final = (
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/x509Certificate"
)


@dataclass(frozen=True, slots=True)
class ManagedDevice:
    """What counts of a device that Intune manages. Texts are in lower case.

    Attributes:
        entra_id: `deviceId` of its object in the directory; empty if it has none.
        user_id: Of its primary user; empty if it has none.
        system: `operatingSystem`.
        os_version: As Intune tells it, letter case kept; may be empty.
        enrolment: `deviceEnrollmentType`.
        kind: `deviceType`.
        lacks: Those of `IDENTIFIERS` without a value.
    """

    entra_id: str
    user_id: str
    system: str
    os_version: str
    enrolment: str
    kind: str
    lacks: frozenset[str]


@dataclass(frozen=True)
class Devices:
    """What was read beyond the directory.

    Attributes:
        managed: Id (lower case) to the device; None if they could not be read.
        certificates: Those that Intune reports of the profiles that were asked about; None if they
            could not be read, or were not asked for.
        requires_sid_alignment: Whether Entra's certificate-based authentication compares the SID
            of a certificate with the user's; None if that could not be read or Graph has no such
            setting.
        failures: (what, error) of everything that could not be read.
        notes: What a reader must know, in sentences.
    """

    managed: Mapping[str, ManagedDevice] | None = None
    certificates: tuple[IssuedCertificate, ...] | None = None
    requires_sid_alignment: bool | None = None
    failures: tuple[tuple[str, IntuneScepError], ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def by_profile(self) -> Mapping[str, tuple[IssuedCertificate, ...]]:
        """The certificates by the id of their profile."""
        found: dict[str, list[IssuedCertificate]] = {}
        for item in self.certificates or ():
            found.setdefault(item.profile_id, []).append(item)
        return {profile: tuple(items) for profile, items in found.items()}


async def read_devices(tenant: Tenant, *, certificates_of: Collection[str] = ()) -> Devices:
    """Read the managed devices in pages of 999, one report of certificates, and one setting.

    Each of the three costs only itself if it cannot be read.

    Args:
        certificates_of: Ids of profiles, lower case. If there are any, Intune is asked to report
            every certificate on the devices, which takes time; those of other profiles are dropped.
    """
    reading = _Reading(tenant)
    await reading.read_managed()
    if certificates_of:
        await reading.read_certificates(frozenset(certificates_of))
    await reading.read_alignment()
    return reading.result()


async def read_sid_alignment(
    tenant: Tenant,
) -> tuple[bool | None, tuple[tuple[str, IntuneScepError], ...]]:
    """Whether Entra's certificate-based authentication compares the SID of a certificate.

    Returns:
        None where Graph has no such setting or it could not be read, and (what, error) of the
        latter; needs Policy.Read.AuthenticationMethod.
    """
    try:
        body = await tenant.session.read(_ALIGNMENT)
    except IntuneScepError as error:
        return None, (("certificate-based authentication of Microsoft Entra", error),)
    required = body.get("requireCertificateSidAlignment") if isinstance(body, dict) else None
    if not isinstance(required, bool):
        return None, ()
    return required and body.get("state") != "disabled", ()


class _Reading:
    """What has come in so far."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._managed: dict[str, ManagedDevice] | None = None
        self._certificates: tuple[IssuedCertificate, ...] | None = None
        self._alignment: bool | None = None
        self._failures: list[tuple[str, IntuneScepError]] = []
        self._notes: list[str] = []

    async def read_managed(self) -> None:
        """Every device that Intune itself manages, whatever it is."""
        try:
            self._managed = {
                entity["id"].lower(): _device(entity)
                async for entity in read_managed(self._tenant, ",".join(_SELECTED), self._failures)
            }
        except IntuneScepError as error:
            self._failures.append(("the managed devices", error))

    async def read_certificates(self, profiles: frozenset[str]) -> None:
        """Every certificate of some profiles, out of the one report over all of them."""
        try:
            found = await read_issued(self._tenant, profiles)
        except IntuneScepError as error:
            self._failures.append(("the certificates on devices", error))
            return
        self._certificates = found
        undated = sum(
            item.valid_to is None and item.presence is Presence.HELD for item in self._certificates
        )
        if undated:
            self._failures.append(("the certificates on devices", _without_end(undated)))

    async def read_alignment(self) -> None:
        """`requireCertificateSidAlignment`, which Graph has on beta since September 2026."""
        self._alignment, failures = await read_sid_alignment(self._tenant)
        self._failures += failures
        if self._alignment is None and not failures:
            self._notes.append(
                "Graph does not tell here whether certificate-based authentication of Microsoft"
                " Entra compares the SID (requireCertificateSidAlignment)."
            )

    def result(self) -> Devices:
        """Everything read."""
        return Devices(
            managed=self._managed,
            certificates=self._certificates,
            requires_sid_alignment=self._alignment,
            failures=tuple(self._failures),
            notes=tuple(self._notes),
        )


def _device(entity: Entity) -> ManagedDevice:
    lacks = frozenset(name for name in IDENTIFIERS if is_blank(entity.get(name)))
    return ManagedDevice(
        entra_id=guid(entity, "azureADDeviceId"),
        user_id=guid(entity, "userId"),
        system=word(entity, "operatingSystem"),
        os_version=str(entity.get("osVersion") or "").strip(),
        enrolment=word(entity, "deviceEnrollmentType"),
        kind=word(entity, "deviceType"),
        lacks=lacks,
    )


def _without_end(count: int) -> IntuneScepError:
    return GraphTransportError(
        f"Of {count} of them the report tells no end of validity that can be read; they were not"
        " judged.",
        hides_commit=False,
    )
