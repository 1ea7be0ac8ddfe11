"""Saying which devices have a new certificate since a run, once or until all have."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from intune_scep.certificates import ExpectedSids
from intune_scep.cli.console import console, progress_bar
from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.cli.process import EXIT_FAILED, tell
from intune_scep.cli.proof_text import round_line, show_proof
from intune_scep.errors import GraphError, GraphTransportError, SelectionError
from intune_scep.strong_mapping.proof import CertificateProof, Finish
from intune_scep.texts import json_text
from intune_scep.wording import option

_CODES = {
    Finish.COMPLETE: 0,
    Finish.PENDING: 2,
    Finish.FAILED: EXIT_FAILED,
    Finish.NOT_JUDGED: 3,
}
_EVERY = re.compile(r"(\d{1,6})\s*(s|m|min|h|d)?", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_LEAST, _MOST = 60, 86_400
_MOST_FAILED_ROUNDS = 3
wait = time.sleep


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        every: How long to wait between two rounds, as it was given.
    """

    journal: Path
    issued: list[Path]
    expected: Path | None
    watch: bool
    every: str

    @property
    def seconds(self) -> int:
        """How long to wait between two rounds.

        Raises:
            SelectionError: it is no such time.
        """
        match = _EVERY.fullmatch(self.every.strip())
        seconds = int(match[1]) * _UNITS[(match[2] or "m").lower()] if match else 0
        if _LEAST <= seconds <= _MOST:
            return seconds
        raise SelectionError(
            f"{option('every')} must be a time from 1m to 24h, such as 15m or 2h, not"
            f" {self.every!r}: each round asks Intune for a report of the whole tenant."
        )


def require_fitting(asked: Asked, *, certificates: bool) -> None:
    """Refuse options that would not be obeyed.

    Raises:
        SelectionError: naming the option and what it needs.
    """
    needing = {
        "watch": ("certificates", asked.watch, certificates),
        "issued": ("certificates", bool(asked.issued), certificates),
        "expected": ("issued", asked.expected is not None, bool(asked.issued)),
    }
    for name, (needed, given, there) in needing.items():
        if given and not there:
            raise SelectionError(f"{option(name)} needs {option(needed)}.")
    if asked.watch or certificates:
        _ = asked.seconds


def prove(shared: Shared, asked: Asked) -> int:
    """Say it, and with a watch say it again until there is nothing to wait for.

    Returns:
        The exit code.
    """
    expected = ExpectedSids.from_csv(asked.expected) if asked.expected is not None else None
    found = _look(shared, asked, expected)
    _show(shared, asked, found)
    failed = 0
    while asked.watch and not found.is_settled and failed < _MOST_FAILED_ROUNDS:
        wait(asked.seconds)
        try:
            found = _look(shared, asked, expected)
        except (GraphError, GraphTransportError) as error:
            failed += 1
            if failed == _MOST_FAILED_ROUNDS:
                raise
            tell(f"This round could not be read, the next one is tried: {error}")
            continue
        failed = failed + 1 if found.finish is Finish.FAILED else 0
        _show(shared, asked, found, last=failed == _MOST_FAILED_ROUNDS)
    return _CODES[found.finish]


def _look(shared: Shared, asked: Asked, expected: ExpectedSids | None) -> CertificateProof:
    """One round; each signs in by itself, since a token does not last as long as a watch."""
    with shared.client() as client, progress_bar("Verifying") as progress:
        return client.strong_mapping.verify_certificates(
            asked.journal, issued=asked.issued, expected=expected, progress=progress
        )


def _show(shared: Shared, asked: Asked, found: CertificateProof, *, last: bool = False) -> None:
    """The whole of it; of a watch that nobody sits before, a line a round and the whole last.

    Args:
        last: The watch ends here, though not everything is settled.
    """
    if shared.output is OutputFormat.JSON:
        text = json_text(found.to_dict(), indent=None if asked.watch else 2)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        return
    target = console()
    if not asked.watch or last or found.is_settled:
        show_proof(target, found)
    elif target.is_terminal:
        target.clear()
        show_proof(target, found, again=asked.every)
    else:
        target.print(round_line(found), soft_wrap=True)
        target.file.flush()
