"""What would be done to a tenant, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from intune_scep.changes.plan import Difference
from intune_scep.declarations.resolution import RootTarget
from intune_scep.profiles import Profile, ProfileType

if TYPE_CHECKING:
    from intune_scep.rules import Finding


class Change(StrEnum):
    """What happens to a profile."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    REFUSED = "refused"


class Reissues(StrEnum):
    """Whether a change makes Intune revoke and re-issue the profile's certificates.

    `probably_not` is what the community reports; Microsoft's page says that any change to a SCEP
    profile revokes (DOMAIN.md 2). What nobody has reported counts as `yes`.
    """

    YES = "yes"
    PROBABLY_NOT = "probably_not"
    NO = "no"


@dataclass(frozen=True)
class RootChange:
    """A link to be set.

    Attributes:
        before: Id of the root now; None if there is none.
        after: The root to be; None takes the link away.
    """

    before: str | None
    after: RootTarget | None


@dataclass(frozen=True)
class AssignmentChange:
    """A set of assignments to be replaced as a whole; both on the wire."""

    before: tuple[dict[str, Any], ...]
    after: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class StateAction:
    """What happens to one profile, and what has to be known to do it.

    Attributes:
        index: Its place in the plan.
        name: The name it will have.
        current: The profile as it was read; None for one to be made.
        body: Wire properties to write: all of them for a new profile, the changed ones else.
        root: The link to set; None leaves it alone.
        assignments: The assignments to set; None leaves them alone.
        after: Indexes of actions that must have ended well before this one may start.
        notes: Sentences a person should read before agreeing.
        message: Why it was refused.
        accepted_rules: Ids of rules whose errors the declaration itself accepts; told, not refused.
        findings: What the rules say of the profile as it will be, waived findings included.
        warnings: Those findings that a person should read before agreeing, in words.
    """

    index: int
    change: Change
    profile_type: ProfileType
    name: str
    current: Profile | None = None
    body: dict[str, Any] = field(default_factory=dict)
    root: RootChange | None = None
    assignments: AssignmentChange | None = None
    differences: tuple[Difference, ...] = ()
    reissues: Reissues = Reissues.NO
    after: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    message: str | None = None
    accepted_rules: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """Id of the profile there is; None for one to be made."""
        return self.current.id if self.current is not None else None

    @property
    def writes(self) -> bool:
        return self.change not in {Change.NONE, Change.REFUSED}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, without the profiles themselves."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.profile_type.kind.value,
            "platform": self.profile_type.platform.value,
            "action": self.change.value,
            "diff": [difference.to_dict() for difference in self.differences],
            "reissues": self.reissues.value,
            "message": self.message or " ".join(self.notes) or None,
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True)
class StatePlan:
    """Every action for a set of declarations, unchanged profiles included.

    Attributes:
        known_ids: Ids of all certificate profiles there were, to tell new ones from old.
    """

    tenant: str
    cloud: str
    actions: tuple[StateAction, ...]
    known_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing to complain about."""
        return all(action.change is Change.NONE for action in self.actions)

    @property
    def refused(self) -> tuple[StateAction, ...]:
        return tuple(action for action in self.actions if action.change is Change.REFUSED)

    @property
    def summary(self) -> dict[str, int]:
        """How many profiles each change concerns; every change is a key."""
        return count_changes(self.actions)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, for showing and approving."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "summary": self.summary,
            "notes": list(self.notes),
            "warnings": warnings_of(self.actions),
            "profiles": [action.to_dict() for action in self.actions],
        }


def count_changes(actions: Sequence[StateAction]) -> dict[str, int]:
    """How many actions there are of each change; every change is a key."""
    counts = Counter(action.change for action in actions)
    return {change.value: counts[change] for change in Change}


def warnings_of(actions: Sequence[StateAction]) -> list[str]:
    """What the rules warn of, each with the profile it is about."""
    return [
        f"{action.name} ({action.profile_type.platform}): {warning}"
        for action in actions
        for warning in action.warnings
    ]
