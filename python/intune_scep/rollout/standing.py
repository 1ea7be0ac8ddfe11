"""Where rollouts stand, by their journals alone: no request, no sign-in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.changes.runs import ROLLOUT_SUFFIX, command_line
from intune_scep.errors import JournalError, NotStartedError, SeveralRolloutsError
from intune_scep.files import state_directory, tenant_directory
from intune_scep.rollout.file import load_rollout
from intune_scep.rollout.journal import (
    journal_name,
    journal_path,
    open_journal,
    read_state,
    require_name,
)
from intune_scep.rollout.state import RolloutState
from intune_scep.rollout.ways import way_on
from intune_scep.rollout.words import State
from intune_scep.wording import option

_GOES_ON: Final = {
    State.NOT_ACTIVATED: "start",
    State.ACTIVATING: "run",
    State.ACTIVATED: "run",
    State.PAUSED: "resume",
    State.ERROR: "resume",
}


@dataclass(frozen=True)
class Standing:
    """How far a rollout is, and where that is kept."""

    state: RolloutState
    journal: Path


def rollout_state(
    tenant_id: str, cloud: str, file: Path, *, journal: Path | None = None
) -> tuple[RolloutState, Path]:
    """How far a rollout of one tenant is; not activated where nothing is recorded of it yet.

    Raises:
        JournalError: its journal is damaged, or of another rollout or tenant.
        FileError, ConfigurationError: the file cannot be used.
    """
    content = load_rollout(file)
    path = journal_path(tenant_id, content.name, journal)
    now = datetime.now(UTC)
    with open_journal(path, tenant_id, cloud, content, now, dry_run=True) as opened:
        return opened.state, path


def find_standing(
    file: Path, *, journal: Path | None = None, tenant: str | None = None, cloud: str | None = None
) -> Standing:
    """How far a rollout is, whosever it is.

    Args:
        tenant: Look in the state of this tenant alone; an id.
        cloud: Pass over rollouts of other clouds.

    Raises:
        NotStartedError: nobody started it here.
        SeveralRolloutsError: several tenants have one of that name.
        JournalError: its journal is damaged, or of another rollout or tenant.
        FileError, ConfigurationError: the file cannot be used.
    """
    content = load_rollout(file)
    if journal is not None:
        state = read_state(journal)
        if state is None:
            raise _not_started(content.name, str(journal))
        require_name(state, journal, content)
        if tenant is not None and state.tenant.lower() != tenant.lower():
            raise JournalError(
                f"{journal} is the journal of tenant {state.tenant} ({state.cloud}), not of"
                f" {tenant}.",
                hint=f"Leave {option('tenant')} out, or give another journal.",
            )
        return Standing(state, journal)
    places = [tenant_directory(tenant)] if tenant else _tenants()
    found = list(_found([place / journal_name(content.name) for place in places], cloud))
    if not found:
        raise _not_started(content.name, "the state directory" if not tenant else str(places[0]))
    if len(found) > 1:
        tenants = " and ".join(f"{item.state.tenant} ({item.state.cloud})" for item in found)
        raise SeveralRolloutsError(
            f"Several tenants have a rollout {content.name!r} here: {tenants}.",
            hint=f"Say which with {option('tenant')} and its id, or sign in to it.",
        )
    return found[0]


def _found(paths: Sequence[Path], cloud: str | None) -> Iterator[Standing]:
    for path in paths:
        state = read_state(path)
        if state is not None and cloud in {None, state.cloud} and state.started is not None:
            yield Standing(state, path)


def _not_started(name: str, where: str) -> NotStartedError:
    return NotStartedError(
        f"The rollout {name!r} is not started: {where} has no journal of it.",
        hint=f"Start it with {way_on('start')}; a journal that is kept elsewhere is given with"
        f" {option('journal')}.",
    )


def _tenants() -> list[Path]:
    state = state_directory()
    return sorted(path for path in state.glob("*") if path.is_dir()) if state.is_dir() else []


def find_rollouts(tenant: str | None = None) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """Every rollout in the state directory, the one started last first, and what is unreadable.

    Args:
        tenant: Of this tenant only.
    """
    found, unreadable = [], []
    for place in [tenant_directory(tenant)] if tenant else _tenants():
        for path in sorted(place.glob(f"*{ROLLOUT_SUFFIX}")):
            try:
                state = read_state(path)
            except JournalError as error:
                unreadable.append(str(error))
                continue
            if state is not None:
                found.append(Standing(state, path))
    return tuple(sorted(found, key=_started, reverse=True)), tuple(unreadable)


def _started(item: Standing) -> str:
    word = item.state.started
    return word.at.isoformat() if word is not None else ""


def describe_rollout(item: Standing) -> dict[str, Any]:
    """A row of `intune-scep runs`."""
    state = item.state
    verb = _GOES_ON.get(state.state)
    return {
        "rollout": state.name,
        "started": _started(item) or None,
        "tenant": state.tenant,
        "cloud": state.cloud,
        "state": state.state.value,
        "rings": len(state.rings),
        "completed": sum(ring.state is State.COMPLETED for ring in state.rings),
        "journal": str(item.journal),
        "go_on": _command(state, verb) if verb else None,
        "runs": [str(run) for run in state.runs],
    }


def _command(state: RolloutState, verb: str) -> str:
    return command_line(["intune-scep", "strong-mapping", "rollout", verb, state.file])
