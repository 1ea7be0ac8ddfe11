"""Enrolments by host and hour, reckoned by hand."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from intune_scep.audience.load import Load, Spread, Wave, enrolments, load_per_hour, peak
from intune_scep.profiles import Platform

START = datetime(2026, 12, 1, 8, 40, tzinfo=UTC)
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
EIGHT = NINE - timedelta(hours=1)


def counts(loads, host="ndes"):
    return [load.enrolments for load in loads if load.host == host]


@pytest.mark.parametrize(
    ("platform", "holders", "dependants", "expected"),
    [
        (Platform.IOS, 100, 0, 100),
        (Platform.IOS, 100, 3, 400),
        (Platform.MACOS, 7, 1, 14),
        (Platform.WINDOWS, 100, 3, 100),
        (Platform.ANDROID_WORK_PROFILE, 100, 3, 100),
        (Platform.ANDROID_AOSP, 5, 1, 5),
        (Platform.IOS, 0, 9, 0),
    ],
)
def test_apple_enrols_once_more_for_each_dependant(platform, holders, dependants, expected):
    assert enrolments(platform, holders, dependants) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [1]),
        (7, [1] * 7),
        (8, [1] * 8),
        (9, [2, *[1] * 7]),
        (4_120, [515] * 8),
        (4_127, [*[516] * 7, 515]),
    ],
)
def test_evenly_is_an_eighth_in_each_hour_and_none_is_lost(count, expected):
    loads = load_per_hour([Wave(START, ("ndes",), count)])
    assert counts(loads) == expected
    assert sum(counts(loads)) == count
    assert all(load.hour.minute == 0 for load in loads)


@pytest.mark.parametrize("count", [1, 8, 4_127])
def test_at_once_is_all_in_the_hour_of_the_change(count):
    loads = load_per_hour([Wave(START, ("ndes",), count)], Spread.AT_ONCE)
    assert loads == (Load("ndes", EIGHT, count),)


def test_waves_that_overlap_add_up_and_hosts_stay_apart():
    later = START + timedelta(hours=4)
    waves = [
        Wave(START, ("ndes",), 80),
        Wave(later, ("ndes", "other"), 40),
        Wave(later, ("other", "other"), 8),
    ]
    loads = load_per_hour(waves)
    assert counts(loads) == [10, 10, 10, 10, 15, 15, 15, 15, 5, 5, 5, 5]
    assert counts(loads, "other") == [6] * 8
    assert [(load.host, load.enrolments) for load in peak(loads)] == [("ndes", 15), ("other", 6)]


def test_the_peak_is_the_first_of_the_fullest_hours():
    loads = load_per_hour([Wave(START, ("ndes",), 16)])
    assert peak(reversed(loads)) == (Load("ndes", EIGHT, 2),)
    assert peak(()) == ()


def test_hours_are_of_utc_wherever_the_change_is_made():
    berlin = timezone(timedelta(hours=1))
    loads = load_per_hour([Wave(START.astimezone(berlin), ("ndes",), 3)], Spread.AT_ONCE)
    assert loads == (Load("ndes", EIGHT, 3),)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        load_per_hour([Wave(START.replace(tzinfo=None), ("ndes",), 3)])
