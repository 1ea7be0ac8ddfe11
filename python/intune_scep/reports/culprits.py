"""What domain controllers complain about, event by event, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Final

from intune_scep.active_directory.culprits import ADVICE, Culprit, Culprits
from intune_scep.errors import ReportFileError
from intune_scep.files import save_private
from intune_scep.reports.readiness import as_text
from intune_scep.rollout.culprits import InRing
from intune_scep.wording import option

COLUMNS: Final = (
    "event",
    "time",
    "computer",
    "account",
    "issuer",
    "serial_number",
    "thumbprint",
    "found",
    "profile_id",
    "device_id",
    "device_name",
    "user_principal_name",
)
RING_COLUMNS: Final = ("ring", "ring_state", "place")
TO_DO: Final = "to_do"


def csv_parts(found: Culprits, rings: Sequence[InRing] | None) -> Iterator[bytes]:
    """A row for each event: its certificate, the profile, the ring if that was asked, what to do.

    UTF-8 with the mark that spreadsheets look for; a cell that one would take for a formula begins
    with an apostrophe.

    Args:
        rings: Of each event; None for a table without those columns.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow((*COLUMNS, *(RING_COLUMNS if rings is not None else ()), TO_DO))
    for number, item in enumerate(found.culprits):
        ring = rings[number] if rings is not None else None
        row = (*_cells(item), *(_ring_cells(ring) if ring else ()))
        to_do = ring.to_do if ring else ADVICE[item.event.event_id]
        writer.writerow([as_text(cell or "") for cell in (*row, to_do)])
    yield b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "backslashreplace")


def _cells(item: Culprit) -> Iterator[str | None]:
    event, certificate = item.event, item.certificate
    yield from (str(event.event_id), event.time, event.computer, event.account, event.issuer)
    yield from (event.serial_number, event.thumbprint, item.found.value, item.policy_id)
    if certificate is None:
        yield from repeat(None, 3)
    else:
        yield from (certificate.device_id, certificate.device_name, certificate.upn)


def _ring_cells(ring: InRing) -> tuple[str | None, ...]:
    return ring.ring, ring.state.value if ring.state else None, ring.place.value


def write_csv(
    found: Culprits,
    rings: Sequence[InRing] | None,
    path: Path,
    *,
    overwrite: bool = False,
) -> None:
    """Write the events into a file, readable by its owner only, whole or not at all.

    Args:
        rings: As for `csv_parts`.
        overwrite: Write over a file that is there.

    Raises:
        ReportFileError: the file is there already, or cannot be written.
    """
    unless = None if overwrite else option("overwrite")
    parts = csv_parts(found, rings)
    save_private(path, parts, called=option("csv"), overwrite=unless, error=ReportFileError)
