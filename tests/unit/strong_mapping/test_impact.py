"""Impact of a simulated tenant, and of its plans: numbers by hand, one report, unknown is said."""

from dataclasses import replace

import pytest

from intune_scep.audience.load import Spread
from intune_scep.changes.certificates import about_certificates, about_impact
from intune_scep.changes.plan import Plan
from intune_scep.reports.runs import plan_lines, text_of
from intune_scep.strong_mapping import Choices, enforce, plan_tenant
from intune_scep.strong_mapping.impact import READING, read_impact
from intune_scep.tenant.issued import IssuedOnce

PHONES = "iOS - SCEP - User - Corporate Wi-Fi"
LAPTOPS = "Windows - SCEP - User - Always On VPN"
GRANTED = frozenset({READING, "DeviceManagementConfiguration.ReadWrite.All"})


def permitted(tenant, *names):
    return replace(tenant, granted_permissions=frozenset(names) or GRANTED)


def jobs(tenant):
    return [item for item in tenant.requests("POST") if item["path"].endswith("/exportJobs")]


@pytest.fixture
def contoso(simulated):
    return simulated("contoso")


def planned(tenant, choices=None, *names):
    chosen = choices or Choices(only=(PHONES, LAPTOPS))
    return tenant.run(lambda graph: plan_tenant(permitted(graph, *names), chosen))


def test_contoso_by_hand(contoso):
    told = []
    choices = Choices(include_android=True)

    async def read(graph):
        return await read_impact(graph, choices, progress=lambda *now: told.append(now))

    found = contoso.run(read)
    by_name = {item.profile.display_name: item for item in found.profiles}
    phones = by_name[PHONES]
    assert (phones.in_use.certificates, len(phones.in_use.devices)) == (46, 46)
    assert (phones.forecast, phones.groups, phones.hosts) == (
        92,
        ("All Staff",),
        ("ndes.contoso.com",),
    )
    assert by_name["Android COBO - SCEP - User - Corporate Wi-Fi"].in_use is None
    assert found.totals["unknown_profiles"] == 4
    assert not found.is_whole
    hosts = {host.host: host for host in found.hosts}
    assert hosts["{{CloudPKIFQDN}}"].enrolments == 34
    at_once = sum(load.enrolments for load in found.load[Spread.AT_ONCE])
    assert at_once == sum(load.enrolments for load in found.load[Spread.EVEN])
    assert len(jobs(contoso)) == 1
    assert told[0][0] == 0
    assert told[-1][:2] == (3, 3)


def test_a_plan_carries_the_numbers_and_can_be_saved(contoso):
    plan = planned(contoso)
    by_name = {action.name: action.details["impact"] for action in plan.actions}
    assert by_name[PHONES]["certificates"] == 46
    assert by_name[PHONES]["enrolments"] == 92
    assert by_name[LAPTOPS]["dependants"] == 1
    assert by_name["iOS - SCEP - User - Per-app VPN"] is None
    assert about_impact(plan) == (
        "This re-issues about 46 certificates on 46 devices (forecast: 92 enrolments); 2 Wi-Fi and"
        " VPN profiles use them."
    )
    assert about_certificates(plan).startswith(about_impact(plan))
    text = text_of(plan_lines(plan))
    assert about_impact(plan) in text
    assert "certificates: 46 certificates on 46 devices, used by 1 profile" in text
    again = Plan.from_dict(plan.to_dict())
    assert about_impact(again) == about_impact(plan)
    assert again.digest == plan.digest
    assert plan.report()["impact"]["certificates"] == 46
    # Numbers of the whole are not numbers of a part.
    assert about_impact(plan.part([plan.writing[0].key])) == ""


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        (["DeviceManagementConfiguration.ReadWrite.All"], f"is unknown: {READING} is missing."),
        (["User.Read.All"], f"is unknown: {READING} is missing."),
        ([READING.replace("Read", "ReadWrite")], "about 46 certificates"),
        ([READING.lower()], "about 46 certificates"),
    ],
)
def test_the_permission_decides_and_is_named(contoso, granted, said):
    plan = planned(contoso, None, *granted)
    assert said in about_impact(plan)
    assert len(jobs(contoso)) == ("unknown" not in said)


def test_a_token_that_does_not_say_what_it_permits_is_not_tried(contoso):
    plan = contoso.run(lambda graph: plan_tenant(graph, Choices(only=(PHONES,))))
    assert "does not say whether it has" in about_impact(plan)
    assert jobs(contoso) == []


@pytest.mark.parametrize(
    ("path", "effect", "said"),
    [
        ("exportJobs", 403, READING),
        ("exportJobs", 400, "is unknown"),
        ("exportJobs", 404, "is unknown"),
        ("exportJobs", 503, "is unknown"),
    ],
)
def test_what_cannot_be_read_stops_no_plan_and_is_never_0(contoso, path, effect, said):
    contoso.control("PUT", "faults", [{"match": {"path": path}, "effect": effect}])
    plan = planned(contoso)
    assert len(plan.writing) == 2
    assert said in about_impact(plan)
    assert plan.impact["certificates"] is None
    assert "re-issues about" not in about_impact(plan)


def test_a_link_that_cannot_be_read_is_told_with_what_it_leaves_open(contoso):
    link = {"path": "identityCertificateForClientAuthentication"}
    contoso.control("PUT", "faults", [{"match": link, "effect": 400}])
    plan = planned(contoso)
    assert plan.impact["certificates"] == 46
    assert any(note.startswith("Not read: a certificate link of") for note in plan.notes)
    assert any("may be missing among those counted" in note for note in plan.notes)
    found = contoso.run(lambda graph: read_impact(graph, Choices(only=(PHONES,))))
    assert not found.is_whole


def test_left_out_where_nobody_wants_it_or_nothing_changes(contoso):
    assert planned(contoso, Choices(only=(PHONES,), no_impact=True)).impact == {}
    nothing = planned(contoso, Choices(only=("Windows - SCEP - User - Mapped twice",)))
    assert (nothing.writing, nothing.impact) == ((), {})
    assert jobs(contoso) == []


def test_a_run_tells_the_numbers_and_its_rollback_does_not(contoso, tmp_path):
    from intune_scep.changes.run import roll_back
    from intune_scep.strong_mapping.run import TASKS

    choices, journal = Choices(only=(PHONES,)), tmp_path / "journal"

    async def run(graph):
        graph = permitted(graph)
        done = await enforce(graph, choices, dry_run=False, journal=journal)
        back = await roll_back(graph, journal, tasks=TASKS, dry_run=True)
        return done, back

    done, back = contoso.run(run)
    assert done.to_dict()["impact"]["certificates"] == 46
    assert "impact" not in back.to_dict()
    assert all("impact" not in item.row() for item in back.outcomes)


def test_one_report_serves_a_whole_job(contoso):
    async def twice(graph):
        graph = permitted(graph)
        issued = IssuedOnce(graph)
        choices = Choices(only=(PHONES,))
        plan = await plan_tenant(graph, choices, issued=issued)
        again = await issued.read([plan.writing[0].id.upper()])
        nothing = await issued.read([])
        return again, nothing, issued.read_at

    again, nothing, read_at = contoso.run(twice)
    assert len(again) >= 46
    assert nothing == ()
    assert read_at.tzinfo is not None
    assert len(jobs(contoso)) == 1
