"""The sets of platforms in which Microsoft's page speaks."""

from typing import Final

from intune_scep.profiles import PROFILE_TYPES, Platform

ALL: Final = frozenset(Platform)
RETIRED: Final = frozenset(row.platform for row in PROFILE_TYPES if row.retired)
LIVING: Final = ALL - RETIRED

WINDOWS: Final = frozenset({Platform.WINDOWS})
IOS: Final = frozenset({Platform.IOS})
MACOS: Final = frozenset({Platform.MACOS})
APPLE: Final = IOS | MACOS
AOSP: Final = frozenset({Platform.ANDROID_AOSP})
DEVICE_OWNER: Final = frozenset({Platform.ANDROID_DEVICE_OWNER})
CORPORATE_ANDROID: Final = DEVICE_OWNER | AOSP
"""What Microsoft calls device owner: fully managed, dedicated, corporate work profile, AOSP."""
PERSONAL_ANDROID: Final = frozenset({Platform.ANDROID_WORK_PROFILE, Platform.ANDROID_FOR_WORK})
ANDROID_ENTERPRISE: Final = DEVICE_OWNER | PERSONAL_ANDROID
DEVICE_ADMINISTRATOR: Final = frozenset({Platform.ANDROID_DEVICE_ADMINISTRATOR})
ANDROID: Final = ANDROID_ENTERPRISE | AOSP | DEVICE_ADMINISTRATOR


def family_of(platform: Platform) -> frozenset[Platform]:
    """The platforms whose profiles one device takes: Android for Work is the older twin of the
    work profile."""
    return PERSONAL_ANDROID if platform in PERSONAL_ANDROID else frozenset({platform})
