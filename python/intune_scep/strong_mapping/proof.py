"""Whether a migration is finished: its profiles as they are, and the certificates since. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from intune_scep.audience.reissued import Reissuance, Unverifiable, serial_of
from intune_scep.certificates import (
    CertificateRecord,
    ComparisonStatus,
    ExpectedSids,
    MappingStatus,
    UnreadableCertificate,
)
from intune_scep.changes.report import Outcome, RunReport
from intune_scep.changes.status import Status
from intune_scep.records import to_json


class Finish(StrEnum):
    """How far it is."""

    COMPLETE = "complete"
    """Every device that was seen since has a new certificate."""
    PENDING = "pending"
    """One has none yet, or of something it cannot be told."""
    FAILED = "failed"
    """A profile is not as the run left it."""
    NOT_JUDGED = "not_judged"
    """Of no certificate anything could be told."""


class Carries(StrEnum):
    """What a new certificate carries."""

    RIGHT = "right"
    """A SID, which is the expected one where one is given."""
    WRONG = "wrong"
    """No SID, or another than the expected one."""
    NOT_JUDGED = "not_judged"
    """It is in no file, or only in a report, which has no subject alternative names."""


class IssuedFiles:
    """What files of issued certificates say of their SIDs, by serial number.

    Args:
        items: As `read_certificates` gives them.
        expected: The SIDs that they should have; any will do where none are given.

    Attributes:
        notes: What could not be used, in sentences.
    """

    def __init__(
        self,
        items: Iterable[CertificateRecord | UnreadableCertificate],
        expected: ExpectedSids | None = None,
    ) -> None:
        self._expected = expected
        self._carries: dict[str, Carries] = {}
        self._rows = 0
        self._unreadable: list[UnreadableCertificate] = []
        for item in items:
            self._add(item)

    def _add(self, item: CertificateRecord | UnreadableCertificate) -> None:
        if isinstance(item, UnreadableCertificate):
            self._unreadable.append(item)
            return
        if item.facts is None:
            self._rows += 1
            return
        serial = serial_of(item.facts.serial_number or "")
        carries = self._judged(item)
        # Two files may hold one certificate; one that says the worse counts.
        if self._carries.get(serial) is not Carries.WRONG:
            self._carries[serial] = carries

    def _judged(self, item: CertificateRecord) -> Carries:
        status = item.strong_mapping.status
        if status is MappingStatus.NOT_JUDGED:
            return Carries.NOT_JUDGED
        if self._expected is None:
            return Carries.RIGHT if status is MappingStatus.MAPPED else Carries.WRONG
        compared = self._expected.compare(item).status
        if compared in {ComparisonStatus.NO_EXPECTATION, ComparisonStatus.NOT_JUDGED}:
            return Carries.NOT_JUDGED if status is MappingStatus.MAPPED else Carries.WRONG
        mapped = status is MappingStatus.MAPPED
        return (
            Carries.RIGHT if mapped and compared is ComparisonStatus.AS_EXPECTED else Carries.WRONG
        )

    def carried_by(self, serials: Iterable[str]) -> Mapping[Carries, int]:
        """How many of the certificates with some serial numbers carry what."""
        found = Counter(self._carries.get(serial, Carries.NOT_JUDGED) for serial in serials)
        return {kind: found[kind] for kind in Carries}

    @property
    def notes(self) -> tuple[str, ...]:
        told = [
            f"Not judged: {item.source} [{item.position}]: {item.reason}"
            for item in self._unreadable[:_MOST_NOTES]
        ]
        if (more := len(self._unreadable) - _MOST_NOTES) > 0:
            told.append(f"Not judged: {more} more that could not be read.")
        if self._rows:
            told.append(
                "Intune's certificate report has no subject alternative names: no row of it shows"
                " a SID. Give the certificates themselves."
            )
        return tuple(told)


_MOST_NOTES = 5
_ALL = 100


@dataclass(frozen=True)
class ProfileProof:
    """One profile that a run changed.

    Attributes:
        outcome: The profile as it is now, read back.
        reissuance: Its certificates since; None where they could not be read.
        carries: How many of its new certificates carry what; None where no files were given.
    """

    outcome: Outcome
    reissuance: Reissuance | None = None
    carries: Mapping[Carries, int] | None = None

    @property
    def name(self) -> str:
        return self.outcome.action.name or self.outcome.action.id or "?"

    @property
    def is_judged(self) -> bool:
        """Whether something can be told of its certificates."""
        found = self.reissuance
        return found is not None and found.unverifiable is None and bool(found.devices)

    @property
    def is_done(self) -> bool:
        """Whether every device that was seen since has a new certificate, as far as is known."""
        found = self.reissuance
        if found is None or found.unverifiable is not None:
            return False
        if not found.devices:
            return True
        if self.carries is not None and self.share_right != _ALL:
            return False
        return bool(found.reissued) and not found.not_reissued and not found.unknown

    @property
    def share_right(self) -> float | None:
        """Percent of the new certificates in the files that carry the right SID."""
        if self.carries is None:
            return None
        right, wrong = self.carries[Carries.RIGHT], self.carries[Carries.WRONG]
        return 100 * right / (right + wrong) if right + wrong else None

    def to_dict(self) -> dict[str, Any]:
        """One element of `profiles` in the JSON."""
        action = self.outcome.action
        row = self.outcome.row()
        share = self.share_right
        return {
            "id": self.outcome.id or action.id,
            "name": self.name,
            "platform": row.get("platform"),
            "status": self.outcome.status.value,
            "message": self.outcome.message,
            "is_done": self.is_done,
            "certificates": None if self.reissuance is None else self.reissuance.to_dict(),
            "carries": None
            if self.carries is None
            else {kind.value: count for kind, count in self.carries.items()},
            "percent_right": None if share is None else round(share, 2),
        }


@dataclass(frozen=True)
class CertificateProof:
    """Whether a migration is finished, as far as can be told now.

    Attributes:
        report: Every profile of the run as it is now.
        profiles: Those that the run changed and nobody took back.
        as_of: When the report of the certificates was asked for, by the clock of Graph.
        taken_at: When those before the change were read; None where that was not kept.
        notes: What could not be read, and what a reader must know.
        requests: How many were sent for it.
    """

    report: RunReport
    profiles: tuple[ProfileProof, ...]
    as_of: datetime
    taken_at: datetime | None = None
    notes: tuple[str, ...] = ()
    requests: int = 0

    @property
    def finish(self) -> Finish:
        """How far it is."""
        if self.report.failed:
            return Finish.FAILED
        if not any(item.is_judged for item in self.profiles):
            return Finish.NOT_JUDGED
        done = all(item.is_done for item in self.profiles)
        return Finish.COMPLETE if done else Finish.PENDING

    @property
    def complete_at(self) -> datetime | None:
        """Before this time nobody can expect a complete answer; None where nothing was changed."""
        found = [item.reissuance for item in self.profiles if item.reissuance is not None]
        return max((item.complete_at for item in found), default=None)

    @property
    def is_settled(self) -> bool:
        """Whether looking again can tell nothing more.

        Every device that Intune still manages has a new certificate; or all that were seen have
        one, and those who were not had the time that a check-in and the report take.
        """
        if self.finish is Finish.FAILED:
            # What could not be read now may be read next time.
            bad = [item.status for item in self.report.outcomes if item.is_bad]
            return self.report.stopped is not None or set(bad) != {Status.UNKNOWN}
        if self.finish is not Finish.COMPLETE:
            return self.finish is not Finish.PENDING
        waits = any(
            item.reissuance.not_seen - item.reissuance.unmanaged
            for item in self.profiles
            if item.reissuance is not None
        )
        return not waits or self.complete_at is None or self.as_of >= self.complete_at

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.report.tenant,
            "cloud": self.report.cloud,
            "journal": self.report.journal,
            "finish": self.finish.value,
            "as_of": to_json(self.as_of),
            "before": to_json(self.taken_at),
            "complete_at": to_json(self.complete_at),
            "profiles": [item.to_dict() for item in self.profiles],
            "notes": list(self.notes),
        }


def unverifiable_words(why: Unverifiable) -> str:
    """Why nothing can be said of the certificates of a profile."""
    return _UNVERIFIABLE[why]


_UNVERIFIABLE = {
    Unverifiable.NOT_REPORTED: "Intune does not report certificates of this platform",
    Unverifiable.NO_SNAPSHOT: "the journal does not hold which were out before",
}
