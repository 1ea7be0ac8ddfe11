"""Run the stages of the suite one after the other, and count them.

A failed stage does not stop those after it; any failure makes the exit code 1.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent


@dataclass(frozen=True)
class Stage:
    name: str
    group: str
    command: tuple[str, ...]


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


STAGES = (
    Stage("ruff check", "lint", tool("ruff", "check", ".")),
    Stage("ruff format", "lint", tool("ruff", "format", "--check", ".")),
    Stage("mypy --strict", "lint", tool("mypy")),
    Stage("ansible-lint", "lint", tool("ansible-lint", "--offline", "--profile", "production")),
    Stage("changelog", "lint", tool("antsibull-changelog", "lint")),
    Stage(
        "plugin documentation",
        "lint",
        tool(
            "antsibull-docs",
            "lint-collection-docs",
            "--plugin-docs",
            "--validate-collection-refs=self",
            "--check-extra-docs-refs",
            ".",
        ),
    ),
    Stage("ansible-test sanity", "sanity", (PYTHON, "dev/ansible_test.py", "sanity")),
    Stage(
        "ansible-test units",
        "sanity",
        (PYTHON, "dev/ansible_test.py", "units", "tests/unit/plugins/"),
    ),
    Stage("ansible-test integration", "sanity", (PYTHON, "dev/ansible_test.py", "integration")),
    Stage("programs for tests", "tests", (PYTHON, "dev/ensure_tools.py")),
    Stage(
        "tests",
        "tests",
        (
            PYTHON,
            "-m",
            "pytest",
            "-n2",
            "--dist=worksteal",
            "--continue-on-collection-errors",
            "tests/unit",
            "tests/conformance",
            "tests/e2e",
        ),
    ),
)


def environment() -> dict[str, str]:
    """Tools find each other and the collection; what they write stays in the checkout."""
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(ROOT / ".build" / "ansible" / "tmp"),
        "ANSIBLE_REMOTE_TMP": str(ROOT / ".build" / "ansible" / "tmp"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def run(stage: Stage) -> tuple[bool, float]:
    print(f"\n--- {stage.name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(stage.command, cwd=ROOT, env=environment(), check=False).returncode
    return code == 0, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=sorted({stage.group for stage in STAGES}))
    group = parser.parse_args().group
    chosen = [stage for stage in STAGES if group in (None, stage.group)]
    results = [(stage, *run(stage)) for stage in chosen]
    print("\n--- stages")
    for stage, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED'}  {seconds:6.0f} s  {stage.name}")
    failures = sum(not passed for _, passed, _ in results)
    print(f"{len(results) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
