"""What domain controllers write about certificates: events 39, 40, 41, 45 and 21, from an export.

Names and order of the data: the texts of 39, 40 and 21 with their parameters in gradenegger.eu
"Details of the event with ID …"; whole events 21, 39, 41 and 45 as XML in public laboratory notes
of 2025. What they mean: KB5014754 and KB5057784 (DOMAIN.md 1). Windows Server 2008
numbers 39, 40 and 41 as 41, 48 and 49. `Issuer` holds the common name alone; 21 names no
certificate. Not seen here: an export of a French or other system, and Event Viewer's CSV of these
events; there the text is read by the order of its lines, which no language changes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from intune_scep.active_directory.event_xml import XmlEvent, is_event_xml, read_event_xml
from intune_scep.active_directory.tables import LARGEST, open_table
from intune_scep.certificates.tables import Table, listed_columns, read_table
from intune_scep.errors import CertificateError
from intune_scep.files import read_regular
from intune_scep.records import Record

EVENTS: Final = (39, 40, 41, 45, 21)
_ON_2008: Final = {48: 40, 49: 41}
_NAMED: Final = ("account", "subject", "issuer", "serial_number", "thumbprint")
_ORDER: Final = {
    39: _NAMED,
    40: (*_NAMED, "issued", "account_created"),
    41: ("account", "account_sid", *_NAMED[1:], "certificate_sid"),
    45: _NAMED,
    21: ("domain", "account", "status"),
}
_FIELDS: Final = {
    "accountname": "account",
    "accountsid": "account_sid",
    "accountcreationtime": "account_created",
    "certificatesid": "certificate_sid",
    "domain": "domain",
    "issuancetime": "issued",
    "issuer": "issuer",
    "serialnumber": "serial_number",
    "status": "status",
    "subject": "subject",
    "thumbprint": "thumbprint",
    "username": "account",
}
_SOURCES: Final = re.compile(
    r"(?:microsoft-windows-)?kerberos-key-distribution-center|kdcsvc|kdc", re.IGNORECASE
)
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")
_SERIAL: Final = re.compile(r"[0-9A-Fa-f]{1,64}")
_ANY_THUMBPRINT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{40}(?![0-9A-Za-z])")
_LABELLED: Final = re.compile(r"[^:\uff1a]{1,80}[:\uff1a]\s*(.*)", re.DOTALL)
_ACCOUNT: Final = re.compile(r"([^\s\\\"“„«]{1,64})\\([^\s\\\"”“»,;]{1,104})")
_SID: Final = re.compile(r"S-1-[0-9-]+")

# By `column_key`. Get-WinEvent | Export-Csv; Event Viewer's columns are found by their place, since
# their names are of the language of the system and the last, with the text, has none.
_ID: Final = frozenset({"id", "eventid", "ereignisid"})
_TEXT: Final = frozenset({"message", "description", "beschreibung"})
_SOURCE: Final = frozenset({"providername", "source", "quelle", "provider"})
_TIME: Final = frozenset({"timecreated", "dateandtime", "datumunduhrzeit", "timegenerated"})
_COMPUTER: Final = frozenset({"machinename", "computer"})
_KNOWN: Final = _ID | _TEXT | _SOURCE | _TIME | _COMPUTER
_VIEWER: Final = 5
_MOST_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class DomainControllerEvent(Record):
    """One event. None: it does not say.

    Attributes:
        place: The line of a CSV, or which event of the XML, from 1.
        event_id: As on Windows Server 2012 and later.
        time, computer, issued, account_created: As they are written.
        account: Without its domain.
        issuer: The common name of the CA.
        status: Of event 21, in the language of the domain controller.
    """

    place: int
    event_id: int
    time: str | None = None
    computer: str | None = None
    account: str | None = None
    domain: str | None = None
    account_sid: str | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    thumbprint: str | None = None
    certificate_sid: str | None = None
    issued: str | None = None
    account_created: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class EventLog(Record):
    """What an export holds.

    Attributes:
        events: Those of `EVENTS` that could be understood.
        others: How many are other events.
        not_understood: Where events stand that would count but say nothing that can be used.
        problem: Why the export could not be read to its end, as a sentence; None if it could.
    """

    events: tuple[DomainControllerEvent, ...]
    others: int
    not_understood: tuple[int, ...]
    problem: str | None


def read_events(path: Path) -> EventLog:
    """The events of an export, XML or CSV, told apart by its content.

    XML comes from Event Viewer ("save as XML") or `wevtutil qe System /f:xml`; CSV from
    `Get-WinEvent | Export-Csv` or Event Viewer, in UTF-8, UTF-16 or a code page.

    Raises:
        FileError: It is missing, no regular file, or larger than 256 MiB.
        CertificateError: It is no such export.
    """
    data = read_regular(path, what="The export of events", most=LARGEST)
    reading = _Reading()
    try:
        if data.startswith(b"ElfFile\0"):
            raise CertificateError(
                "It is a binary event log (.evtx). Open it in Event Viewer and save it as XML, or"
                f" run: wevtutil qe {path.name} /lf:true /f:xml > events.xml"
            )
        if is_event_xml(data):
            reading.xml(data)
        else:
            reading.csv(path)
    except CertificateError as error:
        raise CertificateError(f"{path} cannot be used. {error.message}") from error
    return reading.result()


class _Reading:
    def __init__(self) -> None:
        self._events: list[DomainControllerEvent] = []
        self._others = 0
        self._not_understood: list[int] = []
        self._problem: str | None = None

    def xml(self, data: bytes) -> None:
        """Everything of an XML export."""
        found = read_event_xml(data)
        self._problem = found.problem
        for place, item in enumerate(found.events, 1):
            self._take(place, item, None)

    def csv(self, path: Path) -> None:
        """Everything of a CSV export."""
        with open_table(path, "The export of events") as file:
            table = read_table(file, _KNOWN)
            columns = _Columns(table)
            try:
                for line, row in table.rows:
                    item = XmlEvent(
                        event_id=columns.value(_ID, row, place=3),
                        provider=columns.value(_SOURCE, row, place=2),
                        time=columns.value(_TIME, row, place=1),
                        computer=columns.value(_COMPUTER, row),
                    )
                    self._take(line, item, columns.text(row))
            except CertificateError as error:
                self._problem = error.message

    def result(self) -> EventLog:
        """Everything taken in.

        Raises:
            CertificateError: There was nothing at all before it broke off.
        """
        read = len(self._events) + self._others + len(self._not_understood)
        if self._problem is not None and not read:
            raise CertificateError(self._problem)
        return EventLog(
            tuple(self._events), self._others, tuple(self._not_understood), self._problem
        )

    def _take(self, place: int, item: XmlEvent, text: str | None) -> None:
        """Take in one event, by its text where there is one, else by its data."""
        event_id = _number(item.event_id)
        is_ours = not item.provider or _SOURCES.fullmatch(item.provider)
        if not is_ours or event_id not in {*EVENTS, *_ON_2008}:
            self._others += 1
            return
        event_id = _ON_2008.get(event_id, event_id)
        fields = _of_data(event_id, item.data) if text is None else _of_text(event_id, text)
        if event_id == 41 and _is_of_2008(fields):
            event_id = 39
        if not fields:
            self._not_understood.append(place)
            return
        self._events.append(
            DomainControllerEvent(
                place, event_id, item.time or None, item.computer or None, **fields
            )
        )


class _Columns:
    """Where the values of a CSV stand."""

    def __init__(self, table: Table) -> None:
        self._keys = table.keys
        self._is_viewer = len(table.keys) == _VIEWER and not _TEXT & set(table.keys)
        if not self._is_viewer and not (_ID & set(table.keys) and _TEXT & set(table.keys)):
            raise CertificateError(
                "It is no export of events: neither XML, nor a CSV with the columns Id and Message,"
                " nor one of Event Viewer, which has five columns and the text in a sixth."
                f" Its columns are: {listed_columns(table.columns)}. Take for example: Get-WinEvent"
                " -FilterHashtable @{LogName='System'; Id=39,40,41,45,21} | Export-Csv events.csv"
                " -Encoding UTF8"
            )

    def value(self, names: frozenset[str], row: list[str], *, place: int | None = None) -> str:
        """The value of a column, by name or, in Event Viewer's export, by its place."""
        for index, key in enumerate(self._keys):
            if key in names and index < len(row):
                return row[index].strip()
        if self._is_viewer and place is not None and place < len(row):
            return row[place].strip()
        return ""

    def text(self, row: list[str]) -> str:
        """What the event says in words."""
        if self._is_viewer:
            return "\n".join(row[_VIEWER:])
        return self.value(_TEXT, row)


def _number(text: str) -> int:
    """The number of an event; -1 where there is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else -1


def _of_data(event_id: int, data: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The data of an event by name, or by place where they have none."""
    named = {
        _FIELDS[name.casefold()]: value.strip()
        for name, value in data
        if name.casefold() in _FIELDS and value.strip()
    }
    if not any(name for name, _ in data):
        named = _in_order(event_id, [value.strip() for _, value in data])
    return _checked(event_id, named)


def _of_text(event_id: int, text: str) -> dict[str, str]:
    """The data of an event out of its text, whatever the language."""
    if event_id == 21:
        return _of_text_21(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for size in sorted({len(_ORDER[event_id]), len(_NAMED)}, reverse=True):
        values = [_LABELLED.fullmatch(line) for line in lines[-size:]]
        found = _in_order(event_id, [match[1].strip() for match in values if match])
        checked = _checked(event_id, found) if len(values) == size and all(values) else {}
        if checked:
            return checked
    thumbprints = _ANY_THUMBPRINT.findall(text)
    return {"thumbprint": thumbprints[-1].upper()} if thumbprints else {}


def _of_text_21(text: str) -> dict[str, str]:
    account = _ACCOUNT.search(text)
    if account is None:
        return {}
    found = {"domain": account[1], "account": account[2]}
    status = re.split("[:\uff1a]", " ".join(text.split()))[-1].strip()
    return found | ({"status": status} if status else {})


def _is_of_2008(fields: dict[str, str]) -> bool:
    """Whether an event 41 has the data of 39: it names a certificate in full, and no SID."""
    return "serial_number" in fields and not {"account_sid", "certificate_sid"} & set(fields)


def _in_order(event_id: int, values: Sequence[str]) -> dict[str, str]:
    order = _ORDER[event_id]
    if event_id == 41 and len(values) < len(order):
        order = _NAMED
    return {name: value for name, value in zip(order, values, strict=False) if value}


def _checked(event_id: int, fields: dict[str, str]) -> dict[str, str]:
    """The data, if they name what the event is about."""
    if event_id == 21:
        return fields if fields.get("account") else {}
    if not _THUMBPRINT.fullmatch(fields.get("thumbprint", "")):
        fields.pop("thumbprint", None)
    if not _SERIAL.fullmatch(fields.get("serial_number", "")):
        fields.pop("serial_number", None)
    for name in ("account_sid", "certificate_sid"):
        if not _SID.fullmatch(fields.get(name, "")):
            fields.pop(name, None)
    if "thumbprint" not in fields and "serial_number" not in fields:
        return {}
    subject = fields.get("subject", "").removeprefix("@@@")
    return fields | ({"subject": subject} if subject else {})
