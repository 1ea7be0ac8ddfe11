"""What makes a compliance run fail: read from a file, applied to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError
from pydantic_core import ErrorDetails

from intune_scep.compliance.drift import ProfileDrift
from intune_scep.compliance.roots import RootHealth, RootStatus
from intune_scep.errors import FileError, PolicyError
from intune_scep.files import read_regular
from intune_scep.records import Record
from intune_scep.rules import Finding, Severity
from intune_scep.rules.texts import counted
from intune_scep.rules.verdicts import Verdict
from intune_scep.tenant import ReadFailure
from intune_scep.texts import decoded
from intune_scep.yaml_text import MOST_BYTES, load, plain_reason


@dataclass(frozen=True)
class Policy:
    """What fails a run.

    Attributes:
        errors: Any finding of severity error that is not waived.
        new_findings: Any error or warning that the baseline did not have.
        required: Any SCEP profile whose verdict is `required`.
        defective: Any SCEP profile whose verdict is `defective`.
        drift: Any difference from the baseline.
        expired_roots: Any trusted root profile in use whose certificate has expired.
        warnings_are_errors_from: From this day on warnings count as errors.
        root_expiry_days: How long before its end a root is reported as expiring.
    """

    errors: bool = True
    new_findings: bool = True
    required: bool = True
    defective: bool = True
    drift: bool = False
    expired_roots: bool = True
    warnings_are_errors_from: date | None = None
    root_expiry_days: int = 90

    def to_dict(self) -> dict[str, Any]:
        """The policy as JSON, in the words of the file."""
        return {
            "fail_on": {name: getattr(self, name) for name in FAIL_ON},
            "warnings_are_errors_from": (
                self.warnings_are_errors_from.isoformat() if self.warnings_are_errors_from else None
            ),
            "root_expiry_days": self.root_expiry_days,
        }


class _FailOn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    errors: StrictBool = Policy.errors
    new_findings: StrictBool = Policy.new_findings
    required: StrictBool = Policy.required
    defective: StrictBool = Policy.defective
    drift: StrictBool = Policy.drift
    expired_roots: StrictBool = Policy.expired_roots


FAIL_ON: Final = tuple(_FailOn.model_fields)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fail_on: _FailOn = Field(default_factory=_FailOn)
    warnings_are_errors_from: date | None = None
    root_expiry_days: StrictInt = Field(default=Policy.root_expiry_days, ge=0, le=3650)


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        PolicyError: it cannot be read, is no YAML, or has something unknown in it; every problem
            is named.
    """
    try:
        data = load(decoded(read_regular(path, what="Policy", most=MOST_BYTES)))
    except FileError as error:
        raise PolicyError(f"{path} cannot be read: {error.reason}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyError(f"{path} is not YAML: {plain_reason(error)}.") from error
    return make_policy({} if data is None else data, source=str(path))


def make_policy(data: Any, *, source: str = "the policy") -> Policy:
    """Check a policy given as data, as in a playbook.

    Raises:
        PolicyError: something in it is unknown or impossible; every problem is named.
    """
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'the file'} {_sentence(item)}"
            for item in error.errors(include_url=False, include_input=False)
        )
        raise PolicyError(f"{source} cannot be used: {problems}.") from error
    return Policy(
        **file.fail_on.model_dump(),
        warnings_are_errors_from=file.warnings_are_errors_from,
        root_expiry_days=file.root_expiry_days,
    )


_WORDS: Final = {
    "extra_forbidden": "is not known",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "model_type": "must be an object with keys",
    "model_attributes_type": "must be an object with keys",
}


def _sentence(item: ErrorDetails) -> str:
    limits = item.get("ctx", {})
    if item["type"] in {"greater_than_equal", "less_than_equal"}:
        return (
            f"must be at least {limits['ge']}"
            if "ge" in limits
            else (f"must be at most {limits['le']}")
        )
    return _WORDS.get(item["type"], "must be a day, such as 2027-01-31")


class Status(StrEnum):
    """How a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not_judged"


EXIT_CODES: Final = {Status.PASSED: 0, Status.FAILED: 2, Status.NOT_JUDGED: 3}


@dataclass(frozen=True)
class Reason(Record):
    """Why a run did not pass.

    Attributes:
        cause: A key of `fail_on`, `warnings`, or `not_judged`.
        message: One sentence.
        profiles: Names of the profiles concerned, each once.
    """

    cause: str
    message: str
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What the policy says of a report."""

    status: Status
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 passed, 2 failed, 3 could not be judged."""
        return EXIT_CODES[self.status]

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "status": self.status.value,
            "exit_code": self.exit_code,
            "reasons": [reason.to_dict() for reason in self.reasons],
        }


class JudgedProfile(Protocol):
    """What a policy asks of a profile."""

    @property
    def name(self) -> str | None: ...

    @property
    def verdict(self) -> Verdict | None: ...


class Judged(Protocol):
    """What a policy asks of a report."""

    @property
    def generated_at(self) -> datetime: ...

    @property
    def profiles(self) -> Sequence[JudgedProfile]: ...

    @property
    def new_findings(self) -> Sequence[Finding]: ...

    @property
    def drift(self) -> Sequence[ProfileDrift]: ...

    @property
    def roots(self) -> Sequence[RootHealth]: ...

    @property
    def unread(self) -> Sequence[ReadFailure]: ...

    def counting(self, severity: Severity) -> Sequence[Finding]:
        """The findings of a severity that nobody has accepted."""


def apply_policy(policy: Policy, report: Judged) -> Outcome:
    """Decide how a run ended. What could not be read outweighs everything else (never green)."""
    if report.unread:
        return Outcome(
            Status.NOT_JUDGED,
            tuple(
                Reason("not_judged", f"{item.what[:1].upper()}{item.what[1:]}: {item.why}")
                for item in report.unread
            ),
        )
    reasons = tuple(
        reason
        for name, find in _CAUSES.items()
        if getattr(policy, name, True) and (reason := find(policy, report))
    )
    return Outcome(Status.FAILED if reasons else Status.PASSED, reasons)


def _named(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def _findings(cause: str, severity: Severity, report: Judged) -> Reason | None:
    found = report.counting(severity)
    if not found:
        return None
    concerned = len({(item.profile_id, item.profile_name) for item in found})
    text = f"{counted(len(found), severity.value)} in {counted(concerned, 'profile')}."
    return Reason(cause, text, _named(item.profile_name for item in found))


def _errors(_policy: Policy, report: Judged) -> Reason | None:
    return _findings("errors", Severity.ERROR, report)


def _warnings(policy: Policy, report: Judged) -> Reason | None:
    start = policy.warnings_are_errors_from
    if start is None or report.generated_at.date() < start:
        return None
    reason = _findings("warnings", Severity.WARNING, report)
    return reason and Reason(
        reason.cause,
        f"{reason.message[:-1]}, which count as errors since {start}.",
        reason.profiles,
    )


def _new_findings(_policy: Policy, report: Judged) -> Reason | None:
    new = report.new_findings
    if not new:
        return None
    return Reason(
        "new_findings",
        f"{len(new)} new since the baseline.",
        _named(item.profile_name for item in new),
    )


def _verdict(verdict: Verdict, words: str) -> Callable[[Policy, Judged], Reason | None]:
    def find(_policy: Policy, report: Judged) -> Reason | None:
        names = [item.name for item in report.profiles if item.verdict is verdict]
        if not names:
            return None
        plural = "profile" if len(names) == 1 else "profiles"
        return Reason(verdict.value, f"{len(names)} {plural} {words}", _named(names))

    return find


def _drift(_policy: Policy, report: Judged) -> Reason | None:
    if not report.drift:
        return None
    plural = "profile differs" if len(report.drift) == 1 else "profiles differ"
    return Reason(
        "drift",
        f"{len(report.drift)} {plural} from the baseline.",
        _named(item.name for item in report.drift),
    )


def _expired_roots(_policy: Policy, report: Judged) -> Reason | None:
    names = [
        item.name for item in report.roots if item.status is RootStatus.EXPIRED and item.used_by
    ]
    if not names:
        return None
    plural = "root certificate in use has" if len(names) == 1 else "root certificates in use have"
    return Reason("expired_roots", f"{len(names)} {plural} expired.", _named(names))


_CAUSES: Final = {
    "required": _verdict(Verdict.REQUIRED, "without the SID URI that must have it."),
    "defective": _verdict(Verdict.DEFECTIVE, "misusing the SID variable."),
    "errors": _errors,
    "warnings": _warnings,
    "new_findings": _new_findings,
    "expired_roots": _expired_roots,
    "drift": _drift,
}
