"""The SID a certificate should carry, and whether it does."""

import io
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from intune_scep.certificates.files import CertificateRecord
from intune_scep.certificates.mapping import MappingStatus, StrongMapping
from intune_scep.certificates.report_csv import REPORT_COLUMNS, is_report
from intune_scep.certificates.tables import (
    KEY_COLUMNS,
    SID_COLUMNS,
    Table,
    encoding_of,
    listed_columns,
    read_table,
    refuse_scientific,
)
from intune_scep.errors import CertificateError, ExpectedSidsError, FileError
from intune_scep.files import read_regular
from intune_scep.profiles.sid_text import beside_sid, is_sid
from intune_scep.records import Record

_LARGEST = 256 * 1024 * 1024


class ComparisonStatus(StrEnum):
    """How the SID found relates to the SID expected."""

    AS_EXPECTED = "as_expected"
    DIFFERENT = "different"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    NO_EXPECTATION = "no_expectation"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class SidComparison(Record):
    """One certificate against the list.

    Attributes:
        status: `missing`: a SID is expected and the certificate is not mapped to any;
            `unexpected`: the account is known to have no SID, yet the certificate names one;
            `no_expectation`: the list does not know this certificate, or says two things about it.
        expected: The SID expected, if one is.
        found: The SID the certificate is mapped to, if any.
        reason: In a sentence.
    """

    status: ComparisonStatus
    expected: str | None
    found: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ExpectedSids:
    """Expected SIDs by thumbprint (SHA-1 or SHA-256), serial number or user principal name.

    A value of None means: this account is known to have no SID. A certificate is looked up by
    thumbprint first, then by serial number, then by the UPNs it names. Build it with one of the
    class methods, which bring the keys into one spelling.
    """

    by_thumbprint: Mapping[str, str | None] = field(default_factory=dict)
    by_serial: Mapping[str, str | None] = field(default_factory=dict)
    by_upn: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_mappings(
        cls,
        *,
        by_thumbprint: Mapping[str, str | None] | None = None,
        by_serial: Mapping[str, str | None] | None = None,
        by_upn: Mapping[str, str | None] | None = None,
    ) -> "ExpectedSids":
        """From mappings in any spelling; Graph users give `by_upn` as
        `userPrincipalName -> onPremisesSecurityIdentifier`, None for a user without one.

        Raises:
            ExpectedSidsError: A key is empty or stands for two SIDs, or a SID is none.
        """
        collector = _Collector()
        for kind, given in zip(_NORMALISERS, (by_thumbprint, by_serial, by_upn), strict=True):
            for key, sid in (given or {}).items():
                collector.add(kind, key, sid, f"The expected SIDs by {kind}")
        return collector.result()

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str]) -> "ExpectedSids":
        """From a CSV with the column `sid` and at least one of `thumbprint`, `serial`, `upn`.

        The names that Active Directory, PowerShell and Graph give these columns are known, such as
        `objectSid`, `ObjectSid.Value` and `UserPrincipalName`. An empty `sid` means that the
        account has none. Rows may fill any of the key columns.

        Raises:
            ExpectedSidsError: The file cannot be read or used; the message names the line.
        """
        try:
            data = read_regular(Path(path), what="The list", most=_LARGEST)
            text = io.TextIOWrapper(io.BytesIO(data), encoding_of(data[:4]), newline="")
            return _from_table(read_table(text, _KNOWN), str(path))
        except FileError as error:
            raise ExpectedSidsError(f"{path} cannot be read: {error.reason}.") from error
        except ExpectedSidsError:
            raise
        except CertificateError as error:
            raise ExpectedSidsError(f"{path} cannot be used. {error.message}") from error

    def compare(self, record: CertificateRecord) -> SidComparison:
        """The certificate of the record against this list."""
        mapping = record.strong_mapping
        expected = self._lookup(record)
        if not expected:
            reason = "The list of expected SIDs does not name this certificate."
            return SidComparison(ComparisonStatus.NO_EXPECTATION, None, mapping.sid, reason)
        if len(expected) > 1:
            reason = "The list names different SIDs for the UPNs of this certificate."
            return SidComparison(ComparisonStatus.NO_EXPECTATION, None, mapping.sid, reason)
        sid = expected.pop()
        if mapping.status is MappingStatus.NOT_JUDGED:
            return SidComparison(ComparisonStatus.NOT_JUDGED, sid, None, mapping.reasons[0])
        return _compare(sid, mapping)

    def _lookup(self, record: CertificateRecord) -> set[str | None]:
        keys = _keys(record)
        known: Iterable[tuple[str, Mapping[str, str | None]]] = (
            ("thumbprint", self.by_thumbprint),
            ("serial", self.by_serial),
            ("upn", self.by_upn),
        )
        for kind, sids in known:
            found = {sids[key] for key in map(_NORMALISERS[kind], keys[kind]) if key in sids}
            if found:
                return found
        return set()


def _compare(expected: str | None, mapping: StrongMapping) -> SidComparison:
    found = mapping.sid
    status, reason = ComparisonStatus.AS_EXPECTED, "The certificate is as expected."
    if expected is None and found is not None:
        status = ComparisonStatus.UNEXPECTED
        reason = f"The account has no SID, but the certificate names {found}."
    elif found is None and expected is not None:
        status = ComparisonStatus.MISSING
        reason = f"{expected} is expected. {' '.join(mapping.reasons)}"
    elif found != expected:
        status = ComparisonStatus.DIFFERENT
        reason = f"{expected} is expected, but the certificate is mapped to {found}."
    return SidComparison(status, expected, found, reason)


def _keys(record: CertificateRecord) -> dict[str, tuple[str, ...]]:
    if record.facts is not None:
        facts = record.facts
        return {
            "thumbprint": (facts.sha1_thumbprint, facts.sha256_thumbprint),
            "serial": (facts.serial_number or "",),
            "upn": facts.subject_alternative_names.upn,
        }
    reported = record.reported
    return {
        "thumbprint": ((reported and reported.thumbprint) or "",),
        "serial": ((reported and reported.serial_number) or "",),
        "upn": ((reported and reported.upn) or "",),
    }


def _normal_hex(text: str) -> str:
    # Windows' certificate dialog puts spaces, colons and an invisible mark into what one copies.
    return "".join(char for char in text.upper() if char in "0123456789ABCDEF")


def _normal_serial(text: str) -> str:
    return _normal_hex(text.strip().removeprefix("0x").removeprefix("0X")).lstrip("0")


def _normal_upn(text: str) -> str:
    return text.strip().casefold()


_NORMALISERS = {"thumbprint": _normal_hex, "serial": _normal_serial, "upn": _normal_upn}


class _Collector:
    def __init__(self) -> None:
        self._found: dict[str, dict[str, str | None]] = {kind: {} for kind in _NORMALISERS}

    def add(self, kind: str, key: str, sid: str | None, where: str) -> None:
        try:
            refuse_scientific(kind, key)
        except CertificateError as error:
            raise ExpectedSidsError(f"{where}: {error.message}") from error
        normal = _NORMALISERS[kind](key)
        if not normal:
            raise ExpectedSidsError(f"{where}: “{key}” is not a {kind}.")
        wanted = _text_of_sid(sid) if sid else None
        if wanted and not is_sid(wanted):
            raise ExpectedSidsError(f"{where}: “{wanted}” is not a SID.{_what_else(wanted)}")
        known = self._found[kind]
        if known.setdefault(normal, wanted or None) != (wanted or None):
            raise ExpectedSidsError(f"{where}: a second, different SID for {kind} “{key}”.")

    def result(self) -> ExpectedSids:
        return ExpectedSids(self._found["thumbprint"], self._found["serial"], self._found["upn"])


def _text_of_sid(value: str) -> str:
    """A SID as text: of csvde, which writes its octets (MS-DTYP 2.4.2.2) as `X'0105…'`, too."""
    match = _OCTETS.fullmatch(value.strip())
    octets = bytes.fromhex(match[1]) if match else b""
    if len(octets) < _SID_HEADER or len(octets) != _SID_HEADER + 4 * octets[1]:
        return value.strip()
    parts = (octets[place : place + 4] for place in range(_SID_HEADER, len(octets), 4))
    authority = int.from_bytes(octets[2:_SID_HEADER], "big")
    numbers = (octets[0], authority, *(int.from_bytes(part, "little") for part in parts))
    return "-".join(("S", *map(str, numbers)))


def _what_else(text: str) -> str:
    """What to do about a text that is no SID, as a sentence; empty where nothing is known."""
    beside = beside_sid(text)
    if beside is not None:
        return f" {beside[0].upper()}{beside[1:]}."
    if text.startswith(("System.", "Microsoft.ActiveDirectory")):
        return " PowerShell writes that for a list: export the property SID.Value, a text."
    return ""


def _from_table(table: Table, path: str) -> ExpectedSids:
    keys = table.keys
    sid_columns = [index for index, key in enumerate(keys) if key in SID_COLUMNS]
    key_columns = {index: KEY_COLUMNS[key] for index, key in enumerate(keys) if key in KEY_COLUMNS}
    if not sid_columns or not key_columns:
        raise ExpectedSidsError(f"{path} {_what_is_missing(table)}")
    collector = _Collector()
    for line, row in table.rows:
        where = f"{path}, row {line}"
        if len(row) != len(keys):
            raise ExpectedSidsError(f"{where}: {len(row)} values for {len(keys)} columns.")
        filled = {index: kind for index, kind in key_columns.items() if row[index].strip()}
        if not filled:
            raise ExpectedSidsError(f"{where}: no thumbprint, serial or upn.")
        sids = {_text_of_sid(row[index]) for index in sid_columns} - {""}
        if len(sids) > 1:
            raise ExpectedSidsError(f"{where}: two different SIDs, {' and '.join(sorted(sids))}.")
        for index, kind in filled.items():
            collector.add(kind, row[index], next(iter(sids), None), where)
    return collector.result()


def _what_is_missing(table: Table) -> str:
    if is_report(table.keys):
        return (
            "is Intune's certificate report, which holds no SIDs. Give it as a file to inspect, "
            "and here a list with the columns upn and sid."
        )
    needs = (
        "needs the column sid and at least one of thumbprint, serial and upn. "
        f"Its columns are: {listed_columns(table.columns)}."
    )
    if _ACCOUNT_NAMES.intersection(table.keys):
        return (
            f"{needs} A certificate does not hold the account's name: "
            "export UserPrincipalName beside it."
        )
    return needs


_ACCOUNT_NAMES: Final = frozenset(
    {"samaccountname", "onpremisessamaccountname", "distinguishedname", "name", "cn"}
)
_OCTETS: Final = re.compile(r"X'((?:[0-9a-f]{2})+)'", re.IGNORECASE)
_SID_HEADER: Final = 8
_KNOWN: Final = SID_COLUMNS.union(KEY_COLUMNS, _ACCOUNT_NAMES, REPORT_COLUMNS)
