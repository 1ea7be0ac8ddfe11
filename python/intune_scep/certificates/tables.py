"""CSV as the world writes it: the one reader behind the certificate report and the expected SIDs.

Encoding, separator and header are found from the file: a byte order mark or UTF-8, a `sep=` line of
Excel or the separator under which the most columns have names that are known.
"""

import csv
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Final

from intune_scep.errors import CertificateError

_SEPARATORS: Final = ",;\t|"
_SEP_LINE: Final = re.compile(r"\ufeff?\s*\"?sep=([^\w\"\s]|\t)\"?\s*", re.IGNORECASE)
# PowerShell's Export-Csv without -NoTypeInformation.
_TYPE_LINE: Final = "#TYPE "
_LONGEST_LINE: Final = 128 * 1024
_MOST_SHOWN: Final = 12
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
# What a list of expected SIDs has, by `column_key`: the names that Windows, Active Directory,
# PowerShell and Graph give it.
KEY_COLUMNS: Final = {
    "thumbprint": "thumbprint",
    "certificatethumbprint": "thumbprint",
    "sha1thumbprint": "thumbprint",
    "fingerprint": "thumbprint",
    "serial": "serial",
    "serialnumber": "serial",
    "certificateserialnumber": "serial",
    "upn": "upn",
    "userprincipalname": "upn",
}
SID_COLUMNS: Final = frozenset(
    {
        "sid",
        "sidvalue",
        "objectsid",
        "objectsidvalue",
        "usersid",
        "securityidentifier",
        "onpremisessid",
        "onpremisessecurityidentifier",
    }
)
_IGNORED_IN_NAMES: Final = re.compile(r"[\s\-_.\"'\u200b\ufeff]+")


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file whose header has been read.

    Attributes:
        columns: The names of the columns as they stand there.
        keys: The same without letter case, blanks and marks, for comparison.
        rows: Each row with its line in the file; a `csv` or decoding error comes as ours.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]


def column_key(name: str) -> str:
    """The name of a column, so that `ObjectSid.Value`, `Object SID value` and the like are one."""
    return _IGNORED_IN_NAMES.sub("", name).casefold()


def encoding_of(start: bytes) -> str:
    """The encoding of a text by how it begins: four bytes are enough."""
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    if len(start) >= 4 and not start[1] and not start[3] and start[0] and start[2]:
        return "utf-16-le"
    if len(start) >= 4 and not start[0] and not start[2] and start[1] and start[3]:
        return "utf-16-be"
    return "utf-8"


def read_table(file: IO[str], known: Collection[str]) -> Table:
    """Read the header of an open CSV file; the rows come as they are asked for.

    Args:
        file: The file, `newline=""`.
        known: Keys of the columns that somebody waits for; they tell the separator.

    Raises:
        CertificateError: It cannot be read as CSV; raised by `rows` too.
    """
    try:
        header, separator, skipped = _header(file, known)
    except UnicodeDecodeError as error:
        raise _not_text(0, error) from error
    if len(header) > _LONGEST_LINE:
        raise CertificateError(
            f"Line {skipped + 1} cannot be read as CSV: it is longer than 128 KiB."
        )
    names = _without_blank_end(next(_reader([header], separator), []), 0)
    columns = tuple(name.strip() for name in names)
    keys = tuple(map(column_key, columns))
    return Table(columns, keys, _rows(header, file, separator, skipped, len(keys)))


def listed_columns(columns: Collection[str]) -> str:
    """The columns that were seen, for a message."""
    shown = [f"“{name}”" for name in list(columns)[:_MOST_SHOWN]]
    more = len(columns) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") if shown else "none"


def refuse_scientific(kind: str, value: str) -> None:
    """Refuse a number that a spreadsheet has rounded.

    Args:
        kind: What it was meant to be, as a noun.

    Raises:
        CertificateError: It is in scientific notation, in which its digits are lost.
    """
    if _SCIENTIFIC.fullmatch(value.strip()):
        raise CertificateError(
            f"The {kind} “{value.strip()}” is in scientific notation: a spreadsheet has rounded it,"
            " and its digits are lost. Take the file as it was exported, or import it with this"
            " column formatted as text."
        )


def _header(file: IO[str], known: Collection[str]) -> tuple[str, str, int]:
    """The header line, the separator, and how many lines stand before it."""
    separator, skipped = None, 0
    line = file.readline(_LONGEST_LINE + 1)
    while line:
        said = _SEP_LINE.fullmatch(line)
        if said is not None and separator is None:
            separator = said[1]
        elif line.strip(" \t\r\n\ufeff") and not line.startswith(_TYPE_LINE):
            break
        skipped += 1
        line = file.readline(_LONGEST_LINE + 1)
    line = line.removeprefix("\ufeff")
    return line, separator or _separator(line, known), skipped


def _separator(header: str, known: Collection[str]) -> str:
    """The one under which the most columns are known; of equal ones that with the most columns."""

    def rank(separator: str) -> tuple[int, int]:
        names = [column_key(name) for name in next(_reader([header], separator), [])]
        return sum(name in known for name in names), len(names)

    return max(_SEPARATORS, key=rank)


def _reader(lines: list[str], separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=separator)
    except csv.Error:
        return


def _rows(
    header: str, file: IO[str], separator: str, skipped: int, width: int
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(chain([header], file), delimiter=separator)
    try:
        next(reader, None)
        for row in reader:
            if any(map(str.strip, row)):
                whole = row if len(row) <= width else _without_blank_end(row, width)
                yield skipped + reader.line_num, whole
    except csv.Error as error:
        line = skipped + reader.line_num
        raise CertificateError(f"Line {line} cannot be read as CSV: {_reason(error)}.") from error
    except UnicodeDecodeError as error:
        raise _not_text(skipped + reader.line_num, error) from error


def _without_blank_end(values: list[str], width: int) -> list[str]:
    """The values without the blank ones that a spreadsheet leaves behind the last column."""
    while len(values) > width and not values[-1].strip():
        values = values[:-1]
    return values


def _reason(error: csv.Error) -> str:
    if "field limit" in str(error) or "field larger" in str(error):
        return "a value is longer than 128 KiB, or a quotation mark is never closed"
    return "a quotation mark or a line end stands where none may"


def _not_text(line: int, error: UnicodeDecodeError) -> CertificateError:
    where = f"After line {line} the" if line else "The"
    return CertificateError(f"{where} file is not {error.encoding} text. Save it as “CSV UTF-8”.")
