"""Reading what a server sent, however odd it is."""

from __future__ import annotations

import json
from typing import Any

# Answers of Graph are nested less than ten deep. What is deeper would break whoever walks it.
_DEEPEST = 60


def parse_answer(content: bytes | str) -> Any:
    """Return the JSON of an answer; None where it is not JSON that can be used.

    Unusable are also bytes of another encoding, objects nested without sense, and what does not
    fit into the memory.
    """
    if not content:
        return None
    try:
        value = json.loads(content)
    except (ValueError, RecursionError, MemoryError):
        return None
    return None if _is_too_deep(value) else value


def _is_too_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_DEEPEST):
        if not level:
            return False
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
    return True
