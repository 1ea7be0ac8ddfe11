"""How a step is looked at and sent.

Each kind answers three questions of `write_once`: is the effect there, is everything as the plan
saw it, and how is it sent. What they read before the first sending is the pre-image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from intune_scep.changes.steps.base import PreImage, RootIds, Seen, Wire
from intune_scep.errors import IntuneScepError, OutcomeUnknownError, ProfileChangedError
from intune_scep.graph.approval import Permit
from intune_scep.graph.settle import settle
from intune_scep.profiles import Profile
from intune_scep.profiles.parsing import parse_written
from intune_scep.profiles.targets import same_assignments
from intune_scep.tenant import Tenant
from intune_scep.tenant.profiles import read_profile

T = TypeVar("T")


class AsPlannedAlreadyError(IntuneScepError):
    """The profile is as the plan wants it, though nobody announced a write."""


@dataclass
class Subject:
    """The profile that the steps of an action are about.

    Attributes:
        made: Whether this action made it, so that nobody has it yet.
        edition: As it was read before the write that changed it last; None before the first.
    """

    id: str
    odata_type: str
    made: bool = False
    edition: Profile | None = None


class Namesakes(Protocol):
    """Asks for the profiles of a type and name that this run did not make.

    Args:
        fresh: Ask Graph again.
    """

    async def __call__(
        self, odata_type: str, name: str | None, *, fresh: bool
    ) -> Sequence[Profile]: ...


@dataclass(frozen=True)
class Setting:
    """What a step is carried out with.

    Attributes:
        seen: What the plan saw of the profile; None where another step of the action was first.
        record: Called with the pre-image before the first sending.
        recorded: The pre-image that an earlier run announced, if one did.
        filed: Whether it waits for an approval, so that it did not take effect by itself.
    """

    tenant: Tenant
    subject: Subject
    seen: Seen | None
    record: Callable[[PreImage], None]
    recorded: PreImage | None
    root_id: RootIds
    namesakes: Namesakes
    filed: bool = False


class StepWrite(ABC, Generic[T]):
    """One step of one action, ready to be walked.

    Attributes:
        begun: Whether an earlier run announced the write.
        announced: Whether this run did.
        pre_image: What the write takes away, once it was looked at.
        before: The profile as it was read before the write, where that is read.
        permit: What it is sent with where it needs an approval.
    """

    def __init__(self, setting: Setting) -> None:
        self.subject = setting.subject
        self._tenant = setting.tenant
        self._seen = setting.seen
        self._record = setting.record
        self.begun = setting.recorded is not None
        self.announced = False
        self.pre_image = setting.recorded or PreImage()
        self.before: Profile | None = None
        self.permit: Permit | None = None
        self._filed = setting.filed

    @abstractmethod
    async def look(self) -> T | None: ...

    @abstractmethod
    async def send(self) -> T: ...

    def landed(self, value: T) -> None:
        """Keep what a step that took effect leaves to be known of its profile."""

    def before_it(self, value: T) -> Wire | None:
        """The profile that what comes after is compared with."""
        return self.pre_image.wire

    def lack(self, value: T) -> str | None:
        """What Graph says that it did not do, in a sentence."""
        return None

    def announce(self) -> None:
        if not self.begun and not self.announced:
            self._record(self.pre_image)
            self.announced = True

    async def _read(self, *, with_assignments: bool = False) -> Profile:
        wanted = with_assignments or (self._seen is not None and self._seen.assignments is not None)

        async def read() -> Profile | None:
            return await read_profile(
                self._tenant,
                self.subject.id,
                with_assignments=wanted,
                odata_type=self.subject.odata_type,
            )

        now = await (self._read_new(read) if self.subject.made else read())
        if now is None:
            raise ProfileChangedError("The profile no longer exists.")
        return now

    async def _read_new(self, read: Callable[[], Awaitable[Profile | None]]) -> Profile:
        """Read what was just made, which may not show at once.

        Raises:
            OutcomeUnknownError: it did not show.
        """
        patience = self._tenant.patience
        seen = await settle(read, lambda now: now is not None, patience=patience)
        if seen.value is not None and seen.seen:
            return seen.value
        raise OutcomeUnknownError(
            f"It was made, but {patience:g} s of reading does not show it."
        ) from seen.error

    def _require_as_filed(self, now: Profile) -> None:
        """Refuse a profile that is not in the edition an approval was asked for (law 6).

        Raises:
            ProfileChangedError: with both editions.
        """
        then = profile_of(self.pre_image) if self._filed else None
        if then is not None and not is_same_edition(then, now):
            raise ProfileChangedError(
                f"The profile was changed by somebody else meanwhile (version {then.version} is"
                f" now {now.version})."
            )

    def _require_planned(self, now: Profile) -> None:
        """Refuse a profile that is not in the edition the plan saw (law 6).

        Raises:
            ProfileChangedError: with both editions.
        """
        seen = self._seen
        if seen is None or self.begun:
            return
        same = (now.version, now.last_modified_date_time) == (seen.version, seen.last_modified)
        if same and (
            seen.assignments is None or same_assignments(now.assignments or (), seen.assignments)
        ):
            return
        raise ProfileChangedError(
            f"The profile was changed after it was planned (version {seen.version} is now"
            f" {now.version}). It was left alone; plan again."
        )


def require_no_edit_between(subject: Subject, now: Profile) -> None:
    """Refuse to go on with a profile that somebody edited after the action's own change of it.

    Raises:
        ProfileChangedError: with both versions.
    """
    before = subject.edition
    if before is None or before.version is None or now.version is None:
        return
    if now.version > before.version + 1:
        raise ProfileChangedError(
            f"Somebody changed the profile as well: version {before.version} was read, one change"
            f" was made, and now it is version {now.version}."
        )


def is_same_edition(one: Profile, other: Profile) -> bool:
    """Whether version and modification time say that nobody wrote in between (law 6)."""
    return (one.version, one.last_modified_date_time) == (
        other.version,
        other.last_modified_date_time,
    )


def profile_of(pre_image: PreImage) -> Profile | None:
    """The profile that a write takes something away from."""
    return parse_written(pre_image.wire) if pre_image.wire is not None else None
