"""The proof of a migration as a table that an administrator reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.text import Text

from intune_scep.audience.reissued import Reissuance
from intune_scep.changes.status import Status
from intune_scep.cli.console import headline, plain, print_notes
from intune_scep.cli.tables import Listing
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.proof import (
    Carries,
    CertificateProof,
    Finish,
    ProfileProof,
    unverifiable_words,
)

_COLUMNS = ("Re-issued", "Of seen", "Devices", "Seen", "In lag", "Late", "Not seen", "Profile")
_WIDE = 100
_STYLES = {
    Finish.COMPLETE: "bold green",
    Finish.PENDING: "bold yellow",
    Finish.FAILED: "bold red",
    Finish.NOT_JUDGED: "bold yellow",
}
_WORDS = {
    Finish.COMPLETE: "Every device that was seen since the change has a new certificate.",
    Finish.PENDING: "Not finished.",
    Finish.FAILED: "Failed: a profile is not as the run left it.",
    Finish.NOT_JUDGED: "Nothing could be told of any certificate.",
}


def show_proof(console: Console, found: CertificateProof, *, again: str | None = None) -> None:
    """Print each profile with its devices, then what the numbers mean.

    Args:
        again: After what time it is looked again; None where it is not.
    """
    console.print(headline("Certificates", found.report.tenant, found.report.cloud))
    for item in found.report.outcomes:
        if item.is_bad:
            told = f"{item.action.name}: {item.status.value}: {item.message or ''}"
            console.print(Text("  ").append_text(plain(told)), style="bold red", soft_wrap=True)
    if console.width < _WIDE:
        _show_narrow(console, found)
    else:
        _show_table(console, found)
    for line in _lines(found):
        console.print(plain(line), soft_wrap=True)
    print_notes(console, found.notes)
    console.print(Text(_WORDS[found.finish], style=_STYLES[found.finish]), soft_wrap=True)
    if again is not None:
        console.print(Text(f"Looked at {_time(found.as_of)}; again in {again}.", style="dim"))


def round_line(found: CertificateProof) -> Text:
    """One round of a watch in one line."""
    parts = [_short(item) for item in found.profiles]
    if unread := found.report.count(Status.UNKNOWN):
        parts.insert(0, f"{counted(unread, 'profile')} could not be read")
    return plain(f"{_time(found.as_of)}  {'; '.join(parts) or 'nothing was changed'}")


def _short(item: ProfileProof) -> str:
    proof = item.reissuance
    if proof is None or proof.unverifiable is not None:
        return f"{item.name}: not verifiable"
    seen = "?" if proof.seen is None else f"{len(proof.seen):,}"
    return (
        f"{item.name}: {len(proof.reissued):,} of {seen} seen re-issued,"
        f" {len(proof.devices):,} devices"
    )


def _show_table(console: Console, found: CertificateProof) -> None:
    table = Listing(*_COLUMNS, name=_COLUMNS[-1], right=_COLUMNS[:-1])
    for item in found.profiles:
        table.add(*_cells(item), item.name)
    if found.profiles:
        console.print(table)


def _cells(item: ProfileProof) -> list[Text]:
    proof = item.reissuance
    if proof is None or proof.unverifiable is not None:
        return [Text("?", style="yellow"), *(Text("-") for _ in _COLUMNS[2:])]
    share = "-" if proof.share is None else _percent(proof.share)
    numbers = (
        proof.devices,
        proof.seen,
        proof.within_lag,
        proof.late,
        proof.not_seen,
    )
    style = "green" if item.is_done else "yellow"
    counts = ["?" if some is None else f"{len(some):,}" for some in numbers]
    return [Text(f"{len(proof.reissued):,}", style=style), Text(share, style=style)] + [
        Text(count) for count in counts
    ]


def _show_narrow(console: Console, found: CertificateProof) -> None:
    """Two lines a profile, so that its name never vanishes."""
    for item in found.profiles:
        console.print(plain(item.name), soft_wrap=True)
        proof = item.reissuance
        if proof is None or proof.unverifiable is not None:
            console.print("  not verifiable", soft_wrap=True)
            continue
        seen = "?" if proof.seen is None else f"{len(proof.seen):,}"
        share = "" if proof.share is None else f" ({_percent(proof.share)})"
        told = (
            f"  {len(proof.reissued):,} re-issued of {seen} seen{share} of"
            f" {counted(len(proof.devices), 'device')}; not yet: {len(proof.within_lag):,} within"
            f" the report's lag, {len(proof.late):,} beyond it; {len(proof.not_seen):,} not seen"
        )
        console.print(told, soft_wrap=True)


def _lines(found: CertificateProof) -> Iterator[str]:
    for item in found.profiles:
        proof = item.reissuance
        if proof is None:
            yield f"{item.name}: not verifiable: the certificates could not be read."
        elif proof.unverifiable is not None:
            yield f"{item.name}: not verifiable: {unverifiable_words(proof.unverifiable)}."
        else:
            yield from _about(item, proof)
    if unused := sum(_had_none(item) for item in found.profiles):
        yield f"Of {counted(unused, 'profile')} no device held a certificate before."
    if found.complete_at is not None:
        reached = "reached" if found.as_of >= found.complete_at else "not reached"
        yield (
            "A device checks in about every 8 h, and the report lags up to 6 h: a complete answer"
            f" is not before 14 h after the change, which is at {_time(found.complete_at)}"
            f" ({reached})."
        )
        yield (
            "In lag: seen less than 6 h ago, so the report may not show a new one yet. Late: it"
            " should show it. The report never shows which SID a certificate carries."
        )


def _had_none(item: ProfileProof) -> bool:
    proof = item.reissuance
    return proof is not None and proof.unverifiable is None and not proof.devices


def _about(item: ProfileProof, proof: Reissuance) -> Iterator[str]:
    if proof.unknown:
        yield (
            f"{item.name}: {counted(len(proof.unknown), 'device')} without a new certificate; which"
            " of them were seen since is not known."
        )
    if proof.partly:
        yield (
            f"{item.name}: {counted(len(proof.partly), 'device')} with fewer new certificates than"
            " before (iOS and macOS have one for each dependant)."
        )
    if proof.early:
        yield (
            f"{item.name}: {counted(len(proof.early), 'device')} whose new certificate is dated"
            " before the change: the report may have lagged when the run began, or the"
            " certification authority dates certificates back."
        )
    if proof.unmanaged:
        yield (
            f"{item.name}: {counted(len(proof.unmanaged), 'device')} of those not seen that Intune"
            " does not manage any more."
        )
    if proof.newcomers:
        yield (
            f"{item.name}: {counted(len(proof.newcomers), 'device')} with a certificate that had"
            " none before; they are not counted."
        )
    if proof.nameless:
        yield f"{item.name}: {counted(proof.nameless, 'certificate')} of which no device is named."
    if item.carries is not None:
        yield f"{item.name}: {_carried(item)}"


def _carried(item: ProfileProof) -> str:
    carries = item.carries or {}
    right, wrong = carries.get(Carries.RIGHT, 0), carries.get(Carries.WRONG, 0)
    left = carries.get(Carries.NOT_JUDGED, 0)
    share = item.share_right
    if share is None:
        return f"none of its {counted(left, 'new certificate')} could be judged by the files."
    return (
        f"{_percent(share)} of the new certificates in the files carry the right SID"
        f" ({right:,} right, {wrong:,} wrong, {left:,} that no file shows)."
    )


def _percent(share: float) -> str:
    # Not 100 % while one is missing, nor 0 % while one is there.
    shown = min(max(share, 0.1), 99.9) if 0 < share < 100 else share
    return f"{shown:.1f} %".replace(".0 %", " %")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
