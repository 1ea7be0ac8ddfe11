"""Rules about user and device certificates and about the deployment channel of macOS."""

from __future__ import annotations

from collections.abc import Iterator

from intune_scep.profiles import PROFILE_TYPES, Platform, Profile
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context, read
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.places import LEGACY_SAN, SANS, SUBJECT
from intune_scep.rules.platforms import ALL, ANDROID, CORPORATE_ANDROID, LIVING, MACOS
from intune_scep.rules.registry import ADMIN_CENTER, BOTH_KINDS, GRAPH_METADATA, page, rule
from intune_scep.rules.said import of_settings, of_wording
from intune_scep.rules.scep_facts import SID_FOLDED
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import counted, variable, variables
from intune_scep.rules.wording import Wording

_STORES = ("user", "machine")
_WITH_STORE = frozenset(row.platform for row in PROFILE_TYPES if row.has_certificate_store) & LIVING
_CHANNEL = "deploymentChannel"


@rule(
    "R-010",
    Severity.ERROR,
    "Certificate type is neither user nor device",
    remedy="Set certificateStore to user or machine.",
    source=f"{page('step 7, Certificate type')}; {GRAPH_METADATA}",
    property="certificateStore",
    platforms=_WITH_STORE,
    reads=(),
)
@of_settings
def check_certificate_store(settings: Settings) -> Iterator[Complaint]:
    """The certificate type decides which variables may be used, which store the certificate goes
    to and whether strong mapping is about a user or a device."""
    if "certificateStore" in settings.malformed:
        yield Complaint("certificateStore is not a text.")
        return
    store = settings.profile.certificate_store
    if not store:
        yield Complaint("certificateStore is not set.")
    elif store not in _STORES:
        yield Complaint(f"certificateStore is {store!r}; Graph knows user and machine.")


@rule(
    "R-011",
    Severity.ERROR,
    "User variable in the alternative names of a device certificate",
    remedy="Use device variables only, for example {{AAD_Device_ID}} or {{DeviceName}}.",
    source=page("step 7, Certificate type: Device"),
    property=SANS,
    reads=(SANS, "certificateStore"),
)
@of_wording
def check_device_alternative_names(wording: Wording) -> Iterator[Complaint]:
    """A device certificate is requested for the device. There is no user whose attributes could
    be filled in, so the request fails. The subject of device certificates is rule R-027; the one
    variable with rules of its own is OnPremisesSecurityIdentifier (R-072)."""
    if not wording.is_device:
        return
    for place in wording.alternative_names:
        for used in place.variables:
            if used.known and not used.known.device and used.folded != SID_FOLDED:
                yield Complaint(
                    f"The {place.label} {place.text!r} of a device certificate uses the user"
                    f" variable {variable(used.name)}.",
                    property=place.wire_name,
                )


@rule(
    "R-013",
    Severity.ERROR,
    "Device certificate in the user channel",
    remedy="Use the device channel in a new profile: the channel of this one cannot be changed.",
    source=page("step 7, Certificate type (macOS)"),
    property=_CHANNEL,
    platforms=MACOS,
    reads=(_CHANNEL, "certificateStore"),
)
@of_settings
def check_user_channel(settings: Settings) -> Iterator[Complaint]:
    """On macOS the user channel can be chosen for user certificates only."""
    if _channel(settings.profile) == "userChannel" and settings.wording.is_device:
        yield Complaint("The profile gives device certificates through the user channel.")


@rule(
    "R-014",
    Severity.WARNING,
    "User certificate in the device channel",
    remedy="Make a new profile in the user channel if the certificate belongs in the user's"
    " keychain; the channel of this one cannot be changed.",
    source=f"{page('step 7, Deployment channel')}; {ADMIN_CENTER}",
    property=_CHANNEL,
    platforms=MACOS,
    reads=(_CHANNEL, "certificateStore"),
)
@of_settings
def check_device_channel(settings: Settings) -> Iterator[Complaint]:
    """The device channel stores certificates in the system keychain of the Mac. Microsoft says
    always to use the user channel for user certificates, yet lets the device channel carry them,
    so this is a warning and no error."""
    if _channel(settings.profile) == "deviceChannel" and settings.wording.is_user:
        yield Complaint("The profile gives user certificates through the device channel.")


@rule(
    "R-015",
    Severity.ERROR,
    "Deployment channel cannot be changed",
    remedy="Make a new profile with the other channel and retire this one.",
    source=page("step 7, Deployment channel"),
    property=_CHANNEL,
    kinds=BOTH_KINDS,
    platforms=MACOS,
    needs=(Need.PLAN,),
)
def check_channel_change(context: Context) -> Iterator[Complaint]:
    """Intune cannot edit the deployment channel after the profile was deployed."""
    plan = context.plan
    if plan.before is not None and _CHANNEL in plan.changed:
        old = getattr(plan.before, "deployment_channel", None)
        new = getattr(plan.after, "deployment_channel", None)
        yield Complaint(f"The plan changes the deployment channel from {old} to {new}.")


@rule(
    "R-016",
    Severity.WARNING,
    "Trusted root in another deployment channel",
    remedy="Link a trusted root profile of the same channel.",
    source=f"{page('step 7, Deployment channel')}; inferred, not quoted",
    property=_CHANNEL,
    platforms=MACOS,
    needs=(Need.ROOT,),
    asks=Need.ROOT,
)
def check_root_channel(context: Context) -> Iterator[Complaint]:
    """The channel decides in which keychain the linked certificates are stored. With a root in
    the other keychain the certificate may not be trusted where it is used."""
    own = _channel(context.known)
    root = context.linked_root
    other = getattr(root, "deployment_channel", None)
    if own and other and own != other:
        yield Complaint(f"The profile uses {own}, its trusted root {other}.")


@rule(
    "R-017",
    Severity.ERROR,
    "Deployment channel outside macOS",
    remedy="Remove deploymentChannel.",
    source=GRAPH_METADATA,
    property=_CHANNEL,
    kinds=BOTH_KINDS,
    platforms=ALL - MACOS,
)
def check_channel_is_macos(context: Context) -> Iterator[Complaint]:
    """Only the macOS types have the property; Graph refuses it on others."""
    if context.wire.get(_CHANNEL) is not None:
        yield Complaint(
            f"deploymentChannel is set, but {PLATFORM_NAMES[context.platform]} has none."
        )


@rule(
    "R-018",
    Severity.WARNING,
    "User variable on devices without a user",
    remedy="Use a device certificate with device variables for these devices.",
    source=page("step 7, Subject name format, User certificate type"),
    property=SUBJECT,
    platforms=CORPORATE_ANDROID,
    needs=(Need.DEVICES,),
    reads=(SUBJECT, SANS, LEGACY_SAN),
)
def check_userless_devices(context: Context) -> Iterator[Complaint]:
    """Dedicated devices and userless AOSP devices have no user, so a user variable stays empty
    and the certificate is not issued."""
    all_used = context.scep.all_used
    names = {used.name for _, used in all_used if used.known and not used.known.device}
    if not names:
        return
    count = read(
        context.require_devices().without_user,
        Need.DEVICES,
        "how many devices in scope have no user",
    )
    if count:
        verb = "has" if count == 1 else "have"
        yield Complaint(
            f"{counted(count, 'device')} in scope {verb} no user, but the profile uses"
            f" {variables(names)}."
        )


_LOCATIONS = {
    (Platform.WINDOWS, "user"): "the personal certificate store of the user (certmgr.msc)",
    (Platform.WINDOWS, "machine"): "the Local Computer store (certlm.msc)",
}
_ANDROID_LOCATION = (
    "the VPN and apps store, and also in the Wi-Fi store if a Wi-Fi profile uses the certificate"
)


def certificate_location(context: Context) -> str | None:
    """Where on a device the certificates of the profile are found (rule R-019).

    Returns:
        None where Microsoft's page does not say.
    """
    if context.platform is Platform.MACOS:
        keychain = "user" if _channel(context.known) == "userChannel" else "system"
        return f"the {keychain} keychain"
    if context.platform in ANDROID:
        return _ANDROID_LOCATION
    return _LOCATIONS.get((context.platform, context.scep.profile.certificate_store or ""))


@rule(
    "R-019",
    Severity.INFO,
    "Where the new certificate will be",
    remedy="Look there when you verify the change on a device.",
    source=page("step 7, Certificate type (storage of certificates)"),
    property="certificateStore",
    platforms=LIVING - {Platform.IOS},
    needs=(Need.PLAN,),
    reads=("certificateStore", _CHANNEL),
)
def note_location(context: Context) -> Iterator[Complaint]:
    """An administrator who looks in the wrong store finds nothing and takes the change for a
    failure: device certificates on Windows are not in the user's store, and macOS puts everything
    in the system keychain unless the user channel is used."""
    location = certificate_location(context)
    if context.reissues and location:
        yield Complaint(f"The certificate will be in {location}.")


def _channel(profile: Profile) -> str | None:
    return getattr(profile, "deployment_channel", None)
