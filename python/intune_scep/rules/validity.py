"""Rules about how long certificates are valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from intune_scep.profiles.enums import CertificateValidityPeriodScale
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import APPLE
from intune_scep.rules.registry import (
    GRAPH_METADATA,
    INFRASTRUCTURE_PAGE,
    SCEPMAN,
    page,
    rule,
)
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings

if TYPE_CHECKING:
    from intune_scep.certificates import CertificateFacts
    from intune_scep.profiles import ScepProfile

_SECTION: Final = "step 7, Certificate validity period"
_VALUE: Final = "certificateValidityPeriodValue"
_SCALE: Final = "certificateValidityPeriodScale"
_BOTH: Final = (_VALUE, _SCALE)
_LONGEST: Final = {"days": 730, "months": 24, "years": 2}
_SCALES: Final = frozenset(CertificateValidityPeriodScale)
_SHORTEST_DAYS: Final = 5


@rule(
    "R-090",
    Severity.ERROR,
    "Validity of more than 24 months",
    remedy="Choose 24 months or less at the next change.",
    source=page(_SECTION),
    property=_VALUE,
    reads=_BOTH,
)
def check_longest(context: Context) -> Iterator[Complaint]:
    """Intune supports a validity period of up to 24 months. Profiles with more have been seen in
    tenants, so it is an error for a new profile and a warning for an existing one."""
    profile = context.scep.profile
    value = profile.certificate_validity_period_value
    limit = _LONGEST.get((profile.certificate_validity_period_scale or "").lower())
    if value is not None and limit is not None and value > limit:
        severity = None if context.is_new else Severity.WARNING
        yield Complaint(f"The validity is {_period(context.scep.profile)}.", severity)


@rule(
    "R-091",
    Severity.WARNING,
    "Validity of less than five days",
    remedy="Choose five days or more.",
    source=page(_SECTION),
    property=_VALUE,
    reads=_BOTH,
)
@of_settings
def check_shortest(settings: Settings) -> Iterator[Complaint]:
    """A certificate that lives less than five days is likely to be near its end when it arrives,
    and the device's agent may reject it before it is installed."""
    days = settings.validity_days
    if days is not None and days < _SHORTEST_DAYS:
        yield Complaint(f"The validity is {_period(settings.profile)}.")


@rule(
    "R-092",
    Severity.WARNING,
    "Validity beyond the end of the CA",
    remedy="Renew the CA certificate, or shorten the validity.",
    source=page(_SECTION),
    property=_VALUE,
    needs=(Need.ROOT, Need.TENANT),
    asks=Need.ROOT,
    reads=_BOTH,
)
def check_ca_outlives(context: Context) -> Iterator[Complaint]:
    """The validity must be shorter than the rest of the issuing CA's life. The linked trusted root
    ends no earlier than the CAs below it should, so its end is a limit that can be checked; so are
    the ends of the CAs below it that are in trusted root profiles of the platform. Which of several
    issues is not known: while one lives long enough, the end of another is an information."""
    days = context.scep.settings.validity_days
    root = context.linked_root
    if days is None or root is None:
        return
    facts = read_ca_certificate(root.trusted_root_certificate).facts
    if facts is None or facts.not_after is None:
        return
    today = datetime(context.today.year, context.today.month, context.today.day, tzinfo=UTC)
    last = today + timedelta(days=days)
    if today <= facts.not_after < last:
        yield Complaint(
            f"The trusted root ends on {facts.not_after:%Y-%m-%d}, before a certificate issued"
            f" today for {_period(context.scep.profile)} would."
        )
        return
    ends = {name: end for name, end in _ends_below(context, facts).items() if end >= today}
    early = {name: end for name, end in ends.items() if end < last}
    severity = None if len(early) == len(ends) else Severity.INFO
    for name, end in early.items():
        yield Complaint(
            f"The CA “{name}” ends on {end:%Y-%m-%d}, before a certificate that it issued today for"
            f" {_period(context.scep.profile)} would.",
            severity,
        )


def _ends_below(context: Context, root: CertificateFacts) -> dict[str, datetime]:
    """Subject of each CA below a root, by profiles of the platform, to the end of its newest
    certificate."""
    authorities = context.of_all_roots(_intermediates)
    ends: dict[str, datetime] = {}
    seen = {root.subject}
    above = set(seen)
    while above:
        below = [
            row for issuer in above for row in authorities.get(issuer, ()) if row[0] not in seen
        ]
        above = {name for name, _ in below}
        seen |= above
        for name, end in below:
            if name and end:
                ends[name] = max(end, ends.get(name, end))
    return ends


def _intermediates(
    certificates: Sequence[str | None],
) -> Mapping[str | None, Sequence[tuple[str | None, datetime | None]]]:
    """Subject and end of those that are CAs below another one, by their issuer."""
    found: dict[str | None, list[tuple[str | None, datetime | None]]] = {}
    for item in map(read_ca_certificate, certificates):
        if item.facts and item.facts.is_ca and item.is_intermediate:
            row = item.facts.subject, item.facts.not_after
            found.setdefault(item.facts.issuer, []).append(row)
    return found


@rule(
    "R-093",
    Severity.ERROR,
    "Validity is not a number of days, months or years",
    remedy="Set a positive whole number and one of days, months, years.",
    source=GRAPH_METADATA,
    property=_VALUE,
    reads=(),
)
@of_settings
def check_period(settings: Settings) -> Iterator[Complaint]:
    """Graph takes a positive integer and a unit in lower case. Other spellings may be accepted by
    the service, but compare as a change afterwards."""
    profile = settings.profile
    value = profile.certificate_validity_period_value
    if _VALUE in settings.malformed:
        yield Complaint("The value of the validity is not a whole number.")
    elif value is None or value <= 0:
        yield Complaint(
            "The validity is not set." if value is None else f"The validity is {value}."
        )
    scale = profile.certificate_validity_period_scale
    if scale not in _SCALES:
        yield Complaint(
            "The unit of the validity is not set."
            if scale is None
            else f"The unit of the validity is {scale!r}.",
            property=_SCALE,
        )


@rule(
    "R-094",
    Severity.INFO,
    "The certificate template decides the validity",
    remedy="Set the validity in the certificate template of the CA.",
    source=f"{INFRASTRUCTURE_PAGE}; {SCEPMAN}",
    property=_VALUE,
    platforms=APPLE,
    needs=(Need.PLAN,),
    reads=_BOTH,
)
def note_template(context: Context) -> Iterator[Complaint]:
    """iOS/iPadOS and macOS do not pass the profile's validity on: certificates last as long as the
    template of the CA says."""
    if context.plan.changed & set(_BOTH):
        yield Complaint(
            f"The plan sets a validity of {_period(context.scep.profile)}, which these devices"
            " ignore."
        )


def _period(profile: ScepProfile) -> str:
    return (
        f"{profile.certificate_validity_period_value} {profile.certificate_validity_period_scale}"
    )
