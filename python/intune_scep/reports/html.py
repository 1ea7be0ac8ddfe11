"""The report as one HTML page that needs nothing else: no network, no other file.

The profiles are in it twice: one line each, which is what is printed and what is seen without
JavaScript, and as data, of which the script draws the rows that are in sight. Everything that came
from a tenant is text, escaped by Jinja2 or inside JSON, and never code; the page's policy allows no
script and no style but its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from intune_scep.compliance import CheckedProfile, ComplianceReport, RootStatus
from intune_scep.compliance.roots import STATUS_WORDS, ProfileRef
from intune_scep.reports.charts import (
    TREND_HEIGHT,
    TREND_WIDTH,
    platform_bars,
    stacked,
    trend_lines,
)
from intune_scep.reports.history import Point, point_of
from intune_scep.reports.page import asset, content_policy, environment
from intune_scep.reports.profile_data import ProfileView, profile_data
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
_MOST_NAMED: Final = 4
_MOST_LINKED: Final = 50


@dataclass(frozen=True)
class _Together:
    """What is said of several profiles in the same words.

    Attributes:
        item: Stands for them all.
    """

    item: Any
    profiles: tuple[ProfileRef, ...]


def render_html(report: ComplianceReport, history: Sequence[Point] = ()) -> str:
    """The page.

    Args:
        history: Earlier reports, oldest first; the report itself is added.
    """
    style, script = asset("report.css"), asset("report.js")
    views = _views(report)
    places = _Places(views)
    points = [*history, *([] if report.unread else [point_of(report)])]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            summary=report.summary,
            outcome=report.outcome,
            outcome_words=OUTCOMES[report.outcome.status],
            subject=subject_of(report),
            style=style,
            script=script,
            policy=content_policy(style, script),
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
            unreached=_unreached(report),
            drift=_drift(report),
            new_findings=_new_findings(report),
            first_steps=report.steps[:_FIRST_STEPS],
            more_steps=report.steps[_FIRST_STEPS:],
            place_of=places.of,
            places_of=places.of_all,
            root_places=places.roots,
            most_named=_MOST_NAMED,
            most_linked=_MOST_LINKED,
            lines=Markup("\n").join(_lines(views)),
            data=Markup(profile_data(views, places.roots)),  # noqa: S704 - escaped there
            verdicts={verdict.value: words for verdict, words in VERDICTS.items()},
            severities={severity.value: words for severity, words in SEVERITIES.items()},
            root_words={status.value: words for status, words in STATUS_WORDS.items()},
            counted=counted,
            version=__version__,
        )
    )


class _Places:
    """Where the profiles are on the page, counted from 0.

    Attributes:
        roots: Places of the trusted root profiles, by name.
    """

    def __init__(self, views: Sequence[ProfileView]) -> None:
        places = [(place, view.profile) for place, view in enumerate(views)]
        self._by_id = {profile.id: place for place, profile in places if profile.id}
        self._by_name = {profile.name: place for place, profile in reversed(places)}
        self.roots = {
            profile.name: place
            for place, profile in reversed(places)
            if profile.kind == "trusted_root" and profile.name
        }

    def of(self, ref: ProfileRef) -> int | None:
        """The place of a profile; None for one that is not there."""
        known = self._by_id.get(ref.id) if ref.id else None
        return self._by_name.get(ref.name) if known is None else known

    def of_all(self, refs: Iterable[ProfileRef]) -> list[int]:
        """The places of those that are there."""
        return [place for ref in refs if (place := self.of(ref)) is not None]


def _views(report: ComplianceReport) -> tuple[ProfileView, ...]:
    return tuple(sorted(map(_view, report.profiles), key=_urgency))


def _urgency(view: ProfileView) -> tuple[int, int, int, str]:
    verdict = view.profile.verdict
    rank = _URGENT.index(verdict) if verdict in _URGENT else len(_URGENT)
    return rank, -view.errors, -view.warnings, (view.profile.name or "").casefold()


def _view(profile: CheckedProfile) -> ProfileView:
    count = Counter(item.severity for item in profile.findings if item.waived is None)
    order = list(Severity)
    return ProfileView(
        profile=profile,
        name=profile.name or profile.id or "(no name)",
        platform=_PLATFORM_WORDS.get(profile.platform or "", "Other"),
        kind=_KIND_WORDS[profile.kind],
        verdict=VERDICTS[profile.verdict][0] if profile.verdict else "",
        edge=(
            Severity.ERROR.value
            if profile.verdict in _URGENT
            else next((severity.value for severity in order if count[severity]), "none")
        ),
        errors=count[Severity.ERROR],
        warnings=count[Severity.WARNING],
        findings=tuple(sorted(profile.findings, key=lambda item: order.index(item.severity))),
    )


def _lines(views: Sequence[ProfileView]) -> Iterator[Markup]:
    """A row of a table for each profile; with the id where several have one name.

    The script makes the same rows of the data when the page is printed.
    """
    twins = Counter(view.name for view in views)
    row = Markup('<tr id="profile-%d"><th scope="row">%s</th><td>%s</td><td>%s</td></tr>')
    for number, view in enumerate(views, 1):
        name = f"{view.name} ({view.profile.id})" if twins[view.name] > 1 else view.name
        yield row % (number, printable(name), view.verdict or view.kind, _rules(view.findings))


def _rules(findings: Iterable[Finding]) -> str:
    ids = (f"{item.rule_id} (waived)" if item.waived else item.rule_id for item in findings)
    return ", ".join(dict.fromkeys(ids)) or "nothing to complain about"


def _unreached(report: ComplianceReport) -> list[_Together]:
    return _together(
        (
            item,
            ProfileRef.of(item.profile, item.profile_id),
            (item.only_profile, item.root, item.only_root),
        )
        for item in report.assignment_differences
        if not item.root_reaches_all
    )


def _drift(report: ComplianceReport) -> list[_Together]:
    # Values of properties may be lists and objects, which have no hash.
    return _together(
        (item, ProfileRef.of(item.name, item.id), (item.kind, repr(item.changes)))
        for item in report.drift
    )


def _new_findings(report: ComplianceReport) -> list[_Together]:
    return _together(
        (
            item,
            ProfileRef.of(item.profile_name, item.profile_id) if item.odata_type else None,
            (item.rule_id, item.severity, item.message, item.odata_type is None),
        )
        for item in report.new_findings
    )


def _together(said: Iterable[tuple[Any, ProfileRef | None, Hashable]]) -> list[_Together]:
    """What is the same but for the profile, in the order of its first mention."""
    found: dict[Hashable, tuple[Any, list[ProfileRef]]] = {}
    for item, ref, key in said:
        refs = found.setdefault(key, (item, []))[1]
        if ref is not None:
            refs.append(ref)
    return [_Together(item, tuple(dict.fromkeys(refs))) for item, refs in found.values()]
