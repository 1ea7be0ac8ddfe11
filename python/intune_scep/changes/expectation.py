"""What a profile should be like after the steps of an action, and what a reading says of it. Pure.

The steps put an expectation together; `readback` reads and judges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from intune_scep.changes.status import Status
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile

PATIENCE: Final = "<patience>"
"""Stands in a message for the time that was spent on reading."""


@dataclass(frozen=True)
class Found:
    """What was read of a profile.

    Attributes:
        links: Name of a link to what it leads to: an id, several where it may lead to several,
            None, or why it could not be read.
    """

    profile: Profile
    root: Profile | IntuneScepError | None = None
    links: Mapping[str, str | tuple[str, ...] | IntuneScepError | None] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Reading:
    """What reading back says of a profile.

    Attributes:
        status: `applied` where it is as expected.
        pending: Whether reading on may still show what is wanted.
        version: As it was read.
    """

    status: Status
    message: str | None = None
    pending: bool = False
    version: int | None = None


class Beside(ABC):
    """Something expected beside the properties of the profile itself.

    Attributes:
        needs_root: Whether the trusted root it points at has to be read.
        needs_assignments: Whether its assignments have to be read.
    """

    needs_root: ClassVar[bool] = False
    needs_assignments: ClassVar[bool] = False

    @property
    def links(self) -> frozenset[str]:
        """Names of the links to certificate profiles that have to be read."""
        return frozenset()

    @abstractmethod
    def lack(self, found: Found) -> str | None:
        """What is not as expected, in a sentence; None where all is."""


@dataclass(frozen=True)
class Expectation:
    """What a profile should be like now.

    Attributes:
        asked: The properties that were sent; None where none were.
        before: The whole profile immediately before the first change, or as Graph said that it
            made it; None where it was not read.
        made: Whether this run made it.
        gone: Whether it was deleted.
        beside: By kind of step: what it changed beside the properties.
        also: Properties that other steps of the same action change, or changed before.
    """

    id: str
    odata_type: str
    asked: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    made: bool = False
    gone: bool = False
    beside: Mapping[str, Beside] = field(default_factory=dict)
    also: frozenset[str] = frozenset()

    def with_beside(
        self, kind: str, thing: Beside, before: Mapping[str, Any] | None
    ) -> Expectation:
        """The same, and something beside the properties.

        Args:
            before: The profile as it was read before the step.
        """
        return replace(self, before=self.before or before, beside={**self.beside, kind: thing})

    @property
    def needs_root(self) -> bool:
        return any(thing.needs_root for thing in self.beside.values())

    @property
    def links(self) -> frozenset[str]:
        """Names of the links to certificate profiles that have to be read."""
        return frozenset[str]().union(*(thing.links for thing in self.beside.values()))

    @property
    def needs_assignments(self) -> bool:
        return any(thing.needs_assignments for thing in self.beside.values())
