"""The words in which the whole library speaks of a profile: platform, kind, types, names."""

from enum import StrEnum
from typing import Any, Final

EMAIL: Final = "emailAddress"
UPN: Final = "userPrincipalName"
DNS: Final = "domainNameService"
URI: Final = "universalResourceIdentifier"
SAN_LABELS: Final = {EMAIL: "e-mail", UPN: "UPN", DNS: "DNS", URI: "URI"}
"""The kinds of subject alternative names that the admin center offers, in its words."""


def san_label(san_type: Any) -> str:
    """The admin center's word for a `sanType`; an unknown one as it is."""
    return SAN_LABELS.get(str(san_type), str(san_type))


class Platform(StrEnum):
    """Where a profile works. The value is the word of options, reports and JSON."""

    ANDROID_DEVICE_ADMINISTRATOR = "android_device_administrator"
    ANDROID_WORK_PROFILE = "android_work_profile"
    ANDROID_FOR_WORK = "android_for_work"
    ANDROID_DEVICE_OWNER = "android_device_owner"
    ANDROID_AOSP = "android_aosp"
    IOS = "ios"
    MACOS = "macos"
    WINDOWS = "windows"
    WINDOWS_PHONE = "windows_phone"
    WINDOWS_10X = "windows_10x"


_PLATFORM_WORDS: Final = {
    Platform.ANDROID_DEVICE_ADMINISTRATOR: ("Android device administrator",) * 2,
    Platform.ANDROID_WORK_PROFILE: (
        "Android personally-owned work profile",
        "Android work profile",
    ),
    Platform.ANDROID_FOR_WORK: ("Android for Work",) * 2,
    Platform.ANDROID_DEVICE_OWNER: (
        "Android fully managed, dedicated and corporate work profile",
        "Android corporate",
    ),
    Platform.ANDROID_AOSP: ("Android (AOSP)", "Android AOSP"),
    Platform.IOS: ("iOS/iPadOS", "iOS and iPadOS"),
    Platform.MACOS: ("macOS",) * 2,
    Platform.WINDOWS: ("Windows",) * 2,
    Platform.WINDOWS_PHONE: ("Windows Phone 8.1",) * 2,
    Platform.WINDOWS_10X: ("Windows 10X",) * 2,
}
PLATFORM_NAMES: Final = {platform: name for platform, (name, _) in _PLATFORM_WORDS.items()}
"""The platforms as the admin center calls them."""
SHORT_PLATFORM_NAMES: Final = {platform: short for platform, (_, short) in _PLATFORM_WORDS.items()}
"""The same for where there is little room: charts and headings."""


class ProfileKind(StrEnum):
    """What a profile delivers: certificates by SCEP, or a trusted certificate."""

    SCEP = "scep"
    TRUSTED_ROOT = "trusted_root"


class CertificateType(StrEnum):
    """Whose certificate it is; `certificateStore` says `user` and `machine` for them."""

    USER = "user"
    DEVICE = "device"


Texts = tuple[tuple[str | None, ...], ...]
"""What each of several objects says that hold nothing but texts."""
