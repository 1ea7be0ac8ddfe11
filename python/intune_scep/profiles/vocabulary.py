"""The words in which the whole library speaks of a profile: platform, kind, certificate type."""

from enum import StrEnum


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


class ProfileKind(StrEnum):
    """What a profile delivers: certificates by SCEP, or a trusted certificate."""

    SCEP = "scep"
    TRUSTED_ROOT = "trusted_root"


class CertificateType(StrEnum):
    """Whose certificate it is; `certificateStore` says `user` and `machine` for them."""

    USER = "user"
    DEVICE = "device"
