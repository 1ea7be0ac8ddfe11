"""Events of domain controllers about profiles that a run changed: old certificates, or new ones?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intune_scep.active_directory.culprits import Culprit
from intune_scep.audience.reissued import Before, serial_of
from intune_scep.changes.journal import Journal
from intune_scep.changes.status import Status
from intune_scep.records import Record
from intune_scep.strong_mapping.keeping import changes_in, kept_in
from intune_scep.strong_mapping.run import TASKS

# Events about the mapping of a certificate (DOMAIN.md 1).
_MAPPING: Final = frozenset({39, 40, 41})
_OLD: Final = (
    "Certificates from before the change: their devices have not got a new one yet, or do not use"
    " it. Look who has one (strong-mapping verify, with certificates)."
)
_NEW: Final = (
    "Certificates from after the change: see whether the SID is in them (certificate inspect). If"
    " it is, the domain controller is Windows Server 2016, which cannot read it."
)
_UNKNOWN: Final = "Certificates of which the journal does not tell whether they were out before."


@dataclass(frozen=True, slots=True)
class SinceRun(Record):
    """What is complained about of one profile that a run changed.

    Attributes:
        before, after, unknown: How many certificates were out before the change, how many are
            newer, and of how many that is not known.
        advice: What to do, in sentences.
    """

    policy_id: str
    name: str
    changed_at: datetime
    before: int
    after: int
    unknown: int
    advice: tuple[str, ...]


def since_run(culprits: Iterable[Culprit], journal: Journal) -> tuple[SinceRun, ...]:
    """Compare the certificates of events with those that were out before a run.

    Profiles that the run did not change, or that were taken back, are left out.

    Raises:
        JournalError: the journal is of another job, or its snapshot is damaged.
    """
    journal.require_task(TASKS)
    kept = kept_in(journal)
    times = changes_in(journal, kept)
    serials = _serials(culprits)
    found = []
    for action in journal.first.plan.writing:
        profile = (action.id or "").lower()
        if action.key in times and profile in serials and not _taken_back(journal, action.key):
            counts = _counts(serials[profile], profile, kept.before)
            found.append(
                SinceRun(profile, action.name, times[action.key], *counts, tuple(_advice(*counts)))
            )
    return tuple(found)


def _serials(culprits: Iterable[Culprit]) -> dict[str, set[str]]:
    """Serial numbers of the certificates that events are about, by profile."""
    found: dict[str, set[str]] = {}
    for item in culprits:
        if item.policy_id is None or item.event.event_id not in _MAPPING:
            continue
        told = item.certificate.serial_number if item.certificate is not None else None
        serial = serial_of(told or item.event.serial_number or "")
        found.setdefault(item.policy_id.lower(), set()).add(serial)
    return found


def _taken_back(journal: Journal, key: str) -> bool:
    later = (run.actions.get(key) for run in journal.runs[1:])
    return any(record is not None and record.ending is Status.APPLIED for record in later)


def _counts(serials: set[str], profile: str, before: Before | None) -> tuple[int, int, int]:
    if before is None or profile not in before.held:
        return 0, 0, len(serials)
    known = before.serials(profile)
    old = sum(serial in known for serial in serials if serial)
    unknown = sum(not serial for serial in serials)
    return old, len(serials) - old - unknown, unknown


def _advice(before: int, after: int, unknown: int) -> Iterator[str]:
    for count, sentence in ((before, _OLD), (after, _NEW), (unknown, _UNKNOWN)):
        if count:
            yield sentence
