"""Taking a run back from its journal: the names exactly as they were, and only where nobody
changed the profile since. It re-issues the certificates again; revoked ones stay revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.errors import OutcomeUnknownError
from intune_scep.profiles import Profile, parse_profile
from intune_scep.strong_mapping.apply import CHUNK, Progress, silent
from intune_scep.strong_mapping.journal import (
    Entry,
    JournalContent,
    JournalError,
    JournalWriter,
)
from intune_scep.strong_mapping.plan import SANS, append_sid_uri
from intune_scep.strong_mapping.report import Outcome, Status
from intune_scep.strong_mapping.verify import Expectation, differences, verify_outcomes
from intune_scep.tenant import ProfileChangedError, Tenant, patch_profile, read_profiles_by_id

REISSUE_NOTE = (
    "Rolling back edits the profiles again, so Intune re-issues their certificates once more;"
    " certificates it has revoked stay revoked."
)


def rollback_candidates(content: JournalContent) -> list[Entry]:
    """Return the entries whose write took or may have taken effect and was not taken back.

    Raises:
        JournalError: the last line is torn, so that a write may be missing from it.
    """
    if content.torn:
        raise JournalError(
            f"Journal {content.path} ends in the middle of a record.",
            hint="Resume the run first: intune-scep strong-mapping apply --journal"
            f" {content.path}. That finds out what was written.",
        )
    return [
        entry
        for entry in content.entries.values()
        if entry.pre_image is not None and not _is_settled(entry)
    ]


def _is_settled(entry: Entry) -> bool:
    if entry.rollback is not None and entry.rollback["status"] == Status.APPLIED:
        return True
    last = entry.verified or entry.outcome
    never_landed = {Status.FAILED.value, Status.CONFLICT.value, Status.HELD_BACK.value}
    return last is not None and last["status"] in never_landed


class Rollback:
    """One run over the entries of a journal.

    Args:
        journal: Open for appending; None for a dry run, which writes nothing anywhere.
    """

    def __init__(
        self, tenant: Tenant, journal: JournalWriter | None, *, progress: Progress = silent
    ) -> None:
        self._tenant = tenant
        self._journal = journal
        self._progress = progress

    async def run(self, entries: Sequence[Entry]) -> tuple[Outcome, ...]:
        """Take back each entry, going on after failures, then read everything back."""
        outcomes: list[Outcome] = []
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            now = await self._read_now(chunk)
            for entry in chunk:
                outcomes.append(await self._one(entry, now[entry.id]))
                self._progress(len(outcomes), len(entries), _name(entry))
        return await self._verify(entries, outcomes)

    async def _read_now(
        self, entries: Sequence[Entry]
    ) -> dict[str, Profile | IntuneScepError | None]:
        ids = [entry.id for entry in entries]
        try:
            return await read_profiles_by_id(self._tenant, ids)
        except IntuneScepError as error:
            return dict.fromkeys(ids, error)

    async def _one(self, entry: Entry, now: Profile | IntuneScepError | None) -> Outcome:
        pre_image = entry.pre_image or {}
        sans = pre_image.get(SANS)
        planned = Outcome(
            entry.id, Status.PLANNED, before=append_sid_uri(sans), after=list(sans or ())
        )
        if isinstance(now, IntuneScepError):
            return self._record(planned, Status.FAILED, str(now))
        if now is None:
            return self._record(planned, Status.CONFLICT, "The profile no longer exists.")
        if not differences(pre_image, now.to_wire()):
            if entry.rollback_begun:
                message = "Found rolled back already when the run was resumed."
                return self._record(planned, Status.APPLIED, message)
            return planned.but(Status.UNCHANGED, "It is as it was before the run.")
        if reason := changed_since(entry, now):
            return self._record(planned, Status.CONFLICT, reason)
        if self._journal is None:
            return planned
        return await self._write(entry, now, planned)

    async def _write(self, entry: Entry, now: Profile, planned: Outcome) -> Outcome:
        assert self._journal is not None
        changes = {SANS: (entry.pre_image or {}).get(SANS)}
        self._journal.write("rollback_intention", id=entry.id, patch=changes)
        try:
            await patch_profile(self._tenant, now, changes)
        except ProfileChangedError as error:
            return self._record(planned, Status.CONFLICT, str(error))
        except OutcomeUnknownError as error:
            return self._record(planned, Status.UNKNOWN, str(error))
        except IntuneScepError as error:
            return self._record(planned, Status.FAILED, str(error))
        return self._record(planned, Status.APPLIED, None)

    def _record(self, planned: Outcome, status: Status, message: str | None) -> Outcome:
        if self._journal is not None:
            self._journal.write(
                "rollback_outcome", id=planned.id, status=status.value, message=message
            )
        return planned.but(status, message)

    async def _verify(
        self, entries: Sequence[Entry], outcomes: Sequence[Outcome]
    ) -> tuple[Outcome, ...]:
        written = {Status.APPLIED, Status.UNKNOWN}
        expectations = [
            Expectation(outcome, entry.pre_image or {}, {SANS: (entry.pre_image or {}).get(SANS)})
            for entry, outcome in zip(entries, outcomes, strict=True)
            if outcome.status in written
        ]
        verified = await verify_outcomes(
            self._tenant,
            expectations,
            pages=len(entries),
            journal=self._journal,
            record="rollback_outcome",
        )
        return tuple(verified.get(outcome.id, outcome) for outcome in outcomes)


def changed_since(entry: Entry, now: Profile) -> str | None:
    """Return why a profile is no longer as the run left it, or None if it is. Pure."""
    pre_image = dict(entry.pre_image or {})
    left = {**pre_image, SANS: append_sid_uri(pre_image.get(SANS))}
    differing = differences(left, now.to_wire())
    if differing:
        return f"Changed since the run: {', '.join(sorted(differing))}. It was left alone."
    seen: dict[str, Any] = entry.verified or {}
    if seen.get("version") is not None and seen["version"] != now.version:
        return (
            f"Changed since the run: version {seen['version']} is now {now.version}."
            " It was left alone."
        )
    return None


def _name(entry: Entry) -> str:
    return parse_profile(entry.pre_image or {}).display_name or entry.id
