"""What every kind of step has in common, as data. Pure.

Assignments and bodies are wire objects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from intune_scep.changes.expectation import Expectation
from intune_scep.changes.status import Status
from intune_scep.changes.values import (
    flag_of,
    number_or_none,
    object_of,
    objects_of,
    text_of,
    text_or_none,
)
from intune_scep.profiles import Profile
from intune_scep.profiles.dependants import require_written_type

if TYPE_CHECKING:
    from intune_scep.changes.steps.writing import Setting, StepWrite

Wire = dict[str, Any]
Assignments = tuple[Wire, ...]


@dataclass(frozen=True)
class Seen:
    """The edition of a profile that a plan was made on (law 6).

    Attributes:
        assignments: As they were read; None where the plan does not depend on them.
    """

    version: int | None = None
    last_modified: str | None = None
    assignments: Assignments | None = None

    def to_dict(self) -> Wire:
        return {
            "version": self.version,
            "last_modified": self.last_modified,
            "assignments": None if self.assignments is None else list(self.assignments),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Seen | None:
        if data is None:
            return None
        assignments = data["assignments"]
        return cls(
            number_or_none(data["version"]),
            text_or_none(data["last_modified"]),
            None if assignments is None else objects_of(assignments),
        )


@dataclass(frozen=True)
class Reference:
    """A trusted root that exists, or one that an action of the same plan makes.

    Attributes:
        id: Its id; None where `action` makes it.
        action: Key of the action that makes it.
        name: For messages.
    """

    id: str | None = None
    action: str | None = None
    name: str = ""

    def to_dict(self) -> Wire:
        return {"id": self.id, "action": self.action, "name": self.name}

    @classmethod
    def from_dict(cls, data: Any) -> Reference | None:
        if data is None:
            return None
        identifier, action = text_or_none(data["id"]), text_or_none(data["action"])
        return cls(identifier, action, text_of(data["name"]))


RootIds = Callable[[Reference | None], str | None]
"""Tells the id of a root, that of one made by another action included."""


def id_of(reference: Reference | None, made: Callable[[str], str | None]) -> str | None:
    """The id of a root; `made` tells that of one which an action of the plan makes."""
    if reference is None or reference.action is None:
        return reference.id if reference is not None else None
    return made(reference.action)


def maker(reference: Reference | None) -> tuple[str, ...]:
    """Key of the action that makes a root, where one does."""
    return (reference.action,) if reference is not None and reference.action is not None else ()


@dataclass(frozen=True)
class PreImage:
    """What a write takes away, as it was read immediately before.

    Attributes:
        wire: The whole profile, with its assignments where they were read; None before a create.
        root_id: What it pointed at, where that was read: its root, or where another link led.
        root_read: Whether it was read.
    """

    wire: Wire | None = None
    root_id: str | None = None
    root_read: bool = False

    def to_dict(self) -> Wire:
        return {"wire": self.wire, "root_id": self.root_id, "root_read": self.root_read}

    @classmethod
    def from_dict(cls, data: Any) -> PreImage:
        root_id, root_read = text_or_none(data["root_id"]), flag_of(data["root_read"])
        if data["wire"] is None:
            return cls(None, root_id, root_read)
        return replace(cls.of_wire(data["wire"]), root_id=root_id, root_read=root_read)

    @classmethod
    def of_wire(cls, data: Any) -> PreImage:
        """That of a whole profile, as Graph sent it."""
        wire = object_of(data)
        require_written_type(text_of(wire["@odata.type"]))
        objects_of(wire.get("assignments") or [])
        return cls(wire)

    @property
    def assignments(self) -> Assignments:
        return tuple((self.wire or {}).get("assignments") or ())


class LeftAloneError(Exception):
    """Something that is not taken back, and why."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


def changed_since(what: str) -> LeftAloneError:
    """For a profile that is not as the run left it."""
    return LeftAloneError(Status.CONFLICT, f"Changed since the run: {what}. It was left alone.")


class Roots(Protocol):
    """What undoing a step may ask of the trusted roots."""

    def pointed_at(self, profile_id: str | None) -> str | None:
        """Id of the root that a SCEP profile points at now."""

    def led_to(self, profile_id: str | None, link: str) -> str | None:
        """Id of the certificate profile that a link of a dependant leads to now."""

    def id_of(self, reference: Reference | None) -> str | None:
        """Id of a root, one that the run made included."""

    def reference(self, root_id: str | None) -> Reference | None:
        """A root by the id it had, also where it is made again."""


class Step(ABC):
    """One write of an action.

    Attributes:
        kind: Its name in plans and journals.
        noun: What one is called in sentences.
        creates: Whether it makes the profile that the steps after it are about.
        deletes: Whether it deletes the profile the plan was made on. Deletions go last.
        kinds: Every kind that was imported, by name.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    creates: ClassVar[bool] = False
    deletes: ClassVar[bool] = False
    kinds: ClassVar[dict[str, type[Step]]] = {}

    def __init_subclass__(cls) -> None:
        Step.kinds[cls.kind] = cls

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Keys of the actions it cannot go before."""
        return ()

    @property
    def properties(self) -> frozenset[str]:
        """The properties of the profile that it changes; none where it changes something beside
        them."""
        return frozenset()

    @property
    def links(self) -> frozenset[str]:
        """Names of the links to certificate profiles that it changes."""
        return frozenset()

    @abstractmethod
    def write(self, setting: Setting) -> StepWrite[Any]:
        """The step, ready to be looked at and sent."""

    @abstractmethod
    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        """What to expect when this step is done too.

        Args:
            before: The profile as it was read before the step, or as Graph said that it made it.
        """

    def reverse(self, taken: PreImage, now: Profile, roots: Roots) -> list[Step]:
        """The steps that undo it: none where it is undone already.

        Making and deleting a profile are taken back by `undo`, with all that belongs to them.

        Args:
            taken: What it took away.

        Raises:
            LeftAloneError: what it changed was changed since.
        """
        return []

    @abstractmethod
    def to_dict(self) -> Wire: ...

    @classmethod
    @abstractmethod
    def from_dict(cls, data: Wire) -> Step: ...
