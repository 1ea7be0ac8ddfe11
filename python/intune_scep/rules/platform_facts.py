"""What a plan must say about its platform, and what a platform cannot do with a certificate."""

from __future__ import annotations

from collections.abc import Iterator

from intune_scep.profiles.enums import KeySize
from intune_scep.profiles.revocation import about_any_change
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.assignment import kinds_of_target
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import (
    ANDROID_ENTERPRISE,
    AOSP,
    APPLE,
    CORPORATE_ANDROID,
    WINDOWS,
)
from intune_scep.rules.registry import SCEPMAN, page, rule
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings
from intune_scep.rules.targets import describe, included
from intune_scep.rules.texts import counted


@rule(
    "R-190",
    Severity.INFO,
    "Progress cannot be seen in Intune",
    remedy="Verify certificates at the CA or on a device; no report is no failure.",
    source=page("step 3, limitations of Device Owner and AOSP profiles"),
    property="@odata.type",
    platforms=CORPORATE_ANDROID,
    needs=(Need.PLAN,),
)
def note_no_report(context: Context) -> Iterator[Complaint]:
    """Intune reports no certificates of these devices, so the progress of a change is unknown
    there, and a count of zero means nothing."""
    if context.reissues:
        name = PLATFORM_NAMES[context.platform]
        yield Complaint(f"Intune does not report certificates of {name}: progress is unknown.")


@rule(
    "R-191",
    Severity.WARNING,
    "Old certificates stay valid until the CA revokes them",
    remedy="Revoke the old certificates at the CA when the new ones are in use.",
    source=page("step 3, limitations of Device Owner and AOSP profiles"),
    property="@odata.type",
    platforms=CORPORATE_ANDROID,
    needs=(Need.PLAN,),
)
def note_no_revocation(context: Context) -> Iterator[Complaint]:
    """Intune cannot revoke certificates of these devices."""
    if context.reissues:
        name = PLATFORM_NAMES[context.platform]
        yield Complaint(f"Intune cannot revoke the previous certificates of {name}.")


@rule(
    "R-193",
    Severity.INFO,
    "AOSP uses certificates for Wi-Fi only",
    remedy="Take the VPN profile away from these devices.",
    source=page("step 3, Android (AOSP)"),
    property="@odata.type",
    platforms=AOSP,
    needs=(Need.DEPENDANTS,),
    asks=Need.DEPENDANTS,
)
def check_aosp_vpn(context: Context) -> Iterator[Complaint]:
    """SCEP certificates on AOSP devices are supported for Wi-Fi. There is no VPN profile for
    them."""
    for dependant in context.require_dependants():
        if "vpn" in dependant.odata_type.lower():
            yield Complaint(f"“{dependant.name}” is a VPN profile.")


@rule(
    "R-194",
    Severity.INFO,
    "One more certificate per dependant",
    remedy="Count devices times one plus dependants when you plan the load of NDES and the CA.",
    source=page("Assign the certificate profile, Note"),
    property="@odata.type",
    platforms=APPLE,
    needs=(Need.DEPENDANTS,),
    asks=Need.DEPENDANTS,
)
def note_multiplied(context: Context) -> Iterator[Complaint]:
    """On iOS/iPadOS and macOS each Wi-Fi, VPN or e-mail profile that uses the SCEP profile receives
    a certificate of its own, besides the one of the SCEP profile."""
    count = len(context.require_dependants())
    if count:
        yield Complaint(
            f"{counted(count, 'profile')} use the certificate: {count + 1} certificates per device."
        )


@rule(
    "R-195",
    Severity.INFO,
    "New certificates have a new key and serial number",
    remedy="Rewrite mappings by issuer and serial number, and expect new thumbprints.",
    source=page("Assign the certificate profile, Note; step 7, Renewal threshold (%)"),
    property="@odata.type",
    needs=(Need.PLAN,),
)
def note_new_key(context: Context) -> Iterator[Complaint]:
    """Each SCEP certificate is unique and has its own key pair. Whatever points at an old one, such
    as altSecurityIdentities by serial number, points at nothing afterwards."""
    if context.reissues:
        yield Complaint("Thumbprints, keys and serial numbers change with the re-issue.")


@rule(
    "R-196",
    Severity.INFO,
    "Android may ask for a PIN first",
    remedy="Require a device PIN before the change.",
    source=page("introduction; PIN requirement for Android Enterprise"),
    property="@odata.type",
    platforms=ANDROID_ENTERPRISE,
    needs=(Need.PLAN,),
)
def note_pin(context: Context) -> Iterator[Complaint]:
    """Android Enterprise devices might need a PIN before a certificate can be installed; without
    one the certificate stays pending."""
    if context.reissues:
        yield Complaint("Devices without a PIN may keep the new certificate pending.")


@rule(
    "R-197",
    Severity.INFO,
    "Below Apple's requirements for certificates",
    remedy="Use 2048 bits or more and SHA-2.",
    source=f"{page('Assign the certificate profile, Note')}; Apple: HT210176",
    property="keySize",
    platforms=APPLE,
    reads=("keySize", "hashAlgorithm"),
)
@of_settings
def check_apple_requirements(settings: Settings) -> Iterator[Complaint]:
    """Since iOS 13 and macOS 10.15 Apple refuses TLS certificates with RSA keys under 2048 bits or
    SHA-1. Microsoft's page only links to Apple's document."""
    profile = settings.profile
    if profile.key_size == KeySize.SIZE_1024:
        yield Complaint("The key has only 1024 bits.")
    if profile.hash_algorithm is not None and "sha1" in profile.hash_algorithm:
        yield Complaint(f"hashAlgorithm is {profile.hash_algorithm}.", property="hashAlgorithm")


@rule(
    "R-198",
    Severity.INFO,
    "What the change does to certificates",
    remedy="Treat every change as a re-issue until you have seen otherwise.",
    source=f"{SCEPMAN}; Microsoft: Remove certificates",
    property="@odata.type",
    needs=(Need.PLAN,),
)
def note_forecast(context: Context) -> Iterator[Complaint]:
    """Practitioners report that subject, alternative names, validity and extended key usages
    re-issue certificates, while name, description, renewal threshold and SCEP URLs do not.
    Microsoft's page knows no harmless change where Intune revokes. Nobody documents the rest. A
    plan with one re-issuing change re-issues, whatever else it changes."""
    plan = context.plan
    rows = context.known.profile_type.properties_by_name
    changed = sorted(name for name in plan.changed if name in rows)
    if plan.before is None or not changed:
        return
    if harmful := [name for name in changed if rows[name].re_enrols]:
        yield Complaint(f"The change of {', '.join(harmful)} re-issues every certificate.")
    elif unknown := [name for name in changed if rows[name].re_enrols is None]:
        yield Complaint(
            f"Whether the change of {', '.join(unknown)} re-issues certificates is not documented;"
            " expect it."
        )
    else:
        yield Complaint(
            f"The change of {', '.join(changed)} is reported not to re-issue certificates."
            f" {about_any_change(context.platform)}"
        )


@rule(
    "R-199",
    Severity.INFO,
    "Multi-session hosts get certificates by their kind only",
    remedy="For multi-session hosts assign user certificates to users and device certificates to"
    " devices, the trusted root to both.",
    source=f"{page('introduction, Tip')}; Microsoft: Windows Enterprise multi-session remote"
    " desktops with Intune",
    property="assignments",
    platforms=WINDOWS,
    needs=(Need.ASSIGNMENTS, Need.DIRECTORY),
    reads=("certificateStore",),
)
def note_multi_session(context: Context) -> Iterator[Complaint]:
    """SCEP profiles are supported on hosts of Azure Virtual Desktop with Windows Enterprise
    multi-session: device certificates where they are assigned to devices, user certificates where
    they are assigned to users. Assigned the other way round, which works on other computers, they
    are told as not applicable there."""
    if not (context.scep.is_user or context.scep.is_device):
        return
    own, word = ("users", "user") if context.scep.is_user else ("devices", "device")
    kinds = {target: kinds_of_target(context, target) for target in included(context.targets)}
    others = [target for target, found in kinds.items() if found and own not in found]
    if others:
        yield Complaint(
            f"Multi-session hosts get this {word} certificate where it is assigned to {own}, but it"
            f" is assigned to {describe(others)}."
        )
