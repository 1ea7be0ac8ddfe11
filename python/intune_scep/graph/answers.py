"""Reading what a server sent, however odd it is."""

from __future__ import annotations

import json
from typing import Any

from intune_scep.files import is_deeper
from intune_scep.memory import collector_paused

# Answers of Graph are nested less than ten deep. What is deeper would break whoever walks it.
_DEEPEST = 59


def parse_answer(content: bytes | str) -> Any:
    """Return the JSON of an answer; None where it is not JSON that can be used.

    Unusable are also bytes of another encoding, objects nested without sense, and what does not
    fit into the memory.
    """
    if not content:
        return None
    with collector_paused():
        try:
            value = json.loads(content)
        except (ValueError, RecursionError, MemoryError):
            return None
        return None if is_deeper(value, _DEEPEST) else value
