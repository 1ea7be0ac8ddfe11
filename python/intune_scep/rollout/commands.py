"""The command of a gate: a program of the operator's that says whether a ring did well."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from intune_scep.rollout.gates import CommandEnd
from intune_scep.texts import one_line

SECONDS: Final = 600.0
"""How long it may take."""
_LONGEST: Final = 300
_MOST_BYTES: Final = 64 * 1024


async def run_command(
    command: Sequence[str], directory: Path, about: Mapping[str, str]
) -> CommandEnd:
    """Run the command of a gate, without a shell.

    Args:
        command: The program and its arguments; a relative path is meant from the file's directory.
        directory: That of the file; the command runs there.
        about: What it is told in its environment, besides what this process has.
    """
    program = str(directory / command[0]) if os.sep in command[0] else command[0]
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *command[1:],
            cwd=directory,
            env={**os.environ, **about},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return CommandEnd(None, f"{command[0]} cannot be run: {error.strerror}.")
    try:
        said = await asyncio.wait_for(_output(process), SECONDS)
    except TimeoutError:
        return CommandEnd(None, f"{command[0]} did not end within {SECONDS:g} s.")
    finally:
        await _ended(process)
    first = next((line for line in said.splitlines() if line.strip()), "")
    return CommandEnd(process.returncode, one_line(first)[:_LONGEST])


async def _ended(process: asyncio.subprocess.Process) -> None:
    """See to it that it does not outlive the question it was to answer."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _output(process: asyncio.subprocess.Process) -> str:
    """The beginning of what it writes; the rest is read and dropped, so that it can end."""
    kept = b""
    while process.stdout is not None and (part := await process.stdout.read(_MOST_BYTES)):
        kept += part[: _MOST_BYTES - len(kept)]
    await process.wait()
    return kept.decode("utf-8", "replace")
