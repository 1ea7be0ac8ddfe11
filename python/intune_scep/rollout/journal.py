"""The journal of a rollout: its state, on the disk before anything is done on its strength."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.audience.reissued import Before
from intune_scep.changes.record_log import (
    RecordWriter,
    holds_nothing,
    new_records,
    read_records,
    reopened_records,
)
from intune_scep.changes.runs import ROLLOUT_SUFFIX
from intune_scep.errors import JournalError
from intune_scep.files import digest, tenant_directory
from intune_scep.rollout.model import RolloutFile
from intune_scep.rollout.state import FORMAT, Fold, RolloutState, Word, fold

_SAFE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def journal_path(tenant_id: str, name: str, given: Path | None = None) -> Path:
    """Where the journal of a rollout is: where the operator says, or in the tenant's state."""
    return given if given is not None else tenant_directory(tenant_id) / journal_name(name)


def journal_name(name: str) -> str:
    """What the journal of a rollout is called in the state of its tenant."""
    plain = name.lower()
    if not _SAFE.fullmatch(plain):
        words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
        plain = f"{words}-{digest(name.encode())[:16]}".lstrip("-")
    return f"{plain}{ROLLOUT_SUFFIX}"


def read_state(path: Path) -> RolloutState | None:
    """How far the rollout of a journal is; None where there is no journal.

    Raises:
        JournalError: it is damaged, or of something else.
    """
    return None if holds_nothing(path) else fold(path, read_records(path).records)


class RolloutJournal:
    """An open journal, and the state that its records lead to.

    Args:
        writer: None to keep what is noted in memory alone, for a dry run.
    """

    def __init__(
        self, path: Path, records: Iterable[Mapping[str, Any]], writer: RecordWriter | None
    ) -> None:
        self.path = path
        self._writer = writer
        self._fold = Fold(path)
        for record in records:
            self._fold.take(record)

    @property
    def state(self) -> RolloutState:
        return self._fold.state

    def note(self, record: str, at: datetime, **values: Any) -> None:
        """Append a record; it is on the disk, and in the state, when this returns.

        Raises:
            JournalError: it could not be written.
        """
        told = {"at": at.isoformat(timespec="seconds"), **values}
        if self._writer is not None:
            self._writer.write(record, **told)
        self._fold.take({"record": record, **told})

    def note_word(self, record: str, word: Word, **values: Any) -> None:
        """Append what a person decided."""
        self.note(record, word.at, by=word.by, reason=word.reason, **values)

    def note_before(self, ring: str, before: Before, at: datetime) -> None:
        """Keep the certificates there were before a ring is changed."""
        for number, piece in enumerate(before.to_records()):
            self.note("evidence", at, ring=ring, first=number == 0, certificates=piece)


@contextmanager
def open_journal(
    path: Path, tenant_id: str, cloud: str, file: RolloutFile, at: datetime, *, dry_run: bool
) -> Iterator[RolloutJournal]:
    """Open the journal of a rollout, or begin it.

    Args:
        dry_run: Write nothing, and make no file.

    Raises:
        JournalError: it is damaged, of another rollout or tenant, or cannot be written.
    """
    first = _first(tenant_id, cloud, file, at)
    if dry_run:
        begun = ({"record": "rollout", **first},)
        records = begun if holds_nothing(path) else read_records(path).records
        yield _checked(RolloutJournal(path, records, None), tenant_id, cloud, file)
        return
    if holds_nothing(path):
        path.unlink(missing_ok=True)
        with new_records(path, "rollout", **first):
            pass
    with reopened_records(path) as (found, writer):
        yield _checked(RolloutJournal(path, found.records, writer), tenant_id, cloud, file)


def _first(tenant_id: str, cloud: str, file: RolloutFile, at: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "tenant": tenant_id,
        "cloud": cloud,
        "name": file.name,
        "strategy": file.strategy.value,
        "file": str(file.path.absolute()),
        "digest": file.digest,
        "rings": rings_of(file),
        "at": at.isoformat(timespec="seconds"),
    }


def rings_of(file: RolloutFile) -> list[dict[str, str]]:
    """The rings of a file as a journal keeps them."""
    return [{"name": ring.name, "digest": file.ring_digest(ring)} for ring in file.rings]


def _checked(
    journal: RolloutJournal, tenant_id: str, cloud: str, file: RolloutFile
) -> RolloutJournal:
    state = journal.state
    if (state.tenant, state.cloud) != (tenant_id, cloud):
        raise JournalError(
            f"{journal.path} is the journal of tenant {state.tenant} ({state.cloud}), but you are"
            f" signed in to {tenant_id} ({cloud}). Nothing was changed."
        )
    require_name(state, journal.path, file)
    return journal


def require_name(state: RolloutState, path: Path, file: RolloutFile) -> None:
    """Refuse the journal of another rollout.

    Raises:
        JournalError: it is.
    """
    if state.name != file.name:
        raise JournalError(
            f"{path} is the journal of the rollout {state.name!r}, but {file.path} is of"
            f" {file.name!r}. Nothing was changed.",
            hint="Give the file of that rollout, or another journal.",
        )
