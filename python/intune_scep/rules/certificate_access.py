"""Rules about which Android apps may use the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intune_scep.profiles.enums import AndroidDeviceOwnerCertificateAccessType as AccessType
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import ANDROID_ENTERPRISE, DEVICE_OWNER, LIVING
from intune_scep.rules.registry import GRAPH_METADATA, TOOL_RULE, page, rule
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings

_TYPE: Final = "certificateAccessType"
_APPS: Final = "silentCertificateAccessDetails"
_MOST_APPS: Final = 50


@rule(
    "R-160",
    Severity.ERROR,
    "Certificate access outside corporate Android",
    remedy=f"Remove {_TYPE} and {_APPS}.",
    source=f"{page('step 8')}; {GRAPH_METADATA}",
    property=_TYPE,
    platforms=LIVING - DEVICE_OWNER,
    reads=(),
)
@of_settings
def check_access_platform(settings: Settings) -> Iterator[Complaint]:
    """Only profiles for fully managed, dedicated and corporate-owned work profile devices have the
    step Apps. Graph refuses its properties on other types."""
    for name in (_TYPE, _APPS):
        if settings.wire.get(name) is not None:
            platform = PLATFORM_NAMES[settings.platform]
            yield Complaint(f"{name} is set, but {platform} has none.", property=name)


@rule(
    "R-161",
    Severity.ERROR,
    "Silent access without apps",
    remedy="Name one to 50 apps by their package id, or require user approval.",
    source=f"{page('step 8')}; {GRAPH_METADATA}",
    property=_APPS,
    platforms=DEVICE_OWNER,
    reads=(_TYPE, _APPS),
)
@of_settings
def check_silent_apps(settings: Settings) -> Iterator[Complaint]:
    """“Grant silently for specific apps” needs apps; Graph takes 50 at most."""
    apps = _apps(settings)
    if _access_type(settings) == AccessType.SPECIFIC_APPS and not apps:
        yield Complaint("Access is granted to specific apps, but none is named.")
    if len(apps) > _MOST_APPS:
        yield Complaint(f"{len(apps)} apps are named.")
    if any(not app.strip() for app in apps):
        yield Complaint("An app has no package id.")


@rule(
    "R-162",
    Severity.WARNING,
    "List of apps without effect",
    remedy="Choose specificApps, or empty the list.",
    source=TOOL_RULE,
    property=_APPS,
    platforms=DEVICE_OWNER,
    reads=(_TYPE, _APPS),
)
@of_settings
def check_idle_apps(settings: Settings) -> Iterator[Complaint]:
    """With user approval for all apps the list of apps does nothing."""
    apps = _apps(settings)
    if apps and _access_type(settings) == AccessType.USER_APPROVAL:
        yield Complaint(f"User approval is required, but apps are named: {', '.join(apps)}.")


@rule(
    "R-163",
    Severity.WARNING,
    "Silent approval does not reach VPN",
    remedy="Tell users to confirm the certificate when the VPN app asks, or use another kind of"
    " logon for an always-on VPN.",
    source=f"{page('step 7, Certificate type (storage of certificates)')}; {page('step 8')}",
    property=_TYPE,
    platforms=ANDROID_ENTERPRISE,
    needs=(Need.DEPENDANTS,),
    asks=Need.DEPENDANTS,
    reads=(_TYPE,),
)
def check_vpn_approval(context: Context) -> Iterator[Complaint]:
    """A VPN app asks the user to select the certificate. Microsoft's page says that silent approval
    is not supported there on fully managed devices and personal ones, yet lets it be granted for
    each app. It is a warning where silent access is configured, since it may not do what it
    promises, and an information elsewhere."""
    vpn = [item.name for item in context.require_dependants() if "vpn" in item.odata_type.lower()]
    if not vpn:
        return
    names = ", ".join(f"“{name}”" for name in vpn)
    if _access_type(context.scep.settings) == AccessType.SPECIFIC_APPS:
        yield Complaint(
            f"Access is granted silently, but {names} gives a VPN, whose users are asked all the"
            " same."
        )
    else:
        yield Complaint(
            f"{names} gives a VPN: its users are asked to select the certificate.", Severity.INFO
        )


def _access_type(settings: Settings) -> str | None:
    return getattr(settings.profile, "certificate_access_type", None)


def _apps(settings: Settings) -> list[str]:
    details = getattr(settings.profile, "silent_certificate_access_details", None) or ()
    return [detail.package_id or "" for detail in details]
