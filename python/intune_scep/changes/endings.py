"""How an error ends an action."""

from __future__ import annotations

from typing import Any

from intune_scep.changes.plan import Action
from intune_scep.changes.status import Status
from intune_scep.changes.steps.writing import AsPlannedAlreadyError
from intune_scep.errors import (
    GraphError,
    IntuneScepError,
    OutcomeUnknownError,
    ProfileChangedError,
)


class StepEndedError(IntuneScepError):
    """An action ends here, in this way."""

    def __init__(self, status: Status, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.more = more


def judged(error: IntuneScepError, action: Action) -> tuple[Status, str, dict[str, Any]]:
    """The status and the sentence of an error that ended an action, and what else there is."""
    if isinstance(error, StepEndedError):
        return error.status, str(error), error.more
    if isinstance(error, AsPlannedAlreadyError):
        return Status.UNCHANGED, str(error), {}
    if isinstance(error, ProfileChangedError):
        return Status.CONFLICT, str(error), {}
    if isinstance(error, OutcomeUnknownError):
        return Status.UNKNOWN, str(error), {}
    refused = isinstance(error, GraphError) and 400 <= error.status < 500
    advice = f" {action.advice}" if refused and action.advice else ""
    return Status.FAILED, f"{error}{advice}", {}
