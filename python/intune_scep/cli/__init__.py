"""The `intune-scep` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and exit with a documented code.

    0: nothing to complain about. 1: failed. 2: findings or pending changes. 3: nothing could be
    judged. 130: interrupted. 143: terminated.
    """
    try:
        from intune_scep.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
