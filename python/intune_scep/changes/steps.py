"""The writes an action is made of, as data. Pure.

A step says what it expects to find, what it sends and what undoes it. Nothing here knows how it is
sent: `changes/writes.py` does. Assignments and bodies are wire objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from intune_scep.errors import PlanError

Wire = dict[str, Any]
Assignments = tuple[Wire, ...]


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
        return cls(_text(data["id"]), _text(data["action"]), str(data["name"]))


def id_of(reference: Reference | None, made: Callable[[str], str | None]) -> str | None:
    """The id of a root; `made` tells that of one which an action of the plan makes."""
    if reference is None or reference.action is None:
        return reference.id if reference is not None else None
    return made(reference.action)


def _maker(reference: Reference | None) -> tuple[str, ...]:
    return (reference.action,) if reference is not None and reference.action is not None else ()


@dataclass(frozen=True)
class PreImage:
    """What a write takes away, as it was read immediately before.

    Attributes:
        wire: The whole profile, with its assignments where they were read; None before a create.
        root_id: The root it pointed at, where that was read.
        root_read: Whether it was read.
    """

    wire: Wire | None = None
    root_id: str | None = None
    root_read: bool = False

    def to_dict(self) -> Wire:
        return {"wire": self.wire, "root_id": self.root_id, "root_read": self.root_read}

    @classmethod
    def from_dict(cls, data: Any) -> PreImage:
        return cls(data["wire"], _text(data["root_id"]), bool(data["root_read"]))

    @property
    def assignments(self) -> Assignments:
        return tuple((self.wire or {}).get("assignments") or ())


@dataclass(frozen=True)
class Create:
    """Make a profile.

    Attributes:
        body: Its writable properties, with `@odata.type` and `displayName`; no root.
        root: The trusted root to bind.
        same_named: Ids of the profiles of its type and name that the plan knew of.
    """

    kind: ClassVar[str] = "create"
    body: Wire
    root: Reference | None = None
    same_named: tuple[str, ...] = ()

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Keys of the actions it cannot go before."""
        return _maker(self.root)

    def to_dict(self) -> Wire:
        root = self.root.to_dict() if self.root else None
        return {
            "kind": self.kind,
            "body": self.body,
            "root": root,
            "same_named": list(self.same_named),
        }

    @classmethod
    def from_dict(cls, data: Wire) -> Create:
        root = Reference.from_dict(data["root"])
        return cls(_object(data["body"]), root, tuple(map(str, data["same_named"])))


@dataclass(frozen=True)
class Patch:
    """Change properties of a profile.

    Attributes:
        before: The changed properties as the plan saw them.
        after: The same as they are to be, collections whole.
    """

    kind: ClassVar[str] = "patch"
    before: Wire
    after: Wire
    waits_for: ClassVar[tuple[str, ...]] = ()

    def reverse(self, taken: PreImage) -> Patch:
        """The step that undoes it, given what it took away."""
        wire = taken.wire or {}
        return Patch(self.after, {name: wire.get(name) for name in self.after})

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "before": self.before, "after": self.after}

    @classmethod
    def from_dict(cls, data: Wire) -> Patch:
        return cls(_object(data["before"]), _object(data["after"]))


@dataclass(frozen=True)
class Link:
    """Let a SCEP profile point at another trusted root; `after` None takes the link away."""

    kind: ClassVar[str] = "link"
    before: str | None
    after: Reference | None

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Keys of the actions it cannot go before."""
        return _maker(self.after)

    def to_dict(self) -> Wire:
        after = self.after.to_dict() if self.after else None
        return {"kind": self.kind, "before": self.before, "after": after}

    @classmethod
    def from_dict(cls, data: Wire) -> Link:
        return cls(_text(data["before"]), Reference.from_dict(data["after"]))


@dataclass(frozen=True)
class Assign:
    """Replace the assignments of a profile as a whole."""

    kind: ClassVar[str] = "assign"
    before: Assignments
    after: Assignments
    waits_for: ClassVar[tuple[str, ...]] = ()

    def reverse(self, taken: PreImage) -> Assign:
        """The step that undoes it, given what it took away."""
        return Assign(self.after, taken.assignments)

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "before": list(self.before), "after": list(self.after)}

    @classmethod
    def from_dict(cls, data: Wire) -> Assign:
        before, after = (tuple(map(_object, data[name])) for name in ("before", "after"))
        return cls(before, after)


@dataclass(frozen=True)
class Delete:
    """Delete a profile, after everything else of the plan.

    Attributes:
        after: Keys of the actions that must have ended well before.
    """

    kind: ClassVar[str] = "delete"
    after: tuple[str, ...] = field(default=())

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Keys of the actions it cannot go before."""
        return self.after

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "after": list(self.after)}

    @classmethod
    def from_dict(cls, data: Wire) -> Delete:
        return cls(tuple(map(str, data["after"])))


Step = Create | Patch | Link | Assign | Delete
_KINDS: Mapping[str, type[Create | Patch | Link | Assign | Delete]] = {
    step.kind: step for step in (Create, Patch, Link, Assign, Delete)
}


def step_from_dict(data: Any) -> Step:
    """Read a step back.

    Raises:
        PlanError: it is not one.
    """
    kind = _KINDS.get(str(_object(data).get("kind")))
    if kind is None:
        raise PlanError(f"There is no step of the kind {data.get('kind')!r}.")
    return kind.from_dict(data)


def _object(value: Any) -> Wire:
    if not isinstance(value, dict):
        raise PlanError("A step holds something that is no JSON object.")
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
