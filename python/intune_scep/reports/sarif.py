"""The report as SARIF 2.1.0, for code scanning: a tenant's profiles are logical locations."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any, Final

from intune_scep.compliance import ComplianceReport, Status
from intune_scep.compliance.report import finding_key
from intune_scep.reports.words import SEVERITIES, subject_of
from intune_scep.rules import CATALOGUE, RULES, Finding
from intune_scep.texts import printable
from intune_scep.version import __version__

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render_sarif(report: ComplianceReport) -> str:
    """One run; waived findings are results with an accepted suppression."""
    ids = sorted({finding.rule_id for finding in report.findings})
    positions = {rule_id: index for index, rule_id in enumerate(ids)}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "intune-scep",
                        "version": __version__,
                        "rules": [_rule(rule_id) for rule_id in ids],
                    }
                },
                "automationDetails": {"id": f"intune-scep/{printable(subject_of(report))}/"},
                "invocations": [_invocation(report)],
                "results": [_result(item, positions, report) for item in report.findings],
            }
        ],
    }
    # Escaped to ASCII: whatever a name holds, the file is valid UTF-8.
    return json.dumps(log, indent=2) + "\n"


def _rule(rule_id: str) -> dict[str, Any]:
    rule = RULES.get(rule_id)
    if rule is None:
        return {"id": rule_id, "shortDescription": {"text": CATALOGUE[rule_id].title}}
    return {
        "id": rule_id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.description},
        "help": {"text": f"{rule.remedy}\n\nSource: {rule.source}"},
        "defaultConfiguration": {"level": SEVERITIES[rule.severity]},
        "properties": {"tags": [rule.group]},
    }


def _invocation(report: ComplianceReport) -> dict[str, Any]:
    return {
        "executionSuccessful": report.outcome.status is not Status.NOT_JUDGED,
        "exitCode": report.outcome.exit_code,
        "endTimeUtc": report.generated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": printable(f"{item.what}: {item.why}")}}
            for item in report.unread
        ],
    }


def _result(
    finding: Finding, positions: dict[str, int], report: ComplianceReport
) -> dict[str, Any]:
    name = printable(finding.profile_name or finding.profile_id or "the tenant")
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": positions[finding.rule_id],
        "level": SEVERITIES[finding.severity],
        "message": {"text": f"{name}: {printable(finding.message)} {printable(finding.remedy)}"},
        "locations": [
            {
                "logicalLocations": [
                    {
                        "name": name,
                        "fullyQualifiedName": printable(
                            f"{report.tenant or report.source}/{finding.profile_id or name}"
                        ),
                        "kind": "resource",
                    }
                ]
            }
        ],
        "partialFingerprints": {"intuneScep/v1": _fingerprint(finding)},
    }
    if finding.waived is not None:
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": printable(
                    f"{finding.waived.reason} (until {finding.waived.expires})"
                ),
            }
        ]
    return result


def _fingerprint(finding: Finding) -> str:
    text = "\0".join(finding_key(finding))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
