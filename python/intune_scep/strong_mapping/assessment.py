"""What strong mapping means for each SCEP profile of a tenant. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

from intune_scep.profiles import SID_URI, Profile, ScepProfile, parse_profile
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


def assess(
    tenant: str, cloud: str, found: Snapshot, configuration: Configuration, today: date
) -> Assessment:
    """Judge every SCEP profile of a snapshot.

    Args:
        found: With the assignments, and the root links of the profiles that may change.
        configuration: Severities, disabled rules, waivers and answers.
        today: Against which certificates and waivers are judged.
    """
    judge_one = partial(_assessed, found, configuration, today)
    assessed = tuple(judge_one(item) for item in found.profiles if isinstance(item, ScepProfile))
    return Assessment(tenant, cloud, assessed, found.notes, found.pages, is_whole=not found.unread)


def _assessed(
    found: Snapshot, configuration: Configuration, today: date, profile: ScepProfile
) -> Assessed:
    judgement = judge(profile)
    if not judgement.changeable:
        return Assessed(profile, judgement)
    context = Context(profile, today, root=found.root_of(profile))
    result = check(context, configuration)
    after = with_sid_uri(profile)
    planned = replace(context, profile=after, planned_change=PlannedChange(profile, after))
    return Assessed(
        profile,
        reviewed(judgement, result, unread=found.why_root_is_unread(profile)),
        check(planned, configuration, of_the_plan=True).findings,
    )


def with_sid_uri(profile: ScepProfile) -> Profile:
    """The profile as the migration would leave it."""
    wire = profile.to_wire()
    return parse_profile({**wire, SANS: append_sid_uri(wire.get(SANS))})


def append_sid_uri(before: Sequence[Mapping[str, Any]] | None) -> WireSans:
    """Return the names with the SID URI appended last, all others untouched."""
    return [*(dict(san) for san in before or ()), dict(SID_URI)]
