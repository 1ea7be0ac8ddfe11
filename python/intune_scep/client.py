"""The library's front door for asynchronous scripts, by job.

Each job is imported when it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from intune_scep.connection import ConnectionOptions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from types import TracebackType

    from intune_scep.audience.load import Ring
    from intune_scep.backup.export import ExportReport
    from intune_scep.certificates import ExpectedSids
    from intune_scep.changes.plan import Plan, Task
    from intune_scep.changes.report import RunReport
    from intune_scep.changes.watch import Watch
    from intune_scep.compliance import Baseline, ComplianceReport, Policy
    from intune_scep.declarations import Declaration
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.desired_state.listing import ProfileListing
    from intune_scep.errors import DeclarationError
    from intune_scep.profiles import Platform, Profile, ProfileKind
    from intune_scep.rollout.draft import Draft
    from intune_scep.rollout.record import ChangeRecord
    from intune_scep.rollout.resolution import Resolved
    from intune_scep.rollout.shards import Sharding
    from intune_scep.rollout.state import RolloutState
    from intune_scep.rollout.tick import Tick
    from intune_scep.rules import Configuration
    from intune_scep.strong_mapping.answers import Answers
    from intune_scep.strong_mapping.assessment import Assessment
    from intune_scep.strong_mapping.choices import Choices
    from intune_scep.strong_mapping.impact import Impact
    from intune_scep.strong_mapping.preflight import Preflight
    from intune_scep.strong_mapping.proof import CertificateProof
    from intune_scep.strong_mapping.readiness import Readiness
    from intune_scep.tenant import Tenant
    from intune_scep.tenant.entities import Progress


class AsyncIntuneClient:
    """Certificate profiles of one Intune tenant.

    Requests are paced below Graph's published limits, together with those of all processes of the
    same application and tenant on this machine; where others use the tenant too, Graph can still
    ask to wait. Reads are repeated after transient failures (at most 6 times and 300 s), and a
    write whose answer was lost is looked up, with patience, before anything else happens.

    Args:
        options: How to reach the tenant; from the environment if not given.

    Attributes:
        strong_mapping: Judge SCEP profiles and move them to strong mapping.
        profiles: Look at profiles, bring them to a declared state, export, back up, restore.
        compliance: Judge every profile by the rules.
        users: What certificates should be mapped to.
        rollout: Migrate in rings, one tick after the other.

    Example:
        >>> async with AsyncIntuneClient() as client:
        ...     assessment = await client.strong_mapping.assess()
        ...     print(assessment.counts)
    """

    def __init__(self, options: ConnectionOptions | None = None) -> None:
        self._options = options or ConnectionOptions.from_environment()
        self._tenant: Tenant | None = None
        self.strong_mapping = AsyncStrongMapping(self)
        self.profiles = AsyncProfiles(self)
        self.compliance = AsyncCompliance(self)
        self.users = AsyncUsers(self)
        self.rollout = AsyncRollout(self)

    def __repr__(self) -> str:
        state = f"tenant {self._tenant.tenant_id}" if self._tenant else "closed"
        return f"<{type(self).__name__}: {state}>"

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
            from intune_scep.tenant.tenant import Tenant

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

    def require_write_permission(self) -> tuple[str, ...]:
        """Compare what the token permits with what a change needs, before anybody is asked.

        Returns:
            A note where the token does not say what it permits.

        Raises:
            PermissionMissingError: it says, and the permission is not among it.
        """
        from intune_scep.changes.run import require_permission

        return require_permission(self.tenant)

    @property
    def requests_sent(self) -> int:
        """How many requests went to Graph, repeated ones included."""
        return self.tenant.session.requests_sent


class AsyncRuns:
    """What every job that writes can do with the journal of a run."""

    def __init__(self, client: AsyncIntuneClient) -> None:
        self._client = client

    def _resumed(self) -> frozenset[Task]:
        """The jobs whose runs are finished here."""
        from intune_scep.desired_state.run import TASKS

        return TASKS

    def _taken_back(self) -> frozenset[Task]:
        """The jobs whose runs are taken back here."""
        from intune_scep.changes.plan import Task

        return frozenset(Task)

    async def resume(
        self,
        journal: str | Path,
        *,
        max_changes: int | None = None,
        watch: Watch | None = None,
    ) -> RunReport:
        """Finish a run that was cut short; nothing is written twice.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        from intune_scep.changes.run import resume

        return await resume(
            self._client.tenant,
            Path(journal),
            tasks=self._resumed(),
            max_changes=max_changes,
            watch=watch,
        )

    async def finish_begun(self, journal: str | Path, *, watch: Watch | None = None) -> RunReport:
        """Finish only what a run was doing when it was cut short.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        from intune_scep.changes.run import finish_begun

        return await finish_begun(self._client.tenant, Path(journal), watch=watch)

    async def verify(self, journal: str | Path) -> RunReport:
        """Read back what a run changed. Writes nothing.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        from intune_scep.changes.run import verify_journal

        return await verify_journal(self._client.tenant, Path(journal))

    async def rollback(
        self,
        journal: str | Path,
        *,
        dry_run: bool = False,
        max_changes: int | None = None,
        watch: Watch | None = None,
    ) -> RunReport:
        """Take back what a run did, where nobody changed the profile since.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        from intune_scep.changes.run import roll_back

        return await roll_back(
            self._client.tenant,
            Path(journal),
            tasks=self._taken_back(),
            dry_run=dry_run,
            max_changes=max_changes,
            watch=watch,
        )


class AsyncStrongMapping(AsyncRuns):
    """Strong mapping (KB5014754): what it means for each SCEP profile, and the migration."""

    def _resumed(self) -> frozenset[Task]:
        from intune_scep.strong_mapping.run import TASKS

        return TASKS

    def _taken_back(self) -> frozenset[Task]:
        return self._resumed()

    async def resume(
        self,
        journal: str | Path,
        *,
        max_changes: int | None = None,
        watch: Watch | None = None,
        certificates_before: bool = True,
    ) -> RunReport:
        """Finish a run that was cut short; nothing is written twice.

        Args:
            certificates_before: As for `enforce`, where nothing was sent yet.

        Raises:
            IntuneScepError: the journal cannot be used.
        """
        from intune_scep.changes.run import resume
        from intune_scep.strong_mapping.keeping import keep_certificates

        return await resume(
            self._client.tenant,
            Path(journal),
            tasks=self._resumed(),
            max_changes=max_changes,
            watch=watch,
            gather=keep_certificates if certificates_before else None,
        )

    async def assess(self, *, rules: Configuration | None = None) -> Assessment:
        """Judge every SCEP profile of the tenant.

        Args:
            rules: Severities, disabled rules, waivers and answers. A profile that would change but
                in which a rule finds an error is for review.

        Raises:
            IntuneScepError: the profiles could not be read.
        """
        from intune_scep.strong_mapping.reading import assess_tenant

        return await assess_tenant(self._client.tenant, rules)

    async def readiness(
        self, *, min_ready: float = 100.0, progress: Progress | None = None
    ) -> Readiness:
        """Count for each profile whom it reaches, who of them has a SID, and why others have none.

        Args:
            min_ready: The share, in percent, below which a profile is short.
            progress: Called with (read, total or None, what) after every page.

        Raises:
            IntuneScepError: the profiles could not be read. What else cannot be read is told in
                the result.
        """
        from intune_scep.strong_mapping.readiness import read_readiness

        return await read_readiness(self._client.tenant, least=min_ready, progress=progress)

    async def impact(
        self,
        choices: Choices | None = None,
        *,
        rules: Configuration | None = None,
        rings: Sequence[Ring] = (),
        start: datetime | None = None,
        progress: Progress | None = None,
    ) -> Impact:
        """Forecast what the migration costs: certificates, dependants, load and its echo.

        Args:
            rules: As for `plan`.
            rings: What goes when; everything at once if there are none.
            start: When the change is taken to be made; now by default.
            progress: Called with (done, total, what) at every step.

        Raises:
            IntuneScepError: the profiles could not be read, or the choices do not fit. What else
                cannot be read is told in the result.
        """
        from intune_scep.changes.watch import silent
        from intune_scep.strong_mapping.impact import read_impact

        return await read_impact(
            self._client.tenant,
            choices,
            rules,
            rings=rings,
            start=start,
            progress=progress or silent,
        )

    async def preflight(self, answers: Answers | None = None) -> Preflight:
        """Ask what stands in the way of the re-issue, and what may make it needless.

        Args:
            answers: What people and the script of the preflight answered.

        What cannot be read is told in the result.
        """
        from intune_scep.strong_mapping.preflight_reading import run_preflight

        return await run_preflight(self._client.tenant, answers)

    async def plan(
        self,
        choices: Choices | None = None,
        *,
        rules: Configuration | None = None,
        progress: Progress | None = None,
    ) -> Plan:
        """Plan the migration under the operator's choices, as data, with what it costs.

        Args:
            rules: As for `assess`; by default those of the file that the choices name.
            progress: Called with (done, total, what) while it is read what the plan costs, and
                after every page where the choices ask who has a SID.

        Raises:
            IntuneScepError: the profiles could not be read, or the choices do not fit.
        """
        from intune_scep.strong_mapping.choices import Choices
        from intune_scep.strong_mapping.run import plan_tenant

        return await plan_tenant(
            self._client.tenant, choices or Choices(), rules, progress=progress
        )

    async def enforce(
        self,
        choices: Choices | None = None,
        *,
        rules: Configuration | None = None,
        dry_run: bool = False,
        journal: str | Path | None = None,
        watch: Watch | None = None,
        certificates_before: bool = True,
    ) -> RunReport:
        """Plan, apply and verify; resume if the journal is of a run that was cut short.

        Args:
            rules: As for `plan`.
            dry_run: Stop after the plan.
            journal: File for the record of the run; in the user's state directory by default.
            watch: Who is told of the run's progress, and may stop it.
            certificates_before: Keep in the journal which certificates are out before the first
                write, where the permission allows it: one export job, and the seconds it takes.
                `verify_certificates` needs it.

        Raises:
            IntuneScepError: nothing could be judged or planned.
        """
        from intune_scep.strong_mapping.choices import Choices
        from intune_scep.strong_mapping.run import enforce

        return await enforce(
            self._client.tenant,
            choices or Choices(),
            rules,
            dry_run=dry_run,
            journal=_path(journal),
            watch=watch,
            certificates_before=certificates_before,
        )

    async def apply(
        self,
        plan: Plan,
        *,
        journal: str | Path | None = None,
        max_changes: int | None = None,
        watch: Watch | None = None,
        certificates_before: bool = True,
    ) -> RunReport:
        """Carry out a plan that was made before.

        Args:
            journal: File for the record of the run; in the user's state directory by default.
            max_changes: Refuse the run if it would write more profiles.
            watch: Who is told of the run's progress, and may stop it.
            certificates_before: As for `enforce`.

        Raises:
            IntuneScepError: the plan or the journal is of something else.
        """
        from intune_scep.strong_mapping.run import apply_plan

        return await apply_plan(
            self._client.tenant,
            plan,
            journal=_path(journal),
            max_changes=max_changes,
            watch=watch,
            certificates_before=certificates_before,
        )

    async def verify_certificates(
        self,
        journal: str | Path,
        *,
        issued: Sequence[str | Path] = (),
        expected: ExpectedSids | None = None,
        progress: Progress | None = None,
    ) -> CertificateProof:
        """Read back what a run changed, and say which devices have a new certificate since.

        A device checks in about every 8 h, and Intune's report lags up to 6 h, so a complete
        answer is not to be had before 14 h after the change. One export job each time: Graph takes
        8 of its requests in a minute from a user, and 48 from an application.

        Args:
            issued: Files of issued certificates, which alone show whether the right SID is in them.
            expected: The SIDs that these should carry.
            progress: Called with (read, total or None, what).

        Raises:
            IntuneScepError: the journal cannot be used, or the profiles could not be read. What
                else cannot be read is told in the result.
        """
        from intune_scep.strong_mapping.proving import verify_certificates

        return await verify_certificates(
            self._client.tenant,
            Path(journal),
            issued=[Path(file) for file in issued],
            expected=expected,
            progress=progress,
        )


class AsyncProfiles(AsyncRuns):
    """Trusted root and SCEP profiles: read, declared, exported, backed up, restored."""

    async def get(self, identifier: str) -> Profile | None:
        """Read one profile with its assignments; None where it does not exist.

        Raises:
            IntuneScepError: it could not be read.
        """
        from intune_scep.tenant.profiles import read_profile

        return await read_profile(self._client.tenant, identifier, with_assignments=True)

    async def list(
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
        from intune_scep.desired_state.listing import list_profiles

        return await list_profiles(
            self._client.tenant,
            kinds=kinds,
            platforms=platforms,
            only=only,
            with_root_links=with_root_links,
        )

    async def plan(
        self,
        declarations: Sequence[Declaration],
        choices: PlanChoices | None = None,
        *,
        rules: Configuration | None = None,
        unusable: Sequence[DeclarationError] = (),
        roots_may_come: bool = False,
    ) -> Plan:
        """Say what would be done to bring the tenant to its declared state.

        Args:
            rules: Severities, disabled rules, waivers and answers. What would be written is
                judged by the rules: errors refuse it, warnings are in `warnings`.
            unusable: Declarations that could not be read, as `read_all` returns them: refused in
                the plan, beside the others.
            roots_may_come: Plan for trusted roots whose name nothing has yet, with a note, instead
                of refusing the profiles that name them. Such a plan is to look at only.

        Raises:
            IntuneScepError: the tenant could not be read, or the choices contradict each other.
        """
        from intune_scep.desired_state.run import plan_declarations

        return await plan_declarations(
            self._client.tenant,
            declarations,
            choices,
            rules=rules,
            unusable=unusable,
            roots_may_come=roots_may_come,
        )

    async def apply(
        self,
        declarations: Sequence[Declaration],
        choices: PlanChoices | None = None,
        *,
        dry_run: bool = False,
        rules: Configuration | None = None,
        journal: str | Path | None = None,
        max_changes: int | None = None,
        watch: Watch | None = None,
        unusable: Sequence[DeclarationError] = (),
    ) -> RunReport:
        """Bring the tenant to its declared state; where one declaration is refused, not at all.

        Args:
            dry_run: Stop after the plan, which then may await trusted roots that do not exist yet.
            unusable: As for `plan`.
            rules: As for `plan`.
            journal: File for the record of the run; in the user's state directory by default.
            max_changes: Refuse the run if it would write more profiles.
            watch: Who is told of the run's progress, and may stop it.

        Raises:
            IntuneScepError: the tenant could not be read, or the choices contradict each other.
        """
        from intune_scep.desired_state.run import apply_declarations

        return await apply_declarations(
            self._client.tenant,
            declarations,
            choices,
            dry_run=dry_run,
            rules=rules,
            journal=_path(journal),
            max_changes=max_changes,
            watch=watch,
            unusable=unusable,
        )

    async def apply_plan(
        self,
        plan: Plan,
        *,
        journal: str | Path | None = None,
        max_changes: int | None = None,
        watch: Watch | None = None,
    ) -> RunReport:
        """Carry out a plan of `plan`, made now or saved before.

        Raises:
            IntuneScepError: the plan or the journal is of something else.
        """
        from intune_scep.desired_state.run import apply_plan

        return await apply_plan(
            self._client.tenant,
            plan,
            journal=_path(journal),
            max_changes=max_changes,
            watch=watch,
        )

    async def export(
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
        from intune_scep.backup.export import export_profiles

        return await export_profiles(
            self._client.tenant,
            Path(directory),
            overwrite=overwrite,
            remove_left_over=remove_left_over,
        )

    async def back_up(
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
        from intune_scep.backup.backup import back_up_profiles

        return await back_up_profiles(
            self._client.tenant,
            Path(directory),
            overwrite=overwrite,
            remove_left_over=remove_left_over,
        )

    async def plan_restore(self, directory: str | Path) -> Plan:
        """Say what restoring a backup would do.

        Raises:
            IntuneScepError: the backup is damaged, or the tenant could not be read.
        """
        from intune_scep.backup.backup import read_backup
        from intune_scep.backup.restore import plan_restoring

        return await plan_restoring(self._client.tenant, read_backup(Path(directory)))

    async def restore(
        self,
        directory: str | Path,
        *,
        dry_run: bool = False,
        journal: str | Path | None = None,
        max_changes: int | None = None,
        watch: Watch | None = None,
    ) -> RunReport:
        """Make what the tenant lacks of a backup; what it has already is left alone.

        Args:
            directory: As `back_up` wrote it; of this tenant or of another.
            dry_run: Stop after the plan.
            journal: File for the record of the run; in the user's state directory by default.
            max_changes: Refuse the run if it would make more profiles.
            watch: Who is told of the run's progress, and may stop it.

        Raises:
            IntuneScepError: the backup is damaged, or the tenant could not be read.
        """
        from intune_scep.backup.backup import read_backup
        from intune_scep.backup.restore import restore_backup

        return await restore_backup(
            self._client.tenant,
            read_backup(Path(directory)),
            dry_run=dry_run,
            journal=_path(journal),
            max_changes=max_changes,
            watch=watch,
        )


class AsyncCompliance:
    """Every certificate profile, judged by the rules."""

    def __init__(self, client: AsyncIntuneClient) -> None:
        self._client = client

    async def check(
        self,
        policy: Policy | None = None,
        *,
        configuration: Configuration | None = None,
        baseline: Baseline | None = None,
        with_directory: bool = False,
        with_devices: bool = False,
    ) -> ComplianceReport:
        """Judge every certificate profile by all rules, and compare with an approved baseline.

        If Graph fails, the report says that nothing could be judged (`report.outcome`).

        Args:
            policy: What makes the run fail.
            configuration: Severities, waivers and answers for the rules.
            baseline: An approved state, from `read_baseline`.
            with_directory: Also read group members, users and devices; needs
                GroupMember.Read.All, User.Read.All and Device.Read.All.
            with_devices: Also read managed devices, the certificates on them and what Entra asks of
                a certificate's SID; needs DeviceManagementManagedDevices.Read.All and
                Policy.Read.AuthenticationMethod. Which devices are in a group is known only with
                the directory. It may take minutes, since Intune writes a report for it.

        Raises:
            BaselineError: the baseline is of another tenant.
        """
        from intune_scep.compliance.run import check_tenant

        return await check_tenant(
            self._client.tenant,
            policy,
            configuration=configuration,
            baseline=baseline,
            with_directory=with_directory,
            with_devices=with_devices,
        )


class AsyncRollout:
    """A migration in rings: a file says in which order, a journal how far it is."""

    def __init__(self, client: AsyncIntuneClient) -> None:
        self._client = client

    async def run(
        self,
        file: str | Path,
        *,
        journal: str | Path | None = None,
        dry_run: bool = False,
        watch: Watch | None = None,
    ) -> Tick:
        """One tick: do what the gates allow, and stop.

        Args:
            file: Of the rollout.
            journal: Where its state is kept; by default in the tenant's state directory.
            dry_run: Say what would be done; write nothing.
            watch: Who is told of the runs' progress, and may stop them.

        Raises:
            IntuneScepError: the file is wrong or does not fit its journal, or the tenant could not
                be read.
        """
        from intune_scep.rollout.verbs import run_rollout

        return await run_rollout(
            self._client.tenant, Path(file), journal=_path(journal), dry_run=dry_run, watch=watch
        )

    async def start(
        self,
        file: str | Path,
        *,
        reason: str = "",
        journal: str | Path | None = None,
        dry_run: bool = False,
        watch: Watch | None = None,
    ) -> Tick:
        """Start a rollout, and do its first tick.

        Args:
            reason: Why; it is kept with who was signed in.

        Raises:
            IntuneScepError: it is started already, or as for `run`.
        """
        from intune_scep.rollout.verbs import start_rollout

        return await start_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
            watch=watch,
        )

    async def status(
        self, file: str | Path, *, journal: str | Path | None = None
    ) -> tuple[RolloutState, Path]:
        """How far a rollout is, and where that is kept; by its journal, without a request.

        Raises:
            IntuneScepError: the file is wrong, or its journal is damaged or of something else.
        """
        from intune_scep.rollout.standing import rollout_state

        client = self._client
        return rollout_state(client.tenant_id, client.cloud, Path(file), journal=_path(journal))

    async def pause(
        self,
        file: str | Path,
        *,
        reason: str,
        journal: str | Path | None = None,
        dry_run: bool = False,
    ) -> Tick:
        """Open nothing more until it is resumed.

        Raises:
            IntuneScepError: there is nothing to pause.
        """
        from intune_scep.rollout.verbs import pause_rollout

        return await pause_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
        )

    async def resume(
        self,
        file: str | Path,
        *,
        reason: str = "",
        journal: str | Path | None = None,
        dry_run: bool = False,
        watch: Watch | None = None,
    ) -> Tick:
        """Lift a pause or a freeze, and do a tick.

        Raises:
            IntuneScepError: it is neither paused nor frozen, or as for `run`.
        """
        from intune_scep.rollout.verbs import resume_rollout

        return await resume_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
            watch=watch,
        )

    async def promote(
        self,
        file: str | Path,
        *,
        reason: str,
        journal: str | Path | None = None,
        dry_run: bool = False,
        watch: Watch | None = None,
    ) -> Tick:
        """Answer the approval a ring waits for; without one, open over what waits or is unknown.

        Raises:
            IntuneScepError: no ring stands at a gate, or its gate fails.
        """
        from intune_scep.rollout.verbs import promote_rollout

        return await promote_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
            watch=watch,
        )

    async def cancel(
        self,
        file: str | Path,
        *,
        reason: str,
        journal: str | Path | None = None,
        dry_run: bool = False,
    ) -> Tick:
        """End a rollout where it is. Nothing is taken back.

        Raises:
            IntuneScepError: it is over already.
        """
        from intune_scep.rollout.verbs import cancel_rollout

        return await cancel_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
        )

    async def rollback(
        self,
        file: str | Path,
        *,
        reason: str,
        journal: str | Path | None = None,
        dry_run: bool = False,
        watch: Watch | None = None,
    ) -> Tick:
        """Cancel a rollout and take back what it changed, where nobody changed it since.

        Raises:
            IntuneScepError: a journal of one of its runs cannot be used.
        """
        from intune_scep.rollout.verbs import roll_back_rollout

        return await roll_back_rollout(
            self._client.tenant,
            Path(file),
            reason=reason,
            journal=_path(journal),
            dry_run=dry_run,
            watch=watch,
        )

    async def check(self, file: str | Path) -> Resolved:
        """Read a rollout file, and find what it names in the tenant.

        Raises:
            RolloutFileError: it is wrong, or cannot be carried out here; every mistake is told.
            IntuneScepError: the tenant could not be read; groups need GroupMember.Read.All.
        """
        from intune_scep.rollout.file import load_rollout
        from intune_scep.rollout.reading import resolve_in

        return await resolve_in(self._client.tenant, load_rollout(Path(file)))

    async def draft(
        self,
        file: str | Path,
        *,
        strategy: str = "in_place",
        groups: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Draft:
        """Make the text of a first rollout file from what the tenant has. Writes no file.

        Args:
            file: Where it will be.
            strategy: `in_place` or `clone`.
            groups: By clone: names or ids of the groups that get the copies, a ring for each.
            progress: Called with (read, total or None, what) after every page.

        Raises:
            IntuneScepError: no profile needs it, the groups do not fit, or the tenant could not be
                read.
        """
        from intune_scep.rollout.draft import strategy_of
        from intune_scep.rollout.reading import draft_in

        return await draft_in(
            self._client.tenant,
            Path(file),
            strategy=strategy_of(strategy),
            groups=groups,
            progress=progress,
        )

    async def shards(
        self, group: str, percent: str, *, progress: Progress | None = None
    ) -> Sharding:
        """Divide the members of a group into shares that stay as others come and go.

        Args:
            group: Name or id.
            percent: Sizes of the shares, such as `5,20`; the last share is the rest.
            progress: Called with (read, total or None, what).

        Raises:
            IntuneScepError: the percentages or the group are wrong, or it could not be read; needs
                GroupMember.Read.All.
        """
        from intune_scep.rollout.reading import shards_in
        from intune_scep.rollout.shards import percents_of

        percents = percents_of(percent)
        return await shards_in(self._client.tenant, group, percents, progress=progress)

    async def record(
        self,
        file: str | Path,
        *,
        journal: str | Path | None = None,
        progress: Progress | None = None,
    ) -> ChangeRecord:
        """Read what a change board is told: plan, readiness, impact, gates and the way back.

        Args:
            progress: Called with (done, total, what) before every part.

        Raises:
            IntuneScepError: the file is wrong, or the profiles could not be read.
        """
        from intune_scep.changes.watch import silent
        from intune_scep.rollout.record import read_record

        return await read_record(
            self._client.tenant, Path(file), journal=_path(journal), progress=progress or silent
        )


class AsyncUsers:
    """The directory's users, as far as certificates need them."""

    def __init__(self, client: AsyncIntuneClient) -> None:
        self._client = client

    async def read_sids(self) -> dict[str, str | None]:
        """Read every user's on-premises SID, by user principal name; None where there is none.

        Raises:
            IntuneScepError: the users could not be read; needs User.Read.All.
        """
        from intune_scep.tenant.users import read_user_sids

        return await read_user_sids(self._client.tenant)


def _path(journal: str | Path | None) -> Path | None:
    return Path(journal) if journal is not None else None
