"""What became of an action: the same eight words in every job and every output."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What became of an action.

    `unchanged`: as it should be already. `skipped`: left alone by choice; the message names the
    choice. `planned`: would be done. `applied`: done and seen. `held_back`: not carried out (not
    tried, or waiting), with the reason. `conflict`: somebody else changed the profile. `failed`:
    refused, or seen to be otherwise. `unknown`: whether it was done could not be learned.
    """

    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    PLANNED = "planned"
    APPLIED = "applied"
    HELD_BACK = "held_back"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Hold(StrEnum):
    """Why an action was held back."""

    STOPPED = "stopped"
    DEPENDENCY = "dependency"
    REFUSED = "refused"
    APPROVAL = "approval"
    READINESS = "readiness"


WAITING: Final = frozenset({Hold.APPROVAL, Hold.READINESS})
"""Reasons of an action that is held back without anything having gone wrong."""

BAD: Final = frozenset({Status.CONFLICT, Status.FAILED, Status.UNKNOWN, Status.HELD_BACK})
"""Endings that make a run a failed run, unless an action only waits."""

DONE: Final = frozenset({Status.APPLIED, Status.UNCHANGED})
"""Endings after which an action that comes later may start."""
