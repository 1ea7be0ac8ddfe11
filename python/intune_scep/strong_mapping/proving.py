"""Reading what proves a migration: its journal, the profiles, the certificates, the check-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from intune_scep.audience.reissued import Before, Reissuance, reissuance
from intune_scep.certificates import ExpectedSids, read_certificates
from intune_scep.changes.journal import Journal, read_journal
from intune_scep.changes.plan import Action
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import verify_journal
from intune_scep.changes.status import Status
from intune_scep.changes.watch import silent
from intune_scep.errors import IntuneScepError
from intune_scep.strong_mapping.keeping import Kept, changes_in, kept_in, reports_certificates
from intune_scep.strong_mapping.proof import CertificateProof, IssuedFiles, ProfileProof
from intune_scep.strong_mapping.run import TASKS
from intune_scep.tenant import Tenant
from intune_scep.tenant.check_ins import read_check_ins
from intune_scep.tenant.entities import Progress
from intune_scep.tenant.issued import IssuedCertificate, read_issued

_NO_SNAPSHOT: Final = (
    "The journal does not hold which certificates were out before the change, so nobody can tell"
    " which are new."
)


async def verify_certificates(
    tenant: Tenant,
    journal: Path,
    *,
    issued: Sequence[Path] = (),
    expected: ExpectedSids | None = None,
    progress: Progress | None = None,
) -> CertificateProof:
    """Read back the profiles of a run, and compare the certificates with those before it.

    Requests: those of `verify_journal`, a page for each 999 managed devices, and one export job;
    no job where the journal holds nothing to compare with.

    Args:
        issued: Files of issued certificates, as `read_certificates` takes them.
        expected: The SIDs that these should carry.
        progress: Told after every page and before what takes long.

    Raises:
        JournalError: the journal cannot be used, or is of another tenant or another job.
        GraphError, GraphTransportError: the profiles could not be read. Where certificates or
            check-ins could not, that is a note; both need DeviceManagementManagedDevices.Read.All.
    """
    before = tenant.session.requests_sent
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    content.require_task(TASKS)
    kept = kept_in(content)
    report = await verify_journal(tenant, journal)
    reading = _Reading(tenant, content, kept, report, progress or silent)
    files = _files(issued, expected, progress or silent) if issued else None
    found = await reading.compared()
    profiles = tuple(
        _proof(report, action, found.get((action.id or "").lower()), files)
        for action in reading.changed
    )
    return CertificateProof(
        report,
        profiles,
        reading.as_of,
        kept.before.taken_at if kept.before is not None else None,
        (*reading.notes, *(files.notes if files is not None else ())),
        tenant.session.requests_sent - before,
    )


def _files(
    issued: Sequence[Path], expected: ExpectedSids | None, progress: Progress
) -> IssuedFiles:
    progress(0, None, "Reading the files of certificates")
    return IssuedFiles(read_certificates(issued), expected)


def _proof(
    report: RunReport, action: Action, found: Reissuance | None, files: IssuedFiles | None
) -> ProfileProof:
    outcome = next(item for item in report.outcomes if item.action.key == action.key)
    carries = None if files is None or found is None else files.carried_by(found.new_serials)
    return ProfileProof(outcome, found, carries)


class _Reading:
    """The certificates of the profiles that a run changed.

    Attributes:
        changed: The actions that changed one, and were not taken back.
        as_of: When the report of the certificates was asked for.
        notes: What could not be read, and why.
    """

    def __init__(
        self, tenant: Tenant, content: Journal, kept: Kept, report: RunReport, progress: Progress
    ) -> None:
        self._tenant = tenant
        self._kept = kept
        self._progress = progress
        taken_back = {item.action.key for item in report.outcomes if item.status is Status.SKIPPED}
        self._changed_at = changes_in(content, kept)
        left = self._changed_at.keys() - taken_back
        self.changed = [item for item in content.first.plan.writing if item.key in left]
        self.as_of = tenant.now()
        self.notes: list[str] = []

    async def compared(self) -> Mapping[str, Reissuance]:
        """By the id of the profile; empty where the certificates could not be read."""
        if not self.changed:
            self.notes.append("The run changed no profile, or everything was taken back.")
            return {}
        if self._kept.before is None:
            self.notes.append(_NO_SNAPSHOT)
            return self._compare(Before(self.as_of), (), None)
        wanted = [
            action.id for action in self.changed if action.id and reports_certificates(action)
        ]
        check_ins = await self._check_ins() if wanted else None
        # What the report lags is counted from when it was asked for.
        self.as_of = self._tenant.now()
        certificates = await self._certificates(wanted) if wanted else ()
        if certificates is None:
            return {}
        return self._compare(self._kept.before, certificates, check_ins)

    def _compare(
        self,
        before: Before,
        certificates: Sequence[IssuedCertificate],
        check_ins: Mapping[str, datetime | None] | None,
    ) -> Mapping[str, Reissuance]:
        return reissuance(
            before,
            certificates,
            check_ins,
            {action.id or "": self._changed_at[action.key] for action in self.changed},
            self.as_of,
            not_reported=[
                action.id or "" for action in self.changed if not reports_certificates(action)
            ],
        )

    async def _check_ins(self) -> Mapping[str, datetime | None] | None:
        failures: list[tuple[str, IntuneScepError]] = []
        try:
            found = await read_check_ins(self._tenant, failures, progress=self._progress)
        except IntuneScepError as error:
            self.notes.append(f"Not read: when devices checked in: {error}")
            return None
        self.notes += [f"Not read: {what}: {error}" for what, error in failures]
        return found

    async def _certificates(self, profiles: Sequence[str]) -> Sequence[IssuedCertificate] | None:
        self._progress(0, None, "Intune writes its report of certificates")
        try:
            return await read_issued(self._tenant, profiles)
        except IntuneScepError as error:
            self.notes.append(f"Not read: the certificates on devices: {error}")
            return None
