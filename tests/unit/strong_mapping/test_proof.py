"""Is it finished? What is said of new certificates is so on the devices, however late it shows."""

import json
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tests.unit.certificates.handmade import certificate, extension, general_names, uri

from intune_scep.audience.reissued import Reissuance, Unverifiable
from intune_scep.certificates import ExpectedSids, read_certificates
from intune_scep.changes.journal import read_journal
from intune_scep.changes.status import Status
from intune_scep.changes.watch import Stop, Watch
from intune_scep.errors import JournalError
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.rollout import build, profile_id
from intune_scep.strong_mapping import Choices, enforce
from intune_scep.strong_mapping.keeping import READING, kept_in
from intune_scep.strong_mapping.proof import (
    Carries,
    CertificateProof,
    Finish,
    IssuedFiles,
    ProfileProof,
)
from intune_scep.strong_mapping.proving import verify_certificates

HOUR = 3600
LAG = timedelta(hours=6)
MOMENTS = timedelta(minutes=2)
WINDOWS = "Windows user Wi-Fi"


def migrate(tenant, journal, choices=None, **options):
    return tenant.run(
        lambda graph: enforce(
            graph, choices or Choices(), dry_run=False, journal=journal, **options
        )
    )


def proof(tenant, journal, **options):
    return tenant.run(lambda graph: verify_certificates(graph, journal, **options))


def pass_time(tenant, seconds):
    tenant.control("POST", "clock", {"advance": seconds})


def jobs(tenant):
    return [item for item in tenant.sent("POST") if item["path"].endswith("exportJobs")]


def truly_new(tenant, profile, since):
    """Devices with a certificate that was issued after a time, with when; past all reports."""
    with sqlite3.connect(f"file:{tenant.path}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT managed_device_id, min(issued) FROM certificate"
            " WHERE profile_id = ? AND issued > ? AND error = 0 GROUP BY managed_device_id",
            (profile, since.timestamp()),
        )
        return {device: datetime.fromtimestamp(issued, UTC) for device, issued in rows}


TROUBLES = {
    "none": (),
    "a dead connector": (("connectors", {"connector": "NDES 1", "dead": True}),),
    "some devices fail": (("failures", {"profile": profile_id(WINDOWS), "share": 0.3}),),
    "many are silent": (("silent", {"share": 0.4}),),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_verify_tells_the_truth_while_devices_check_in_and_the_report_lags(
    simulated, tmp_path, trouble
):
    tenant = simulated(build(80), name="rollout80")
    for path, body in TROUBLES[trouble]:
        tenant.control("PUT", path, body)
    journal = tmp_path / "journal"
    assert not migrate(tenant, journal).failed
    told = []
    for _ in range(20):
        found = proof(tenant, journal)
        told.append(found)
        for item in found.profiles:
            devices = item.reissuance
            new = truly_new(tenant, devices.profile_id, devices.changed_at)
            assert devices.devices == devices.seen | devices.not_seen
            # Nobody is told to have one who has none, nor called late who has one.
            assert devices.reissued <= new.keys()
            assert not devices.late & new.keys()
            # Who got one before the lag of the report is told.
            shown = {device for device, at in new.items() if at < found.as_of - LAG}
            assert shown & devices.devices <= devices.reissued
        pass_time(tenant, HOUR)
    first, last = told[0], told[-1]
    assert first.finish is Finish.PENDING
    assert not any(item.reissuance.reissued for item in told[5].profiles)
    assert abs(first.complete_at - first.as_of - timedelta(hours=14)) < MOMENTS
    assert last.as_of > last.complete_at
    share = Counter()
    for item in last.profiles:
        share["re-issued"] += len(item.reissuance.reissued)
        share["not"] += len(item.reissuance.not_reissued)
    assert share["re-issued"]
    assert (last.finish is Finish.COMPLETE) is (not share["not"])


def test_the_clock_of_graph_counts_not_the_one_of_this_machine(simulated, tmp_path):
    tenant = simulated(build(40), name="rollout40")
    pass_time(tenant, 30 * 24 * HOUR)
    migrate(tenant, tmp_path / "journal")
    found = proof(tenant, tmp_path / "journal")
    lead = found.as_of - datetime.now(UTC)
    assert timedelta(days=29) < lead < timedelta(days=31)
    for item in found.profiles:
        assert abs(found.as_of - item.reissuance.changed_at) < MOMENTS
        assert item.reissuance.seen == frozenset()


# Keeping what was there before


def test_the_journal_keeps_what_was_out_before_the_first_write(simulated, tmp_path):
    tenant = simulated(build(40), name="rollout40")
    journal = tmp_path / "journal"
    migrate(tenant, journal)
    kinds = [json.loads(line)["record"] for line in journal.read_text().splitlines()]
    assert kinds.index("evidence") < kinds.index("intention")
    assert "evidence" not in kinds[kinds.index("intention") :]
    before = kept_in(read_journal(journal)).before
    plan = read_journal(journal).first.plan
    assert before.held.keys() == {action.id for action in plan.writing}
    assert all(before.held.values())


@pytest.mark.parametrize(
    ("rules", "granted", "told"),
    [
        ([{"match": {"path": "exportJobs"}, "effect": 403}], None, READING),
        ([{"match": {"path": "exportJobs"}, "effect": 400}], None, READING),
        ([{"match": {"method": "POST", "path": "exportJobs"}, "effect": 404}], None, "404"),
        ([{"match": {"path": "exportJobs"}, "effect": 500}], None, READING),
        ([], frozenset({"DeviceManagementConfiguration.ReadWrite.All"}), READING),
    ],
)
def test_what_cannot_be_read_before_is_a_note_and_costs_the_run_nothing(
    simulated, tmp_path, rules, granted, told
):
    tenant = simulated(bulk(8), name="bulk8")
    tenant.control("PUT", "faults", rules)

    async def work(graph):
        allowed = replace(graph, granted_permissions=granted)
        return await enforce(allowed, Choices(), dry_run=False, journal=tmp_path / "journal")

    report = tenant.run(work)
    [note] = [item for item in report.notes if "was not recorded" in item]
    assert told in note
    assert not report.failed
    assert report.counts["statuses"]["applied"] == 8
    assert bool(jobs(tenant)) is (granted is None)
    tenant.control("PUT", "faults", [])
    if granted is not None:
        found = proof(tenant, tmp_path / "journal")
        assert (found.finish, found.taken_at) == (Finish.NOT_JUDGED, None)
        assert {item.reissuance.unverifiable for item in found.profiles} == {
            Unverifiable.NO_SNAPSHOT
        }
        assert any("does not hold which certificates" in note for note in found.notes)


def test_a_resumed_run_does_not_read_it_again_and_keeps_what_it_has(simulated, tmp_path):
    tenant = simulated(build(40), name="rollout40")
    journal = tmp_path / "journal"
    stop = Stop()
    watch = Watch(progress=lambda *_: stop.request(), stop=stop)
    assert migrate(tenant, journal, watch=watch).stopped
    kept = kept_in(read_journal(journal))
    assert len(jobs(tenant)) == 1
    report = migrate(tenant, journal)
    assert report.counts["statuses"]["applied"]
    assert len(jobs(tenant)) == 1
    assert kept_in(read_journal(journal)) == kept
    pass_time(tenant, 20 * HOUR)
    assert {item.reissuance.unverifiable for item in proof(tenant, journal).profiles} == {None}


def test_a_run_that_is_stopped_while_it_reads_writes_nothing(simulated, tmp_path):
    tenant = simulated(bulk(8), name="bulk8")
    stop, told = Stop(), []

    def preparing(what):
        told.append(what)
        stop.request()

    report = migrate(tenant, tmp_path / "journal", watch=Watch(stop=stop, preparing=preparing))
    assert told == ["Reading the certificates that are out"]
    assert not tenant.sent("PATCH")
    assert report.count("held_back") == 8


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"profile": "p"},
        {"profile": 5, "taken_at": "2026-01-01", "part": 1, "parts": 1},
        {"profile": "p", "taken_at": "2026-01-01", "part": 0, "parts": 1},
    ],
)
def test_a_snapshot_that_is_none_is_refused_by_name(simulated, tmp_path, content, monkeypatch):
    tenant = simulated(bulk(2), name="bulk2")
    monkeypatch.setattr(
        "intune_scep.audience.reissued.Before.to_records", lambda *_, **__: iter([content])
    )
    migrate(tenant, tmp_path / "journal")
    with pytest.raises(JournalError, match="no record of certificates"):
        proof(tenant, tmp_path / "journal")


# What cannot be told


def test_device_owner_is_not_verifiable_and_no_report_is_asked_for_it_alone(simulated, tmp_path):
    tenant = simulated(bulk(6, platforms=("android_device_owner",)), name="owner6")
    migrate(tenant, tmp_path / "journal", Choices(include_android=True))
    found = proof(tenant, tmp_path / "journal")
    assert found.profiles
    assert {item.reissuance.unverifiable for item in found.profiles} <= {
        Unverifiable.NOT_REPORTED,
        Unverifiable.NO_SNAPSHOT,
    }
    assert found.finish is Finish.NOT_JUDGED
    assert not jobs(tenant)


@pytest.mark.parametrize(
    ("path", "finish", "note"),
    [
        ("exportJobs", Finish.NOT_JUDGED, "Not read: the certificates on devices"),
        ("managedDevices", Finish.PENDING, "Not read: when devices checked in"),
    ],
)
def test_what_cannot_be_read_is_told_and_never_fine(simulated, tmp_path, path, finish, note):
    tenant = simulated(build(40), name="rollout40")
    migrate(tenant, tmp_path / "journal")
    tenant.control("PUT", "faults", [{"match": {"path": path}, "effect": 403}])
    found = proof(tenant, tmp_path / "journal")
    assert found.finish is finish
    assert any(item.startswith(note) and READING in item for item in found.notes)


def test_a_profile_that_was_changed_back_fails_and_one_that_was_taken_back_does_not_count(
    simulated, tmp_path
):
    tenant = simulated(build(40), name="rollout40")
    journal = tmp_path / "journal"
    report = migrate(tenant, journal)
    changed = next(item.id for item in report.outcomes if item.written)
    wire = tenant.profiles()[changed]
    sans = wire["customSubjectAlternativeNames"][:-1]
    body = {"@odata.type": wire["@odata.type"], "customSubjectAlternativeNames": sans}
    tenant.run(
        lambda graph: graph.session.write(
            "PATCH", f"deviceManagement/deviceConfigurations/{changed}", body
        )
    )
    found = proof(tenant, journal)
    assert found.finish is Finish.FAILED
    assert found.is_settled


# The answers

NOW = datetime(2026, 11, 3, 8, tzinfo=UTC)
ONE, TWO = frozenset({"d1"}), frozenset({"d1", "d2"})


def reissued(hours=20, **sets):
    return Reissuance("p1", NOW - timedelta(hours=hours), **sets)


DONE = reissued(devices=ONE, reissued=ONE)
WAITING = reissued(devices=TWO, reissued=ONE, not_reissued=TWO - ONE)
UNSEEN = reissued(devices=TWO, reissued=ONE, not_seen=TWO - ONE)
EARLY = reissued(hours=2, devices=TWO, reissued=ONE, not_seen=TWO - ONE)
NOBODY_SEEN = reissued(devices=TWO, not_seen=TWO)
GONE = reissued(hours=2, devices=TWO, reissued=ONE, not_seen=TWO - ONE, unmanaged=TWO - ONE)
UNKNOWN = reissued(devices=TWO, reissued=ONE, unknown=TWO - ONE, has_check_ins=False)
ALL_NEW = reissued(devices=TWO, reissued=TWO, has_check_ins=False)
EMPTY = reissued()
SILENT = reissued(unverifiable=Unverifiable.NOT_REPORTED)
UNKEPT = reissued(unverifiable=Unverifiable.NO_SNAPSHOT)


@pytest.mark.parametrize(
    ("found", "finish", "settled"),
    [
        ([DONE], Finish.COMPLETE, True),
        ([DONE, EMPTY], Finish.COMPLETE, True),
        ([ALL_NEW], Finish.COMPLETE, True),
        ([UNSEEN], Finish.COMPLETE, True),
        ([EARLY], Finish.COMPLETE, False),
        ([GONE], Finish.COMPLETE, True),
        ([WAITING], Finish.PENDING, False),
        ([DONE, WAITING], Finish.PENDING, False),
        ([NOBODY_SEEN], Finish.PENDING, False),
        ([UNKNOWN], Finish.PENDING, False),
        ([DONE, SILENT], Finish.PENDING, False),
        ([DONE, UNKEPT], Finish.PENDING, False),
        ([DONE, None], Finish.PENDING, False),
        ([SILENT], Finish.NOT_JUDGED, True),
        ([UNKEPT], Finish.NOT_JUDGED, True),
        ([EMPTY], Finish.NOT_JUDGED, True),
        ([None], Finish.NOT_JUDGED, True),
        ([], Finish.NOT_JUDGED, True),
    ],
)
def test_only_what_was_seen_to_be_new_is_fine(found, finish, settled):
    outcome = SimpleNamespace(action=SimpleNamespace(name="Wi-Fi", id="p1"))
    profiles = tuple(ProfileProof(outcome, item) for item in found)
    report = SimpleNamespace(failed=False)
    judged = CertificateProof(report, profiles, NOW)
    assert (judged.finish, judged.is_settled) == (finish, settled)


@pytest.mark.parametrize(
    ("statuses", "settled"),
    [
        (["conflict"], True),
        (["failed", "unknown"], True),
        (["applied", "conflict"], True),
        (["unknown"], False),
        (["applied", "unknown"], False),
    ],
)
def test_a_profile_that_is_otherwise_ends_a_watch_and_one_that_is_unread_does_not(
    statuses, settled
):
    outcomes = [SimpleNamespace(status=Status(word), is_bad=word != "applied") for word in statuses]
    report = SimpleNamespace(failed=True, outcomes=outcomes, stopped=None)
    outcome = SimpleNamespace(action=SimpleNamespace(name="Wi-Fi", id="p1"))
    judged = CertificateProof(report, (ProfileProof(outcome, DONE),), NOW)
    assert (judged.finish, judged.is_settled) == (Finish.FAILED, settled)


# The SIDs, which only the certificates themselves show

SID, OTHER = "S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-1105"
TAG = "tag:microsoft.com,2022-09-14:sid:"


def with_sid(serial, sid=SID):
    names = () if sid is None else (extension("2.5.29.17", general_names(uri(TAG + sid))),)
    return certificate(*names, serial=serial)


@pytest.mark.parametrize(
    ("files", "expected", "carries"),
    [
        ({"a.cer": with_sid(b"\x0a")}, None, "right"),
        ({"a.cer": with_sid(b"\x0a", None)}, None, "wrong"),
        ({"a.cer": with_sid(b"\x0a", "S-1-5-21-nonsense")}, None, "wrong"),
        ({"a.cer": with_sid(b"\x0b")}, None, "not_judged"),
        ({"a.cer": b"no certificate"}, None, "not_judged"),
        ({"a.csv": b"SerialNumber,Thumbprint\r\n0A,AA\r\n"}, None, "not_judged"),
        ({"a.cer": with_sid(b"\x0a"), "b.cer": with_sid(b"\x0a", None)}, None, "wrong"),
        ({"a.cer": with_sid(b"\x0a", None), "b.cer": with_sid(b"\x0a")}, None, "wrong"),
        ({"a.cer": with_sid(b"\x0a")}, {"0A": SID}, "right"),
        ({"a.cer": with_sid(b"\x0a")}, {"0A": OTHER}, "wrong"),
        ({"a.cer": with_sid(b"\x0a")}, {"0A": None}, "wrong"),
        ({"a.cer": with_sid(b"\x0a", None)}, {"0A": None}, "wrong"),
        ({"a.cer": with_sid(b"\x0a")}, {"0B": SID}, "not_judged"),
        ({"a.cer": with_sid(b"\x0a", None)}, {"0B": SID}, "wrong"),
    ],
)
def test_only_a_certificate_with_the_right_sid_counts_as_right(tmp_path, files, expected, carries):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    sids = None if expected is None else ExpectedSids.from_mappings(by_serial=expected)
    issued = IssuedFiles(read_certificates([tmp_path]), sids)
    counts = {kind.value: count for kind, count in issued.carried_by(["A"]).items()}
    assert counts == {**dict.fromkeys(Carries, 0), carries: 1}
    if "a.csv" in files:
        assert any("no subject alternative names" in note for note in issued.notes)


@pytest.mark.parametrize(
    ("right", "wrong", "left", "share", "done"),
    [(4, 0, 0, 100, True), (3, 1, 6, 75, False), (0, 0, 5, None, False), (0, 2, 0, 0, False)],
)
def test_the_share_is_of_those_that_could_be_judged(right, wrong, left, share, done):
    counts = {Carries.RIGHT: right, Carries.WRONG: wrong, Carries.NOT_JUDGED: left}
    item = ProfileProof(SimpleNamespace(), DONE, counts)
    assert (item.share_right, item.is_done) == (share, done)
