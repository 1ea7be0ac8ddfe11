"""What a journal says of a run, an action and a step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Final

from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.status import Status
from intune_scep.changes.steps import PreImage
from intune_scep.changes.values import text_of
from intune_scep.errors import PlanError

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


@dataclass(frozen=True)
class ApprovalRequest:
    """A write that waits for the approval of another administrator.

    Attributes:
        code: Of the request.
        filed_at, expires_at: ISO 8601, by the service's clock.
        body: What was sent, exactly; empty where nothing was.
        entity: Id of the profile it is about, or the name of a new one.
    """

    code: str
    filed_at: str
    expires_at: str
    method: str
    path: str
    body: str
    entity: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "body_sha256": self.digest}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ApprovalRequest:
        """Read it back.

        Raises:
            PlanError: its body is not the one that was sent.
        """
        read = cls(**{item.name: text_of(data[item.name]) for item in fields(cls)})
        if read.digest != data["body_sha256"]:
            raise PlanError("the body of a request for approval is not the one that was sent.")
        return read


@dataclass
class RunRecord:
    """What a journal says of one run.

    Attributes:
        ended: Whether the run came to its end.
        evidence: What the job kept, in its order.
        requests: The writes that wait for an approval, by action and step.
        answered: Codes of the requests that are over.
    """

    number: int
    plan: Plan
    actions: dict[str, ActionRecord] = field(default_factory=dict)
    ended: bool = False
    evidence: list[EvidenceRecord] = field(default_factory=list)
    requests: dict[tuple[str, int], ApprovalRequest] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

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

    @property
    def is_begun(self) -> bool:
        """Whether something was announced of any action."""
        return any(record.begun or record.is_over for record in self.actions.values())

    def end_requests(self, key: str, number: int | None = None) -> None:
        """Take the requests of an action, or of one step of it, as over."""
        for place in [item for item in self.requests if item[0] == key]:
            if number is None or place[1] == number:
                self.answered.add(self.requests.pop(place).code)

    def record(self, action: Action) -> ActionRecord:
        """What is known of an action; an empty record where nothing is."""
        return self.actions.get(action.key) or ActionRecord()
