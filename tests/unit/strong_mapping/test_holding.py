"""A profile that is known to reach too many without a SID waits; what is not known does not."""

import json
from dataclasses import replace

import pytest

from intune_scep.audience.readiness import ProfileReadiness, Reason
from intune_scep.changes.journal import read_journal
from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.run import resume, roll_back, verify_journal
from intune_scep.changes.status import Hold, Status
from intune_scep.changes.steps.patch import Patch
from intune_scep.changes.watch import Stop, Watch
from intune_scep.errors import JournalError, PlanError, SelectionError
from intune_scep.profiles import SID_URI, CertificateType, parse_profile
from intune_scep.reports.runs import plan_lines, text_of, text_of_run
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, apply_plan, enforce, plan_tenant
from intune_scep.strong_mapping.assessment import SANS
from intune_scep.strong_mapping.holding import Measured, held

CLOUD = "Windows - SCEP - User - Entra joined (Cloud PKI)"
PARTNERS = "Windows - SCEP - User - Partner portal"
DIRECTORY = ("/users", "/devices", "/groups", "managedDevices", "transitiveMembers")


def plan(tenant, **choices):
    return tenant.run(lambda graph: plan_tenant(graph, Choices(**choices)))


def holding(made):
    return {item.name for item in made.held_back}


def asked_of_the_directory(tenant):
    return [item["path"] for item in tenant.requests() if any(w in item["path"] for w in DIRECTORY)]


def is_mapped(wire):
    return any(name["name"] == SID_URI["name"] for name in wire.get(SANS) or ())


def writes_in(tenant):
    return [item for item in tenant.requests() if item["method"] == "PATCH"]


def test_nobody_who_does_not_ask_needs_a_permission_more(simulated):
    tenant = simulated("contoso")
    made = plan(tenant)
    assert asked_of_the_directory(tenant) == []
    assert made.held_back == ()
    assert made.choices["min_ready"] is None


@pytest.mark.parametrize(
    ("least", "waits"),
    [
        (0, set()),
        (66, {PARTNERS}),
        (66.6, {PARTNERS}),
        (66.7, {PARTNERS, CLOUD}),
        (95, {PARTNERS, CLOUD}),
        (100, {PARTNERS, CLOUD}),
    ],
)
def test_a_profile_waits_where_fewer_have_a_sid_than_was_asked_for(simulated, least, waits):
    everything = plan(simulated("contoso"))
    made = plan(simulated("contoso"), min_ready=least)
    assert waits <= holding(made)
    assert bool(holding(made)) is bool(waits)
    assert {CLOUD, PARTNERS} - waits <= {item.name for item in made.writing}
    # Nothing is added, nothing vanishes.
    assert {item.name for item in everything.writing} == {
        *holding(made),
        *(item.name for item in made.writing),
    }


def test_the_sentence_and_the_numbers_of_a_profile_that_waits(simulated):
    made = plan(simulated("contoso"), min_ready=95)
    [row] = [row for row in made.report()["profiles"] if row["name"] == CLOUD]
    assert (row["status"], row["hold"], row["diff"]) == ("held_back", "readiness", [])
    assert row["message"] == (
        "Held back: 24 of the 36 users that it reaches have a SID, which is 66.6 %, and min_ready"
        " asks for 95 %. 12 would get a certificate without a SID (cloud-only 12)."
    )
    told = row["readiness"]
    assert (told["assigned"], told["with_sid"], told["percent_with_sid"]) == (36, 24, 66.67)
    assert (told["short"]["cloud_only"], told["min_ready"], told["unknown"]) == (12, 95, [])
    text = text_of(plan_lines(made))
    assert "HELD BACK: not carried out" in text
    assert f"{len(made.held_back)} held back" in text
    assert all("readiness" in item.details for item in made.writing)


def test_nothing_is_said_of_a_change_that_waits(simulated):
    free = plan(simulated("contoso"), only=(CLOUD, PARTNERS))
    made = plan(simulated("contoso"), only=(CLOUD, PARTNERS), min_ready=100)
    assert any("R-082" in warning for warning in free.warnings)
    assert made.warnings == ()
    assert [note for note in made.notes if note.startswith("R-")] == []
    assert "re-issues" not in text_of(plan_lines(made))


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("beta/users", "User.Read.All"),
        ("beta/devices", "Device.Read.All"),
        ("/managedDevices", "DeviceManagementManagedDevices.Read.All"),
        ("transitiveMembers", "GroupMember.Read.All"),
        ("groups", "GroupMember.Read.All"),
    ],
)
def test_what_may_not_be_read_holds_nothing_and_names_the_permission(simulated, path, permission):
    whole = holding(plan(simulated("contoso"), min_ready=95))
    tenant = simulated("contoso")
    tenant.control("PUT", "faults", [{"match": {"path": path}, "effect": 403}])
    made = plan(tenant, min_ready=95)
    assert holding(made) <= whole
    assert any(permission in note for note in made.notes)
    unsure = [item for item in made.writing if item.details["readiness"]["unknown"]]
    for item in unsure:
        assert item.details["readiness"]["percent_with_sid"] is None
    assert bool(unsure) is any(note.startswith("Readiness is not known") for note in made.notes)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_listing_that_breaks_off_holds_nothing(simulated, status):
    tenant = simulated(bulk(3, n_users=3_000))
    later = {"path": "beta/users", "nth": list(range(3, 60))}
    tenant.control("PUT", "faults", [{"match": later, "effect": status}])
    made = plan(tenant, min_ready=100)
    assert made.held_back == ()
    assert any(note.startswith("Not read: users: ") for note in made.notes)
    assert any("Readiness is not known, and holds nothing back: " in note for note in made.notes)


def test_a_filter_is_unknown_and_named(simulated):
    made = plan(simulated("contoso"), min_ready=100, include_device_certificates=True)
    [note] = [note for note in made.notes if "evaluated by Intune alone" in note]
    assert "'Windows - corporate owned'" in note
    filtered = [item for item in made.writing if item.details["readiness"]["unknown"]]
    assert filtered
    assert all(item.name in note or "more)" in note for item in filtered)


def test_a_plan_without_a_change_asks_nobody(simulated):
    tenant = simulated("contoso")
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    tenant.control("DELETE", "requests")
    made = plan(tenant, min_ready=95)
    assert made.is_empty
    assert asked_of_the_directory(tenant) == []


def test_a_run_changes_the_others_and_has_not_failed(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j.jsonl"
    foreseen = plan(tenant, min_ready=95)

    def work(graph):
        return enforce(graph, Choices(min_ready=95), dry_run=False, journal=journal)

    report = tenant.run(work)
    assert (report.changed, report.failed) == (True, False)
    assert len(writes_in(tenant)) == len(foreseen.writing)
    assert report.count(Status.HELD_BACK) == len(foreseen.held_back)
    assert {item.hold for item in report.outcomes if item.status is Status.HELD_BACK} == {
        Hold.READINESS
    }
    assert f"{len(foreseen.held_back)} profiles held back. " in report.msg
    assert "Not as planned" not in report.msg
    assert "To finish" not in text_of_run(report)
    assert read_journal(journal).is_finished
    assert not tenant.run(lambda graph: verify_journal(graph, journal)).failed
    before = {identifier for identifier, wire in tenant.profiles().items() if is_mapped(wire)}
    back = tenant.run(lambda graph: roll_back(graph, journal))
    assert back.count(Status.APPLIED) == len(foreseen.writing)
    after = {identifier for identifier, wire in tenant.profiles().items() if is_mapped(wire)}
    assert before - after == {item.id for item in foreseen.writing}


def test_check_mode_tells_the_same_and_writes_nothing(simulated):
    tenant = simulated("contoso")
    report = tenant.run(lambda graph: enforce(graph, Choices(min_ready=95), dry_run=True))
    made = plan(simulated("contoso"), min_ready=95)
    assert writes_in(tenant) == []
    assert (report.changed, report.failed) == (True, False)
    assert report.count(Status.HELD_BACK) == len(made.held_back) > 0


def test_where_everything_waits_nothing_is_written_and_no_journal_made(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j.jsonl"
    choices = Choices(min_ready=100, only=(CLOUD, PARTNERS))
    report = tenant.run(lambda graph: enforce(graph, choices, dry_run=False, journal=journal))
    assert (report.changed, report.failed, report.journal) == (False, False, None)
    assert not journal.exists()
    assert report.count(Status.HELD_BACK) == 2


def test_a_saved_plan_keeps_the_threshold_and_what_waits(simulated, tmp_path):
    tenant = simulated("contoso")
    made = plan(tenant, min_ready=95)
    again = Plan.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert again.choices["min_ready"] == 95
    tenant.control("DELETE", "requests")
    report = tenant.run(lambda graph: apply_plan(graph, again, journal=tmp_path / "j.jsonl"))
    assert asked_of_the_directory(tenant) == []
    assert not report.failed
    assert report.count(Status.HELD_BACK) == len(made.held_back)


def test_a_resumed_run_need_not_read_again(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j.jsonl"
    choices = Choices(min_ready=95)
    stop = Stop()
    watch = Watch(progress=lambda *_: stop.request(), stop=stop)
    cut = tenant.run(
        lambda graph: enforce(graph, choices, dry_run=False, journal=journal, watch=watch)
    )
    assert cut.failed
    tenant.control("DELETE", "requests")
    with pytest.raises(JournalError, match="min_ready was 95, not 80"):
        tenant.run(
            lambda graph: enforce(graph, Choices(min_ready=80), dry_run=False, journal=journal)
        )
    report = tenant.run(lambda graph: resume(graph, journal))
    assert asked_of_the_directory(tenant) == []
    assert not report.failed
    assert report.count(Status.HELD_BACK) == len(plan(tenant, min_ready=95).held_back)


@pytest.mark.parametrize(
    "wrong", [-1, 100.01, 101, float("nan"), float("inf"), "95", True, [95]], ids=repr
)
def test_a_share_that_is_no_percentage_is_refused(wrong):
    with pytest.raises(SelectionError, match="min_ready must be a number from 0 to 100"):
        Choices(min_ready=wrong)


WIRE = {
    "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile",
    "id": "p1",
    "displayName": "Wi-Fi",
}


def reaching(assigned, with_sid, **short):
    reasons = {reason: short.pop(reason.value, 0) for reason in Reason}
    return ProfileReadiness(
        parse_profile(WIRE), CertificateType.USER, assigned, with_sid, reasons, **short
    )


def judged(item, least):
    """What becomes of a profile that would change, and the notes of its plan."""
    steps = (Patch({SANS: None}, {SANS: []}),)
    action = Action(
        "p1", "add_sid_uri", WIRE["@odata.type"], "Wi-Fi", "p1", Status.PLANNED, steps=steps
    )
    measured = Measured({"p1": item})
    return held(action, measured, least), measured.told


@pytest.mark.parametrize(
    ("item", "least", "words"),
    [
        (
            reaching(1000, 949, cloud_only=51),
            95,
            "949 of the 1,000 users",
        ),
        (reaching(100_000, 94_999, guest=5_001), 95, "which is 94.9 %"),
        (reaching(3, 2, guest=1), 67, "which is 66.6 %, and min_ready asks for 67 %"),
        (
            reaching(10, 0, cloud_only=1, guest=2, not_synchronised=7),
            50,
            "(not synchronised 7, guests 2, cloud-only 1)",
        ),
        (reaching(12, 5, disabled=2, cloud_only=5), 99.5, "5 of the 10 users"),
        (
            reaching(4, 0, entra_joined=1, entra_registered=1, guest=1, cloud_only=1),
            1,
            "4 would get a certificate without a SID",
        ),
    ],
)
def test_what_the_sentence_says(item, least, words):
    action, _ = judged(item, least)
    assert not action.writes
    assert (action.status, action.hold) == (Status.HELD_BACK, Hold.READINESS)
    assert words in action.message


@pytest.mark.parametrize(
    ("item", "least"),
    [
        (reaching(0, 0), 100),
        (reaching(5, 0, disabled=5), 100),
        (reaching(10, 10), 100),
        (reaching(10, 0, cloud_only=10), 0),
        (reaching(10, 2, cloud_only=8, unsure=("A filter.",)), 100),
        (reaching(20, 19, guest=1), 95),
    ],
)
def test_what_does_not_wait(item, least):
    action, notes = judged(item, least)
    assert (action.status, action.hold) == (Status.PLANNED, None)
    assert action.writes
    assert bool(item.unsure) is bool(notes)


@pytest.mark.parametrize("hold", ["", "nonsense", 7, None, ["readiness"]], ids=repr)
def test_a_plan_that_waits_for_nothing_known_is_damaged(hold):
    action, _ = judged(reaching(1, 0, guest=1), 50)
    data = Plan(Task.STRONG_MAPPING, "t", "public", (action,)).to_dict()
    data["actions"][0]["hold"] = hold
    with pytest.raises(PlanError, match="damaged"):
        Plan.from_dict(data)


def test_a_plan_that_was_saved_before_is_read_as_it_was():
    action = Action("p1", "none", WIRE["@odata.type"], "Wi-Fi", "p1")
    old = Plan(Task.STRONG_MAPPING, "t", "public", (action,))
    assert "hold" not in json.dumps(old.to_dict())
    assert Plan.from_dict(old.to_dict()) == old
    assert replace(action, hold=Hold.READINESS).row()["hold"] == "readiness"
