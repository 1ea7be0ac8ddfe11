"""Rules about the trusted root: the link to it, its platform, its assignment, its certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from intune_scep.profiles import find_profile_type
from intune_scep.profiles.enums import CertificateDestinationStore
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import DEVICE_ADMINISTRATOR, WINDOWS, family_of
from intune_scep.rules.registry import (
    CLOUD_PKI_PAGE,
    GRAPH_METADATA,
    TRUSTED_ROOT,
    TRUSTED_ROOT_PAGE,
    page,
    rule,
)
from intune_scep.rules.targets import included

_STORES: Final = tuple(CertificateDestinationStore)
_LINK: Final = "rootCertificate"
_CERTIFICATE: Final = "trustedRootCertificate"
_SECTION: Final = "step 7, Root Certificate"


@rule(
    "R-120",
    Severity.ERROR,
    "No trusted root linked",
    remedy="Link the trusted root profile that validates the issuing CA.",
    source=f"{page(_SECTION)}; {TRUSTED_ROOT_PAGE}",
    property=_LINK,
    needs=(Need.ROOT,),
    asks=Need.ROOT,
)
def check_root_linked(context: Context) -> Iterator[Complaint]:
    """A SCEP profile must reference a trusted root profile. The link is never part of a plain
    read, so its absence there means nothing; this rule is judged only where the link was read."""
    if context.linked_root is None:
        yield Complaint("The profile is linked to no trusted root profile.")


@rule(
    "R-121",
    Severity.ERROR,
    "Trusted root of another platform",
    remedy="Link a trusted root profile of the same platform.",
    source=f"{page(_SECTION)}; {TRUSTED_ROOT_PAGE}",
    property=_LINK,
    needs=(Need.ROOT,),
    asks=Need.ROOT,
)
def check_root_platform(context: Context) -> Iterator[Complaint]:
    """A trusted root profile reaches devices of its own platform only, so devices would receive
    the SCEP profile without its root."""
    root = context.linked_root
    if root is None:
        return
    other = root.profile_type.platform
    if family_of(other) != family_of(context.platform):
        yield Complaint(
            f"The trusted root “{root.display_name}” is for {PLATFORM_NAMES[other]}, the profile"
            f" for {PLATFORM_NAMES[context.platform]}."
        )


@rule(
    "R-122",
    Severity.WARNING,
    "Linked certificate is an intermediate CA",
    remedy="Check which certificate your issuing CA needs; the link is never changed for you.",
    source=f"{page(f'{_SECTION}, Note')}; other pages disagree",
    property=_LINK,
    needs=(Need.ROOT,),
    asks=Need.ROOT,
)
def check_top_level_root(context: Context) -> Iterator[Complaint]:
    """With a root and an issuing CA Microsoft's page says to select the top-level root that
    validates the issuing CA. Other pages name the issuing CA itself, so this is a warning."""
    root = context.linked_root
    if root is None:
        return
    certificate = read_ca_certificate(root.trusted_root_certificate)
    if certificate.facts and certificate.is_intermediate:
        yield Complaint(
            f"The trusted root “{root.display_name}” holds “{certificate.facts.subject}”, issued by"
            f" “{certificate.facts.issuer}”."
        )


@rule(
    "R-123",
    Severity.ERROR,
    "Trusted root not assigned",
    remedy="Assign the trusted root profile to the groups of this profile.",
    source=page("Assign the certificate profile, Important"),
    property=_LINK,
    needs=(Need.ROOT, Need.ASSIGNMENTS),
    asks=Need.ROOT,
)
def check_root_assigned(context: Context) -> Iterator[Complaint]:
    """A device must have received the trusted root before it can use the SCEP profile. A profile
    without a link is rule R-120; one that nobody gets misses no root."""
    root = context.linked_root
    if root is not None and not included(context.root_targets) and included(context.targets):
        yield Complaint(f"The trusted root “{root.display_name}” is assigned to nobody.")


@rule(
    "R-124",
    Severity.ERROR,
    "Trusted root profile without a valid CA certificate",
    remedy="Upload the certificate of a CA as DER (.cer), without a private key; of one that is"
    " only odd, see on a device that it is trusted.",
    source=TRUSTED_ROOT_PAGE,
    property=_CERTIFICATE,
    kinds=TRUSTED_ROOT,
    reads=(),
)
def check_ca_certificate(context: Context) -> Iterator[Complaint]:
    """A trusted root profile delivers one root or intermediate CA certificate. A server or user
    certificate, a PFX file or an expired certificate makes devices trust nothing. What is only odd
    about a CA certificate, from its version to the letters in its names, is a warning."""
    if _CERTIFICATE in context.known.malformed:
        yield Complaint("trustedRootCertificate is not a text.")
        return
    from intune_scep.certificates import describe_certificate, oddities, why_no_ca

    certificate = read_ca_certificate(context.own_root.trusted_root_certificate)
    facts = certificate.facts
    if facts is None:
        yield Complaint(certificate.problem or "There is no certificate.")
        return
    if certificate.problem:
        yield Complaint(certificate.problem)
    refusal = why_no_ca(facts)
    if refusal is not None:
        yield Complaint(refusal)
    else:
        yield from (Complaint(oddity, Severity.WARNING) for oddity in oddities(facts))
    today = datetime(context.today.year, context.today.month, context.today.day, tzinfo=UTC)
    if facts.not_after is not None and facts.not_after < today:
        yield Complaint(f"The certificate has expired: {describe_certificate(facts)}.")


@rule(
    "R-125",
    Severity.WARNING,
    "CA certificate in the wrong Windows store",
    remedy="Put a root into computerCertStoreRoot and an intermediate CA into an intermediate"
    " store.",
    source=f"{TRUSTED_ROOT_PAGE}; {GRAPH_METADATA}",
    property="destinationStore",
    kinds=TRUSTED_ROOT,
    platforms=WINDOWS,
    reads=("destinationStore", _CERTIFICATE),
)
def check_destination_store(context: Context) -> Iterator[Complaint]:
    """Windows trusts what is in the root store. A root among the intermediates is not trusted,
    and an intermediate CA among the roots is trusted more than it should be."""
    store = getattr(context.own_root, "destination_store", None)
    if store not in _STORES:
        yield Complaint(f"destinationStore is {store!r}." if store else "No store is chosen.")
        return
    certificate = read_ca_certificate(context.own_root.trusted_root_certificate)
    in_root = store == CertificateDestinationStore.COMPUTER_CERT_STORE_ROOT
    if certificate.is_root and not in_root:
        yield Complaint(f"A self-signed root is in {store}.")
    elif certificate.is_intermediate and in_root:
        yield Complaint(f"An intermediate CA certificate is in {store}.")


@rule(
    "R-126",
    Severity.WARNING,
    "Root delivered without a CA below it",
    remedy="Deliver the certificates of the CAs below the root in trusted root profiles of the same"
    " platform, or waive this for a root that issues certificates itself.",
    source=f"{TRUSTED_ROOT_PAGE}; {CLOUD_PKI_PAGE}",
    property=_CERTIFICATE,
    kinds=TRUSTED_ROOT,
    needs=(Need.TENANT, Need.ASSIGNMENTS),
)
def check_issuing_ca(context: Context) -> Iterator[Complaint]:
    """A root profile gives devices the root alone. Where certificates are issued by CAs below it,
    devices need those certificates too, each in a trusted root profile of its own, unless the
    other side sends them. A root that nobody gets is left alone."""
    own = read_ca_certificate(context.own_root.trusted_root_certificate)
    if own.facts is None or not own.is_root or not included(context.targets):
        return
    subject = own.facts.subject
    if subject not in context.of_all_roots(_issuers):
        yield Complaint(
            f"Devices get the root “{subject}”, but no trusted root profile for"
            f" {PLATFORM_NAMES[context.platform]} gives them a CA certificate issued by it. If CAs"
            " below the root issue your certificates, devices may not be able to build the chain."
        )


def _issuers(certificates: Sequence[str | None]) -> frozenset[str | None]:
    """Who issued those that are below another one."""
    found = map(read_ca_certificate, certificates)
    return frozenset(item.facts.issuer for item in found if item.facts and item.is_intermediate)


@rule(
    "R-127",
    Severity.WARNING,
    "Root profile for Android device administrator",
    remedy="Enrol the devices in Android Enterprise, or install the root on them by hand.",
    source=page("introduction, Note on Android 11"),
    property="@odata.type",
    kinds=TRUSTED_ROOT,
    platforms=DEVICE_ADMINISTRATOR,
)
def check_android_root(context: Context) -> Iterator[Complaint]:
    """Beginning with Android 11 a trusted root profile can no longer install the root on devices
    enrolled as device administrator, except on Samsung Knox."""
    row = find_profile_type(context.own_root.odata_type)
    name = row.name if row else context.own_root.odata_type
    yield Complaint(f"{name} does not work on Android 11 and later without Knox.")
