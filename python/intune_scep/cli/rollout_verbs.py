"""intune-scep strong-mapping rollout: what can be done with a rollout."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intune_scep.cli.asking import DryRun, Yes, require_answer
from intune_scep.cli.console import console, headline, plain, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options, with_writing_options
from intune_scep.cli.process import EXIT_INTERRUPTED, EXIT_TERMINATED
from intune_scep.cli.rollout_options import DEFAULT_FILE, File, Reason, RolloutJournal
from intune_scep.cli.running import ask, show_lines, watching
from intune_scep.errors import IntuneScepError, NotStartedError, SeveralRolloutsError

if TYPE_CHECKING:
    from intune_scep import IntuneClient
    from intune_scep.rollout.standing import Standing
    from intune_scep.rollout.state import RolloutState
    from intune_scep.rollout.tick import Tick

app = typer.Typer()


@app.command()
@with_writing_options
def start(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason = "",
    journal: RolloutJournal = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Start a rollout: open its first ring, if it may be opened now, and stop.

    Shows first what the first ring changes, and asks. Exit codes as for run.

    Example: intune-scep strong-mapping rollout start strong-mapping.yml --reason "CHG0042"
    """
    with _client(shared, file) as client:
        work = partial(client.rollout.start, file, reason=reason, journal=journal)
        if dry_run:
            return _show(shared, _foreseen(work))
        question = partial(_with_certificates, "Start the rollout {name!r}?")
        return _work_if_agreed(shared, client, work, question, yes=yes)


@app.command()
@with_writing_options
def run(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    journal: RolloutJournal = None,
    dry_run: DryRun = False,
) -> int:
    """One tick: do what the gates allow, and stop. Any scheduler calls it again.

    It asks nobody: the rollout was started by a person. Exit code 0 if it did what its gates allow,
    waiting included; 1 if something failed or the rollout is frozen; 2 if a person must act; 3 if a
    gate could not be judged.

    Example: intune-scep strong-mapping rollout run strong-mapping.yml
    """
    with _client(shared, file) as client:
        return _work(shared, partial(client.rollout.run, file, journal=journal, dry_run=dry_run))


@app.command()
@with_shared_options
def status(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    journal: RolloutJournal = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again whenever it changes, until Ctrl-C.")
    ] = False,
) -> int:
    """How far a rollout is, by its journal: rings, bars, and why it waits. Reads no profile.

    Signs in nowhere, unless several tenants have a rollout of this name and --tenant with an id
    does not say which. `rollout run --dry-run` reads the tenant and judges the gate anew. Exit code
    1 if the rollout is frozen, 2 if it is paused or not started, else 0.

    Example: intune-scep strong-mapping rollout status --watch
    """
    from intune_scep.rollout.standing import Standing

    place = _place(shared, file, journal)
    shown: RolloutState | None = None
    while True:
        found = Standing(_required_state(place.journal), place.journal) if shown else place
        if shown is None or found.state != shown:
            shown = found.state
            _show_standing(shared, found, clear=watch)
        if not watch:
            return _code(shown.state.value)
        time.sleep(_SECONDS)


def _place(shared: Shared, file: Path, journal: Path | None) -> Standing:
    """Where the rollout is kept; whoever is signed in is asked only where several might be meant.

    Raises:
        IntuneScepError: it is not started, or nobody can tell which is meant.
    """
    from intune_scep.rollout.standing import find_standing

    tenant, cloud = shared.tenant_id(), shared.said("cloud")
    try:
        return find_standing(file, journal=journal, tenant=tenant, cloud=cloud)
    except SeveralRolloutsError as several:
        try:
            with shared.client() as client:
                return find_standing(file, tenant=client.tenant_id)
        except NotStartedError:
            raise
        except IntuneScepError:
            # Who cannot sign in can still say which is meant.
            raise several from None


def _required_state(path: Path) -> RolloutState:
    from intune_scep.errors import JournalError
    from intune_scep.rollout.journal import read_state

    state = read_state(path)
    if state is None:
        raise JournalError(f"The journal {path} is gone.")
    return state


def _show_standing(shared: Shared, found: Standing, *, clear: bool) -> None:
    from intune_scep.reports.rollout import state_lines

    state = found.state
    if shared.output is OutputFormat.JSON:
        print_json({**state.to_dict(), "journal": str(found.journal)})
        sys.stdout.flush()
        return
    target = console()
    if clear and sys.stdout.isatty():
        target.clear()
    target.print(headline("Rollout", state.tenant, state.cloud), soft_wrap=True)
    show_lines(target, state_lines(state))
    target.print(plain(f"Kept in {found.journal}"), soft_wrap=True)
    sys.stdout.flush()


_SECONDS = 5.0
_CODES = {"error": 1, "paused": 2, "notActivated": 2}


def _code(state: str) -> int:
    return _CODES.get(state, 0)


@app.command()
@with_shared_options
def pause(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason,
    journal: RolloutJournal = None,
) -> int:
    """Open nothing more until it is resumed; what was changed stays as it is.

    Example: intune-scep strong-mapping rollout pause --reason "CA maintenance"
    """
    with _client(shared, file) as client:
        return _done(shared, client.rollout.pause(file, reason=reason, journal=journal))


@app.command()
@with_writing_options
def resume(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason = "",
    journal: RolloutJournal = None,
    dry_run: DryRun = False,
) -> int:
    """Lift a pause or a freeze, and do a tick. Exit codes as for run.

    Example: intune-scep strong-mapping rollout resume --reason "The connector is back"
    """
    with _client(shared, file) as client:
        return _work(
            shared,
            partial(client.rollout.resume, file, reason=reason, journal=journal, dry_run=dry_run),
        )


@app.command()
@with_writing_options
def promote(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason,
    journal: RolloutJournal = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Answer the approval a ring waits for; without one, open the next ring over what waits.

    Over what is unknown too, never over what fails. Shows first what that changes, and asks. The
    command of a gate is run for the preview too. Exit codes as for run.

    Example: intune-scep strong-mapping rollout promote --reason "Help desk saw nothing"
    """
    with _client(shared, file) as client:
        work = partial(client.rollout.promote, file, reason=reason, journal=journal)
        if dry_run:
            return _show(shared, _foreseen(work))
        question = partial(_with_certificates, "Promote the ring of {name!r} that is open?")
        return _work_if_agreed(shared, client, work, question, yes=yes)


@app.command()
@with_shared_options
def cancel(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason,
    journal: RolloutJournal = None,
    yes: Yes = False,
) -> int:
    """End a rollout where it is. Nothing is taken back.

    Example: intune-scep strong-mapping rollout cancel --reason "Moved to another CA"
    """
    with shared.client() as client:
        ask(client, shared, "Cancel the rollout? It cannot be gone on with.", yes=yes)
        return _done(shared, client.rollout.cancel(file, reason=reason, journal=journal))


@app.command()
@with_writing_options
def rollback(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    reason: Reason,
    journal: RolloutJournal = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Cancel a rollout and take back what it changed. Re-issues the certificates once more.

    Profiles that changed since are left alone. Exit code 1 if something could not be taken back,
    2 if --dry-run finds something to do, else 0.

    Example: intune-scep strong-mapping rollout rollback --dry-run --reason "Wi-Fi fails"
    """
    with _client(shared, file) as client:
        work = partial(client.rollout.rollback, file, reason=reason, journal=journal)
        if dry_run:
            foreseen = _foreseen(work)
            return _done(shared, foreseen) or (2 if foreseen.changed else 0)
        said = "What was revoked stays revoked, and every certificate is issued once more."
        return _work_if_agreed(
            shared, client, work, lambda _: f"Take the rollout back? {said}", yes=yes
        )


@contextmanager
def _client(shared: Shared, file: Path) -> Iterator[IntuneClient]:
    """A client; a wrong file is refused before anybody signs in."""
    from intune_scep.rollout.file import load_rollout

    load_rollout(file)
    with shared.client() as client:
        yield client


def _with_certificates(question: str, foreseen: Tick) -> str:
    from intune_scep.changes.certificates import about_certificates

    about = about_certificates(foreseen.plan) if foreseen.plan is not None else ""
    return f"{question.format(name=foreseen.state.name)} {about}".rstrip()


def _foreseen(work: Callable[..., Tick]) -> Tick:
    """A dry run, with what is being read on a terminal."""
    from intune_scep.changes.watch import Watch

    with progress_bar("Reading") as progress:
        return work(dry_run=True, watch=Watch(preparing=lambda what: progress(0, None, what)))


def _work_if_agreed(
    shared: Shared,
    client: IntuneClient,
    work: Callable[..., Tick],
    question: Callable[[Tick], str],
    *,
    yes: bool,
) -> int:
    """Show what would be done, ask, and do it; nothing is read where nobody can be asked."""
    require_answer(shared, yes=yes)
    asked = ""
    if shared.output is OutputFormat.TEXT:
        foreseen = _foreseen(work)
        _print(foreseen)
        asked = question(foreseen)
    ask(client, shared, asked, yes=yes)
    return _work(shared, work)


def _work(shared: Shared, work: Callable[..., Tick]) -> int:
    """Do a tick under a progress bar that Ctrl-C stops in order, and show what it did."""
    with watching("Rollout") as watch:
        tick = work(watch=watch)
    return _show(shared, tick)


def _show(shared: Shared, tick: Tick) -> int:
    import signal

    if shared.output is OutputFormat.JSON:
        print_json(tick.to_dict())
    else:
        _print(tick)
    number = tick.interrupted_by
    if number is not None:
        return EXIT_INTERRUPTED if number == signal.SIGINT else EXIT_TERMINATED
    return int(tick.exit)


def _done(shared: Shared, tick: Tick) -> int:
    """Show what a verb did that opens nothing."""
    _show(shared, tick)
    return 1 if any(report.failed for report in tick.reports) else 0


def _print(tick: Tick) -> None:
    from intune_scep.reports.rollout import tick_lines

    target = console()
    target.print(headline("Rollout", tick.state.tenant, tick.state.cloud), soft_wrap=True)
    show_lines(target, tick_lines(tick))
