"""The library's front door for asynchronous scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.export import ExportReport, export_profiles
from intune_scep.backup.restore import RestoreReport, restore_backup
from intune_scep.compliance import Baseline, ComplianceReport, Policy, check_tenant
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations.declaration import Declaration
from intune_scep.desired_state.listing import ProfileListing, list_profiles
from intune_scep.desired_state.plan import StatePlan
from intune_scep.desired_state.report import StateReport
from intune_scep.desired_state.run import apply_state_plan, dry_run_report, plan_declarations
from intune_scep.profiles import Platform, ProfileKind
from intune_scep.rules import Configuration
from intune_scep.strong_mapping import (
    Assessment,
    Choices,
    EnforcementReport,
    Plan,
    apply_plan,
    assess_tenant,
    enforce,
    plan_tenant,
    resume,
    rollback,
    verify_journal,
)
from intune_scep.strong_mapping.apply import Progress, silent
from intune_scep.tenant import Tenant
from intune_scep.tenant.users import read_user_sids


class AsyncIntuneClient:
    """Certificate profiles of one Intune tenant.

    Requests are paced below Graph's published limits, reads are repeated after transient failures
    (at most 6 times and 300 s), and a write whose answer was lost is looked up before anything
    else happens.

    Args:
        options: How to reach the tenant; from the environment if not given.

    Example:
        >>> async with AsyncIntuneClient() as client:
        ...     assessment = await client.assess_strong_mapping()
        ...     print(assessment.summary)
    """

    def __init__(self, options: ConnectionOptions | None = None) -> None:
        self._options = options or ConnectionOptions.from_environment()
        self._tenant: Tenant | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Sign in.

        Raises:
            IntuneScepError: an option is wrong, or no token could be had.
        """
        if self._tenant is None:
            self._tenant = await Tenant.open(self._options)

    async def close(self) -> None:
        """Close every connection. The client can be opened again."""
        if self._tenant is not None:
            tenant, self._tenant = self._tenant, None
            await tenant.close()

    @property
    def tenant(self) -> Tenant:
        """The open tenant.

        Raises:
            RuntimeError: the client is not open.
        """
        if self._tenant is None:
            raise RuntimeError("Open the client first: use it in a with statement.")
        return self._tenant

    @property
    def tenant_id(self) -> str:
        """Entra tenant id; a domain name where only that is known."""
        return self.tenant.tenant_id

    @property
    def cloud(self) -> str:
        """Name of the cloud; `simulator` for the embedded one."""
        return self.tenant.cloud

    @property
    def requests_sent(self) -> int:
        """How many requests went to Graph, repeated ones included."""
        return self.tenant.session.requests_sent

    async def assess_strong_mapping(self) -> Assessment:
        """Judge every SCEP profile of the tenant.

        Raises:
            IntuneScepError: the profiles could not be read.
        """
        return await assess_tenant(self.tenant)

    async def plan_strong_mapping(self, choices: Choices | None = None) -> Plan:
        """Plan the migration under the operator's choices, as data.

        Raises:
            IntuneScepError: the profiles could not be read, or the choices do not fit.
        """
        return await plan_tenant(self.tenant, choices or Choices())

    async def enforce_strong_mapping(
        self,
        choices: Choices | None = None,
        *,
        dry_run: bool = False,
        journal: str | Path | None = None,
        progress: Progress = silent,
    ) -> EnforcementReport:
        """Plan, apply and verify; resume if the journal is of a run that was cut short.

        Args:
            dry_run: Stop after the plan.
            journal: File for the record of the run; in the user's state directory by default.
            progress: Called after each profile with (done, total, name).

        Raises:
            IntuneScepError: nothing could be judged or planned.
        """
        path = Path(journal) if journal else None
        return await enforce(
            self.tenant, choices or Choices(), dry_run=dry_run, journal=path, progress=progress
        )

    async def apply_strong_mapping(
        self, plan: Plan, *, journal: str | Path | None = None, progress: Progress = silent
    ) -> EnforcementReport:
        """Carry out a plan that was made before.

        Raises:
            IntuneScepError: the plan or the journal is of something else.
        """
        path = Path(journal) if journal else None
        return await apply_plan(self.tenant, plan, journal=path, progress=progress)

    async def resume_strong_mapping(
        self, journal: str | Path, *, progress: Progress = silent
    ) -> EnforcementReport:
        """Finish a run that was cut short; nothing is written twice.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        return await resume(self.tenant, Path(journal), progress=progress)

    async def verify_strong_mapping(self, journal: str | Path) -> EnforcementReport:
        """Read back what a run changed. Writes nothing.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        return await verify_journal(self.tenant, Path(journal))

    async def rollback_strong_mapping(
        self,
        journal: str | Path,
        *,
        dry_run: bool = False,
        progress: Progress = silent,
    ) -> EnforcementReport:
        """Restore the names from before a run, where nobody changed the profile since.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        return await rollback(self.tenant, Path(journal), dry_run=dry_run, progress=progress)

    async def list_profiles(
        self,
        *,
        kinds: Collection[ProfileKind] | None = None,
        platforms: Collection[Platform] | None = None,
        only: Sequence[str] = (),
        with_root_links: bool = True,
    ) -> ProfileListing:
        """Read certificate profiles, each with the declaration that would make it.

        Args:
            kinds: Which kinds; both by default.
            platforms: Which platforms; all that still exist by default.
            only: Names or ids; every profile by default.
            with_root_links: Read which root each SCEP profile points at, 20 a request.

        Raises:
            IntuneScepError: the tenant could not be read.
        """
        return await list_profiles(
            self.tenant,
            kinds=kinds,
            platforms=platforms,
            only=only,
            with_root_links=with_root_links,
        )

    async def plan_profiles(
        self,
        declarations: Sequence[Declaration],
        *,
        managed_by: str | None = None,
        prune: bool = False,
        prune_list: Sequence[str] = (),
        rules: Configuration | None = None,
    ) -> StatePlan:
        """Say what would be done to bring the tenant to its declared state.

        Args:
            managed_by: Name of this set of declarations, written into each description.
            prune: Delete profiles with that mark, and those of `prune_list`, that are not
                declared.
            prune_list: Names or ids of profiles to prune.
            rules: Severities, disabled rules, waivers and answers. What would be written is
                judged by the rules: errors refuse it, warnings are in `warnings`.

        Raises:
            IntuneScepError: the tenant could not be read, or the choices contradict each other.
        """
        return await plan_declarations(
            self.tenant,
            declarations,
            managed_by=managed_by,
            prune=prune,
            prune_list=prune_list,
            rules=rules,
        )

    async def apply_profiles(
        self,
        declarations: Sequence[Declaration],
        *,
        dry_run: bool = False,
        managed_by: str | None = None,
        prune: bool = False,
        prune_list: Sequence[str] = (),
        rules: Configuration | None = None,
        progress: Progress = silent,
    ) -> StateReport:
        """Bring the tenant to its declared state; where one declaration is refused, not at all.

        Args:
            dry_run: Stop after the plan.
            managed_by, prune, prune_list, rules: As for `plan_profiles`.
            progress: Called after each profile with (done, total, name).

        Raises:
            IntuneScepError: the tenant could not be read, or the choices contradict each other.
        """
        plan = await self.plan_profiles(
            declarations,
            managed_by=managed_by,
            prune=prune,
            prune_list=prune_list,
            rules=rules,
        )
        if dry_run:
            return dry_run_report(plan)
        return await self.apply_profile_plan(plan, progress=progress)

    async def apply_profile_plan(
        self, plan: StatePlan, *, progress: Progress = silent
    ) -> StateReport:
        """Carry out a plan of `plan_profiles`.

        Raises:
            IntuneScepError: the plan is of another tenant.
        """
        return await apply_state_plan(self.tenant, plan, progress=progress)

    async def export_profiles(
        self,
        directory: str | Path,
        *,
        overwrite: bool = False,
        remove_left_over: bool = False,
    ) -> ExportReport:
        """Write every certificate profile as a YAML declaration, roots as `.cer` files beside.

        Args:
            directory: Created if it does not exist.
            overwrite: Write over files that no export wrote, or that were edited since.
            remove_left_over: Delete the files of profiles that are no longer there.

        Raises:
            IntuneScepError: the profiles could not be read, or the files not written.
        """
        return await export_profiles(
            self.tenant,
            Path(directory),
            overwrite=overwrite,
            remove_left_over=remove_left_over,
        )

    async def back_up_profiles(
        self,
        directory: str | Path,
        *,
        overwrite: bool = False,
        remove_left_over: bool = False,
    ) -> ExportReport:
        """Write a lossless backup in JSON, with root links, assignments and names.

        Args:
            directory: Created if it does not exist.
            overwrite: Write over files that no backup wrote, or that were edited since.
            remove_left_over: Delete the files of profiles that are no longer there.

        Raises:
            IntuneScepError: the profiles could not be read, or the files not written.
        """
        return await back_up_profiles(
            self.tenant,
            Path(directory),
            overwrite=overwrite,
            remove_left_over=remove_left_over,
        )

    async def restore_profiles(
        self,
        directory: str | Path,
        *,
        dry_run: bool = False,
        progress: Progress = silent,
    ) -> RestoreReport:
        """Make what the tenant lacks of a backup; what it has already is left alone.

        Args:
            directory: As `back_up_profiles` wrote it; of this tenant or of another.
            dry_run: Stop after the plan.
            progress: Called after each profile with (done, total, name).

        Raises:
            IntuneScepError: the backup is damaged, or the tenant could not be read.
        """
        backup = read_backup(Path(directory))
        return await restore_backup(self.tenant, backup, dry_run=dry_run, progress=progress)

    async def check_compliance(
        self,
        policy: Policy | None = None,
        *,
        configuration: Configuration | None = None,
        baseline: Baseline | None = None,
        with_directory: bool = False,
    ) -> ComplianceReport:
        """Judge every certificate profile by all rules, and compare with an approved baseline.

        If Graph fails, the report says that nothing could be judged (`report.outcome`).

        Args:
            policy: What makes the run fail.
            configuration: Severities, waivers and answers for the rules.
            baseline: An approved state, from `intune_scep.compliance.read_baseline`.
            with_directory: Also read group members, users and devices; needs
                GroupMember.Read.All, User.Read.All and Device.Read.All.

        Raises:
            BaselineError: the baseline is of another tenant.
        """
        return await check_tenant(
            self.tenant,
            policy,
            configuration=configuration,
            baseline=baseline,
            with_directory=with_directory,
        )

    async def read_user_sids(self) -> dict[str, str | None]:
        """Read every user's on-premises SID, by user principal name; None where there is none.

        Raises:
            IntuneScepError: the users could not be read; needs User.Read.All.
        """
        return await read_user_sids(self.tenant)
