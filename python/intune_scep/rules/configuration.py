"""What an organisation decides about the rules: severities, disabled rules, waivers, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from intune_scep.records import Record
from intune_scep.rules.model import Severity


@dataclass(frozen=True)
class Waiver(Record):
    """A finding that is accepted until a date.

    Attributes:
        rule: Rule id.
        profile: Name or id of the profile, exactly.
        reason: Why it is accepted.
        expires: The last day on which it counts.
    """

    rule: str
    profile: str
    reason: str
    expires: date

    def covers(self, rule_id: str, profile_id: str | None, profile_name: str | None) -> bool:
        """Whether it is about a finding of that rule on that profile."""
        return self.rule == rule_id and self.is_about(profile_id, profile_name)

    def is_about(self, profile_id: str | None, profile_name: str | None) -> bool:
        """Whether it names that profile, by name or by id without regard to letter case."""
        by_id = profile_id is not None and self.profile.lower() == profile_id.lower()
        return by_id or self.profile == profile_name

    def has_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires < today


@dataclass(frozen=True)
class Configuration:
    """The decisions; without any, every rule counts as documented.

    Attributes:
        severities: Rule id to the severity of all its findings.
        disabled: Ids of rules that are not judged.
        waivers: Accepted findings.
        answers: Rule id to the answer of a person to the rule's question; True means yes.
    """

    severities: Mapping[str, Severity] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)

    def expired_waivers(self, today: date) -> tuple[Waiver, ...]:
        """The waivers that no longer count."""
        return tuple(waiver for waiver in self.waivers if waiver.has_expired(today))
