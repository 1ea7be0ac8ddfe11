"""The report as one HTML page that needs nothing else: no network, no other file.

Everything that came from a tenant goes through Jinja2's escaping and is never put into a script or
a style; the page's policy allows no script and no style but its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from intune_scep.compliance import CheckedProfile, ComplianceReport, RootStatus
from intune_scep.compliance.roots import STATUS_WORDS
from intune_scep.reports.charts import (
    TREND_HEIGHT,
    TREND_WIDTH,
    platform_bars,
    stacked,
    trend_lines,
)
from intune_scep.reports.history import Point, point_of
from intune_scep.reports.words import (
    OUTCOMES,
    PLATFORMS,
    SEVERITIES,
    VERDICTS,
    subject_of,
)
from intune_scep.rules import Finding, Severity
from intune_scep.rules.texts import counted
from intune_scep.rules.verdicts import Verdict
from intune_scep.texts import printable
from intune_scep.version import __version__

_PLATFORM_WORDS: Final = {platform.value: words for platform, words in PLATFORMS.items()}
_KIND_WORDS: Final = {
    "scep": "SCEP profile",
    "trusted_root": "Trusted root profile",
    "foreign": "Other certificate profile",
}
_URGENT: Final = (Verdict.REQUIRED, Verdict.DEFECTIVE)
_FIRST_STEPS: Final = 5


@dataclass(frozen=True)
class ProfileView:
    """A profile with what the page shows of it at a glance.

    Attributes:
        anchor: Unique on the page.
        edge: How urgent it looks: a severity; empty if there is nothing to do.
        search: Lower-case text that the search looks in.
    """

    profile: CheckedProfile
    anchor: str
    platform: str
    kind: str
    verdict: str
    edge: str
    errors: int
    warnings: int
    notes: int
    search: str
    findings: tuple[Finding, ...]


def render_html(report: ComplianceReport, history: Sequence[Point] = ()) -> str:
    """The page.

    Args:
        history: Earlier reports, oldest first; the report itself is added.
    """
    style, script = _asset("report.css"), _asset("report.js")
    views = _views(report)
    points = [*history, *([] if report.unread else [point_of(report)])]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            summary=report.summary,
            outcome=report.outcome,
            outcome_words=OUTCOMES[report.outcome.status],
            subject=subject_of(report),
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - likewise
            policy=_content_policy(style, script),
            views=views,
            platforms=sorted({view.platform for view in views}),
            verdict_bar=stacked(
                "SCEP profiles",
                {verdict: report.verdicts[verdict.value] for verdict in Verdict},
                sum(report.verdicts.values()),
            ),
            platform_bars=platform_bars(report.profiles),
            trend=trend_lines(points),
            points=points,
            trend_size=(TREND_WIDTH, TREND_HEIGHT),
            bad_roots=[root for root in report.roots if root.status is not RootStatus.SOUND],
            sound_roots=[root for root in report.roots if root.status is RootStatus.SOUND],
            unreached=[item for item in report.assignment_differences if not item.root_reaches_all],
            first_steps=report.steps[:_FIRST_STEPS],
            more_steps=report.steps[_FIRST_STEPS:],
            anchors={view.profile.id: view.anchor for view in views if view.profile.id},
            named={view.profile.name: view.anchor for view in reversed(views)},
            verdicts={verdict.value: words for verdict, words in VERDICTS.items()},
            severities={severity.value: words for severity, words in SEVERITIES.items()},
            root_words={status.value: words for status, words in STATUS_WORDS.items()},
            counted=counted,
            version=__version__,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("intune_scep.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _asset(name: str) -> str:
    return (resources.files("intune_scep.reports") / "templates" / name).read_text("utf-8")


def _content_policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere, and only the page's own script and style count."""
    return (
        f"default-src 'none'; style-src {_fingerprint(style)}; script-src {_fingerprint(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def _fingerprint(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _views(report: ComplianceReport) -> tuple[ProfileView, ...]:
    views = [_view(number, profile) for number, profile in enumerate(report.profiles, 1)]
    return tuple(sorted(views, key=_urgency))


def _urgency(view: ProfileView) -> tuple[int, int, int, str]:
    verdict = view.profile.verdict
    rank = _URGENT.index(verdict) if verdict in _URGENT else len(_URGENT)
    return rank, -view.errors, -view.warnings, (view.profile.name or "").casefold()


def _view(number: int, profile: CheckedProfile) -> ProfileView:
    count = {
        severity: sum(
            item.severity is severity and item.waived is None for item in profile.findings
        )
        for severity in Severity
    }
    order = list(Severity)
    platform = _PLATFORM_WORDS.get(profile.platform or "", "Other")
    verdict = profile.verdict.value if profile.verdict else ""
    words = [
        profile.name,
        profile.id,
        platform,
        _KIND_WORDS[profile.kind],
        VERDICTS[profile.verdict][0] if profile.verdict else "",
        profile.root,
        *(profile.assignments or ()),
        *(profile.used_by or ()),
        *(text for item in profile.findings for text in (item.rule_id, item.message)),
    ]
    return ProfileView(
        profile=profile,
        anchor=f"profile-{number}",
        platform=platform,
        kind=_KIND_WORDS[profile.kind],
        verdict=verdict,
        edge=(
            Severity.ERROR.value
            if profile.verdict in _URGENT
            else next((severity.value for severity in order if count[severity]), "")
        ),
        errors=count[Severity.ERROR],
        warnings=count[Severity.WARNING],
        notes=count[Severity.INFO],
        search=" ".join(word for word in words if word).lower(),
        findings=tuple(sorted(profile.findings, key=lambda item: order.index(item.severity))),
    )
