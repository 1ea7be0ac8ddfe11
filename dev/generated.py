"""Generated files: written, or found not to be up to date. What all the generators share."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 92
LICENCE = """\
# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
PRIVATE = f"""\
{LICENCE}
# This module_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""


def write_or_check(wanted: Mapping[Path, str]) -> int:
    """Write what is not up to date; with --check say so and write nothing.

    Args:
        wanted: The text of each file, by its path below the root of the repository.
    """
    stale = [path for path, text in wanted.items() if current(ROOT / path) != text]
    if "--check" not in sys.argv[1:]:
        for path in stale:
            (ROOT / path).write_text(wanted[path], encoding="utf-8")
        return 0
    if stale:
        script = Path(sys.argv[0]).name
        print(f"Not up to date: {', '.join(map(str, stale))}. Run python dev/{script}")
    return 1 if stale else 0


def current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def between_marks(text: str, mark: str, lines: str) -> str:
    """A text with other lines between those that say `mark: begin` and `mark: end`."""
    found = re.fullmatch(
        rf"(.*^[^\n]*{mark}: begin[^\n]*\n).*?(^[^\n]*{mark}: end.*)", text, re.S | re.M
    )
    if found is None:
        raise SystemExit(f"The marks '{mark}: begin' and '{mark}: end' are missing.")
    return found[1] + lines + found[2]


def formatted(path: Path, text: str) -> str:
    """Python as ruff would leave it in a file of that path below the root."""
    return ruffed(path, text, "format")


def ruffed(path: Path, text: str, *command: str) -> str:
    """What a command of ruff makes of a text in a file of that path below the root."""
    return subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(ROOT / path), "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
