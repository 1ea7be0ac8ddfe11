"""What a journal says of a run, an action and a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.status import Status
from intune_scep.changes.steps import PreImage

TAKE_BACK: Final = -1
"""Number of the write that removes what an action made and did not make whole."""


@dataclass
class StepRecord:
    """An announced write.

    Attributes:
        id: The profile written to; of a create the new one, where it is known.
        status: None where the run was cut short before it knew.
        at: When that became known, or the write was announced; ISO 8601.
    """

    id: str | None
    pre_image: PreImage
    status: Status | None = None
    message: str | None = None
    at: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is not known what became of the write."""
        return self.status in {None, Status.UNKNOWN}


@dataclass
class ActionRecord:
    """What a journal says of one action.

    Attributes:
        ending: Last recorded status after reading back, or None.
        version: Of the profile when it was read back.
        id: Of the profile there was then.
    """

    steps: dict[int, StepRecord] = field(default_factory=dict)
    ending: Status | None = None
    message: str | None = None
    version: int | None = None
    id: str | None = None

    @property
    def begun(self) -> bool:
        return bool(self.steps)

    def made_id(self, action: Action) -> str | None:
        """Id of the profile that the create of the action made, where it is known."""
        return next(
            (
                self.steps[number].id
                for number, step in enumerate(action.steps)
                if step.creates and number in self.steps
            ),
            None,
        )

    @property
    def was_taken_back(self) -> bool:
        """Whether what the action made was removed again."""
        removal = self.steps.get(TAKE_BACK)
        return removal is not None and removal.status is Status.APPLIED

    @property
    def is_over(self) -> bool:
        """Whether a resumed run has nothing to do about the action."""
        return self.ending in _OVER


_OVER = frozenset({Status.APPLIED, Status.UNCHANGED, Status.CONFLICT, Status.SKIPPED})


@dataclass(frozen=True)
class EvidenceRecord:
    """Something that a job kept of the time before its first write.

    Attributes:
        at: When it was recorded; ISO 8601.
    """

    kind: str
    content: Mapping[str, Any]
    at: str = ""


@dataclass
class RunRecord:
    """What a journal says of one run.

    Attributes:
        ended: Whether the run came to its end.
        evidence: What the job kept, in its order.
    """

    number: int
    plan: Plan
    actions: dict[str, ActionRecord] = field(default_factory=dict)
    ended: bool = False
    evidence: list[EvidenceRecord] = field(default_factory=list)

    @cached_property
    def by_key(self) -> dict[str, Action]:
        return {action.key: action for action in self.plan.actions}

    @property
    def left(self) -> tuple[Action, ...]:
        """The actions that a resumed run would look at again."""
        return tuple(item for item in self.plan.writing if not self.record(item).is_over)

    @property
    def begun(self) -> tuple[Action, ...]:
        """Those of them that something was announced of."""
        return tuple(item for item in self.left if self.record(item).begun)

    def record(self, action: Action) -> ActionRecord:
        """What is known of an action; an empty record where nothing is."""
        return self.actions.get(action.key) or ActionRecord()
