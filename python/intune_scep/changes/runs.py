"""The journals of this machine, of every job: when, which tenant, what is left."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import list2cmdline
from typing import Any

from intune_scep.changes.journal import Journal, read_journal
from intune_scep.changes.plan import Task
from intune_scep.changes.status import DONE
from intune_scep.errors import IntuneScepError, JournalError
from intune_scep.files import (
    canonical_json,
    digest,
    parse_json,
    read_regular,
    state_directory,
    tenant_directory,
    write_private,
)

ROLLOUT_SUFFIX = ".rollout.jsonl"
"""What the name of a rollout's journal ends with; it records no run of its own."""
_POINTER_BYTES = 64 * 1024


@dataclass(frozen=True)
class JournalsFound:
    """Journals, and those that could not be read."""

    journals: tuple[Journal, ...] = ()
    unreadable: tuple[str, ...] = ()


def find_journals(tenant: str | None = None) -> JournalsFound:
    """The journals in the state directory and those kept elsewhere, the newest first.

    Args:
        tenant: Of this tenant only.
    """
    directories = [tenant_directory(tenant)] if tenant else _directories()
    found: dict[Path, Journal] = {}
    unreadable: list[str] = []
    for path in _paths(directories):
        try:
            found.setdefault(path, read_journal(path))
        except JournalError as error:
            if path.exists():
                unreadable.append(str(error))
    newest = sorted(found.values(), key=lambda journal: journal.began, reverse=True)
    return JournalsFound(tuple(newest), tuple(unreadable))


def _directories() -> list[Path]:
    state = state_directory()
    return sorted(path for path in state.glob("*") if path.is_dir()) if state.is_dir() else []


def _paths(directories: list[Path]) -> Iterator[Path]:
    for directory in directories:
        yield from sorted(
            path for path in directory.glob("*.jsonl") if not path.name.endswith(ROLLOUT_SUFFIX)
        )
        for pointer in sorted(directory.glob("*.pointer.json")):
            if (path := _pointed_at(pointer)) is not None:
                yield path


def _pointed_at(pointer: Path) -> Path | None:
    try:
        data = read_regular(pointer, what="Pointer", most=_POINTER_BYTES)
        content = parse_json(data, f"Pointer {pointer}", most=_POINTER_BYTES)
    except IntuneScepError:
        return None
    path = content.get("journal") if isinstance(content, dict) else None
    return Path(path) if isinstance(path, str) else None


def remember_journal(tenant: str, path: Path) -> None:
    """Leave a pointer to a journal that is kept elsewhere, so that the next run finds it.

    Raises:
        JournalError: the state directory cannot be written.
    """
    pointed = str(path.absolute())
    name = f"{digest(pointed.encode('utf-8', 'surrogateescape'))[:16]}.pointer.json"
    try:
        write_private(tenant_directory(tenant) / name, canonical_json({"journal": pointed}))
    except OSError as error:
        raise JournalError(
            f"The state directory cannot be written: {error.strerror}. Nothing was changed."
        ) from error


def describe(journal: Journal) -> dict[str, Any]:
    """One row of `intune-scep runs`."""
    last = journal.last
    left = len(last.left)
    rolled_back = len(journal.runs) > 1
    state = "unfinished" if left or journal.torn else "rolled back" if rolled_back else "finished"
    gone_back = rolled_back and len(last.plan.writing) >= len(journal.first.plan.writing)
    all_back = gone_back and all(last.record(item).ending in DONE for item in last.plan.writing)
    task = journal.first.plan.task
    again = "rollback" if rolled_back else "apply"
    return {
        "began": journal.began,
        "ended": journal.ended,
        "tenant": journal.tenant,
        "cloud": journal.cloud,
        "task": task.value,
        "state": state,
        "profiles": len(journal.first.plan.writing),
        "left": left,
        "journal": str(journal.path),
        "finish": command(task, again, journal.path) if left else None,
        "roll_back": None if all_back else command(task, "rollback", journal.path),
    }


def command(task: str, verb: str, journal: Path | str) -> str:
    """The command that goes on with a run or takes it back, as a shell reads it.

    Args:
        task: The job of the journal's first run, a `Task`.
        verb: `apply` or `rollback`.
    """
    if task == Task.ROLLOUT and verb == "apply":
        return "intune-scep strong-mapping rollout run"
    group = "strong-mapping" if task == Task.STRONG_MAPPING else "profiles"
    return command_line(["intune-scep", group, verb, "--journal", str(journal)])


def command_line(words: list[str]) -> str:
    """Words as a shell reads them."""
    return list2cmdline(words) if os.name == "nt" else shlex.join(words)
