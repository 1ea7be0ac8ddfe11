"""The command from outside: its streams, its signals, its exit code.

`--version` is answered here, before typer is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from intune_scep.cli.process import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    Output,
    Terminated,
    ending_signals,
    show_version,
    tell,
)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; nothing but the code leaves as a surprise."""
    output = Output()
    with output.guarded(), ending_signals():
        code = _run(arguments)
        complaint = output.complaint()
        if complaint is None:
            return code
        tell(
            f"Error: standard output cannot be written: {complaint}. The command went on to its"
            f" end, and its own exit code was {code}."
        )
        return EXIT_FAILED


def _run(arguments: Sequence[str]) -> int:
    try:
        if list(arguments) == ["--version"]:
            show_version()
            return 0
        from intune_scep.cli.commands import answer

        return answer(arguments)
    except KeyboardInterrupt:
        tell("Interrupted.")
        return EXIT_INTERRUPTED
    except Terminated:
        tell("Terminated.")
        return EXIT_TERMINATED
    except SystemExit as stop:
        # A server that cannot start leaves with a code of its own.
        return EXIT_FAILED if stop.code else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
