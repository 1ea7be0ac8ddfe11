"""Rules about when certificates are renewed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intune_scep.rules.context import Context, read
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import APPLE, LIVING
from intune_scep.rules.registry import ADMIN_CENTER, SCEPMAN, TOOL_RULE, page, rule
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import counted

_THRESHOLD: Final = "renewalThresholdPercentage"
_PERIOD: Final = (_THRESHOLD, "certificateValidityPeriodValue", "certificateValidityPeriodScale")
_RECOMMENDED: Final = 20
_APPLE_WINDOW_DAYS: Final = 60
_OFFLINE_DAYS: Final = 14


@rule(
    "R-140",
    Severity.ERROR,
    "Renewal threshold out of range",
    remedy="Set a whole number from 1 to 99; 20 is recommended.",
    source=f"{page('step 7, Renewal threshold (%)')}; Microsoft Graph documentation",
    property=_THRESHOLD,
    reads=(),
)
@of_settings
def check_threshold(settings: Settings) -> Iterator[Complaint]:
    """The threshold is the percentage of the lifetime that remains when renewal starts."""
    profile = settings.profile
    threshold = profile.renewal_threshold_percentage
    if _THRESHOLD in settings.malformed:
        yield Complaint("The renewal threshold is not a whole number.")
    elif threshold is None:
        yield Complaint("The renewal threshold is not set.")
    elif not 1 <= threshold <= 99:
        yield Complaint(f"The renewal threshold is {threshold} %.")


@rule(
    "R-141",
    Severity.INFO,
    "Renewal threshold below the recommended 20 %",
    remedy="Set 20 %. It does not re-issue certificates, as far as is known.",
    source=f"{ADMIN_CENTER}; Microsoft: PKCS certificate profiles",
    property=_THRESHOLD,
    platforms=LIVING - APPLE,
)
@of_settings
def check_recommended(settings: Settings) -> Iterator[Complaint]:
    """The admin center recommends 20. Less leaves devices less time to renew; more only renews
    earlier. Apple devices need even more and have rule R-142."""
    threshold = settings.profile.renewal_threshold_percentage
    if threshold is not None and 1 <= threshold < _RECOMMENDED:
        yield Complaint(f"The renewal threshold is {threshold} %.")


@rule(
    "R-142",
    Severity.WARNING,
    "Short renewal window on Apple devices",
    remedy="Raise the renewal threshold; 50 % is what practitioners use.",
    source=f"{page('step 7, Renewal threshold (%), Note')}; {SCEPMAN}",
    property=_THRESHOLD,
    platforms=APPLE,
    reads=_PERIOD,
)
@of_settings
def check_apple_window(settings: Settings) -> Iterator[Complaint]:
    """iOS/iPadOS and macOS renew only inside the window, and only while unlocked. A certificate
    that expires is never replaced until the device was taken out of the profile and put back. A
    window under 60 days is called short here; Microsoft names no number."""
    days = settings.renewal_window_days
    if days is not None and days < _APPLE_WINDOW_DAYS:
        yield Complaint(f"The renewal window is {days:.0f} days.")


@rule(
    "R-143",
    Severity.WARNING,
    "Renewal window shorter than a holiday",
    remedy="Raise the renewal threshold or the validity.",
    source=f"{TOOL_RULE}, from {page('step 7, Renewal threshold (%)')}",
    property=_THRESHOLD,
    platforms=LIVING - APPLE,
    reads=_PERIOD,
)
@of_settings
def check_window(settings: Settings) -> Iterator[Complaint]:
    """A device that is switched off for the whole window comes back with an expired certificate
    and may not get onto the network to renew it. Two weeks are taken as a normal absence."""
    days = settings.renewal_window_days
    if days is not None and days < _OFFLINE_DAYS:
        yield Complaint(f"The renewal window is {days:.0f} days.")


@rule(
    "R-144",
    Severity.WARNING,
    "Expired certificates that are never renewed",
    remedy="Take these devices out of the profile until the expired certificate is gone from them,"
    " and put them back.",
    source=page("step 7, Renewal threshold (%), Note"),
    property=_THRESHOLD,
    platforms=APPLE,
    needs=(Need.DEVICES,),
    asks=Need.DEVICES,
    reads=(),
)
def check_expired(context: Context) -> Iterator[Complaint]:
    """On iOS/iPadOS and macOS a certificate that has expired stays on the device, and Intune
    triggers no renewal any more. A later change of the profile does not reach such a device either.
    Counted are devices on which no certificate of the profile is valid any more."""
    count = read(
        context.require_devices().expired, Need.DEVICES, "which certificates are on the devices"
    )
    if count:
        yield Complaint(
            f"On {counted(count, 'device')} every certificate of the profile has expired; Intune"
            " does not renew it."
        )
