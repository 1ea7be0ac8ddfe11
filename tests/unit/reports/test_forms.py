"""Each form says what the report says, and its readers can read it."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from prometheus_client.parser import text_string_to_metric_families

from intune_scep.compliance import Status
from intune_scep.reports.files import write_reports
from intune_scep.reports.formats import FORMATS, render
from intune_scep.reports.history import Point, read_history
from intune_scep.rules import Severity

from .hostile import NOW, hostile, report_not_judged, report_with

SCHEMAS = Path(__file__).with_name("schemas")
SARIF = jsonschema.Draft4Validator(
    json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
)
JUNIT = xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(hostile)
def test_junit_validates_and_fails_exactly_where_errors_count(text):
    report = report_with(text)
    source = render("junit", report)
    JUNIT.validate(io.StringIO(source.partition("?>")[2]))
    failures = source.count("<failure ")
    errors = len(report.counting(Severity.ERROR))
    assert failures == errors + len(report.outcome.reasons)
    assert "<error " not in source


@few
@given(hostile)
def test_sarif_is_coherent(text):
    report = report_with(text)
    [run] = json.loads(render("sarif", report))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(report.findings)
    for result, finding in zip(run["results"], report.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule_id
        assert result["level"] == {"info": "note"}.get(finding.severity, finding.severity)
        assert ("suppressions" in result) is (finding.waived is not None)
    assert run["invocations"][0]["exitCode"] == report.outcome.exit_code


@few
@given(hostile)
def test_sarif_validates_against_its_schema(text):
    for report in (report_with(text), report_not_judged(text)):
        SARIF.validate(json.loads(render("sarif", report)))


def test_prometheus_has_the_numbers_of_the_report():
    report = report_with("x")
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(render("prometheus", report))
        for sample in family.samples
    }
    base = (("cloud", "public"), ("tenant", "tenant"))
    for severity in Severity:
        labels = tuple(sorted((*base, ("severity", severity.value))))
        assert samples["intune_scep_findings", labels] == len(report.counting(severity))
    labels = tuple(sorted((*base, ("status", "failed"))))
    assert samples["intune_scep_compliance_outcome", labels] == 1
    assert samples["intune_scep_compliance_timestamp_seconds", base] == NOW.timestamp()


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_that_could_not_judge_looks_so_in_every_form(name):
    report = report_not_judged("503")
    assert report.outcome.status is Status.NOT_JUDGED
    text = render(name, report)
    sign = {
        "json": '"not_judged"',
        "junit": "<error ",
        "sarif": '"executionSuccessful": false',
        "prometheus": 'status="not_judged"} 1.0',
    }.get(name, "Could not be judged")
    assert sign in text
    if name == "prometheus":
        assert "intune_scep_findings" not in text


def test_files_are_private_and_make_a_history(tmp_path):
    report = report_with("x")
    for days in range(3):
        later = replace(report, generated_at=NOW + timedelta(days=days))
        written = write_reports(later, tmp_path / "reports")
    assert {path.name for path in written} == {row.file_name for row in FORMATS.values()}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "reports").iterdir()} == {0o600}
    history = read_history(tmp_path / "reports", later)
    assert [point.at for point in history] == [NOW, NOW + timedelta(days=1)]
    page = (tmp_path / "reports" / "compliance.html").read_text(encoding="utf-8")
    assert "Trend over 3 runs" in page


def test_history_passes_over_what_is_not_of_this_tenant(tmp_path):
    report = report_with("x")
    earlier = replace(report, generated_at=NOW - timedelta(days=1))
    sound = json.loads(render("json", earlier))
    variants = {
        "sound": sound,
        "other tenant": {**sound, "tenant": "other"},
        "other format": {**sound, "format": "intune-scep/compliance-report/99"},
        "not judged": {**sound, "outcome": {"status": "not_judged"}},
        "no numbers": {**sound, "summary": {}},
        "bad number": {**sound, "summary": {**sound["summary"], "findings": {"error": "9"}}},
        "bad date": {**sound, "generated_at": "yesterday"},
        "list": [],
    }
    for name, content in variants.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "noise.json").write_bytes(b"\xff\xfe{")
    (tmp_path / "folder.json").mkdir()
    [point] = read_history(tmp_path, report)
    assert point == Point(
        earlier.generated_at,
        len(report.counting(Severity.ERROR)),
        len(report.counting(Severity.WARNING)),
        report.verdicts["required"],
        report.verdicts["mapped"],
    )
