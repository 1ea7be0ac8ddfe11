"""Which devices are of a platform, by the name of their operating system. Pure."""

from __future__ import annotations

from typing import Final

from intune_scep.profiles import Platform
from intune_scep.rules.platforms import ANDROID

# How the names of operating systems begin, in lower case.
SYSTEMS: Final = {
    Platform.WINDOWS: ("windows",),
    Platform.IOS: ("ios", "ipad", "iphone"),
    Platform.MACOS: ("mac",),
}
ANDROID_SYSTEMS: Final = ("android", "aosp")


def runs(platform: Platform, system: str) -> bool:
    """Whether a device with this `operatingSystem`, in lower case, is of a platform; any Android
    device is of every Android platform, since the name does not tell how it was enrolled."""
    own = ANDROID_SYSTEMS if platform in ANDROID else SYSTEMS.get(platform, ())
    return system.startswith(own)
