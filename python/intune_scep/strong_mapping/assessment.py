"""What strong mapping means for each SCEP profile of a tenant. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from intune_scep.memory import collector_paused
from intune_scep.profiles import SID_URI, Profile, ScepProfile
from intune_scep.rules import (
    Configuration,
    Context,
    Finding,
    Judgement,
    PlannedChange,
    Verdict,
    check,
    judge,
    reviewed,
)
from intune_scep.rules.scep_facts import ScepFacts
from intune_scep.tenant import Snapshot

SANS: Final = "customSubjectAlternativeNames"
WireSans = list[dict[str, Any]]


@dataclass(frozen=True)
class Assessed:
    """A profile and its judgement.

    Attributes:
        findings: What the rules say of the change that would be made.
    """

    profile: ScepProfile
    judgement: Judgement
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """One element of `profiles` in the JSON of an assessment."""
        kind = self.profile.profile_type
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "kind": kind.kind.value,
            "odata_type": self.profile.odata_type,
            "platform": kind.platform.value,
            **self.details(),
        }

    def details(self) -> dict[str, Any]:
        """What a plan or a run of the migration says of a profile besides."""
        certificate_type = self.profile.certificate_type
        return {
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
        is_whole: Whether everything that was asked for could be read.
    """

    tenant: str
    cloud: str
    assessed: tuple[Assessed, ...]
    notes: tuple[str, ...] = ()
    pages: int = 1
    is_whole: bool = True

    def __repr__(self) -> str:
        return f"<Assessment: {len(self.assessed)} SCEP profiles of {self.tenant}>"

    @property
    def counts(self) -> dict[str, int]:
        """How many profiles have each verdict; every verdict is a key."""
        counts = Counter(item.judgement.verdict for item in self.assessed)
        return {verdict.value: counts[verdict] for verdict in Verdict}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "counts": {"verdicts": self.counts},
            "profiles": [item.to_dict() for item in self.assessed],
            "notes": list(self.notes),
        }


class Judged(NamedTuple):
    """What is said of a profile before the rules are asked.

    Attributes:
        facts: The profile taken apart; None where the rules need not be asked.
    """

    profile: ScepProfile
    judgement: Judgement
    facts: ScepFacts | None


def judge_all(profiles: Iterable[Profile]) -> tuple[Judged, ...]:
    """The verdict of every SCEP profile among some; whose is changeable needs its root read."""
    with collector_paused():
        return tuple(_judged(item) for item in profiles if isinstance(item, ScepProfile))


def _judged(profile: ScepProfile) -> Judged:
    judgement = judge(profile)
    return Judged(profile, judgement, ScepFacts(profile) if judgement.changeable else None)


def assess(
    tenant: str,
    cloud: str,
    found: Snapshot,
    configuration: Configuration,
    today: date,
    *,
    judged: Iterable[Judged] | None = None,
) -> Assessment:
    """Judge every SCEP profile of a snapshot, and ask the rules about those that may change.

    Args:
        found: With the assignments, and the root links of the profiles that may change.
        configuration: Severities, disabled rules, waivers and answers.
        today: Against which certificates and waivers are judged.
        judged: Its SCEP profiles, where `judge_all` has been asked already.
    """
    profiles = judge_all(found.profiles) if judged is None else judged
    with collector_paused():
        assessed = tuple(_assessed(found, configuration, today, item) for item in profiles)
    return Assessment(tenant, cloud, assessed, found.notes, found.pages, is_whole=not found.unread)


def _assessed(
    found: Snapshot, configuration: Configuration, today: date, judged: Judged
) -> Assessed:
    profile, judgement, facts = judged.profile, judged.judgement, judged.facts
    if not judgement.changeable:
        return Assessed(profile, judgement)
    context = Context(profile, today, root=found.root_of(profile), facts=facts)
    result = check(context, configuration)
    after = with_sid_uri(profile)
    change = PlannedChange(profile, after)
    planned = Context(after, today, root=context.root, facts=facts, planned_change=change)
    return Assessed(
        profile,
        reviewed(judgement, result, unread=found.why_root_is_unread(profile)),
        check(planned, configuration, of_the_plan=True).findings,
    )


def with_sid_uri(profile: ScepProfile) -> ScepProfile:
    """The profile as the migration would leave it."""
    names = append_sid_uri(profile.wire.get(SANS))
    return profile.model_copy(update={"custom_subject_alternative_names": names})


def append_sid_uri(before: Sequence[Mapping[str, Any]] | None) -> WireSans:
    """Return the names with the SID URI appended last, all others untouched."""
    return [*(dict(san) for san in before or ()), dict(SID_URI)]
