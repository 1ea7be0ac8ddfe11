"""What strong mapping means for each SCEP profile of a tenant. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intune_scep.profiles import Profile, ScepProfile
from intune_scep.rules.verdicts import Judgement, Verdict, judge


@dataclass(frozen=True)
class Assessed:
    """A profile and its judgement."""

    profile: ScepProfile
    judgement: Judgement

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
    tenant: str,
    cloud: str,
    profiles: Sequence[Profile],
    *,
    notes: Sequence[str] = (),
    pages: int = 1,
    is_whole: bool = True,
) -> Assessment:
    """Judge every SCEP profile of a snapshot."""
    assessed = tuple(
        Assessed(profile, judge(profile))
        for profile in profiles
        if isinstance(profile, ScepProfile)
    )
    return Assessment(tenant, cloud, assessed, tuple(notes), pages, is_whole)
