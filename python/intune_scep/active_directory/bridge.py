"""Explicit mappings for certificates that are already out: time without any re-issue.

The value is `X509:<I>issuer<SR>serial`, strong by KB5014754 (DOMAIN.md 1); it names one certificate
and so dies with it. Its CA must be in NTAuth (KB5057784). Nobody here has given
such values, made from Intune's report, to a domain controller.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from intune_scep.active_directory.accounts import Accounts, account_key
from intune_scep.active_directory.tables import report_rows
from intune_scep.certificate_states import Presence, presence_of, reported_instant
from intune_scep.certificates.alt_security import issuer_and_serial
from intune_scep.certificates.containers import certificates_in
from intune_scep.certificates.name_text import encoded_order, name_key, read_name_text, subject_of
from intune_scep.certificates.names import DistinguishedName
from intune_scep.certificates.report_csv import ReportedCertificate
from intune_scep.errors import CertificateError
from intune_scep.files import read_regular
from intune_scep.records import Record

NOTES: Final = (
    "The CA that issued the certificates must be in the NTAuth store of the forest, else domain"
    " controllers refuse the mapping too (KB5057784).",
    "Each value names one certificate: after every renewal or re-issue it is dead, and a new one is"
    " needed. This buys time; it does not replace the SID URI.",
    "The report lags the CA by hours and may name certificates that are gone: take a new one on"
    " the day.",
)
NOTE_ORDER: Final = (
    "The order of the issuer's parts was concluded from the text of the report. Give the CA's own"
    " certificate to be sure of it, and try one account before all."
)
RENEWAL_SHARE: Final = 0.2
_PROFILE_NAMES: Final = frozenset({"policyname", "profilename", "configurationname"})
_SERIAL: Final = re.compile(r"(?:0x)?([0-9A-F]{1,64})", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s:\u200e\u200f]+")
_MOST_SHOWN: Final = 12
_LARGEST_CA: Final = 16 * 1024 * 1024
_LOST: Final = "\ufffd"
_NEVER: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Mapping(Record):
    """One value for one account.

    Attributes:
        line: Of the certificate in the report.
        upn: The account, as the report names it.
        account: Its distinguished name, where a list of accounts was given.
        value: For altSecurityIdentities.
        valid_to: When the certificate, and the value with it, ends.
        renewal: When its renewal begins if the profile has the recommended threshold of 20 %
            (DOMAIN.md 5.1); None if the report does not tell when the certificate began.
        notes: What to know of this value.
    """

    line: int
    upn: str
    account: str | None
    value: str
    serial_number: str
    policy_id: str
    valid_to: datetime
    renewal: datetime | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped(Record):
    """A certificate that got no value.

    Attributes:
        line: In the report.
        reason: In a sentence.
        needed: Whether it is valid and on its device, so that somebody may wait for it.
    """

    line: int
    upn: str | None
    serial_number: str | None
    policy_id: str | None
    reason: str
    needed: bool


@dataclass(frozen=True, slots=True)
class Bridge(Record):
    """What to tell Active Directory.

    Attributes:
        mappings: In the order of the report.
        skipped: Everything else that the report names, with the reason.
        notes: What an administrator must know before running anything.
        first_expiry: The earliest end among the mappings.
        first_renewal: The earliest renewal at the recommended threshold.
    """

    mappings: tuple[Mapping, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    first_expiry: datetime | None = None
    first_renewal: datetime | None = None


class _NoMappingError(Exception):
    """Why a certificate gets no value, and whether somebody may wait for it."""

    def __init__(self, reason: str, *, needed: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.needed = needed


def make_bridge(
    report: Path,
    *,
    now: datetime,
    accounts: Accounts | None = None,
    profiles: Collection[str] = (),
    authorities: Iterable[Path] = (),
) -> Bridge:
    """The values for all certificates of a report that are valid and on their devices.

    Args:
        report: The CSV of `AllDeviceCertificates` or `CertificatesByRAPolicy`.
        now: Aware; what is not valid then gets no value.
        accounts: Where the accounts are; one that is not among them gets no value.
        profiles: Ids of profiles, or names where the report has a column of them; none: all.
        authorities: Certificates of the issuing CAs, whose subjects are taken word for word.

    Raises:
        FileError: A file cannot be read.
        CertificateError: The report is none; a CA certificate is none; a profile is not in it.
    """
    maker = _Maker(now, accounts, _authorities(authorities))
    chosen = _Chosen(profiles)
    for line, row in report_rows(report):
        if isinstance(row, CertificateError):
            maker.skip(line, None, _NoMappingError(row.message))
        elif chosen.takes(row):
            maker.add(line, row)
    chosen.require_all(report)
    return maker.result()


class _Chosen:
    """The profiles that were asked for."""

    def __init__(self, profiles: Collection[str]) -> None:
        self._wanted = {profile.strip().casefold(): profile for profile in profiles}
        self._seen: dict[str, str] = {}
        self._found: set[str] = set()

    def takes(self, row: ReportedCertificate) -> bool:
        """Whether the certificate is of one of them."""
        if not self._wanted:
            return True
        names = _profile_names(row)
        for name in names:
            self._seen.setdefault(name.casefold(), name)
        found = {name.casefold() for name in names} & set(self._wanted)
        self._found |= found
        return bool(found)

    def require_all(self, report: Path) -> None:
        """Refuse one that the report does not name.

        Raises:
            CertificateError: The message names those it does.
        """
        missing = [said for key, said in self._wanted.items() if key not in self._found]
        if not missing:
            return
        known = list(self._seen.values())
        more = f" and {len(known) - _MOST_SHOWN} more" if len(known) > _MOST_SHOWN else ""
        raise CertificateError(
            f"{report} names no certificate of the profile “{missing[0]}”. The report knows"
            " profiles by their ids (column PolicyId), and these are in it: "
            f"{', '.join(known[:_MOST_SHOWN]) or 'none'}{more}."
        )


def _profile_names(row: ReportedCertificate) -> list[str]:
    other = row.other or {}
    names = [value for column, value in other.items() if _plain(column) in _PROFILE_NAMES]
    return [name.strip() for name in (row.policy_id or "", *names) if name.strip()]


def _plain(column: str) -> str:
    return re.sub(r"[\s_-]", "", column).casefold()


class _Maker:
    def __init__(
        self,
        now: datetime,
        accounts: Accounts | None,
        authorities: MappingType[object, DistinguishedName],
    ) -> None:
        self._now = now
        self._accounts = accounts
        self._authorities = authorities
        self._issuers: dict[str, str | CertificateError] = {}
        self._concluded = False
        self._made: dict[tuple[str, str], Mapping] = {}
        self._skipped: list[Skipped] = []

    def add(self, line: int, row: ReportedCertificate) -> None:
        """Take in one certificate."""
        try:
            made = self._mapping(line, row)
        except _NoMappingError as reason:
            self.skip(line, row, reason)
            return
        key = account_key(made.upn), made.value.casefold()
        self._made.setdefault(key, made)

    def skip(self, line: int, row: ReportedCertificate | None, reason: _NoMappingError) -> None:
        """Remember a certificate without a value."""
        self._skipped.append(
            Skipped(
                line,
                row.upn if row else None,
                row.serial_number if row else None,
                row.policy_id if row else None,
                reason.reason,
                reason.needed,
            )
        )

    def result(self) -> Bridge:
        """Everything taken in, without what two accounts would share."""
        owners: dict[str, set[str]] = {}
        for upn, value in self._made:
            owners.setdefault(value, set()).add(upn)
        mappings = []
        for (_, value), made in self._made.items():
            if len(owners[value]) == 1:
                mappings.append(made)
                continue
            reason = "The report gives this certificate to more than one account."
            self._skipped.append(
                Skipped(made.line, made.upn, made.serial_number, made.policy_id, reason, True)
            )
        renewals = [made.renewal for made in mappings if made.renewal is not None]
        return Bridge(
            tuple(mappings),
            tuple(sorted(self._skipped, key=lambda item: item.line)),
            (*NOTES, *((NOTE_ORDER,) if self._concluded and mappings else ())),
            min((made.valid_to for made in mappings), default=None),
            min(renewals, default=None),
        )

    def _mapping(self, line: int, row: ReportedCertificate) -> Mapping:
        valid_to, renewal = self._validity(row)
        upn = (row.upn or "").strip()
        if not upn:
            raise _NoMappingError(
                "The report names no user for it. A certificate of a device belongs to a computer"
                " account, which the report does not tell: map it by hand."
            )
        if "@" not in upn:
            raise _NoMappingError(f"“{upn}” is not a user principal name.")
        serial_number = _serial_number(row.serial_number or "")
        identity = issuer_and_serial(self._issuer(row.issuer_name or ""), serial_number)
        account = self._account(upn)
        for what, text in (("user", upn), ("issuer", identity.value), ("account", account or "")):
            _refuse_unseen(what, text)
        return Mapping(
            line,
            upn,
            account,
            identity.value,
            (row.serial_number or "").strip(),
            (row.policy_id or "").strip(),
            valid_to,
            renewal,
            identity.notes[1:],
        )

    def _validity(self, row: ReportedCertificate) -> tuple[datetime, datetime | None]:
        """Its end and its renewal, if it is on its device and valid now."""
        presence = presence_of(row.certificate_status or "")
        if presence is not Presence.HELD:
            state = "is not on the device" if presence is Presence.GONE else "is not issued yet"
            raise _NoMappingError(
                f"It {state}: its state is “{(row.certificate_status or '').strip()}”.",
                needed=False,
            )
        valid_to = reported_instant(row.valid_to or "")
        valid_from = reported_instant(row.valid_from or "")
        if valid_to is None:
            raise _NoMappingError("The report tells no end of its validity that can be read.")
        if valid_to <= self._now:
            raise _NoMappingError("It has expired.", needed=False)
        if valid_from is not None and valid_from > self._now:
            raise _NoMappingError("It is not valid yet.", needed=False)
        if valid_from is None:
            return valid_to, None
        lifetime: timedelta = valid_to - valid_from
        return valid_to, valid_to - lifetime * RENEWAL_SHARE

    def _issuer(self, text: str) -> str:
        if text not in self._issuers:
            try:
                self._issuers[text] = self._read_issuer(text)
            except CertificateError as error:
                self._issuers[text] = error
        found = self._issuers[text]
        if isinstance(found, CertificateError):
            raise _NoMappingError(f"Its issuer “{text}” cannot be used: {found.message}.")
        return found

    def _read_issuer(self, text: str) -> str:
        if not text.strip():
            raise CertificateError("the report names none")
        name = read_name_text(text)
        known = self._authorities.get(name_key(name))
        if known is not None:
            return known.for_ad()
        if self._authorities:
            raise CertificateError("none of the CA certificates that were given has this name")
        ordered = encoded_order(name)
        self._concluded = self._concluded or len(ordered.rdns) > 1
        if any(len(rdn) > 1 for rdn in ordered.rdns):
            raise CertificateError("a part has two values, whose order the text does not tell")
        return ordered.for_ad()

    def _account(self, upn: str) -> str | None:
        if self._accounts is None:
            return None
        found = self._accounts.find(upn)
        if found is None:
            raise _NoMappingError("The list of accounts does not name its user.")
        if not found:
            raise _NoMappingError("The list of accounts names two accounts for its user.")
        return found


def _serial_number(text: str) -> int:
    match = _SERIAL.fullmatch(_BETWEEN.sub("", text))
    if match is None:
        raise _NoMappingError(f"“{text.strip()}” is not a serial number in hexadecimal.")
    return int(match[1], 16)


def _refuse_unseen(what: str, text: str) -> None:
    if _LOST in text:
        raise _NoMappingError(
            f"The text of its {what} has lost a character: the file is in a code page. Take it as"
            " UTF-8."
        )
    if any(unicodedata.category(char) in _NEVER for char in text):
        raise _NoMappingError(
            f"The text of its {what} holds a line break or a character that cannot be seen."
        )


def _authorities(paths: Iterable[Path]) -> dict[object, DistinguishedName]:
    """The subjects of CA certificates, by what is the same in every spelling."""
    found: dict[object, DistinguishedName] = {}
    for path in paths:
        data = read_regular(path, what="The CA certificate", most=_LARGEST_CA)
        for item in certificates_in(data):
            if isinstance(item, CertificateError):
                raise CertificateError(f"{path} cannot be used as a CA certificate: {item.message}")
            name = subject_of(item)
            if found.setdefault(name_key(name), name) != name:
                raise CertificateError(
                    f"{path}: two CA certificates have this name with its parts in different"
                    " order or spelling. Give the one that issued the certificates."
                )
    return found
