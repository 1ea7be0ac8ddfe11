"""From the events of domain controllers to certificates, to their profiles, to what is to be done.

What each event means: KB5014754 and KB5057784 (DOMAIN.md 1).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from intune_scep.active_directory.accounts import account_key
from intune_scep.active_directory.events import DomainControllerEvent, EventLog
from intune_scep.active_directory.tables import report_rows
from intune_scep.certificates.name_text import read_name_text
from intune_scep.certificates.report_csv import ReportedCertificate
from intune_scep.errors import CertificateError
from intune_scep.records import Record
from intune_scep.wording import option

_COMMON_NAME: Final = "2.5.4.3"
ADVICE: Final = {
    39: (
        "No strong mapping: migrate the profile to the SID URI (strong-mapping plan), or map what"
        " is out by hand (certificate bridge). If the certificate has the SID URI already, the"
        " domain controller is Windows Server 2016, which cannot read it."
    ),
    40: (
        "No strong mapping, and the certificate is older than the account: issue it again after"
        " the account was made, with the SID URI, or map it by hand (certificate bridge)."
    ),
    41: (
        "The certificate carries another SID than the account: find out whether the account was"
        " made anew or the certificate is somebody else's, and issue it again. Do not map it by"
        " hand."
    ),
    45: (
        "The CA is not in the NTAuth store: refused since the updates of July 2025, whatever the"
        " mapping. Publish the issuing CA: certutil -dspublish -f CA.cer NTAuthCA"
    ),
    21: (
        "The certificate was not accepted; the event says why, and names no certificate. Where it"
        " says that a CA is not trusted by the policy provider, the CA is not in the NTAuth store:"
        " certutil -dspublish -f CA.cer NTAuthCA"
    ),
}


class Found(StrEnum):
    """How a certificate of the report was found for an event."""

    THUMBPRINT = "thumbprint"
    SERIAL_NUMBER = "serial_number"
    ACCOUNT = "account"
    """Event 21: all certificates of the users whose name begins so are of one profile. A guess."""
    AMBIGUOUS = "ambiguous"
    NOT_IN_REPORT = "not_in_report"
    NO_REPORT = "no_report"


@dataclass(frozen=True, slots=True)
class Culprit(Record):
    """An event with its certificate.

    Attributes:
        certificate: As the report names it; None where it was not found, or only guessed.
    """

    event: DomainControllerEvent
    found: Found
    policy_id: str | None
    certificate: ReportedCertificate | None = None


@dataclass(frozen=True, slots=True)
class CulpritGroup(Record):
    """The events of one profile, or of those whose profile is not known.

    Attributes:
        issuers: Common names of CAs, in order.
        events: How many, by number.
        guessed: How many were found by the account alone.
        advice: What to do, in sentences, for each number of event that is there.
    """

    policy_id: str | None
    found: Found | None
    events: dict[str, int]
    accounts: int
    certificates: int
    issuers: tuple[str, ...]
    guessed: int
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Culprits(Record):
    """Everything found.

    Attributes:
        groups: Those with the most events first.
        notes: What could not be judged, in sentences.
        others, not_understood, problem: As in `EventLog`.
    """

    groups: tuple[CulpritGroup, ...]
    culprits: tuple[Culprit, ...]
    others: int
    not_understood: tuple[int, ...]
    problem: str | None
    notes: tuple[str, ...]

    @property
    def is_judged(self) -> bool:
        """Whether no culprit means that there is none."""
        return not self.not_understood and self.problem is None and self.others > 0


def find_culprits(log: EventLog, report: Path | None = None) -> Culprits:
    """Each event with its profile, by the certificate report.

    Args:
        log: What the domain controllers wrote.
        report: The CSV of `AllDeviceCertificates` or `CertificatesByRAPolicy`; without it nothing
            is known of profiles.

    Raises:
        FileError: The report cannot be read.
        CertificateError: It is not this report.
    """
    index = None if report is None else _Index(log.events, report)
    culprits = tuple(
        Culprit(event, Found.NO_REPORT, None) if index is None else index.find(event)
        for event in log.events
    )
    return Culprits(
        _groups(culprits),
        culprits,
        log.others,
        log.not_understood,
        log.problem,
        tuple(_notes(log, culprits, 0 if index is None else index.unread)),
    )


class _Index:
    """The rows of the report that the events are about; the others are not kept."""

    def __init__(self, events: Iterable[DomainControllerEvent], report: Path) -> None:
        events = tuple(events)
        self.unread = 0
        self._by_thumbprint: dict[str, list[ReportedCertificate]] = {
            key: [] for event in events if (key := _digits(event.thumbprint))
        }
        self._by_serial: dict[str, list[ReportedCertificate]] = {
            key: [] for event in events if (key := _digits(event.serial_number).lstrip("0"))
        }
        self._by_account: dict[str, list[ReportedCertificate]] = {
            account_key(event.account): []
            for event in events
            if event.event_id == 21 and event.account
        }
        for _, row in report_rows(report):
            if isinstance(row, CertificateError):
                self.unread += 1
            else:
                self._add(row)

    def find(self, event: DomainControllerEvent) -> Culprit:
        """The event with what the report knows of it."""
        rows = self._by_thumbprint.get(_digits(event.thumbprint), [])
        if rows:
            return _culprit(event, rows, Found.THUMBPRINT)
        rows = self._by_serial.get(_digits(event.serial_number).lstrip("0"), [])
        # A thumbprint that both name and that differs is another certificate.
        rows = [
            row
            for row in rows
            if _may_be_issuer(row.issuer_name or "", event.issuer)
            and not (_digits(event.thumbprint) and _digits(row.thumbprint))
        ]
        if rows:
            return _culprit(event, rows, Found.SERIAL_NUMBER)
        if event.event_id == 21 and event.account:
            rows = self._by_account.get(account_key(event.account), [])
            if rows:
                return _culprit(event, rows, Found.ACCOUNT)
        return Culprit(event, Found.NOT_IN_REPORT, None)

    def _add(self, row: ReportedCertificate) -> None:
        user = account_key(row.upn or "").partition("@")[0]
        for index, key in (
            (self._by_thumbprint, _digits(row.thumbprint)),
            (self._by_serial, _digits(row.serial_number).lstrip("0")),
            (self._by_account, user),
        ):
            if key in index:
                index[key].append(row)


def _culprit(
    event: DomainControllerEvent, rows: list[ReportedCertificate], found: Found
) -> Culprit:
    profiles = {(row.policy_id or "").strip().casefold() for row in rows}
    if len(profiles) > 1:
        return Culprit(event, Found.AMBIGUOUS, None)
    certificate = None if found is Found.ACCOUNT else rows[0]
    return Culprit(event, found, (rows[0].policy_id or "").strip() or None, certificate)


def _digits(text: str | None) -> str:
    """Hexadecimal digits without what people and Windows put between them."""
    kept = (char for char in (text or "").strip() if char.isalnum())
    return "".join(kept).upper().removeprefix("0X")


def _may_be_issuer(reported: str, common_name: str | None) -> bool:
    """Whether a certificate of this issuer may be of the CA that an event names."""
    if not common_name or not reported.strip():
        return True
    try:
        parts = [part for rdn in read_name_text(reported).rdns for part in rdn]
    except CertificateError:
        return common_name.casefold() in reported.casefold()
    names = {
        value.casefold() for oid, value in parts if oid == _COMMON_NAME and isinstance(value, str)
    }
    return common_name.strip().casefold() in names


def _groups(culprits: Iterable[Culprit]) -> tuple[CulpritGroup, ...]:
    by_profile: dict[tuple[str, Found | None], list[Culprit]] = {}
    for item in culprits:
        unknown = None if item.policy_id else item.found
        key = ((item.policy_id or "").casefold(), unknown)
        by_profile.setdefault(key, []).append(item)
    groups = [_group(found, items) for (_, found), items in by_profile.items()]
    return tuple(sorted(groups, key=lambda group: -sum(group.events.values())))


def _group(found: Found | None, items: list[Culprit]) -> CulpritGroup:
    counts = Counter(item.event.event_id for item in items)
    return CulpritGroup(
        policy_id=items[0].policy_id,
        found=found,
        events={str(number): counts[number] for number in sorted(counts)},
        accounts=len({account_key(item.event.account) for item in items if item.event.account}),
        certificates=len({key for item in items if (key := _certificate_key(item.event))}),
        issuers=tuple(sorted({item.event.issuer for item in items if item.event.issuer})),
        guessed=sum(item.found is Found.ACCOUNT for item in items),
        advice=tuple(f"{number}: {ADVICE[number]}" for number in sorted(counts)),
    )


def _certificate_key(event: DomainControllerEvent) -> str:
    return _digits(event.thumbprint) or _digits(event.serial_number)


def _notes(log: EventLog, culprits: tuple[Culprit, ...], unread: int) -> Iterable[str]:
    if log.problem is not None:
        yield log.problem
    if log.not_understood:
        places = ", ".join(map(str, log.not_understood[:5]))
        more = len(log.not_understood) - 5
        yield (
            f"{len(log.not_understood)} events could not be understood (number or line {places}"
            f"{f' and {more} more' if more > 0 else ''}). Export them as XML, which has the data"
            " beside the text."
        )
    if not culprits and not log.others and not log.not_understood and log.problem is None:
        yield (
            "The export holds no event at all: whether there are none, or the query was wrong,"
            " cannot be told from it. Take one with other events of the System log beside."
        )
    if unread:
        yield f"{unread} rows of the certificate report cannot be read and were left out."
    found = Counter(item.found for item in culprits)
    if found[Found.NO_REPORT]:
        yield f"Give the certificate report with {option('report')} to learn the profiles."
    if found[Found.NOT_IN_REPORT]:
        yield (
            f"{found[Found.NOT_IN_REPORT]} events are about certificates that the report does not"
            " name: of another CA or tool, gone, or newer than the report, which lags by hours."
        )
    if found[Found.AMBIGUOUS]:
        yield f"{found[Found.AMBIGUOUS]} events fit certificates of more than one profile."
    if found[Found.ACCOUNT]:
        yield (
            f"{found[Found.ACCOUNT]} events 21 name no certificate: their profile was guessed from"
            " the beginning of the user principal name."
        )
