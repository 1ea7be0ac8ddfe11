"""JSON, for other programs; `compliance-report.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from intune_scep.compliance import ComplianceReport


def render_json(report: ComplianceReport) -> str:
    """The report as JSON, stable in order."""
    text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
    # A lone surrogate from a hostile name cannot be written as UTF-8, only as an escape.
    return f"{text if _is_utf8(text) else json.dumps(report.to_dict(), indent=2)}\n"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report."""
    path = Path(__file__).with_name("compliance-report.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
