"""Rules about the type of a profile, its name and its description."""

from __future__ import annotations

from collections.abc import Iterator

from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context, NotReadError, read
from intune_scep.rules.model import FOREIGN, Complaint, Need, Severity
from intune_scep.rules.platforms import ALL as ALL_PLATFORMS
from intune_scep.rules.platforms import (
    ANDROID_ENTERPRISE,
    DEVICE_ADMINISTRATOR,
    RETIRED,
    family_of,
)
from intune_scep.rules.registry import BOTH_KINDS, GRAPH_METADATA, page, rule
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import counted


def is_pkcs(odata_type: str) -> bool:
    """Whether a type is a PKCS certificate profile."""
    return odata_type.lower().endswith("pkcscertificateprofile")


@rule(
    "R-001",
    Severity.ERROR,
    "Not a certificate profile type",
    remedy="Use the type of the platform; for Windows 10 and 11 that is"
    " #microsoft.graph.windows81SCEPCertificateProfile.",
    source=f"{page('step 3')}; {GRAPH_METADATA}",
    property="@odata.type",
    kinds=frozenset({FOREIGN}),
)
def check_known_type(context: Context) -> Iterator[Complaint]:
    """Graph knows one SCEP type and one trusted root type per platform and refuses any other.
    There is no windows10 SCEP type in deviceConfigurations: profiles for Windows 10 and 11 still
    carry the name of Windows 8.1. Letter case does not matter."""
    odata_type = context.foreign.odata_type
    if not odata_type:
        yield Complaint("There is no @odata.type, so nobody can tell what this object is.")
    elif not is_pkcs(odata_type):
        yield Complaint(f"{odata_type} is not a SCEP or trusted root profile type.")


@rule(
    "R-002",
    Severity.WARNING,
    "Profile of a platform that no longer exists",
    remedy="Remove the profile when no device depends on it. It is never migrated.",
    source=f"{GRAPH_METADATA}; {page('introduction')}",
    property="@odata.type",
    kinds=BOTH_KINDS,
    platforms=RETIRED,
)
def check_platform_exists(context: Context) -> Iterator[Complaint]:
    """Windows Phone 8.1 and Windows 10X are gone. Their profiles reach no device, and the types
    have no place for the SID URI."""
    yield Complaint(f"{PLATFORM_NAMES[context.platform]} no longer exists.")


@rule(
    "R-003",
    Severity.WARNING,
    "Android device administrator is a retired way of management",
    remedy="Enrol the devices in Android Enterprise and give them a profile of that platform.",
    source=f"{page('introduction (Android device administrator support)')}",
    property="@odata.type",
    platforms=DEVICE_ADMINISTRATOR,
)
@of_settings
def check_device_administrator(settings: Settings) -> Iterator[Complaint]:
    """Microsoft ended support for Android device administrator on devices with Google Mobile
    Services on 31 December 2024. Its SCEP type also cannot carry custom alternative names."""
    yield Complaint(
        "The profile is for Android device administrator, which is no longer supported."
    )


@rule(
    "R-004",
    Severity.WARNING,
    "Profile type does not match how the devices are enrolled",
    remedy="Use the fully managed, dedicated and corporate-owned profile type for corporate"
    " devices and the personally-owned work profile type for personal ones.",
    source=page("step 3, Android Enterprise"),
    property="@odata.type",
    platforms=ANDROID_ENTERPRISE,
    needs=(Need.ASSIGNMENTS, Need.DEVICES),
    asks=Need.ASSIGNMENTS,
)
def check_enrolment_family(context: Context) -> Iterator[Complaint]:
    """Android Enterprise has two families of certificate profiles. A profile of the wrong family
    is not applicable to the devices and so gives them nothing, without an error."""
    if not context.targets:
        return
    what = "how the Android devices in scope are enrolled"
    enrolments = read(context.require_devices().android_enrolments, Need.DEVICES, what)
    family = family_of(context.platform)
    matching = sum(count for platform, count in enrolments.items() if platform in family)
    total = sum(enrolments.values())
    if not total or matching:
        return
    if enrolments.get(None):
        raise NotReadError(Need.DEVICES, what)
    yield Complaint(
        f"None of the {counted(total, 'Android device')} in scope is enrolled as"
        f" {PLATFORM_NAMES[context.platform]}."
    )


@rule(
    "R-005",
    Severity.ERROR,
    "Profile without a name",
    remedy="Give it a descriptive name, such as “SCEP profile for entire company”.",
    source=page("step 5"),
    property="displayName",
    kinds=BOTH_KINDS,
    platforms=ALL_PLATFORMS,
    reads=(),
)
def check_name(context: Context) -> Iterator[Complaint]:
    """Administrators, reports and this tool find profiles by their name."""
    if not (context.known.display_name or "").strip():
        yield Complaint("The profile has no name.")


@rule(
    "R-006",
    Severity.INFO,
    "Profile without a description",
    remedy="Say what the certificate is for and who owns the profile.",
    source=page("step 5"),
    property="description",
    kinds=BOTH_KINDS,
)
def check_description(context: Context) -> Iterator[Complaint]:
    """Microsoft recommends a description. It is where the next administrator learns what depends
    on these certificates."""
    if not (context.known.description or "").strip():
        yield Complaint("The profile has no description.")
