"""The changes that would be made, as data. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.profiles import SID_URI, Profile, ScepProfile
from intune_scep.rules.verdicts import Judgement, Verdict, judge
from intune_scep.strong_mapping.choices import (
    Choices,
    Selection,
    SelectionError,
    TooManyChangesError,
)

PLAN_FORMAT = "intune-scep/strong-mapping-plan/1"
MAX_NAMES = 500
SANS = "customSubjectAlternativeNames"

WireSans = list[dict[str, Any]]


class PlanFileError(IntuneScepError):
    """A file that is not a plan, or one that was changed after it was written."""


@dataclass(frozen=True)
class Assessed:
    """A profile and its judgement."""

    profile: ScepProfile
    judgement: Judgement

    def to_dict(self) -> dict[str, Any]:
        """One element of `profiles` in the JSON of an assessment."""
        certificate_type = self.profile.certificate_type
        return {
            "id": self.profile.id,
            "display_name": self.profile.display_name,
            "odata_type": self.profile.odata_type,
            "platform": self.profile.profile_type.platform.value,
            "certificate_type": certificate_type.value if certificate_type else None,
            "verdict": self.judgement.verdict.value,
            "reason": self.judgement.reason,
            "version": self.profile.version,
        }


@dataclass(frozen=True)
class Assessment:
    """What strong mapping means for each SCEP profile of a tenant.

    Attributes:
        notes: What was not read, and why.
        pages: How many requests the listing took.
    """

    tenant: str
    cloud: str
    assessed: tuple[Assessed, ...]
    notes: tuple[str, ...] = ()
    pages: int = 1

    @property
    def summary(self) -> dict[str, int]:
        """How many profiles have each verdict; every verdict is there."""
        return count_verdicts(item.judgement.verdict for item in self.assessed)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "summary": self.summary,
            "profiles": [item.to_dict() for item in self.assessed],
            "notes": list(self.notes),
        }


def count_verdicts(verdicts: Any) -> dict[str, int]:
    """Count verdicts; every verdict is a key."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for verdict in verdicts:
        counts[verdict.value] += 1
    return counts


@dataclass(frozen=True)
class Action:
    """One profile to change.

    Attributes:
        version, last_modified_date_time: As the plan saw them; checked before writing (law 6).
        before, after: The whole list of names on the wire; `before` may be null.
    """

    id: str
    display_name: str | None
    odata_type: str
    version: int | None
    last_modified_date_time: str | None
    before: WireSans | None
    after: WireSans
    action: str = "add_sid_uri"

    def to_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Plan:
    """What a run would do, and what it would leave alone and why.

    Attributes:
        left_alone: By profile id: why a profile that could be changed stays as it is.
    """

    tenant: str
    cloud: str
    choices: Choices
    actions: tuple[Action, ...]
    assessment: Assessment | None = None
    left_alone: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """What the digest covers."""
        return {
            "format": PLAN_FORMAT,
            "tenant": self.tenant,
            "cloud": self.cloud,
            "choices": self.choices.to_dict(),
            "actions": [action.to_dict() for action in self.actions],
            "left_alone": dict(self.left_alone),
        }

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the plan: what an approval refers to."""
        canonical = json.dumps(self.content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as written to a plan file."""
        return {**self.content(), "digest": self.digest}

    @classmethod
    def from_dict(cls, data: Any) -> Plan:
        """Read a plan back.

        Raises:
            PlanFileError: it is not a plan, or it was edited.
        """
        if not isinstance(data, Mapping) or data.get("format") != PLAN_FORMAT:
            raise PlanFileError(f"This is not a plan of the form {PLAN_FORMAT}.")
        try:
            plan = cls(
                tenant=data["tenant"],
                cloud=data["cloud"],
                choices=Choices.from_dict(data["choices"]),
                actions=tuple(Action(**action) for action in data["actions"]),
                left_alone=dict(data["left_alone"]),
            )
        except (KeyError, TypeError, ValueError, SelectionError) as error:
            raise PlanFileError(f"The plan is incomplete: {error}.") from error
        if plan.digest != data.get("digest"):
            raise PlanFileError(
                "The plan was changed after it was written: its digest does not fit.",
                hint="Make it again with: intune-scep strong-mapping plan.",
            )
        for action in plan.actions:
            if action.after != append_sid_uri(action.before):
                raise PlanFileError(f"The plan does more to {action.id} than append the SID URI.")
        return plan


def append_sid_uri(before: Sequence[Mapping[str, Any]] | None) -> WireSans:
    """Return the names with the SID URI appended last, all others untouched."""
    return [*(dict(san) for san in before or ()), dict(SID_URI)]


def assess(
    tenant: str,
    cloud: str,
    profiles: Sequence[Profile],
    *,
    notes: Sequence[str] = (),
    pages: int = 1,
) -> Assessment:
    """Judge every SCEP profile of a snapshot."""
    assessed = tuple(
        Assessed(profile, judge(profile))
        for profile in profiles
        if isinstance(profile, ScepProfile)
    )
    return Assessment(tenant, cloud, assessed, tuple(notes), pages)


def make_plan(assessment: Assessment, choices: Choices) -> Plan:
    """Decide which profiles change under the operator's choices.

    Raises:
        SelectionError: `only` or `except_` names no profile, or several.
        TooManyChangesError: there are more changes than `max_changes` allows.
    """
    selection = Selection(choices, [item.profile for item in assessment.assessed])
    actions: list[Action] = []
    left_alone: dict[str, str] = {}
    for item in assessment.assessed:
        identifier = item.profile.id or ""
        why_not = _why_not(item, choices, selection)
        if why_not is None:
            actions.append(_action(item.profile))
        elif item.judgement.changeable:
            left_alone[identifier] = why_not
    if choices.max_changes is not None and len(actions) > choices.max_changes:
        raise TooManyChangesError(
            f"{len(actions)} profiles would change, but max_changes (--max-changes) allows"
            f" {choices.max_changes}. Nothing was changed.",
            hint="Choose fewer with only (--only) or except (--except), or allow more.",
        )
    return Plan(
        assessment.tenant, assessment.cloud, choices, tuple(actions), assessment, left_alone
    )


def _why_not(item: Assessed, choices: Choices, selection: Selection) -> str | None:
    """Return why a profile does not change, or None if it does."""
    if not item.judgement.changeable:
        return item.judgement.reason
    held = selection.leaves_out(item.profile.id or "") or choices.holds_back(item.judgement)
    if held:
        return held
    if len(wire_sans(item.profile) or ()) >= MAX_NAMES:
        return f"Left alone: it has {MAX_NAMES} names already, as many as Graph allows."
    return None


def _action(profile: ScepProfile) -> Action:
    before = wire_sans(profile)
    return Action(
        id=profile.id or "",
        display_name=profile.display_name,
        odata_type=profile.odata_type,
        version=profile.version,
        last_modified_date_time=profile.last_modified_date_time,
        before=before,
        after=append_sid_uri(before),
    )


def wire_sans(profile: Profile) -> WireSans | None:
    """The list of names exactly as Graph sent it."""
    sans: WireSans | None = profile.to_wire().get(SANS)
    return sans
