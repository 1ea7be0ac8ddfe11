"""The migration against the simulated Graph: does what it said, and only that."""

import json
from pathlib import Path

import pytest

from intune_scep.changes.journal import read_journal
from intune_scep.changes.plan import Plan
from intune_scep.changes.run import roll_back as rollback
from intune_scep.changes.run import verify_journal
from intune_scep.errors import (
    IntuneScepError,
    JournalError,
    PlanError,
    SelectionError,
    TooManyChangesError,
)
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, apply_plan, assess_tenant, enforce, plan_tenant

SANS = "customSubjectAlternativeNames"
SID_URI = {
    "sanType": "universalResourceIdentifier",
    "name": "{{OnPremisesSecurityIdentifier}}",
}
SERVER_OWNED = {"version", "lastModifiedDateTime"}


def statuses(report):
    return {row["id"]: row["status"] for row in report.to_dict()["profiles"]}


def chosen(report, status="applied"):
    return {identifier for identifier, value in statuses(report).items() if value == status}


def writes_in(tenant):
    readings = ("$batch", "exportJobs")
    sent = [item for item in tenant.sent() if item["method"] != "GET"]
    return [item for item in sent if not item["path"].endswith(readings)]


def edit(tenant, identifier, changes):
    """Change a profile as a colleague in the admin center would."""
    body = {"@odata.type": tenant.profiles()[identifier]["@odata.type"], **changes}
    path = f"deviceManagement/deviceConfigurations/{identifier}"
    tenant.run(lambda graph: graph.session.write("PATCH", path, body))


def test_only_required_profiles_change_and_only_by_one_name(simulated, tmp_path):
    tenant = simulated("contoso")
    before = tenant.profiles()
    report = tenant.run(
        lambda graph: enforce(graph, Choices(), dry_run=False, journal=tmp_path / "j.jsonl")
    )
    after = tenant.profiles()
    required = {row["id"] for row in report.to_dict()["profiles"] if row["verdict"] == "required"}
    assert chosen(report) == required
    assert report.changed and not report.failed
    counts = report.counts["statuses"]
    assert (counts["applied"], counts["unchanged"], sum(counts.values())) == (21, 42, 80)
    for identifier, profile in before.items():
        now = after[identifier]
        if identifier not in required:
            assert now == profile
            continue
        assert now[SANS] == [*(profile[SANS] or []), SID_URI]
        assert now["version"] == profile["version"] + 1
        differing = {name for name in now if now[name] != profile.get(name)}
        assert differing == {SANS, *SERVER_OWNED}


def test_a_write_carries_the_type_and_the_names_and_nothing_else(simulated, tmp_path):
    tenant = simulated("contoso")
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=tmp_path / "j"))
    writes = writes_in(tenant)
    assert {item["method"] for item in writes} == {"PATCH"}
    assert all(set(item["body"]) == {"@odata.type", SANS} for item in writes)


def test_a_dry_run_writes_nothing_and_foresees_exactly_what_happens(simulated, tmp_path):
    tenant = simulated("contoso")
    foreseen = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=True))
    assert not writes_in(tenant)
    done = tenant.run(
        lambda graph: enforce(graph, Choices(), dry_run=False, journal=tmp_path / "j")
    )
    assert chosen(foreseen, "planned") == chosen(done)
    keys = ("id", "name", "action", "diff", "verdict")
    assert [[row[key] for key in keys] for row in foreseen.to_dict()["profiles"]] == [
        [row[key] for key in keys] for row in done.to_dict()["profiles"]
    ]


def test_a_second_run_sends_no_write(simulated, tmp_path):
    tenant = simulated("contoso")
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=tmp_path / "j"))
    tenant.control("DELETE", "requests")
    again = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert not again.changed
    assert again.journal is None
    assert tenant.sent() and not writes_in(tenant)


@pytest.mark.parametrize(
    ("choice", "verdict", "platforms"),
    [
        (
            "include_android",
            "opt_in",
            {"android_work_profile", "android_for_work", "android_device_owner", "android_aosp"},
        ),
        ("include_device_certificates", "opt_in", {"windows"}),
        ("include_legacy_san", "review", {"windows", "ios"}),
    ],
)
def test_each_choice_adds_its_profiles_and_no_others(simulated, choice, verdict, platforms):
    tenant = simulated("contoso")
    without = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices(**{choice: True})))
    added = {action.id for action in plan.writing} - {action.id for action in without.writing}
    rows = [action.row() for action in plan.actions if action.id in added]
    assert rows
    assert {row["verdict"] for row in rows} == {verdict}
    assert {row["platform"] for row in rows} <= platforms


def test_every_choice_together_never_touches_the_other_verdicts(simulated):
    tenant = simulated("contoso")
    everything = Choices(
        include_android=True, include_device_certificates=True, include_legacy_san=True
    )
    plan = tenant.run(lambda graph: plan_tenant(graph, everything))
    planned = {action.id for action in plan.writing}
    verdicts = {
        row["verdict"] for row in [action.row() for action in plan.actions] if row["id"] in planned
    }
    assert verdicts == {"required", "opt_in", "review"}


def test_only_and_except_take_names_and_ids(simulated):
    tenant = simulated("contoso")
    full = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    names = [action.name for action in full.actions]
    single = [action for action in full.writing if names.count(action.name) == 1]
    one, two = single[:2]
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices(only=(one.id, two.name))))
    assert {action.id for action in plan.writing} == {one.id, two.id}
    plan = tenant.run(
        lambda graph: plan_tenant(graph, Choices(only=(one.id, two.id), except_=(one.id,)))
    )
    assert {action.id for action in plan.writing} == {two.id}


@pytest.mark.parametrize("option", ["only", "except_"])
def test_letter_case_means_nothing_in_an_id(simulated, option):
    tenant = simulated("contoso")
    full = {a.id for a in tenant.run(lambda graph: plan_tenant(graph, Choices())).writing}
    chosen = min(identifier for identifier in full if identifier.upper() != identifier)
    choices = Choices(**{option: (chosen.upper(),)})
    left = {a.id for a in tenant.run(lambda graph: plan_tenant(graph, choices)).writing}
    assert left == ({chosen} if option == "only" else full - {chosen})


@pytest.mark.parametrize("option", ["only", "except_"])
def test_a_name_of_none_or_of_two_is_an_error_with_both_ids(simulated, option):
    tenant = simulated("contoso")
    rows = tenant.run(assess_tenant).to_dict()["profiles"]
    names = [row["name"] for row in rows]
    twice = next(name for name in names if names.count(name) == 2)
    ids = [row["id"] for row in rows if row["name"] == twice]
    with pytest.raises(SelectionError) as caught:
        tenant.run(lambda graph: plan_tenant(graph, Choices(**{option: (twice,)})))
    assert all(identifier in str(caught.value) for identifier in ids)
    with pytest.raises(SelectionError, match="no SCEP profile has the name or id 'Nobody'"):
        tenant.run(lambda graph: plan_tenant(graph, Choices(**{option: ("Nobody",)})))


@pytest.mark.parametrize("choice", ["only", "except_"])
def test_a_name_that_nothing_has_comes_with_the_nearest(simulated, choice):
    wanted = Choices(**{choice: ("iOS - SCEP - User - Executive",)})
    with pytest.raises(SelectionError, match="Candidates: 'iOS - SCEP - User - Executives' "):
        simulated("contoso").run(lambda graph: plan_tenant(graph, wanted))


def test_a_plan_larger_than_allowed_changes_nothing(simulated):
    tenant = simulated("contoso")
    with pytest.raises(TooManyChangesError, match="21 profiles would change"):
        tenant.run(lambda graph: enforce(graph, Choices(max_changes=20), dry_run=False))
    assert not writes_in(tenant)
    assert len(tenant.run(lambda graph: plan_tenant(graph, Choices(max_changes=21))).writing) == 21


def test_pkcs_profiles_are_neither_listed_nor_touched(simulated):
    tenant = simulated("contoso")
    types = {row["odata_type"] for row in tenant.run(assess_tenant).to_dict()["profiles"]}
    assert any("Pkcs" in profile["@odata.type"] for profile in tenant.profiles().values())
    assert not any("pkcs" in name.lower() for name in types)


def test_a_profile_edited_after_the_plan_is_a_conflict_and_the_rest_goes_on(simulated, tmp_path):
    tenant = simulated("contoso")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    victim = plan.writing[5]
    edit(tenant, victim.id, {"description": "Edited in the admin center"})
    report = tenant.run(lambda graph: apply_plan(graph, plan, journal=tmp_path / "j"))
    assert chosen(report, "conflict") == {victim.id}
    assert len(chosen(report)) == len(plan.writing) - 1
    assert report.failed
    assert tenant.profiles()[victim.id][SANS] == victim.steps[0].before[SANS]


def test_a_profile_deleted_after_the_plan_is_a_conflict(simulated, tmp_path):
    tenant = simulated("contoso")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    path = f"deviceManagement/deviceConfigurations/{plan.writing[0].id}"
    tenant.run(lambda graph: graph.session.write("DELETE", path))
    report = tenant.run(lambda graph: apply_plan(graph, plan, journal=tmp_path / "j"))
    assert chosen(report, "conflict") == {plan.writing[0].id}


def test_a_plan_survives_its_file_and_a_change_to_it_is_noticed(simulated):
    tenant = simulated("contoso")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices(include_android=True)))
    data = json.loads(json.dumps(plan.to_dict()))
    assert Plan.from_dict(data).to_dict() == plan.to_dict()
    data["actions"].pop()
    with pytest.raises(PlanError, match="changed after it was written"):
        Plan.from_dict(data)


@pytest.mark.parametrize("data", [None, [], {}, {"format": "x"}, "plan"])
def test_what_is_no_plan_is_refused(data):
    with pytest.raises(PlanError):
        Plan.from_dict(data)


def test_rollback_restores_the_names_exactly(simulated, tmp_path):
    tenant = simulated("contoso")
    everything = Choices(
        include_android=True, include_device_certificates=True, include_legacy_san=True
    )
    before = tenant.profiles()
    journal = tmp_path / "j"
    tenant.run(lambda graph: enforce(graph, everything, dry_run=False, journal=journal))
    foreseen = tenant.run(lambda graph: rollback(graph, journal, dry_run=True))
    report = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
    assert chosen(foreseen, "planned") == chosen(report) != set()
    assert not report.failed
    assert any("re-issues" in note for note in report.notes)
    after = tenant.profiles()
    without = {i: {k: v for k, v in p.items() if k not in SERVER_OWNED} for i, p in after.items()}
    assert without == {
        i: {k: v for k, v in p.items() if k not in SERVER_OWNED} for i, p in before.items()
    }
    again = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
    assert not again.changed


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Edited since"},
        {SANS: [SID_URI]},
        {"renewalThresholdPercentage": 33},
    ],
)
def test_rollback_refuses_a_profile_that_changed_since(simulated, tmp_path, change):
    tenant = simulated("contoso")
    journal = tmp_path / "j"
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    victim = sorted(chosen(report))[0]
    edit(tenant, victim, change)
    expected = tenant.profiles()[victim]
    report = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
    assert chosen(report, "conflict") == {victim}
    assert tenant.profiles()[victim] == expected


def test_an_edit_that_was_undone_still_counts_as_a_change(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j"
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    victim = sorted(chosen(report))[0]
    description = tenant.profiles()[victim]["description"]
    edit(tenant, victim, {"description": "x"})
    edit(tenant, victim, {"description": description})
    report = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
    assert chosen(report, "conflict") == {victim}


def test_verify_finds_what_somebody_undid(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j"
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    assert not tenant.run(lambda graph: verify_journal(graph, journal)).failed
    victim = sorted(chosen(report))[0]
    edit(tenant, victim, {SANS: []})
    report = tenant.run(lambda graph: verify_journal(graph, journal))
    assert report.failed
    assert chosen(report, "conflict") == {victim}


def test_a_journal_of_another_tenant_is_refused(simulated, tmp_path):
    contoso, other = simulated("contoso"), simulated(bulk(3), name="bulk3")
    journal = tmp_path / "j"
    contoso.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    for work in (
        lambda graph: rollback(graph, journal, dry_run=False),
        lambda graph: verify_journal(graph, journal),
    ):
        with pytest.raises(JournalError, match="is the journal of tenant"):
            other.run(work)
    assert not [item for item in other.sent() if item["method"] != "GET"]


def test_a_plan_of_another_tenant_is_refused(simulated, tmp_path):
    contoso, other = simulated("contoso"), simulated(bulk(3), name="bulk3")
    plan = contoso.run(lambda graph: plan_tenant(graph, Choices()))
    with pytest.raises(PlanError, match="is for tenant"):
        other.run(lambda graph: apply_plan(graph, plan, journal=tmp_path / "j"))


def test_a_finished_journal_is_not_written_over(simulated, tmp_path):
    tenant = simulated("contoso")
    journal = tmp_path / "j"
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    content = journal.read_bytes()
    android = Choices(include_android=True)
    with pytest.raises(JournalError, match="earlier run"):
        tenant.run(lambda graph: enforce(graph, android, dry_run=False, journal=journal))
    assert journal.read_bytes() == content
    assert not tenant.run(
        lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal)
    ).changed


def test_the_journal_is_private_and_holds_no_token(simulated, tmp_path):
    tenant = simulated("contoso")
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    path = Path(report.journal)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "eyJ" not in path.read_text()
    assert read_journal(path).tenant == tenant.door.tenant_id


def test_a_first_write_without_effect_stops_the_run(simulated, tmp_path):
    """PATCH that answers 204 and does nothing: one profile is tried, the rest is not."""
    tenant = simulated(bulk(30), name="bulk30")
    tenant.control(
        "PUT",
        "faults",
        [{"match": {"method": "PATCH", "path": "deviceConfigurations/"}, "effect": 204}],
    )
    report = tenant.run(
        lambda graph: enforce(graph, Choices(), dry_run=False, journal=tmp_path / "j")
    )
    assert len(tenant.sent("PATCH")) == 1
    counts = report.counts["statuses"]
    assert (counts["unknown"], counts["held_back"]) == (1, 29)
    assert report.failed


def test_windows_10x_is_noted_where_its_collection_may_not_be_read(simulated):
    tenant = simulated("contoso")
    tenant.control("PUT", "faults", [{"match": {"path": "resourceAccessProfiles"}, "effect": 403}])
    assessment = tenant.run(assess_tenant)
    assert any("Windows 10X profiles were not read" in note for note in assessment.notes)


def test_a_403_names_the_permission(simulated):
    tenant = simulated("contoso")
    tenant.control("PUT", "faults", [{"match": {"path": "deviceConfigurations"}, "effect": 403}])
    with pytest.raises(IntuneScepError, match=r"DeviceManagementConfiguration\.Read\.All"):
        tenant.run(assess_tenant)
