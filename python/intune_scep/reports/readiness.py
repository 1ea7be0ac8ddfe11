"""Who would get nothing, as a table by profile for people and as CSV by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from intune_scep.audience.readiness import (
    REASON_LABELS,
    REASON_WORDS,
    WITHOUT_SID,
    ProfileReadiness,
    Reason,
)
from intune_scep.errors import ReportFileError
from intune_scep.files import save_private
from intune_scep.reports.words import PLATFORMS
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.readiness import Readiness
from intune_scep.wording import option

COLUMNS: Final = (
    "profile",
    "profile_id",
    "platform",
    "certificate_type",
    "name",
    "id",
    "has_sid",
    "reason",
    "entra_sid_alignment",
)
# What a spreadsheet takes for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS: Final = 1000


def csv_parts(readiness: Readiness) -> Iterator[bytes]:
    """A row for everybody who would get nothing, in each profile that reaches them.

    UTF-8 with the mark that spreadsheets look for; a cell that one would take for a formula begins
    with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    yield b"\xef\xbb\xbf"
    for number, (item, short) in enumerate(readiness.people(), 1):
        profile = item.profile
        row = (
            profile.display_name or "",
            profile.id or "",
            profile.profile_type.platform.value,
            item.of.value if item.of else "",
            short.name,
            short.id,
            "yes" if short.has_sid else "no",
            short.reason.value,
            short.alignment.value,
        )
        writer.writerow(map(as_text, row))
        if number % _ROWS == 0:
            yield _taken(text)
    yield _taken(text)


def as_text(cell: str) -> str:
    """A cell that a spreadsheet shows as it is."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode("utf-8", "backslashreplace")
    text.seek(0)
    text.truncate()
    return taken


def share_words(item: ProfileReadiness) -> str:
    """The share of those with a SID, in words."""
    if item.unsure:
        return "unknown"
    share = item.share
    if share is None:
        return "reaches nobody"
    # Not 100 % while one is missing, nor 0 % while one is there.
    shown = min(max(share, 0.1), 99.9) if 0 < share < 100 else share
    return f"{shown:.1f} %".replace(".0 %", " %")


def lacking(item: ProfileReadiness) -> str:
    """Who would get nothing, counted by reason; empty for nobody."""
    counts = item.short
    return ", ".join(
        f"{counts[reason]:,} {REASON_LABELS[reason]}" for reason in Reason if counts.get(reason)
    )


def summary(found: Readiness) -> str:
    """How many profiles are short, in one sentence."""
    parts = [f"{len(found.short)} of {counted(len(found.profiles), 'profile')} short"]
    if found.unsure:
        parts.append(f"{len(found.unsure)} unknown")
    if found.no_sid_needed:
        parts.append(f"{found.no_sid_needed} more to which no SID matters")
    return f"{', '.join(parts)} (short: fewer than {found.least:g} % have a SID)."


def alignment_sentence(readiness: Readiness) -> str:
    """What Entra's certificate-based authentication would say of the same accounts."""
    refused = sum(
        item.short.get(reason, 0) for item in readiness.profiles for reason in WITHOUT_SID
    )
    certificates = f"{refused:,} certificate{'' if refused == 1 else 's'} without a SID"
    if readiness.requires_alignment is None:
        return (
            "Whether Microsoft Entra compares the SID (requireCertificateSidAlignment) is not"
            f" known; where it does, it refuses the {certificates}."
        )
    if readiness.requires_alignment:
        return f"Microsoft Entra compares the SID: it refuses the {certificates}."
    return (
        "Microsoft Entra does not compare the SID (requireCertificateSidAlignment is off); if that"
        f" is turned on, it refuses the {certificates}."
    )


def legend(readiness: Readiness) -> Iterator[str]:
    """What the reasons that occur mean."""
    for reason in Reason:
        if any(item.short.get(reason) for item in readiness.profiles):
            yield f"{REASON_LABELS[reason]}: {REASON_WORDS[reason]}."


def platform_words(item: ProfileReadiness) -> str:
    """The platform in the admin center's words."""
    return PLATFORMS[item.profile.profile_type.platform]


def write_csv(readiness: Readiness, path: Path, *, overwrite: bool = False) -> None:
    """Write the names into a file, readable by its owner only, whole or not at all.

    Args:
        overwrite: Write over a file that is there.

    Raises:
        ReportFileError: the file is there already, or cannot be written.
    """
    unless = None if overwrite else option("overwrite")
    parts = csv_parts(readiness)
    save_private(path, parts, called=option("csv"), overwrite=unless, error=ReportFileError)
