"""What Intune knows of its devices, of their certificates, and what Entra asks of certificates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from intune_scep.certificate_states import Presence, presence_of, reported_instant
from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.tenant.exports import read_export
from intune_scep.tenant.tenant import Tenant

IDENTIFIERS: Final = ("imei", "meid", "serialNumber", "wiFiMacAddress", "azureADDeviceId")
"""Properties of a managed device that variables of a profile are filled from."""

_MANAGED: Final = "deviceManagement/managedDevices"
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
_PAGE: Final = 999
# Intune lists them, but somebody else manages them: no profile of Intune reaches them.
_UNMANAGED: Final = frozenset(
    {"eas", "intuneclient", "easintuneclient", "configurationmanagerclient", "jamf", "mssense"}
)
_CERTIFICATES: Final = "AllDeviceCertificates"
_COLUMNS: Final = ("DeviceId", "PolicyId", "CertificateStatus", "ValidTo")
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


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that Intune reports.

    Attributes:
        device_id, profile_id: Lower case.
        valid_to: Aware; None where the report does not tell it in a form that is known.
    """

    device_id: str
    profile_id: str
    valid_to: datetime | None
    presence: Presence


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
        query = {"$select": ",".join(_SELECTED), "$top": str(_PAGE)}
        found: dict[str, ManagedDevice] = {}
        odd = 0
        try:
            async for page in self._tenant.session.pages(_MANAGED, query=query):
                odd += _note_devices(found, page)
        except IntuneScepError as error:
            self._failures.append(("the managed devices", error))
            return
        if odd:
            self._failures.append(("the managed devices", _without_id(odd)))
        self._managed = found

    async def read_certificates(self, profiles: frozenset[str]) -> None:
        """Every certificate of some profiles, out of the one report over all of them."""
        try:
            rows = await read_export(self._tenant, _CERTIFICATES, _COLUMNS)
            found = tuple(item for item in map(_certificate, rows) if item.profile_id in profiles)
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


def _note_devices(found: dict[str, ManagedDevice], page: Iterable[Any]) -> int:
    """Take in a page; returns how many of its items cannot be used."""
    odd = 0
    for entity in page:
        identifier = entity.get("id") if isinstance(entity, dict) else None
        if not isinstance(identifier, str):
            odd += 1
        elif _word(entity, "managementAgent") not in _UNMANAGED:
            found[identifier.lower()] = _device(entity)
    return odd


def _device(entity: Mapping[str, Any]) -> ManagedDevice:
    lacks = frozenset(name for name in IDENTIFIERS if _is_blank(entity.get(name)))
    return ManagedDevice(
        entra_id="" if "azureADDeviceId" in lacks else _word(entity, "azureADDeviceId"),
        user_id="" if _is_blank(entity.get("userId")) else _word(entity, "userId"),
        system=_word(entity, "operatingSystem"),
        os_version=str(entity.get("osVersion") or "").strip(),
        enrolment=_word(entity, "deviceEnrollmentType"),
        kind=_word(entity, "deviceType"),
        lacks=lacks,
    )


def _word(entity: Mapping[str, Any], name: str) -> str:
    return str(entity.get(name) or "").strip().lower()


def _is_blank(value: Any) -> bool:
    """Whether a text says nothing; zeros alone, as in an empty GUID, say nothing either."""
    return not str(value or "").strip(" 0-:")


def _certificate(row: Mapping[str, str]) -> IssuedCertificate:
    return IssuedCertificate(
        device_id=row["DeviceId"].strip().lower(),
        profile_id=row["PolicyId"].strip().lower(),
        valid_to=reported_instant(row["ValidTo"]),
        presence=presence_of(row["CertificateStatus"]),
    )


def _without_id(count: int) -> IntuneScepError:
    return GraphTransportError(
        f"Graph sent {count} of them without an id; they were not counted.", hides_commit=False
    )


def _without_end(count: int) -> IntuneScepError:
    return GraphTransportError(
        f"Of {count} of them the report tells no end of validity that can be read; they were not"
        " judged.",
        hides_commit=False,
    )
