"""JSON, for other programs; `compliance-report.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from intune_scep.compliance import ComplianceReport
from intune_scep.texts import json_text


def render_json(report: ComplianceReport) -> str:
    """The report as JSON, stable in order."""
    return f"{json_text(report.to_dict())}\n"


@cache
def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report."""
    path = Path(__file__).with_name("compliance-report.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
