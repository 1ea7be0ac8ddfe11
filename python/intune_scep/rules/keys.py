"""Rules about the key, where it is kept, what it may be used for, and the hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from intune_scep.profiles.enums import KeySize, KeyStorageProviderOption
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.context import Context, read
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.platforms import (
    ALL,
    ANDROID,
    ANDROID_ENTERPRISE,
    AOSP,
    APPLE,
    IOS,
    RETIRED,
    WINDOWS,
)
from intune_scep.rules.registry import (
    ADMIN_CENTER,
    CLOUD_PKI_PAGE,
    GRAPH_METADATA,
    INFRASTRUCTURE_PAGE,
    page,
    rule,
)
from intune_scep.rules.said import of_settings
from intune_scep.rules.settings import Settings
from intune_scep.rules.texts import counted

_KSP: Final = "keyStorageProvider"
_KSP_SECTION: Final = "step 7, Key storage provider (KSP)"
_SIZE_SECTION: Final = "step 7, Key size (bits)"
_HELLO: Final = KeyStorageProviderOption.USE_PASSPORT_FOR_WORK_KSP_OTHERWISE_FAIL
_TPM: Final[Mapping[str | None, str]] = {
    KeyStorageProviderOption.USE_TPM_KSP_OTHERWISE_FAIL: "always",
    KeyStorageProviderOption.USE_TPM_KSP_OTHERWISE_USE_SOFTWARE_KSP: "on devices with a TPM",
}
_PROVIDERS: Final = tuple(KeyStorageProviderOption)
_SIZES: Final = frozenset(KeySize)
_SIZE: Final = re.compile(r"size\d+")
_FIRST_WITH_4096: Final = {"ios": 14, "macos": 11}


def _ksp(settings: Settings) -> str | None:
    return getattr(settings.profile, "key_storage_provider", None)


@rule(
    "R-100",
    Severity.ERROR,
    "Key storage provider is unknown or not on Windows",
    remedy="Outside Windows remove keyStorageProvider; on Windows choose one of the four.",
    source=f"{page(_KSP_SECTION)}; {GRAPH_METADATA}",
    property=_KSP,
    platforms=ALL - RETIRED,
    reads=(),
)
@of_settings
def check_ksp(settings: Settings) -> Iterator[Complaint]:
    """Only Windows has key storage providers: the TPM, the TPM with software as a way out, Windows
    Hello for Business, and software."""
    value = settings.wire.get(_KSP)
    if value is None:
        return
    if settings.platform not in WINDOWS:
        yield Complaint(
            f"keyStorageProvider is set, but {PLATFORM_NAMES[settings.platform]} has none."
        )
    elif value not in _PROVIDERS:
        yield Complaint(f"keyStorageProvider is {value!r}, which Graph does not know.")


@rule(
    "R-101",
    Severity.WARNING,
    "Key storage provider not chosen",
    remedy="Choose where the private key is kept.",
    source=ADMIN_CENTER,
    property=_KSP,
    platforms=WINDOWS,
)
@of_settings
def check_ksp_chosen(settings: Settings) -> Iterator[Complaint]:
    """Where the private key lives, and whether it can be copied, should be a decision."""
    if not _ksp(settings):
        yield Complaint("keyStorageProvider is not set.")


@rule(
    "R-102",
    Severity.INFO,
    "Key in Windows Hello for Business",
    remedy="Deploy Windows Hello for Business to everyone in scope, or choose another provider.",
    source=page(_KSP_SECTION),
    property=_KSP,
    platforms=WINDOWS,
    question="Do all devices of these profiles run Windows 10 or later with Windows Hello for"
    " Business deployed?",
)
@of_settings
def note_hello(settings: Settings) -> Iterator[Complaint]:
    """Without Windows Hello for Business on the device the enrolment of the certificate fails."""
    if _ksp(settings) == _HELLO:
        yield Complaint("Devices without Windows Hello for Business get no certificate.")


@rule(
    "R-110",
    Severity.ERROR,
    "No key usage",
    remedy="Choose digitalSignature, keyEncipherment or both, as one text with a comma.",
    source=f"{page('step 7, Key usage')}; recorded Graph traffic",
    property="keyUsage",
    reads=(),
)
@of_settings
def check_key_usage(settings: Settings) -> Iterator[Complaint]:
    """A key that may be used for nothing is of no use. On the wire the value is one text such as
    digitalSignature,keyEncipherment, whose order means nothing; Graph refuses a list."""
    profile = settings.profile
    if "keyUsage" in settings.malformed:
        yield Complaint(f"keyUsage is {settings.wire['keyUsage']!r} instead of one text.")
    elif not profile.key_usage:
        yield Complaint("keyUsage is empty.")


@rule(
    "R-111",
    Severity.WARNING,
    "Key usage decides the certificate template",
    remedy="Check the template names in the registry of the NDES servers before the change.",
    source=INFRASTRUCTURE_PAGE,
    property="keyUsage",
    needs=(Need.PLAN,),
)
def check_key_usage_change(context: Context) -> Iterator[Complaint]:
    """NDES takes the template from its registry value SignatureTemplate, EncryptionTemplate or
    GeneralPurposeTemplate, depending on the key usage. Another key usage is another template."""
    plan = context.plan
    if plan.before is not None and "keyUsage" in plan.changed:
        old = getattr(plan.before, "key_usage", None)
        yield Complaint(
            f"The plan changes keyUsage from {old} to {context.scep.profile.key_usage}."
        )


@rule(
    "R-112",
    Severity.WARNING,
    "Weak, missing or unknown key size",
    remedy="Use size2048 or more.",
    source=f"{page(_SIZE_SECTION)}; {ADMIN_CENTER}; {CLOUD_PKI_PAGE}",
    property="keySize",
    reads=("scepServerUrls",),
)
@of_settings
def check_key_size(settings: Settings) -> Iterator[Complaint]:
    """2048 bits are the recommended minimum. With “Not configured” nobody has decided: the page
    does not say which size a device then takes. 1024 bits are a warning, and an error with
    Microsoft Cloud PKI, which refuses them. A value that is not of the form size2048 is an
    error."""
    size = settings.wire.get("keySize")
    if size is None:
        yield Complaint(
            "The key size is “Not configured” (keySize is not set): nobody has chosen one."
        )
    elif "keySize" in settings.malformed or _SIZE.fullmatch(str(size)) is None:
        yield Complaint(
            f"keySize is {size!r}; Graph expects size2048, for example.", Severity.ERROR
        )
    elif size == KeySize.SIZE_1024:
        severity = Severity.ERROR if settings.uses_cloud_pki else None
        yield Complaint("The key has only 1024 bits.", severity)
    elif size not in _SIZES:
        yield Complaint(f"keySize is {size}, which is not known.")


@rule(
    "R-113",
    Severity.ERROR,
    "4096-bit key in a TPM",
    remedy="Use the software KSP for 4096 bits, or 2048 bits in the TPM.",
    source=page(f"{_SIZE_SECTION}, Note"),
    property="keySize",
    platforms=WINDOWS,
    reads=("keySize", _KSP),
)
@of_settings
def check_tpm_key_size(settings: Settings) -> Iterator[Complaint]:
    """A TPM does not store keys of 4096 bits; on Windows only the software KSP does. “TPM if
    present, otherwise software” fails on every device that has a TPM."""
    when = _TPM.get(_ksp(settings))
    if settings.profile.key_size == KeySize.SIZE_4096 and when:
        yield Complaint(f"4096-bit keys with {_ksp(settings)} fail {when}.")


@rule(
    "R-114",
    Severity.ERROR,
    "4096-bit key in Windows Hello for Business",
    remedy="Use 2048 bits, or another key storage provider.",
    source=page(f"{_SIZE_SECTION}, Note"),
    property="keySize",
    platforms=WINDOWS,
    reads=("keySize", _KSP),
)
@of_settings
def check_hello_key_size(settings: Settings) -> Iterator[Complaint]:
    """Windows Hello for Business does not store keys of 4096 bits, and there is no workaround."""
    if settings.profile.key_size == KeySize.SIZE_4096 and _ksp(settings) == _HELLO:
        yield Complaint("4096-bit keys in Windows Hello for Business are not supported.")


@rule(
    "R-115",
    Severity.WARNING,
    "4096-bit key on old Apple devices",
    remedy="Use 2048 bits, or update the devices.",
    source=page(_SIZE_SECTION),
    property="keySize",
    platforms=APPLE,
    needs=(Need.DEVICES,),
)
def check_apple_key_size(context: Context) -> Iterator[Complaint]:
    """4096 bits need iOS/iPadOS 14 or macOS 11. A device whose version Intune does not tell is
    named as well: nobody knows whether it can."""
    if context.scep.profile.key_size != KeySize.SIZE_4096:
        return
    versions = read(
        context.require_devices().os_versions, Need.DEVICES, "the OS versions of devices in scope"
    )
    first = _FIRST_WITH_4096[context.platform]
    name = PLATFORM_NAMES[context.platform]
    majors = {version: _major(version) for version in versions}
    old = [version for version, major in majors.items() if major is not None and major < first]
    if old:
        oldest = min(old, key=lambda version: (majors[version], version))
        count = sum(versions[version] for version in old)
        yield Complaint(
            f"{counted(count, 'device')} in scope run {name} below {first}, which 4096 bits need;"
            f" the oldest runs {oldest}."
        )
    if unknown := sum(versions[version] for version, major in majors.items() if major is None):
        yield Complaint(
            f"Of {counted(unknown, 'device')} in scope nobody knows the version of {name};"
            f" 4096 bits need {first}."
        )


def _major(version: str) -> int | None:
    """The first number of a version; None if it does not begin with one."""
    found = re.match(r"\s*(\d{1,4})(?!\d)", version, re.ASCII)
    return int(found[1]) if found else None


@rule(
    "R-116",
    Severity.WARNING,
    "Weak or missing hash algorithm",
    remedy="Use sha2 alone.",
    source=page("step 7, Hash algorithm"),
    property="hashAlgorithm",
    platforms=ANDROID | WINDOWS,
)
@of_settings
def check_hash(settings: Settings) -> Iterator[Complaint]:
    """Microsoft asks for the strongest level of security that the devices support, which today is
    SHA-2 everywhere."""
    value = settings.profile.hash_algorithm
    if not value:
        yield Complaint("hashAlgorithm is not set.")
    elif "sha1" in value:
        yield Complaint(f"hashAlgorithm is {value}.")


@rule(
    "R-117",
    Severity.INFO,
    "SHA-1 is ignored",
    remedy="Write sha2, which is what the devices use.",
    source=page("step 7, Hash algorithm, Note"),
    property="hashAlgorithm",
    platforms=ANDROID_ENTERPRISE | AOSP,
)
@of_settings
def note_sha1_ignored(settings: Settings) -> Iterator[Complaint]:
    """Android Enterprise and AOSP devices select the strongest algorithm: SHA-1 is ignored and
    SHA-2 used instead."""
    value = settings.profile.hash_algorithm
    if value is not None and "sha1" in value:
        yield Complaint(f"hashAlgorithm is {value}, but the devices use SHA-2.")


@rule(
    "R-118",
    Severity.ERROR,
    "Hash algorithm on an Apple platform",
    remedy="Remove hashAlgorithm.",
    source=f"{GRAPH_METADATA}; recorded Graph traffic",
    property="hashAlgorithm",
    platforms=APPLE,
    reads=(),
)
@of_settings
def check_apple_hash(settings: Settings) -> Iterator[Complaint]:
    """The iOS type has no such property, and Graph refuses it. The macOS type has it, but the
    admin center leaves it empty, so there it is an information."""
    if settings.wire.get("hashAlgorithm") is None:
        return
    if settings.platform in IOS:
        yield Complaint("hashAlgorithm is set, but iOS/iPadOS profiles have none.")
    else:
        yield Complaint("hashAlgorithm is set, which the admin center never does.", Severity.INFO)
