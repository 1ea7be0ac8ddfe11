"""Who has a new certificate since a change: each kind of device by itself, and sums of all."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.audience.reissued import (
    Before,
    Unverifiable,
    is_reported,
    reissuance,
)
from intune_scep.certificate_states import Presence
from intune_scep.profiles import Platform
from intune_scep.tenant.issued import IssuedCertificate

CHANGED = datetime(2026, 11, 2, 8, tzinfo=UTC)
NOW = CHANGED + timedelta(hours=20)
YEAR = timedelta(days=365)
PARTS = ("reissued", "not_reissued", "not_seen", "unknown")
SUBSETS = (
    ("partly", "reissued"),
    ("early", "reissued"),
    ("within_lag", "not_reissued"),
    ("unmanaged", "not_seen"),
)


def hours(number):
    return CHANGED + timedelta(hours=number)


def issued(
    device="d1",
    serial="0A",
    *,
    profile="p1",
    presence=Presence.HELD,
    ends=NOW + YEAR,
    begins=CHANGED - YEAR,
):
    return IssuedCertificate(device, profile, ends, presence, serial, begins)


FIRST_HOUR = hours(1)


def new(device="d1", serial="0B", begins=FIRST_HOUR, **more):
    return issued(device, serial, begins=begins, **more)


def judged(before, now, check_ins=None, *, changed=None, as_of=NOW, **more):
    kept = Before.of(before, ["p1"], CHANGED - timedelta(minutes=1))
    changes = changed or {"p1": CHANGED}
    [found] = reissuance(kept, now, check_ins, changes, as_of, **more).values()
    return found


def sets_of(found, device="d1"):
    names = (*PARTS, *(name for name, _ in SUBSETS), "newcomers")
    return {name for name in names if device in getattr(found, name)}


SEEN, LATELY, SILENT = {"d1": hours(2)}, {"d1": hours(19)}, {"d1": hours(-2)}
NAIVELY = {"d1": hours(19).replace(tzinfo=None)}


@pytest.mark.parametrize(
    ("before", "now", "check_ins", "sets"),
    [
        # A new serial number on a device that was there.
        ([issued()], [issued(presence=Presence.GONE), new()], SEEN, {"reissued"}),
        ([issued()], [issued(), new()], SEEN, {"reissued"}),
        ([issued()], [new(begins=None)], SEEN, {"reissued"}),
        ([issued(serial="")], [new()], SEEN, {"reissued"}),
        # What proves nothing.
        ([issued()], [issued()], SEEN, {"not_reissued"}),
        ([issued()], [], SEEN, {"not_reissued"}),
        ([issued()], [new(serial="")], SEEN, {"not_reissued"}),
        ([issued()], [new(serial="0a")], SEEN, {"not_reissued"}),
        ([issued(serial="00:0A")], [new(serial="A")], SEEN, {"not_reissued"}),
        ([issued()], [new(presence=Presence.COMING)], SEEN, {"not_reissued"}),
        ([issued()], [new(presence=Presence.GONE)], SEEN, {"not_reissued"}),
        ([issued()], [new(), new(presence=Presence.GONE)], SEEN, {"not_reissued"}),
        ([issued()], [new(ends=NOW)], SEEN, {"not_reissued"}),
        ([issued()], [new(profile="p2")], SEEN, {"not_reissued"}),
        # One that was reported before, however, is no new one when it comes back.
        ([issued(), new(presence=Presence.GONE)], [new()], SEEN, {"not_reissued"}),
        ([issued(), new(presence=Presence.COMING)], [new()], SEEN, {"not_reissued"}),
        ([issued(), new(ends=hours(-9))], [new()], SEEN, {"not_reissued"}),
        ([issued(), new("d2")], [new()], SEEN, {"not_reissued"}),
        ([issued(), new("")], [new()], SEEN, {"not_reissued"}),
        # The report may not show it yet.
        ([issued()], [issued()], LATELY, {"not_reissued", "within_lag"}),
        ([issued()], [issued()], {"d1": NOW - timedelta(hours=6)}, {"not_reissued"}),
        ([issued()], [issued()], {"d1": NOW + timedelta(hours=1)}, {"not_reissued", "within_lag"}),
        # A device that was not there.
        ([issued()], [issued()], SILENT, {"not_seen"}),
        ([issued()], [issued()], {"d1": CHANGED}, {"not_seen"}),
        ([issued()], [issued()], {"d1": None}, {"not_seen"}),
        ([issued()], [issued()], {}, {"not_seen", "unmanaged"}),
        ([issued()], [new(begins=hours(-3))], SILENT, {"not_seen"}),
        ([issued()], [new(begins=None)], SILENT, {"not_seen"}),
        # Its new certificate shows that it was.
        ([issued()], [new()], SILENT, {"reissued"}),
        ([issued()], [new()], {}, {"reissued"}),
        # Nobody knows who checked in.
        ([issued()], [new()], None, {"reissued"}),
        ([issued()], [issued()], None, {"unknown"}),
        # Dated before the change.
        ([issued()], [new(begins=hours(-1))], SEEN, {"reissued", "early"}),
        ([issued()], [new(begins=hours(-1)), new(serial="0C")], SEEN, {"reissued"}),
        # One for each dependant.
        ([issued(), issued(serial="0E")], [new()], SEEN, {"reissued", "partly"}),
        ([issued(), issued(serial="0E")], [new(), new(serial="0C")], SEEN, {"reissued"}),
        ([issued(), issued()], [new(), new()], SEEN, {"reissued"}),
        # None before: nothing to be re-issued.
        ([], [new()], SEEN, {"newcomers"}),
        ([issued(presence=Presence.GONE)], [new()], SEEN, {"newcomers"}),
        ([issued(presence=Presence.COMING)], [issued()], SEEN, {"newcomers"}),
        ([issued(ends=hours(-1))], [], SEEN, set()),
        # Dates that the report does not tell.
        ([issued(ends=None)], [new(ends=None)], SEEN, {"reissued"}),
        # Letter case and times without a zone.
        ([issued("D1", profile="P1")], [new("D1", profile="P1")], {"D1": hours(2)}, {"reissued"}),
        (
            [issued()],
            [issued()],
            {"d1": hours(19).replace(tzinfo=None)},
            {"not_reissued", "within_lag"},
        ),
        ([issued()], [new(begins=datetime(2026, 11, 2, 9))], SILENT, {"reissued"}),  # noqa: DTZ001
        ([issued(ends=datetime(2026, 1, 1))], [new()], SEEN, {"newcomers"}),  # noqa: DTZ001
    ],
)
def test_a_device_is_what_is_known_of_it(before, now, check_ins, sets):
    assert sets_of(judged(before, now, check_ins)) == sets


@pytest.mark.parametrize(
    ("now", "gone"),
    [
        ([issued(), issued("d2", "0C")], 0),
        ([issued(serial="0a"), issued("D2", "0C", profile="P1")], 0),
        ([issued(), issued("d2", "0C", presence=Presence.GONE)], 1),
        # Not reported any more.
        ([issued()], 1),
        ([], 2),
        # A new one does not make up for it, nor does the same number elsewhere.
        ([issued(), issued("d2", "0D")], 1),
        ([issued(), issued("d3", "0C")], 1),
        ([issued(), issued("d2", "0C", profile="p2")], 1),
    ],
)
def test_what_is_gone_or_not_reported_any_more_is_lost(now, gone):
    kept = Before.of([issued(), issued("d2", "0C")], ["p1"], CHANGED)
    assert kept.gone(now) == gone


def test_a_naive_change_is_in_utc_and_ids_are_in_any_case():
    moment = CHANGED.replace(tzinfo=None)
    found = judged(
        [issued()], [new()], SEEN, changed={"P1": moment}, as_of=NOW.replace(tzinfo=None)
    )
    assert (found.profile_id, found.changed_at, found.reissued) == ("p1", CHANGED, {"d1"})
    assert found.complete_at == hours(14)


def test_a_certificate_that_two_devices_are_said_to_have_counts_for_the_one_last_seen():
    before = [issued("d1", "01"), issued("d2", "02")]
    now = [new("d1"), new("d2")]
    found = judged(before, now, {"d1": hours(2), "d2": hours(3)})
    assert (found.reissued, found.not_reissued) == ({"d2"}, {"d1"})


def test_of_a_clone_only_its_own_certificates_are_new():
    clones = {"P1": "C1"}
    of_clone = judged([issued()], [issued(), new(profile="c1")], SEEN, replaced_by=clones)
    assert of_clone.reissued == {"d1"}
    of_original = judged([issued()], [new()], SEEN, replaced_by=clones)
    assert of_original.not_reissued == {"d1"}
    newcomer = judged([issued()], [new("d2", profile="c1")], SEEN, replaced_by=clones)
    assert newcomer.newcomers == {"d2"}


def test_only_the_devices_that_are_asked_for_count():
    before = [issued("d1", "01"), issued("d2", "02")]
    now = [new("d1", "02"), new("d2", "03"), new("d3", "04"), new("d4", "05")]
    ins = {"d1": hours(2), "d2": hours(2)}
    found = judged(before, now, ins, devices=["D1", "d3"])
    assert (found.devices, found.newcomers) == ({"d1"}, {"d3"})
    assert found.not_reissued == {"d1"}  # The other's serial number, which was there before.


@pytest.mark.parametrize(
    ("platform", "reported"),
    [(item, "owner" not in item.value and "aosp" not in item.value) for item in Platform],
)
def test_intune_reports_no_certificates_of_corporate_android(platform, reported):
    assert is_reported(platform) is reported


def test_what_is_not_reported_or_was_not_kept_is_not_verifiable():
    kept = Before.of([], ["p1", "p2"], CHANGED)
    changes = dict.fromkeys(("p1", "p2", "p3"), CHANGED)
    found = reissuance(kept, [new(profile="p3")], SEEN, changes, NOW, not_reported=["P1"])
    assert {name: item.unverifiable for name, item in found.items()} == {
        "p1": Unverifiable.NOT_REPORTED,
        "p2": None,
        "p3": Unverifiable.NO_SNAPSHOT,
    }
    assert all(item.share is None for item in found.values())


@pytest.mark.parametrize(
    ("check_ins", "share", "share_seen"),
    [
        ({"d1": hours(2), "d2": hours(2), "d3": hours(-1), "d4": None}, 50, 50),
        ({"d1": hours(2), "d2": hours(-1), "d3": hours(-1)}, 100, 100 / 3),
        ({"d2": hours(2), "d3": hours(2)}, 100 / 3, 100),
        (None, None, None),
    ],
)
def test_shares_are_of_those_seen_and_of_those_still_managed(check_ins, share, share_seen):
    before = [issued(f"d{number}", f"{number}") for number in range(1, 5)]
    found = judged(before, [new(serial="B")], check_ins)
    assert (found.share, found.share_seen) == (share, share_seen)


def test_certificates_without_a_device_are_counted_apart():
    found = judged([issued(), issued("", "0D")], [new(), new("", "0C"), new("", "0C")], SEEN)
    assert (found.devices, found.nameless) == ({"d1"}, 1)


def test_json_holds_counts_and_those_who_are_not_done():
    before = [issued("d1", "01"), issued("d2", "02"), issued("d3", "03")]
    ins = {"d1": hours(2), "d2": hours(2), "d3": hours(-1)}
    told = json.loads(json.dumps(judged(before, [new()], ins).to_dict()))
    assert told["complete_at"] == "2026-11-02T22:00:00Z"
    assert (told["devices"], told["seen"], told["reissued"], told["late"]) == (3, 2, 1, 1)
    assert (told["not_reissued_devices"], told["not_seen_devices"]) == (["d2"], ["d3"])
    assert (told["percent_reissued"], told["percent_seen"]) == (50, 66.67)


# A small world, so that devices, profiles and serial numbers meet.
TIMES = st.none() | st.integers(-48, 48).map(hours)
CERTIFICATES = st.lists(
    st.builds(
        IssuedCertificate,
        st.sampled_from(["", "d1", "d2", "d3", "D3"]),
        st.sampled_from(["p1", "P1", "p2", "c1"]),
        TIMES | st.just(NOW + YEAR),
        st.sampled_from(Presence),
        st.sampled_from(["", "1", "01", "2", "3", "a", "A", "0A"]),
        TIMES,
    ),
    max_size=14,
)
CHECK_INS = st.none() | st.dictionaries(st.sampled_from(["d1", "D2", "d3", "d9"]), TIMES)


@given(CERTIFICATES, CERTIFICATES, CHECK_INS, st.booleans())
def test_every_device_is_in_one_part_and_no_certificate_is_counted_twice(
    earlier, later, check_ins, cloned
):
    before = Before.of(earlier, ["p1", "p2"], CHANGED)
    changed = {"p1": CHANGED, "p2": hours(3)}
    clones = {"p1": "c1"} if cloned else {}
    found = reissuance(before, later, check_ins, changed, NOW, replaced_by=clones)
    for profile, item in found.items():
        parts = [getattr(item, name) for name in PARTS]
        assert sum(map(len, parts)) == len(item.devices)
        assert frozenset().union(*parts) == item.devices
        assert all(getattr(item, inner) <= getattr(item, outer) for inner, outer in SUBSETS)
        assert not item.newcomers & item.devices
        assert item.devices == before.held[profile].keys()
        source = clones.get(profile, profile)
        fresh = {
            entry.serial.upper().lstrip("0")
            for entry in later
            if entry.profile_id.lower() == source and entry.presence is Presence.HELD
        } - before.serials(profile)
        assert len(item.reissued) <= len(fresh - {""})
        assert json.dumps(item.to_dict())


@given(CERTIFICATES, st.integers(1, 5), st.randoms())
def test_the_certificates_before_are_put_together_from_pieces_in_any_order(held, most, random):
    before = Before.of(held, ["p1", "P2", "empty"], CHANGED)
    records = [json.loads(json.dumps(item)) for item in before.to_records(most=most)]
    random.shuffle(records)
    assert Before.from_records(records) == before
    lost = records.pop()["profile"]
    if records:
        assert Before.from_records(records).held.keys() == before.held.keys() - {lost}


def test_without_pieces_there_is_no_snapshot():
    assert Before.from_records([]) is None


PIECE = {"profile": "p1", "taken_at": CHANGED.isoformat(), "part": 1, "parts": 1, "held": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"profile": None},
        {"taken_at": "yesterday"},
        {"taken_at": 5},
        {"part": 0},
        {"part": 2},
        {"part": True},
        {"parts": "1"},
        {"parts": 10**12},
        {"held": {"d1": "0A"}},
        {"held": {"d1": [5]}},
        {"held": ["d1"]},
        {"other": None},
    ],
)
def test_a_piece_of_another_shape_is_refused(wrong):
    assert Before.from_records([PIECE]) == Before(CHANGED, {"p1": {}}, {"p1": {}})
    with pytest.raises(ValueError, match="no record of certificates"):
        Before.from_records([{**PIECE, **wrong}])


def test_twenty_thousand_devices_take_moments_and_small_pieces():
    earlier = [issued(f"d{number}", f"A{number:05}") for number in range(20_000)]
    later = [new(f"d{number}", f"B{number:05}") for number in range(0, 20_000, 2)]
    ins = {f"d{number}": hours(2) for number in range(20_000)}
    found = judged(earlier, later, ins)
    assert (len(found.reissued), len(found.late)) == (10_000, 10_000)
    records = list(Before.of(earlier, ["p1"], CHANGED).to_records())
    assert len(records) == 20
    assert max(len(json.dumps(item)) for item in records) < 200_000
