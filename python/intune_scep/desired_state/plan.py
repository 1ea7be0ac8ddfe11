"""What would be done to a tenant, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from intune_scep.changes.plan import Difference
from intune_scep.declarations.resolution import RootTarget
from intune_scep.profiles import Profile, ProfileType
from intune_scep.texts import told_once

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
    """Whether a change makes Intune re-issue the profile's certificates.

    `probably_not` is what the community reports; Microsoft's page knows no harmless change
    (DOMAIN.md 2). What nobody has reported counts as `yes`.
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
        after: Indexes of actions that let go of this profile, before which it is not deleted.
        notes: Sentences a person should read before agreeing.
        message: Why it was refused.
        problems: The same, one by one.
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
    problems: tuple[str, ...] = ()
    accepted_rules: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """Id of the profile there is; None for one to be made."""
        return self.current.id if self.current is not None else None


@dataclass(frozen=True)
class StatePlan:
    """Every action for a set of declarations, unchanged profiles included."""

    tenant: str
    cloud: str
    actions: tuple[StateAction, ...]
    notes: tuple[str, ...] = ()


def warnings_of(actions: Sequence[StateAction]) -> list[str]:
    """What the rules warn of, each sentence once, with the profiles it is about."""
    return told_once(
        (f"{action.name} ({action.profile_type.platform})", warning)
        for action in actions
        for warning in action.warnings
    )
