"""The words of a rollout: Microsoft's own for its staged deployments (ROLLOUT.md 4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How far a rollout or a ring is.

    `activating`: its profiles are being changed. `activated`: they are changed, and the gate of
    the ring is judged. `error`: frozen, because something failed; `resume` alone lifts it.
    """

    NOT_ACTIVATED = "notActivated"
    ACTIVATING = "activating"
    ACTIVATED = "activated"
    PAUSED = "paused"
    CANCELED = "canceled"
    ERROR = "error"
    COMPLETED = "completed"

    @property
    def told(self) -> str:
        """As a sentence says it: "it is frozen", where the word for machines is Microsoft's."""
        return _TOLD.get(self, self.value)


_TOLD: Final = {State.NOT_ACTIVATED: "not started", State.ERROR: "frozen"}


class Answer(StrEnum):
    """What a gate says. Only `pass` opens a ring."""

    PASS = "pass"  # noqa: S105 - no password
    WAIT = "wait"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """What a rollout that stands still waits for.

    `time`: it goes on by itself. `person`: somebody must decide. `evidence`: something could not be
    learned. `repair`: something failed.
    """

    TIME = "time"
    PERSON = "person"
    EVIDENCE = "evidence"
    REPAIR = "repair"


class Stage(StrEnum):
    """What is done to the profiles of a ring, one thing after the other.

    `create`: the clones are made, assigned to nobody. `copy`: the same of the dependants. `open`:
    the ring gets the SID URI. `follow`: it gets the copies of the dependants. `settle`: it is taken
    out of the originals, after its gate has passed. `repoint`: the dependants are pointed at the
    clones. `finish`: what the file says of the originals, after the last ring.
    `amend`: an original that nobody has gets the SID URI itself. `withdraw`: its clone is taken
    away from everybody.
    """

    CREATE = "create"
    COPY = "copy"
    OPEN = "open"
    FOLLOW = "follow"
    SETTLE = "settle"
    REPOINT = "repoint"
    FINISH = "finish"
    AMEND = "amend"
    WITHDRAW = "withdraw"


MAKING: Final = (Stage.CREATE, Stage.COPY)
"""The stages that make copies."""
