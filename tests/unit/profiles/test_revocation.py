"""What plans say of old certificates: revoked only where Microsoft says so, never as a promise."""

import pytest

from intune_scep.profiles import Platform
from intune_scep.profiles.revocation import (
    REVOCATION,
    Revocation,
    about_any_change,
    about_replaced,
    about_taken_away,
    can_revoke,
)
from intune_scep.profiles.vocabulary import PLATFORM_NAMES

SAYINGS = (about_replaced, about_taken_away, about_any_change)


@pytest.mark.parametrize("platform", list(Platform))
def test_every_platform_has_its_words(platform):
    for say in SAYINGS:
        assert PLATFORM_NAMES[platform] in say(platform)


@pytest.mark.parametrize(
    ("platform", "known"),
    [
        (Platform.WINDOWS, Revocation.DOCUMENTED),
        (Platform.IOS, Revocation.DOCUMENTED),
        (Platform.MACOS, Revocation.DOCUMENTED),
        (Platform.ANDROID_DEVICE_ADMINISTRATOR, Revocation.KNOX_ONLY),
        (Platform.ANDROID_FOR_WORK, Revocation.UNKNOWN),
        (Platform.ANDROID_WORK_PROFILE, Revocation.UNKNOWN),
        (Platform.ANDROID_DEVICE_OWNER, Revocation.IMPOSSIBLE),
        (Platform.ANDROID_AOSP, Revocation.IMPOSSIBLE),
    ],
)
def test_what_is_known_is_said_and_no_more(platform, known):
    assert REVOCATION[platform] is known
    assert can_revoke(platform) is (known is not Revocation.IMPOSSIBLE)
    for say in SAYINGS:
        said = say(platform)
        assert ("Microsoft" in said) is (known in {Revocation.DOCUMENTED, Revocation.KNOX_ONLY})
        assert ("cannot revoke" in said) is (known is Revocation.IMPOSSIBLE)
        assert ("not known" in said) or known is not Revocation.UNKNOWN
        if known in {Revocation.UNKNOWN, Revocation.IMPOSSIBLE}:
            assert "revoked" not in said


def test_what_goes_with_an_assignment_is_forecast_as_seen_and_as_documented():
    said = about_taken_away(Platform.WINDOWS)
    assert "revoked and removed" in said
    assert "removed but not revoked" in said
    assert "third-party CA" in said


def test_platforms_of_one_kind_share_a_sentence():
    said = about_replaced(Platform.IOS, Platform.ANDROID_AOSP, Platform.WINDOWS, Platform.MACOS)
    assert "Windows, iOS/iPadOS and macOS" in said
    assert said.count("Microsoft") == 1
    assert "On Android (AOSP) Intune cannot revoke the old ones" in said
    assert about_replaced() == ""
