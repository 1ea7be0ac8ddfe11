"""What a rule is, what it needs, and the two kinds of entries of the catalogue that are no code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from intune_scep.profiles import Platform

if TYPE_CHECKING:
    from intune_scep.rules.context import Context

FOREIGN: Final = "foreign"
"""The kind of an object whose `@odata.type` is no certificate profile type of this library."""


class Severity(StrEnum):
    """How bad a finding is.

    error: Microsoft's documentation forbids it, or the certificate will not be issued.
    warning: a risk, or something only a person can decide.
    info: a fact for the report.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Need(StrEnum):
    """What a rule must know. Without it the rule is skipped, and the result says so."""

    PROFILE = "profile"
    ROOT = "root"
    ASSIGNMENTS = "assignments"
    DEPENDANTS = "dependants"
    DIRECTORY = "directory"
    DEVICES = "devices"
    PLAN = "plan"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a rule says of one profile.

    Attributes:
        message: One or two sentences that name the offending value.
        severity: Where it differs from the rule's own.
        property: Wire name, where it differs from the rule's own.
    """

    message: str
    severity: Severity | None = None
    property: str | None = None


Judge = Callable[["Context"], Iterable[Complaint]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a pure function and what a person should know of it.

    Attributes:
        id: For example `R-113`.
        severity: Of its findings, unless a finding or the configuration says otherwise.
        title: A few words.
        description: Why it matters.
        remedy: How to mend it.
        source: The page and section, or the named public source, that says so.
        property: Wire name of the property the rule is about.
        group: Key of `GROUPS`.
        kinds: Which profiles it judges: values of `ProfileKind`, and `foreign`.
        platforms: Where it applies.
        needs: What it must know beyond the profile.
        asks: Of the needs, what the function asks for first, whatever the profile is: where it was
            not read, the rule is skipped without calling it.
        reads: Wire names of the properties without which it cannot judge. If one of them has an
            unexpected JSON type, the rule is skipped.
        question: What a person can answer to settle it; `yes` in the configuration's answers means
            that there is nothing to complain about.
        judge: The function.
    """

    id: str
    severity: Severity
    title: str
    description: str
    remedy: str
    source: str
    property: str
    group: str
    kinds: frozenset[str]
    platforms: frozenset[Platform]
    needs: frozenset[Need]
    asks: Need | None
    reads: frozenset[str]
    question: str | None
    judge: Judge = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The metadata as JSON."""
        return {
            "id": self.id,
            "kind": "rule",
            "severity": self.severity.value,
            "title": self.title,
            "description": self.description,
            "remedy": self.remedy,
            "source": self.source,
            "property": self.property,
            "group": self.group,
            "profiles": sorted(self.kinds),
            "platforms": [item.value for item in Platform if item in self.platforms],
            "needs": [item.value for item in Need if item in self.needs],
            "question": self.question,
        }


@dataclass(frozen=True, slots=True)
class Question:
    """A rule that only a person can judge: the question to ask.

    The question is worded so that `yes` is the safe answer.

    Attributes:
        severity: Of the finding that the answer `no` makes; None if `no` is no complaint.
        why: Why it matters.
        remedy: What to do if the answer is no.
        platforms: Ask only where the tenant has profiles of these.
    """

    id: str
    severity: Severity | None
    title: str
    question: str
    why: str
    remedy: str
    source: str
    group: str
    platforms: frozenset[Platform]

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "id": self.id,
            "kind": "question",
            "severity": self.severity.value if self.severity else None,
            "title": self.title,
            "question": self.question,
            "why": self.why,
            "remedy": self.remedy,
            "source": self.source,
            "group": self.group,
            "platforms": [item.value for item in Platform if item in self.platforms],
        }


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A rule that this tool keeps by what it does, not by judging profiles."""

    id: str
    title: str
    behaviour: str
    source: str
    group: str

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "id": self.id,
            "kind": "behaviour",
            "title": self.title,
            "behaviour": self.behaviour,
            "source": self.source,
            "group": self.group,
        }
