"""All problems at once: of a declaration, of many declarations, and beside those that are sound."""

from dataclasses import replace

import pytest

from intune_scep.changes.run import dry_run_report
from intune_scep.declarations import parse_declaration, read_all, read_declarations
from intune_scep.desired_state import plan_declarations
from intune_scep.errors import DeclarationError
from intune_scep.profiles import Platform, ProfileKind
from intune_scep.reports.runs import plan_lines, text_of, text_of_run

from . import declared
from .conftest import DeclaredTenant
from .declared import root, scep

WRONG_FIELDS = {
    "platform": "ios",
    "key_size": 3000,
    "key_storage_provider": "software",
    "renewal_threshold": 120,
    "subject_name_format_type": "common_name_as_intune_device_id",
    "description": {"a": 1},
    "key_usge": ["digital_signature"],
}


def test_every_wrong_option_of_a_declaration_is_told():
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(WRONG_FIELDS, kind=ProfileKind.SCEP)
    told = " ".join(caught.value.problems)
    for words in (
        "key_size must be one of 1024, 2048, 4096, not_configured",
        "key_storage_provider exists only on: windows",
        "renewal_threshold must be at most 99",
        "subject_name_format_type 'common_name_as_intune_device_id' does not exist on ios",
        "description must be text",
        "key_usage is",
        "name is required",
    ):
        assert words in told


def test_a_certificate_is_judged_beside_other_mistakes(tmp_path):
    given = {"name": "Root", "platform": "ios", "description": 7, "certificate": "no certificate"}
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(given, kind=ProfileKind.TRUSTED_ROOT)
    assert {problem.split()[0] for problem in caught.value.problems} == {
        "description",
        "certificate",
    }


def test_every_name_that_leads_nowhere_is_told_with_its_candidates(tenant):
    wrong = scep(
        root_profile={"name": "Rot"},
        scope_tags=["Munic", "Default"],
        assignments=[
            {"group": "Twins"},
            {"all_devices": True, "filter": "Corporat", "filter_type": "include"},
        ],
    )
    [action] = tenant.plan([root(), wrong]).refused
    problems = action.details["problems"]
    assert [problem.split(":")[0] for problem in problems] == [
        "root_profile",
        "scope_tags",
        "assignments[0].group",
        "assignments[1].filter",
    ]
    assert "'Root'" in problems[0]
    assert "'Munich' (1)" in problems[1]
    assert "2 groups have the name 'Twins'" in problems[2]
    assert "'Corporate'" in problems[3]
    assert action.message == " ".join(problems)


def test_what_a_new_profile_lacks_is_told_beside_the_names(tenant):
    [action] = tenant.plan([scep(key_usage=..., scep_server_urls=...)]).refused
    assert action.details["problems"][0] == "A new profile needs key_usage, scep_server_urls."
    assert action.details["problems"][1].startswith("root_profile: ")


def test_a_refused_declaration_does_not_hide_what_the_others_would_change(tenant):
    tenant.applied([root(), scep()])
    plan = tenant.plan([scep(renewal_threshold=33), scep(name="New", root_profile={"name": "No"})])
    for text in (text_of(plan_lines(plan)), text_of_run(dry_run_report(plan))):
        assert "renewal_threshold" in text
        assert "+ 33" in text
        assert "no trusted root profile of ios has the name 'No'" in text
    rows = {row["name"]: row for row in dry_run_report(plan).to_dict()["profiles"]}
    assert rows["Staff"]["diff"] and rows["New"]["action"] == "refused"


def test_a_declaration_that_cannot_be_read_does_not_either(tenant, tmp_path):
    tenant.applied([root(), scep()])
    (tmp_path / "a.yml").write_text(
        "scep_profiles:\n"
        "- {name: Staff, platform: ios, renewal_threshold: 33}\n"
        "- {name: Other, platform: ios, key_size: 1}\n"
        "- {name: Odd, platform: windows11}\n"
    )
    (tmp_path / "b.yml").write_text("nothing: of ours\n")
    usable, unusable = read_all(tmp_path)
    plan = tenant.simulated.run(lambda graph: plan_declarations(graph, usable, unusable=unusable))
    assert plan.is_held
    text = text_of(plan_lines(plan))
    for words in ("+ 33", "key_size must be one of", "platform must be one of", "a document"):
        assert words.lower() in text.lower()
    assert len(plan.refused) == 3
    assert {(a.row()["name"], a.row()["platform"]) for a in plan.refused[:2]} == {
        ("Other", "ios"),
        ("Odd", "windows11"),
    }


def test_nothing_is_pruned_beside_a_declaration_that_cannot_be_read(tenant, tmp_path):
    tenant.applied([root(), scep()], managed_by="set")
    error = DeclarationError("x", ["It is wrong."], kind="scep", name="Staff", platform="ios")
    from intune_scep.desired_state import PlanChoices

    plan = tenant.simulated.run(
        lambda graph: plan_declarations(
            graph, [root()], PlanChoices("set", prune=True), unusable=[error]
        )
    )
    assert [action.action for action in plan.actions if action.action == "delete"] == []


@pytest.mark.parametrize("count", [2, 3, 4, 70])
def test_one_cause_for_many_profiles_is_one_sentence(tenant, count):
    many = [
        scep(name=f"P{number:02d}", root_profile={"name": "Missing"}) for number in range(count)
    ]
    report = dry_run_report(tenant.plan(many))
    first = "'P00' (ios), 'P01' (ios)"
    assert report.msg.count("no trusted root profile") == 1
    assert first in report.msg
    text = text_of_run(report)
    assert text.count("\n  P00 (ios), P01 (ios)") == 1
    assert f"{count} profiles cannot be as declared" in report.msg
    assert ("and 67 more: root_profile" in report.msg) is (count == 70)
    assert "P69" not in report.msg


@pytest.mark.parametrize("count", [2, 70])
def test_one_mistake_in_many_files_is_one_sentence(tmp_path, count):
    for number in range(count):
        text = f"scep_profile: {{name: P{number:02d}, platform: ios, key_size: 1}}\n"
        (tmp_path / f"{number:02d}.yml").write_text(text)
    with pytest.raises(DeclarationError) as caught:
        read_declarations(tmp_path)
    assert str(caught.value).count("key_size must be") == 1
    assert ("and 67 more" in str(caught.value)) is (count == 70)


WINDOWS_FILTER = {"all_devices": True, "filter": "Windows only", "filter_type": "include"}


@pytest.fixture
def filtered(simulated):
    """A tenant whose filters are for a platform each."""
    platforms = {
        "Windows only": "windows10AndLater",
        "iPhones": "iOS",
        "Macs": "macOS",
        "Android Enterprise": "androidForWork",
        "Scanners": "androidAOSP",
        "Unheard of": "androidMobileApplicationManagement",
    }
    filters = tuple(
        {"id": declared.guid(n, 7), "displayName": name, "platform": platform, "rule": "(x)"}
        for n, (name, platform) in enumerate(platforms.items())
    )
    scenario = replace(declared.scenario(), assignment_filters=filters)
    return DeclaredTenant(simulated(scenario, name="filtered"))


@pytest.mark.parametrize(
    ("platform", "chosen", "of"),
    [
        (Platform.IOS, "Windows only", "windows10AndLater"),
        (Platform.WINDOWS, "iPhones", "iOS"),
        (Platform.MACOS, "iPhones", "iOS"),
        (Platform.ANDROID_DEVICE_OWNER, "Scanners", "androidAOSP"),
        (Platform.ANDROID_AOSP, "Android Enterprise", "androidForWork"),
        (Platform.ANDROID_DEVICE_ADMINISTRATOR, "Android Enterprise", "androidForWork"),
        (Platform.WINDOWS, "Windows only", None),
        (Platform.ANDROID_WORK_PROFILE, "Android Enterprise", None),
        (Platform.ANDROID_DEVICE_OWNER, "Android Enterprise", None),
        (Platform.IOS, "Unheard of", None),
    ],
)
def test_a_filter_of_another_platform_is_refused(filtered, platform, chosen, of):
    item = {"group": "All Staff", "filter": chosen, "filter_type": "include"}
    refused = filtered.plan([root(platform, assignments=[item])]).refused
    assert bool(refused) is (of is not None)
    for action in refused:
        assert all(word in action.message for word in (repr(chosen), of, platform.value))


@pytest.mark.parametrize("mode", ["include", "exclude"])
def test_a_filter_on_an_exclusion_is_refused(mode):
    item = {"group": "Contractors", "exclude": True, "filter": "iPhones", "filter_type": mode}
    with pytest.raises(DeclarationError) as caught:
        root(assignments=[{"all_users": True}, item])
    assert "the filter 'iPhones' on an excluded group" in str(caught.value)


def test_a_filter_that_the_profile_has_already_stops_no_other_change(filtered):
    item = {"all_devices": True, "filter": "iPhones", "filter_type": "include"}
    filtered.applied([root(assignments=[item])])
    assert not filtered.plan([root(assignments=[item], description="New")]).refused
