"""Windows events as XML, from whoever wrote them: read by expat, with everything off that harms.

The text is put inside an element of our own before it is parsed. So a document type cannot stand
in it, and without one no entity can be declared: nothing grows, nothing is fetched, and no
library beside Python's own is needed. `wevtutil qe … /f:xml` writes events one after the other
without an element around them, which needs the same.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from intune_scep.errors import CertificateError
from intune_scep.texts import decoded

_DEEPEST: Final = 32
_LONGEST: Final = 64 * 1024
_MOST_DATA: Final = 256
_DECLARATION: Final = re.compile(r"\s*<\?xml\b[^>]{0,200}\?>")
_FORBIDDEN: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# Event Viewer's page for one event, copied, has marks in front of what can be folded.
_BEGIN: Final = re.compile(r"[\s\ufeff+-]*<\s*[?!A-Za-z]")


@dataclass(slots=True)
class XmlEvent:
    """One event, as it stands there; `data` are names (or nothing) and values in their order."""

    event_id: str = ""
    provider: str = ""
    time: str = ""
    computer: str = ""
    data: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class XmlEvents:
    """The whole events; `problem` says where and why reading ended early, as a sentence."""

    events: list[XmlEvent]
    problem: str | None


def is_event_xml(data: bytes) -> bool:
    """Whether a file begins as XML does."""
    return _BEGIN.match(_as_text(data[:4096])) is not None


def read_event_xml(data: bytes) -> XmlEvents:
    """Every `Event` of a file, in or without an element around them.

    Raises:
        CertificateError: It declares a document type or entities, which no export does.
    """
    text = _as_text(data)
    if _FORBIDDEN.search(text):
        raise CertificateError(
            "It declares a document type or entities, which no export of events does."
        )
    handler = _Handler()
    problem = handler.read(_DECLARATION.sub("", text.lstrip("\ufeff")))
    if problem is None and not handler.events and not handler.roots & {"Event", "Events"}:
        raise CertificateError("It is XML, but no export of events: there is no element Event.")
    return XmlEvents(handler.events, problem)


def _as_text(data: bytes) -> str:
    try:
        return decoded(data)
    except UnicodeError:
        return data.decode("utf-8", "replace")


class _TooMuchError(Exception):
    """A bound is exceeded; says which, as the end of a sentence."""


class _Handler:
    def __init__(self) -> None:
        self.events: list[XmlEvent] = []
        self.roots: set[str] = set()
        self._path: list[str] = []
        self._event: XmlEvent | None = None
        self._text: list[str] = []
        self._size = 0
        self._name = ""

    def read(self, text: str) -> str | None:
        """Read all; returns why it ended early."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(b"<all>", False)
            parser.Parse(text.encode("utf-8", "replace"), False)
            parser.Parse(b"</all>", True)
        except expat.ExpatError as error:
            return (
                f"The XML breaks off or is damaged in line {error.lineno}, after"
                f" {len(self.events)} whole events."
            )
        except _TooMuchError as error:
            line = parser.CurrentLineNumber
            return f"Reading ended in line {line}, after {len(self.events)} whole events: {error}."
        return None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise _TooMuchError(f"elements are nested deeper than {_DEEPEST}")
        if len(self._path) == 2:
            self.roots.add(name)
        if name == "Event":
            self._event = XmlEvent()
        if self._event is None:
            return
        self._text, self._size = [], 0
        if name == "Provider":
            self._event.provider = attributes.get("Name", "")
        elif name == "TimeCreated":
            self._event.time = attributes.get("SystemTime", "")
        elif name == "Data":
            self._name = attributes.get("Name", "")

    def _characters(self, text: str) -> None:
        if self._event is None:
            return
        self._size += len(text)
        if self._size > _LONGEST:
            raise _TooMuchError("a value is longer than 64 KiB")
        self._text.append(text)

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        event = self._event
        if event is None:
            return
        inside = self._path[-1] if self._path else ""
        text = "".join(self._text).strip()
        if name == "Event":
            self.events.append(event)
            self._event = None
        elif inside == "System" and name == "EventID":
            event.event_id = text
        elif inside == "System" and name == "Computer":
            event.computer = text
        elif inside == "EventData" and name == "Data":
            if len(event.data) >= _MOST_DATA:
                raise _TooMuchError(f"an event has more than {_MOST_DATA} values")
            event.data.append((self._name, text))
        self._text, self._size = [], 0
