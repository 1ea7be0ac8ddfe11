"""DER, element by element: what lets one damaged part of a certificate cost only itself.

`cryptography` decodes all extensions together and refuses a certificate for one letter of a name,
in words that change with its version. Here only tags and lengths are followed, bounded by the
bytes that are there. Lengths in more octets than they need are read; open lengths are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
UTF8_STRING: Final = 0x0C
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

_CONSTRUCTED: Final = 0x20
_CONTEXT: Final = 0x80
_LONG_TAG: Final = 0x1F
_OPEN_LENGTH: Final = 0x80
_LONGEST_LENGTH: Final = 8
_LONGEST_OID: Final = 63
_LONGEST_TAG: Final = 6
_DEEPEST: Final = 24

_NAMES: Final = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    0x05: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    0x0A: "ENUMERATED",
    UTC_TIME: "UTCTime",
    GENERALIZED_TIME: "GeneralizedTime",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}
# How the letters of each kind of text are encoded; those of the single-byte kinds are ASCII.
_TEXTS: Final = {
    UTF8_STRING: ("UTF8String", "utf-8"),
    0x12: ("NumericString", "ascii"),
    0x13: ("PrintableString", "ascii"),
    0x14: ("T61String", "ascii"),
    0x16: ("IA5String", "ascii"),
    0x1A: ("VisibleString", "ascii"),
    0x1B: ("GeneralString", "ascii"),
    0x1C: ("UniversalString", "utf-32-be"),
    0x1E: ("BMPString", "utf-16-be"),
}


class DerError(ValueError):
    """The bytes are not what they should be; the message ends a sentence, without a full stop."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag (all identifier octets as a number), its content, and all of it."""

    tag: int
    content: bytes
    encoded: bytes

    def children(self) -> tuple["Element", ...]:
        """The elements inside.

        Raises:
            DerError: It holds none, or they do not fill it exactly.
        """
        if not self.is_constructed:
            raise DerError(f"{_article(self.kind)} holds no elements")
        return tuple(elements(self.content))

    @property
    def is_constructed(self) -> bool:
        return bool(self.encoded[0] & _CONSTRUCTED)

    @property
    def kind(self) -> str:
        """What it is, as the standards call it: `UTF8String`, `SEQUENCE`, `[0]`."""
        if self.tag in _TEXTS:
            return _TEXTS[self.tag][0]
        if self.tag in _NAMES:
            return _NAMES[self.tag]
        if self.tag & 0xC0 == _CONTEXT and self.tag < 0x100:
            return f"[{self.tag & _LONG_TAG}]"
        return f"element with the tag {self.tag:02X}"

    @property
    def is_text(self) -> bool:
        return self.tag in _TEXTS


def elements(data: bytes) -> Iterator[Element]:
    """The elements that follow one another in these bytes.

    Raises:
        DerError: They do not fill the bytes exactly; raised where the first bad one begins.
    """
    place = 0
    while place < len(data):
        element = element_at(data, place)
        yield element
        place += len(element.encoded)


def element_at(data: bytes, place: int = 0) -> Element:
    """The element that begins at a place.

    Raises:
        DerError: There is none, or it is cut off.
    """
    tag, start = _read_tag(data, place)
    length, start = _read_length(data, start)
    end = start + length
    if end > len(data):
        raise DerError("it is cut off")
    return Element(tag, data[start:end], data[place:end])


def only(data: bytes, *tags: int) -> Element:
    """The one element that these bytes are, of one of the tags.

    Raises:
        DerError: It is another one, or something follows it.
    """
    element = element_at(data)
    if element.tag not in tags:
        wanted = " or ".join(_article(Element(tag, b"", bytes([tag])).kind) for tag in tags)
        raise DerError(f"it must be {wanted}, it is {_article(element.kind)}")
    if len(element.encoded) != len(data):
        raise DerError(f"something follows the {element.kind}")
    return element


def context(number: int, *, constructed: bool) -> int:
    """The tag `[number]`."""
    return _CONTEXT | (_CONSTRUCTED if constructed else 0) | number


def an(element: Element) -> str:
    """The kind of an element with its article."""
    return _article(element.kind)


def read_oid(element: Element) -> str:
    """An OBJECT IDENTIFIER, dotted.

    Raises:
        DerError: It is something else, cut off, or longer than any that is in use.
    """
    octets = only(element.encoded, OBJECT_IDENTIFIER).content
    if not octets or octets[-1] & 0x80 or len(octets) > _LONGEST_OID:
        raise DerError("an object identifier is damaged")
    arcs, arc = [], 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_integer(element: Element) -> int:
    """An INTEGER; DerError if it is something else or empty."""
    octets = only(element.encoded, INTEGER).content
    if not octets:
        raise DerError("an INTEGER is empty")
    return int.from_bytes(octets, "big", signed=True)


def read_boolean(element: Element) -> bool:
    """A BOOLEAN, true for anything but 0 as in BER; DerError if it is something else."""
    octets = only(element.encoded, BOOLEAN).content
    if len(octets) != 1:
        raise DerError("a BOOLEAN is not one octet")
    return octets != b"\0"


def read_bits(element: Element) -> bytes:
    """The octets of a BIT STRING without unused bits at its end, but for flags.

    Raises:
        DerError: It is something else, or says a number of unused bits that cannot be.
    """
    octets = only(element.encoded, BIT_STRING).content
    if not octets or octets[0] > 7 or (octets[0] and len(octets) == 1):
        raise DerError("a BIT STRING is damaged")
    return octets[1:]


def read_text(element: Element) -> tuple[str, str | None]:
    """A text of any kind, and what is wrong with it, as the beginning of a sentence, or None.

    Letters that a kind may not hold are read as UTF-8 where they are UTF-8, else as Latin-1, which
    is what those who write them mean.

    Raises:
        DerError: It is no text.
    """
    if not element.is_text:
        raise DerError(f"it must be a text, it is {an(element)}")
    kind, encoding = _TEXTS[element.tag]
    try:
        return element.content.decode(encoding), None
    except UnicodeDecodeError:
        return _guess(element.content, encoding), f"{_article(kind)} holds {_misfits(encoding)}"


def read_time(element: Element) -> tuple[datetime, str | None]:
    """A UTCTime or GeneralizedTime, aware, UTC; and what is wrong with its form, or None.

    Raises:
        DerError: It is something else, or says no time that a calendar has.
    """
    text = only(element.encoded, UTC_TIME, GENERALIZED_TIME).content.decode("ascii", "replace")
    short = element.tag == UTC_TIME
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    year = 2 if short else 4
    if len(digits) not in {year + 8, year + 10}:
        raise DerError(f"“{text[:40]}” is no time")
    zone = text[len(digits) :]
    fraction = "." in zone[:1] or "," in zone[:1]
    if fraction:
        zone = zone[1:].lstrip("0123456789")
    time = _time(digits, year, zone)
    sound = zone == "Z" and not fraction and len(digits) == year + 10
    sound = sound and short == (1950 <= time.year < 2050)
    return time, None if sound else f"“{text[:40]}” is not written as RFC 5280 4.1.2.5 asks"


def _time(digits: str, year: int, zone: str) -> datetime:
    years = int(digits[:year])
    if year == 2:
        years += 1900 if years >= 50 else 2000
    month, day, hour, minute = (int(digits[year + at : year + at + 2]) for at in (0, 2, 4, 6))
    second = int(digits[year + 8 :] or 0)
    try:
        time = datetime(years, month, day, hour, minute, second, tzinfo=UTC)
        return time - _offset(zone)
    except (ValueError, OverflowError) as error:
        raise DerError(f"“{digits}{zone[:10]}” is no time") from error


def _offset(zone: str) -> timedelta:
    if zone in {"Z", ""}:
        return timedelta()
    sign, hours, minutes = zone[0], zone[1:3], zone[3:]
    if sign not in "+-" or not (hours + minutes).isascii() or not (hours + minutes).isdigit():
        raise ValueError(zone)
    if int(hours) >= 24 or int(minutes or 0) >= 60:
        raise ValueError(zone)
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return ahead if sign == "+" else -ahead


def _guess(octets: bytes, encoding: str) -> str:
    if encoding != "ascii":
        return octets.decode(encoding if encoding != "utf-8" else "latin-1", errors="replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _misfits(encoding: str) -> str:
    return "letters beyond ASCII" if encoding == "ascii" else f"what is not {encoding.upper()}"


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIO' or kind.startswith('element') else 'a'} {kind}"


def _read_tag(data: bytes, place: int) -> tuple[int, int]:
    if place >= len(data):
        raise DerError("it is cut off")
    tag = data[place]
    place += 1
    if tag & _LONG_TAG != _LONG_TAG:
        return tag, place
    for octet in data[place : place + _LONGEST_TAG]:
        tag = tag << 8 | octet
        place += 1
        if not octet & 0x80:
            return tag, place
    raise DerError("a tag is damaged")


def _read_length(data: bytes, place: int) -> tuple[int, int]:
    if place >= len(data):
        raise DerError("it is cut off")
    first = data[place]
    place += 1
    if first < _OPEN_LENGTH:
        return first, place
    if first == _OPEN_LENGTH:
        raise DerError("a length is left open, which DER forbids")
    octets = data[place : place + first - _OPEN_LENGTH]
    if len(octets) < first - _OPEN_LENGTH:
        raise DerError("it is cut off")
    if len(octets.lstrip(b"\0")) > _LONGEST_LENGTH:
        raise DerError("a length is beyond all measure")
    return int.from_bytes(octets, "big"), place + len(octets)


def with_closed_lengths(data: bytes) -> bytes:
    """The first element of BER with its open lengths (X.690 8.1.3.6) closed.

    Raises:
        DerError: It is cut off, or nested beyond all measure.
    """
    return _closed(data, 0, _DEEPEST)[0]


def _closed(data: bytes, place: int, depth: int) -> tuple[bytes, int]:
    """One element with its lengths closed, and where it ends."""
    tag_octets = data[place : _read_tag(data, place)[1]]
    start = place + len(tag_octets)
    if data[start : start + 1] != bytes([_OPEN_LENGTH]):
        element = element_at(data, place)
        return element.encoded, place + len(element.encoded)
    if not depth:
        raise DerError("it is nested beyond all measure")
    start += 1
    inner = bytearray()
    while data[start : start + 2] != b"\0\0":
        element_bytes, start = _closed(data, start, depth - 1)
        inner += element_bytes
    length = len(inner).to_bytes(4, "big")
    return tag_octets + bytes([_OPEN_LENGTH | len(length)]) + length + bytes(inner), start + 2
