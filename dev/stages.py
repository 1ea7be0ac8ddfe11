"""Run the stages of the suite, and count them.

What reads the sources and Ansible's own checks go side by side, each group in its order; then the
tests have the machine to themselves. What a stage writes is shown when it is over, where others run
beside it. A failed stage does not stop those after it; any failure makes the exit code 1.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent
# More workers than this gain nothing: the longest tests are left alone at the end.
WORKERS = max(2, min(8, os.cpu_count() or 2))
SHOWN = Lock()


@dataclass(frozen=True)
class Stage:
    """A command of the suite; the stages of a group follow each other."""

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
            f"-n{WORKERS}",
            "--dist=worksteal",
            "--continue-on-collection-errors",
            # Those that ansible-test has run.
            "--ignore=tests/unit/plugins",
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


@dataclass(frozen=True)
class Result:
    stage: Stage
    passed: bool
    seconds: float


def run_group(stages: Sequence[Stage], *, alone: bool) -> list[Result]:
    """Run the stages of one group in their order."""
    return [run(stage, alone=alone) for stage in stages]


def run(stage: Stage, *, alone: bool) -> Result:
    """Run a stage; where it is not alone, what it writes comes in one piece at its end."""
    if alone:
        print(f"\n--- {stage.name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        stage.command,
        cwd=ROOT,
        env=environment(),
        check=False,
        stdout=None if alone else subprocess.PIPE,
        stderr=None if alone else subprocess.STDOUT,
    )
    if not alone:
        with SHOWN:
            print(f"\n--- {stage.name}", flush=True)
            sys.stdout.buffer.write(done.stdout)
            sys.stdout.flush()
    return Result(stage, done.returncode == 0, time.monotonic() - started)


def run_all(stages: Sequence[Stage]) -> list[Result]:
    """Run the groups: those before the tests side by side."""
    names = list(dict.fromkeys(stage.group for stage in stages))
    groups = {name: [stage for stage in stages if stage.group == name] for name in names}
    tests = groups.pop("tests", [])
    with ThreadPoolExecutor(max_workers=max(1, len(groups))) as lanes:
        alone = len(groups) == 1
        before = lanes.map(lambda group: run_group(group, alone=alone), groups.values())
        results = [result for group in before for result in group]
    return results + run_group(tests, alone=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=sorted({stage.group for stage in STAGES}))
    group = parser.parse_args().group
    started = time.monotonic()
    results = run_all([stage for stage in STAGES if group in (None, stage.group)])
    print("\n--- stages")
    for result in results:
        word = "passed" if result.passed else "FAILED"
        print(f"{word}  {result.seconds:6.0f} s  {result.stage.name}")
    failures = sum(not result.passed for result in results)
    took = time.monotonic() - started
    print(f"{len(results) - failures} passed, {failures} failed, in {took:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
