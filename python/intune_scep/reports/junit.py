"""The report as JUnit XML: one suite for each profile, one test for each finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from intune_scep.compliance import CheckedProfile, ComplianceReport, Status
from intune_scep.reports.words import subject_of
from intune_scep.rules import Finding, Severity
from intune_scep.texts import printable

_HOST = "intune"


@dataclass(frozen=True)
class _Case:
    """One test: what it is called, and what is wrong, if anything is."""

    name: str
    kind: str = "passed"
    message: str = ""
    detail: str = ""


def render_junit(report: ComplianceReport) -> str:
    """Errors are failures; warnings, notes and waived findings are passed tests with a name that
    says so, since most consumers know no third state. What could not be read is an error, so that
    no consumer shows such a run as green.
    """
    root = Element("testsuites")
    for number, (name, cases) in enumerate(_suites(report)):
        _add_suite(root, number, name, cases, report)
    indent(root)
    text = tostring(root, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suites(report: ComplianceReport) -> Iterator[tuple[str, list[_Case]]]:
    yield subject_of(report), [*_outcome_cases(report)]
    for profile in report.profiles:
        yield profile.name or profile.id or "(no name)", [*_profile_cases(profile)]


def _outcome_cases(report: ComplianceReport) -> Iterator[_Case]:
    if report.outcome.status is Status.PASSED:
        yield _Case("policy")
    for reason in report.outcome.reasons:
        kind = "error" if report.outcome.status is Status.NOT_JUDGED else "failure"
        yield _Case(f"policy: {reason.cause}", kind, reason.message, "\n".join(reason.profiles))
    for finding in report.tenant_findings:
        yield _case(finding)


def _profile_cases(profile: CheckedProfile) -> Iterable[_Case]:
    cases = [_case(finding) for finding in profile.findings]
    return cases or [_Case("every rule")]


def _case(finding: Finding) -> _Case:
    name = f"{finding.rule_id} {finding.property}".strip()
    if finding.waived is not None:
        return _Case(f"{name} (waived until {finding.waived.expires}): {finding.message}")
    if finding.severity is not Severity.ERROR:
        return _Case(f"{name} ({finding.severity.value}): {finding.message}")
    detail = f"{finding.message}\nRemedy: {finding.remedy}\nSource: {finding.source}"
    return _Case(name, "failure", finding.message, detail)


def _add_suite(
    root: Element, number: int, name: str, cases: list[_Case], report: ComplianceReport
) -> None:
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": printable(name) or "(no name)",
            "package": "intune-scep",
            "id": str(number),
            "timestamp": report.generated_at.strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": _HOST,
            "tests": str(len(cases)),
            "failures": str(sum(case.kind == "failure" for case in cases)),
            "errors": str(sum(case.kind == "error" for case in cases)),
            "time": "0",
        },
    )
    SubElement(suite, "properties")
    for case in cases:
        element = SubElement(
            suite,
            "testcase",
            {"name": printable(case.name), "classname": printable(name), "time": "0"},
        )
        if case.kind != "passed":
            problem = SubElement(
                element, case.kind, {"message": printable(case.message), "type": case.kind}
            )
            problem.text = printable(case.detail)
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
