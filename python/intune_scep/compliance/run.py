"""A whole compliance run over a tenant: read, judge. Modules, CLI and scripts call these."""

from __future__ import annotations

from dataclasses import replace as with_changes
from datetime import UTC, datetime
from pathlib import Path

from intune_scep.compliance.baseline import (
    Baseline,
    FindingKey,
    make_baseline,
    write_baseline,
)
from intune_scep.compliance.drift import root_keys
from intune_scep.compliance.judging import Request, make_report, require_same_tenant
from intune_scep.compliance.policy import Policy
from intune_scep.compliance.report import ComplianceReport, finding_key
from intune_scep.errors import BaselineError, IntuneScepError
from intune_scep.rules import Configuration
from intune_scep.tenant import NamesOf, ReadFailure, Snapshot, Tenant, Wanted, read_snapshot

_NOTHING_SEEN = "The tenant has no certificate profile that this application can see."


async def check_tenant(
    tenant: Tenant,
    policy: Policy | None = None,
    *,
    configuration: Configuration | None = None,
    baseline: Baseline | None = None,
    with_directory: bool = False,
    with_devices: bool = False,
    now: datetime | None = None,
) -> ComplianceReport:
    """Read a tenant and judge it. Writes nothing.

    If Graph fails, the report says so and that nothing could be judged; it is returned, not
    raised, so that the failure reaches whoever reads the reports.

    Args:
        configuration: Severities, waivers and answers for the rules.
        baseline: What to compare with.
        with_directory: Also read users, devices and group members.
        with_devices: Also read managed devices, their certificates and what Entra asks of a
            certificate's SID. Devices of groups are known only with the directory.
        now: Aware time of the run; by default the present.

    Raises:
        BaselineError: the baseline is of another tenant.
    """
    request = Request(
        tenant=tenant.tenant_id,
        cloud=tenant.cloud,
        source="tenant",
        now=now or datetime.now(UTC),
        policy=policy or Policy(),
        configuration=configuration or Configuration(),
        baseline=baseline,
    )
    if baseline:
        require_same_tenant(baseline, tenant.tenant_id, tenant.cloud)
    try:
        wanted = _everything(with_directory=with_directory, with_devices=with_devices)
        found = await read_snapshot(tenant, wanted)
    except IntuneScepError as error:
        found = Snapshot(failures=(ReadFailure("the tenant's profiles", str(error)),))
        # Against nothing read, a baseline would make every profile look vanished.
        return make_report(with_changes(request, baseline=None), found)
    if not found.profiles:
        found = with_changes(found, notes=(*found.notes, _NOTHING_SEEN))
    return make_report(request, found)


def _everything(*, with_directory: bool, with_devices: bool) -> Wanted:
    return Wanted(
        assignments=True,
        root_links=True,
        names=NamesOf.SHOWN,
        dependants=True,
        directory=with_directory,
        devices=with_devices,
    )


def unreachable(
    tenant: str, cloud: str, error: IntuneScepError, *, policy: Policy, now: datetime | None = None
) -> ComplianceReport:
    """The report of a run that did not even get to the tenant."""
    failure = ReadFailure("the tenant", str(error))
    return ComplianceReport(
        tenant=tenant,
        cloud=cloud,
        source="tenant",
        generated_at=now or datetime.now(UTC),
        policy=policy,
        unread=(failure,),
    )


def approve(
    report: ComplianceReport,
    path: Path,
    *,
    approved_by: str | None = None,
    comment: str | None = None,
    replace: bool = False,
) -> None:
    """Approve what a report found: write its snapshot as the baseline.

    Raises:
        BaselineError: the report is incomplete, or the file cannot be written.
    """
    if report.unread:
        raise BaselineError(
            "Nothing is approved: not everything could be read. "
            + " ".join(f"{item.what}: {item.why}" for item in report.unread)
        )
    keys: list[FindingKey] = [finding_key(item) for item in report.findings if item.waived is None]
    content = make_baseline(
        tenant=report.tenant,
        cloud=report.cloud,
        approved_at=report.generated_at.isoformat(timespec="seconds"),
        approved_by=approved_by,
        comment=comment,
        profiles=report.snapshot.profiles,
        root_links=root_keys(report.snapshot),
        findings=keys,
        not_judged=[
            (ref.id or ref.name, item.rule_id) for item in report.skipped for ref in item.profiles
        ],
    )
    write_baseline(path, content, replace=replace)
