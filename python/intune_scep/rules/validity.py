"""Rules about how long certificates are valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

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

_SECTION: Final = "step 7, Certificate validity period"
_VALUE: Final = "certificateValidityPeriodValue"
_SCALE: Final = "certificateValidityPeriodScale"
_BOTH: Final = (_VALUE, _SCALE)
_LONGEST: Final = {"days": 730, "months": 24, "years": 2}
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
        yield Complaint(f"The validity is {_period(context)}.", severity)


@rule(
    "R-091",
    Severity.WARNING,
    "Validity of less than five days",
    remedy="Choose five days or more.",
    source=page(_SECTION),
    property=_VALUE,
    reads=_BOTH,
)
def check_shortest(context: Context) -> Iterator[Complaint]:
    """A certificate that lives less than five days is likely to be near its end when it arrives,
    and the device's agent may reject it before it is installed."""
    days = context.scep.validity_days
    if days is not None and days < _SHORTEST_DAYS:
        yield Complaint(f"The validity is {_period(context)}.")


@rule(
    "R-092",
    Severity.WARNING,
    "Validity beyond the end of the root",
    remedy="Renew the CA certificate, or shorten the validity.",
    source=page(_SECTION),
    property=_VALUE,
    needs=(Need.ROOT,),
    reads=_BOTH,
)
def check_root_outlives(context: Context) -> Iterator[Complaint]:
    """The validity must be shorter than the rest of the issuing CA's life. The linked trusted root
    ends no earlier than the CAs below it should, so its end is a limit that can be checked."""
    days = context.scep.validity_days
    root = context.linked_root
    if days is None or root is None:
        return
    facts = read_ca_certificate(root.trusted_root_certificate).facts
    end = facts.not_after if facts else None
    today = datetime(context.today.year, context.today.month, context.today.day, tzinfo=UTC)
    if end is not None and today <= end < today + timedelta(days=days):
        yield Complaint(
            f"The trusted root ends on {end:%Y-%m-%d}, before a certificate issued today for"
            f" {_period(context)} would."
        )


@rule(
    "R-093",
    Severity.ERROR,
    "Validity is not a number of days, months or years",
    remedy="Set a positive whole number and one of days, months, years.",
    source=GRAPH_METADATA,
    property=_VALUE,
    reads=(),
)
def check_period(context: Context) -> Iterator[Complaint]:
    """Graph takes a positive integer and a unit in lower case. Other spellings may be accepted by
    the service, but compare as a change afterwards."""
    profile = context.scep.profile
    value = profile.certificate_validity_period_value
    if _VALUE in profile.malformed:
        yield Complaint("The value of the validity is not a whole number.")
    elif value is None or value <= 0:
        yield Complaint(
            "The validity is not set." if value is None else f"The validity is {value}."
        )
    scale = profile.certificate_validity_period_scale
    if scale not in set(CertificateValidityPeriodScale):
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
            f"The plan sets a validity of {_period(context)}, which these devices ignore."
        )


def _period(context: Context) -> str:
    profile = context.scep.profile
    return (
        f"{profile.certificate_validity_period_value} {profile.certificate_validity_period_scale}"
    )
