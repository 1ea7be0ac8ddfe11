"""Findings put together: one cause with the profiles behind it, worst first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from intune_scep.compliance import CheckedProfile, ComplianceReport
from intune_scep.rules import CATALOGUE, Finding, Severity

_ORDER: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class RuleCount:
    """How often a rule complains.

    Attributes:
        profiles: How many profiles it complains about; waived findings are not counted.
    """

    rule_id: str
    severity: Severity
    title: str
    profiles: int


@dataclass(frozen=True)
class Cause:
    """The same complaint about one or several profiles.

    Attributes:
        finding: Stands for them all.
        names: Of the profiles, each once, in the order of the report; with the id where profiles
            have the same name.
    """

    finding: Finding
    names: tuple[str, ...]


def by_rule(report: ComplianceReport) -> list[RuleCount]:
    """Every rule that complains, worst first, then the most frequent."""
    about: dict[tuple[str, Severity], set[str]] = {}
    for profile in report.profiles:
        for finding in profile.findings:
            if finding.waived is None:
                key = finding.rule_id, finding.severity
                about.setdefault(key, set()).add(profile.id or profile.name or "")
    counts = [
        RuleCount(rule_id, severity, CATALOGUE[rule_id].title, len(profiles))
        for (rule_id, severity), profiles in about.items()
    ]
    return sorted(counts, key=lambda row: (_ORDER[row.severity], -row.profiles, row.rule_id))


def causes(report: ComplianceReport, severities: Iterable[Severity]) -> list[Cause]:
    """Findings of some severities by cause, worst first; waived ones are causes of their own."""
    wanted = set(severities)
    found: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for name, finding in _named(report.profiles):
        if finding.severity in wanted:
            key = (
                finding.rule_id,
                finding.severity,
                finding.message,
                finding.waived,
                finding.expired_waiver,
            )
            found.setdefault(key, (finding, []))[1].append(name)
    listed = [Cause(finding, tuple(dict.fromkeys(names))) for finding, names in found.values()]
    return sorted(listed, key=_rank)


def _rank(cause: Cause) -> tuple[bool, int, int, str, str]:
    finding = cause.finding
    waived = finding.waived is not None
    return waived, _ORDER[finding.severity], -len(cause.names), finding.rule_id, cause.names[0]


def _named(profiles: Iterable[CheckedProfile]) -> Iterator[tuple[str, Finding]]:
    profiles = list(profiles)
    names = Counter(profile.name for profile in profiles)
    for profile in profiles:
        twin = f" ({profile.id})" if names[profile.name] > 1 else ""
        for finding in profile.findings:
            yield f"{profile.name or profile.id}{twin}", finding
