"""Rules about the SCEP server URLs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.model import Complaint, Severity
from intune_scep.rules.platforms import (
    ANDROID_ENTERPRISE,
    AOSP,
    APPLE,
    DEVICE_ADMINISTRATOR,
    IOS,
    WINDOWS,
)
from intune_scep.rules.registry import ADMIN_CENTER, CLOUD_PKI_PAGE, TOOL_RULE, page, rule
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import repeated

_URLS: Final = "scepServerUrls"
_SECTION: Final = "step 7, SCEP Server URLs"


@rule(
    "R-150",
    Severity.ERROR,
    "No SCEP server URL",
    remedy="Enter the URL of the NDES server or of the cloud CA.",
    source=page(_SECTION),
    property=_URLS,
)
@of_settings
def check_any_url(settings: Settings) -> Iterator[Complaint]:
    """Without a URL the device has nowhere to request a certificate."""
    if not settings.urls:
        yield Complaint("There is no SCEP server URL.")


@rule(
    "R-151",
    Severity.ERROR,
    "http URL on Android",
    remedy="Use https.",
    source=page(_SECTION),
    property=_URLS,
    platforms=ANDROID_ENTERPRISE | DEVICE_ADMINISTRATOR,
)
@of_settings
def check_android_https(settings: Settings) -> Iterator[Complaint]:
    """Android device administrator and Android Enterprise devices need https."""
    yield from _http_urls(settings, None)


@rule(
    "R-152",
    Severity.WARNING,
    "http URL",
    remedy="Use https.",
    source=f"{page(_SECTION)}; {ADMIN_CENTER}",
    property=_URLS,
    platforms=WINDOWS | APPLE | AOSP,
)
@of_settings
def check_https(settings: Settings) -> Iterator[Complaint]:
    """Microsoft's page permits http on Windows, iOS/iPadOS and macOS, while the admin center asks
    for https. AOSP is not on the list of platforms that need https, but is Android: there it is
    an error, to be safe."""
    yield from _http_urls(settings, Severity.ERROR if settings.platform in AOSP else None)


def _http_urls(settings: Settings, severity: Severity | None) -> Iterator[Complaint]:
    for url in settings.urls:
        if url.scheme == "http":
            name = PLATFORM_NAMES[settings.platform]
            yield Complaint(f"{url.text} is not encrypted ({name}).", severity)


@rule(
    "R-153",
    Severity.ERROR,
    "Not an http or https URL",
    remedy="Write the whole URL, for example https://ndes.contoso.com/certsrv/mscep/mscep.dll.",
    source=f"{page(_SECTION)}; {CLOUD_PKI_PAGE}",
    property=_URLS,
)
@of_settings
def check_absolute_urls(settings: Settings) -> Iterator[Complaint]:
    """Each entry is one absolute URL. Two URLs in one entry, or a scheme written twice, lead
    nowhere. The literal host {{CloudPKIFQDN}} is valid and stays as it is: Intune fills it in."""
    for url in settings.urls:
        if not url.is_absolute:
            what = "more than one URL" if url.is_several else "not an absolute http or https URL"
            yield Complaint(f"{url.text!r} is {what}.")


@rule(
    "R-159",
    Severity.ERROR,
    "Page for administrators instead of the SCEP server",
    remedy="Use the address that answers SCEP, for example"
    " https://ndes.contoso.com/certsrv/mscep/mscep.dll.",
    source="Microsoft: Network Device Enrollment Service guidance",
    property=_URLS,
)
@of_settings
def check_enrolment_address(settings: Settings) -> Iterator[Complaint]:
    """mscep_admin is the page on which a person gets a challenge password. Devices that are sent
    there get no certificate."""
    for url in settings.urls:
        if "mscep_admin" in url.text.lower():
            yield Complaint(f"{url.text} is the page for administrators.")


@rule(
    "R-154",
    Severity.ERROR,
    "Cloud PKI mixed with other SCEP servers",
    remedy="Make one profile for Cloud PKI and one for the other servers.",
    source=CLOUD_PKI_PAGE,
    property=_URLS,
)
@of_settings
def check_one_pki(settings: Settings) -> Iterator[Complaint]:
    """A device takes any of the URLs. Certificates of one profile would come from different PKIs
    under different roots."""
    kinds = {url.is_cloud_pki for url in settings.urls}
    if len(kinds) > 1:
        yield Complaint("The URLs lead to Cloud PKI and to other SCEP servers.")


@rule(
    "R-155",
    Severity.WARNING,
    "SCEP server that the internet cannot reach",
    remedy="Publish the server under an external name, unless devices enrol on the internal network"
    " only.",
    source=page(_SECTION),
    property=_URLS,
)
@of_settings
def check_external_urls(settings: Settings) -> Iterator[Complaint]:
    """Devices on the internet need a name that resolves there. Private addresses, single labels
    and suffixes such as .local do not."""
    for url in settings.urls:
        if url.is_internal:
            yield Complaint(f"{url.host} cannot be reached from the internet.")


@rule(
    "R-156",
    Severity.WARNING,
    "Several SCEP server URLs",
    remedy="Make sure that all three calls of a request reach the same server, by one URL per"
    " server or by affinity on the load balancer.",
    source=page(_SECTION),
    property=_URLS,
    question="Does every SCEP URL lead to a single server, or to a load balancer with affinity?",
)
@of_settings
def check_affinity(settings: Settings) -> Iterator[Complaint]:
    """A device makes three calls: capabilities, public key, request. If they reach different NDES
    servers the request fails. A name that hides several servers cannot be seen from here, so with
    more than one URL somebody must confirm it."""
    count = len({url.identity for url in settings.urls})
    if count > 1:
        yield Complaint(f"There are {count} SCEP server URLs.")


@rule(
    "R-157",
    Severity.INFO,
    "Several URLs are no failover on iOS/iPadOS",
    remedy="Give iOS/iPadOS one URL behind which stands more than one server, with affinity.",
    source=page(_SECTION),
    property=_URLS,
    platforms=IOS,
)
@of_settings
def note_no_failover(settings: Settings) -> Iterator[Complaint]:
    """Android devices shuffle the URLs and work through them, and Windows gets a shuffled list.
    iOS/iPadOS gets a single URL, chosen at random: if that server cannot be reached, the request
    fails. The order of the URLs means nothing anywhere, so this tool compares them as a set."""
    count = len({url.identity for url in settings.urls})
    if count > 1:
        yield Complaint(
            f"A device gets one of the {count} URLs at random and does not try another."
        )


@rule(
    "R-158",
    Severity.WARNING,
    "SCEP server URL given twice",
    remedy="Remove one of them.",
    source=TOOL_RULE,
    property=_URLS,
)
@of_settings
def check_duplicate_urls(settings: Settings) -> Iterator[Complaint]:
    """The same URL twice adds no server and no redundancy."""
    for identity, count in repeated([url.identity for url in settings.urls]):
        yield Complaint(f"{identity} is there {count} times.")
