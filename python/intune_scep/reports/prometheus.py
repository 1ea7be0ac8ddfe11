"""The numbers in the Prometheus text format, for the textfile collector of the node exporter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from intune_scep.compliance import ComplianceReport, Status
from intune_scep.reports.safe_text import prometheus_label
from intune_scep.version import __version__

_PREFIX = "intune_scep"
Sample = tuple[Mapping[str, object], float]


def render_prometheus(report: ComplianceReport) -> str:
    """Gauges only: each run replaces the file.

    A run that could not judge has its outcome and its time, but no numbers: a zero would look
    like health.
    """
    return "".join(_lines(report))


def _lines(report: ComplianceReport) -> Iterator[str]:
    base = {"tenant": report.tenant, "cloud": report.cloud}
    outcome = report.outcome.status
    yield from _metric(
        "compliance_outcome",
        "1 for how the last run ended.",
        (({**base, "status": status.value}, float(status is outcome)) for status in Status),
    )
    yield from _metric(
        "compliance_timestamp_seconds",
        "When the last run was made.",
        [(base, report.generated_at.timestamp())],
    )
    yield from _metric(
        "build_info", "Version of intune-scep.", [({**base, "version": __version__}, 1.0)]
    )
    if outcome is Status.NOT_JUDGED:
        return
    summary = report.summary
    yield from _metric(
        "profiles",
        "SCEP profiles by their verdict of strong mapping.",
        (({**base, "verdict": key}, count) for key, count in summary["verdicts"].items()),
    )
    yield from _metric(
        "findings",
        "Findings that count, by severity.",
        (({**base, "severity": key}, count) for key, count in summary["findings"].items()),
    )
    for name, text, value in (
        ("findings_waived", "Findings that a waiver accepts.", summary["waived"]),
        ("waivers_expired", "Waivers that no longer count.", len(report.waivers_expired)),
        ("rules_skipped", "Rules not judged, for want of facts.", summary["skipped_rules"]),
    ):
        yield from _metric(name, text, [(base, value)])
    if report.baseline is not None:
        for name, text, value in (
            ("findings_new", "Errors and warnings not in the baseline.", summary["new_findings"]),
            ("profiles_drifted", "Profiles that differ from the baseline.", summary["drift"]),
        ):
            yield from _metric(name, text, [(base, value)])
    yield from _metric(
        "root_certificate_not_after_seconds",
        "End of validity of the certificate in a trusted root profile.",
        (
            (
                {**base, "profile_id": root.id or "", "profile": root.name or ""},
                root.not_after.timestamp(),
            )
            for root in report.roots
            if root.not_after is not None
        ),
    )


def _metric(name: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {text}\n# TYPE {_PREFIX}_{name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{prometheus_label(item)}"' for key, item in labels.items())
        yield f"{_PREFIX}_{name}{{{inside}}} {float(value)!r}\n"
