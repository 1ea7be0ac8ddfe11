"""One row of `make bench`: two sides measured in turns, in one run, as a ratio.

Absolute times say more about the machine than about the code, so nothing here is asserted: a row
is printed and kept, and `make bench-check` says afterwards which goals were missed.
"""

import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / ".build" / "bench.jsonl"


@dataclass(frozen=True)
class Row:
    """What is measured against what.

    Attributes:
        work: Ours, in words.
        against: The other side.
        goal: The highest ratio that is good, the lowest with `at_least`.
        unit: Of both sides.
    """

    work: str
    against: str
    goal: float
    unit: str = "s CPU"
    at_least: bool = False

    def show(self, ours: Sequence[float], theirs: Sequence[float]) -> None:
        """Print the medians and the ratio, pair by pair, and keep them for `make bench-check`."""
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        ratio = statistics.median(ratios)
        sign = "≥" if self.at_least else "≤"
        print(
            f"\n{self.work} against {self.against}\n"
            f"  {statistics.median(ours):.4g} against {statistics.median(theirs):.4g} {self.unit}:"
            f" ratio {ratio:.3g}, goal {sign} {self.goal:g}"
            f" (lowest {min(ratios):.3g}, highest {max(ratios):.3g}, rounds {len(ratios)})"
        )
        RESULTS.parent.mkdir(exist_ok=True)
        record = {
            "work": self.work,
            "against": self.against,
            "ratio": ratio,
            "goal": self.goal,
            "at_least": self.at_least,
        }
        with RESULTS.open("a", encoding="utf-8") as results:
            results.write(json.dumps(record) + "\n")

    def measure(
        self, ours: Callable[[], float], theirs: Callable[[], float], *, rounds: int = 5
    ) -> None:
        """Take both sides in turns, and show them. Each call returns what it measured."""
        pairs = [(ours(), theirs()) for _ in range(rounds)]
        self.show([mine for mine, _ in pairs], [other for _, other in pairs])


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def wall(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def cpu_of(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> float:
    """Seconds of CPU, user and system, that a whole program takes with all that it starts.

    Args:
        environment: Beside that of this process.
        codes: With which it may end.
    """

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, check=False
    )
    if done.returncode not in codes:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    return spent() - before
