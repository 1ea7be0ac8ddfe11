"""The `intune-scep` command."""

from __future__ import annotations

import gc
import sys

# Imports make some hundred thousand objects, and all of them stay. Looking for garbage among them
# after every 700, as Python does by default, costs a short command a twentieth of its time.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Run the command and exit with a documented code.

    0: nothing to complain about. 1: failed. 2: findings or pending changes. 3: nothing could be
    judged. 130: interrupted. 143: terminated.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from intune_scep.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
