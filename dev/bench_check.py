"""Say which goals the last `make bench` missed; exit code 1 if there are any."""

import json
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / ".build" / "bench.jsonl"


def main() -> int:
    if not RESULTS.is_file():
        print("Nothing was measured: run `make bench` first.", file=sys.stderr)
        return 1
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    missed = [row for row in rows if is_missed(row)]
    for row in rows:
        word, sign = ("MISSED" if row in missed else "met   "), ("≥" if row["at_least"] else "≤")
        print(f"{word}  {row['ratio']:8.3g} {sign} {row['goal']:<6g} {row['work']}")
        print(f"{'':27}against {row['against']}")
    print(f"{len(rows) - len(missed)} goals met, {len(missed)} missed")
    return 1 if missed else 0


def is_missed(row: dict[str, Any]) -> bool:
    if row["at_least"]:
        return bool(row["ratio"] < row["goal"])
    return bool(row["ratio"] > row["goal"])


if __name__ == "__main__":
    sys.exit(main())
