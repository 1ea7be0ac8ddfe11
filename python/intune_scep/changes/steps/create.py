"""Making a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from intune_scep.changes.expectation import Expectation
from intune_scep.changes.steps.base import Reference, RootIds, Step, Wire, maker
from intune_scep.changes.steps.writing import Setting, StepWrite
from intune_scep.changes.values import object_of, texts_of
from intune_scep.errors import IntuneScepError, OutcomeUnknownError, ProfileChangedError
from intune_scep.graph.retry import never_sent
from intune_scep.profiles import Profile, changed_properties
from intune_scep.tenant.writes import create_profile


@dataclass(frozen=True)
class Create(Step):
    """Make a profile.

    Attributes:
        body: Its writable properties, with `@odata.type` and `displayName`; no root.
        root: The trusted root to bind.
        same_named: Ids of the profiles of its type and name that the plan knew of.
    """

    kind: ClassVar[str] = "create"
    noun: ClassVar[str] = "create"
    creates: ClassVar[bool] = True
    body: Wire
    root: Reference | None = None
    same_named: tuple[str, ...] = ()

    @property
    def waits_for(self) -> tuple[str, ...]:
        return maker(self.root)

    def write(self, setting: Setting) -> CreateWrite:
        return CreateWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        return replace(expected, asked=self.body, before=before, made=True)

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
        return cls(object_of(data["body"]), root, texts_of(data["same_named"]))


class CreateWrite(StepWrite[Profile]):
    def __init__(self, step: Create, setting: Setting) -> None:
        super().__init__(setting)
        self._step = step
        self._root_id = setting.root_id(step.root)
        self._namesakes = setting.namesakes
        self._tried = self._listed = self.begun

    async def look(self) -> Profile | None:
        there = await self._others()
        # What stands there before anything was sent is somebody else's, whatever it holds.
        ours = [item for item in there if self._tried and holds(item, self._step.body)]
        if len(ours) > 1:
            ids = ", ".join(sorted(profile.id or "?" for profile in ours))
            raise OutcomeUnknownError(
                f"Several new profiles look like the one that was being created: {ids}."
            )
        if ours:
            return ours[0]
        if there:
            raise ProfileChangedError(
                f"Somebody else created a profile of this name meanwhile: {there[0].id}."
            )
        return None

    async def _others(self) -> list[Profile]:
        """The profiles of its type and name that are neither known to the plan nor of this run."""
        name = self._step.body.get("displayName")
        there = await self._namesakes(self.subject.odata_type, name, fresh=self._listed)
        self._listed = True
        return [profile for profile in there if profile.id not in self._step.same_named]

    async def send(self) -> Profile:
        try:
            return await create_profile(
                self._tenant, self._step.body, self._root_id, permit=self.permit
            )
        except IntuneScepError as error:
            self._tried = self._tried or not never_sent(error)
            raise

    def landed(self, value: Profile) -> None:
        self.subject.id = value.id or ""

    def before_it(self, value: Profile) -> Wire | None:
        return value.to_wire()

    def lack(self, value: Profile) -> str | None:
        lost = not_kept(value, self._step.body)
        return f"Graph did not keep what was sent: {', '.join(lost)}." if lost else None


def holds(profile: Profile, body: Wire) -> bool:
    """Whether a profile holds what a create sent."""
    return not not_kept(profile, body)


def not_kept(profile: Profile, body: Wire) -> tuple[str, ...]:
    """The properties of a create that a profile does not hold; null and empty are alike there."""
    now = profile.to_wire()
    return tuple(
        name
        for name in changed_properties(now, body)
        if (now.get(name) or None) != (body.get(name) or None)
    )
