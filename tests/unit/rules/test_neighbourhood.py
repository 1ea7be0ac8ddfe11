"""Around the examples: other letter case, other platforms, sound profiles, hostile values."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intune_scep.profiles import (
    KNOWN_VARIABLES,
    PROFILE_TYPES,
    Platform,
    ProfileKind,
    parse_profile,
    profile_type_for,
)
from intune_scep.rules import Context, DeviceFacts, DirectoryFacts, Severity, check
from intune_scep.rules.context import ForeignProfile

from .cases import CASES, Case
from .material import (
    CLOUD_PKI,
    GROUP_A,
    ISSUING_CA,
    TODAY,
    Wire,
    context,
    device,
    dns,
    group,
    members_for,
    root,
    root_profile,
    scep,
)
from .strategies import CALM, damaged_wires

A = {"android_device_owner", "android_work_profile", "android_for_work"}
W, AOSP, DA, APPLE = (
    {"windows"},
    {"android_aosp"},
    {"android_device_administrator"},
    {"ios", "macos"},
)
PERSONAL = {"android_work_profile", "android_for_work"}
# Read off the rules' own words: the only platforms on which the rule may ever speak.
ONLY_ON = {
    "R-003": DA,
    "R-004": A,
    "R-013": {"macos"},
    "R-014": {"macos"},
    "R-015": {"macos"},
    "R-016": {"macos"},
    "R-018": {"android_device_owner"} | AOSP,
    "R-034": W,
    "R-038": PERSONAL,
    "R-039": AOSP,
    "R-053": {"android_device_owner"},
    "R-058": A,
    "R-076": W,
    "R-078": A | AOSP,
    "R-094": APPLE,
    "R-101": W,
    "R-102": W,
    "R-113": W,
    "R-114": W,
    "R-115": APPLE,
    "R-116": A | AOSP | DA | W,
    "R-117": A | AOSP,
    "R-118": APPLE,
    "R-125": W,
    "R-127": DA,
    "R-134": APPLE,
    "R-142": APPLE,
    "R-144": APPLE,
    "R-151": A | DA,
    "R-152": W | APPLE | AOSP,
    "R-157": {"ios"},
    "R-161": {"android_device_owner"},
    "R-162": {"android_device_owner"},
    "R-163": A,
    "R-171": W,
    "R-172": W,
    "R-190": {"android_device_owner"} | AOSP,
    "R-191": {"android_device_owner"} | AOSP,
    "R-193": AOSP,
    "R-194": APPLE,
    "R-196": A,
    "R-197": APPLE,
    "R-199": W,
}
NOT_ON = {"R-017": {"macos"}, "R-100": W, "R-160": {"android_device_owner"}, "R-170": W}
LIVING = [row.platform for row in PROFILE_TYPES if not row.retired and row.kind is ProfileKind.SCEP]


def rules_found(judged: Context) -> set[str]:
    return {finding.rule_id for finding in check(judged).findings}


def moved(judged: Context, platform: Platform) -> Context:
    """The same profile, and the same plan for it, on another platform."""
    kind = ProfileKind(judged.kind)
    odata_type = profile_type_for(kind, platform).odata_type

    def move(profile: Any) -> Any:
        return parse_profile({**profile.to_wire(), "@odata.type": odata_type})

    around = {name: getattr(judged, name) for name in Context.__dataclass_fields__}
    plan = judged.planned_change
    if plan is not None:
        before = move(plan.before) if plan.before else None
        around["planned_change"] = type(plan)(before, move(plan.after))
    return Context(**{**around, "profile": move(judged.profile)})


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.rule in ONLY_ON or c.rule in NOT_ON], ids=str
)
def test_does_not_fire_on_other_platforms(case: Case) -> None:
    foreign = ONLY_ON.get(case.rule, set(LIVING)) ^ set(LIVING) | NOT_ON.get(case.rule, set())
    if case.label == "unknown":  # a value that is wrong on the rule's own platform only
        return
    for platform in foreign:
        assert case.rule not in rules_found(moved(case.bad, Platform(platform))), platform


ANYWHERE = [
    case
    for case in CASES
    if not isinstance(case.bad.profile, ForeignProfile)
    and case.rule
    in {"R-005", "R-006", "R-020", "R-022", "R-023", "R-025", "R-028", "R-029", "R-030", "R-031",
        "R-052", "R-061", "R-083", "R-090", "R-091", "R-093", "R-110", "R-112", "R-130",
        "R-131", "R-132", "R-140", "R-150", "R-153", "R-154", "R-155", "R-158"}
]  # fmt: skip


@given(st.sampled_from(ANYWHERE), st.sampled_from(LIVING))
@CALM
def test_a_rule_without_a_platform_fires_on_all(case: Case, platform: Platform) -> None:
    row = profile_type_for(ProfileKind.SCEP, platform)
    wire = case.bad.profile.to_wire()
    used = {"customSubjectAlternativeNames"} & wire.keys() if case.rule in {"R-052"} else set()
    uses_names = used or case.label in {"three", "open"} or case.rule == "R-083"
    if uses_names and not row.supports_custom_sans:
        return
    assert case.rule in rules_found(moved(case.bad, platform))


def respelled(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any) -> Any:
    """The value with every variable in another letter case."""
    if isinstance(value, dict):
        return {name: respelled(draw, item) for name, item in value.items()}
    if isinstance(value, list):
        return [respelled(draw, item) for item in value]
    if not isinstance(value, str):
        return value

    def swap(found: re.Match[str]) -> str:
        upper = draw(st.lists(st.booleans(), min_size=len(found[0]), max_size=len(found[0])))
        pairs = zip(found[0], upper, strict=True)
        return "".join(char.upper() if up else char.lower() for char, up in pairs)

    return re.sub(r"\{+[^{}]+\}+", swap, value)


WITH_VARIABLES = [
    case
    for case in CASES
    if case.bad.planned_change is None
    and not isinstance(case.bad.profile, ForeignProfile)
    and "{" in str(case.bad.profile.to_wire())
    and case.rule not in {"R-133", "R-131"}
]


@given(st.sampled_from(WITH_VARIABLES), st.data())
@settings(CALM, max_examples=300)
def test_letter_case_of_variables_means_nothing(case: Case, data: st.DataObject) -> None:
    for judged, expected in ((case.bad, True), (case.ok, False)):
        if isinstance(judged.profile, ForeignProfile) or judged.planned_change:
            continue
        wire = {
            name: respelled(data.draw, value) if name != "@odata.type" else value
            for name, value in judged.profile.to_wire().items()
        }
        around = {name: getattr(judged, name) for name in Context.__dataclass_fields__}
        again = Context(**{**around, "profile": parse_profile(wire)})
        assert (case.rule in rules_found(again)) is expected, wire


@given(st.sampled_from(KNOWN_VARIABLES), st.data())
@CALM
def test_a_known_variable_is_known_in_any_letter_case(known: Any, data: st.DataObject) -> None:
    text = respelled(data.draw, f"CN={{{{{known.name}}}}}")
    findings = check(context(scep("windows", subjectNameFormatString=text))).findings
    unknown = [item for item in findings if item.rule_id == "R-023"]
    assert not unknown or known.only_in == "scep_url"


@given(st.sampled_from([k.name for k in KNOWN_VARIABLES if len(k.name) > 6]), st.data())
@CALM
def test_a_misspelled_variable_is_recognised(name: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(1, len(name) - 2))
    wrong = name[:position] + name[position + 1 :]
    findings = check(
        context(scep("windows", subjectNameFormatString=f"CN={{{{{wrong}}}}}"))
    ).findings
    known = {k.name.lower() for k in KNOWN_VARIABLES}
    if wrong.lower() in known:
        return
    (finding,) = [item for item in findings if item.rule_id == "R-023"]
    assert finding.severity is Severity.ERROR
    assert "is probably meant" in finding.message


def surrounded(wire: Wire) -> Context:
    """A profile with everything around it read, and everything in order."""
    platform = parse_profile(wire).profile_type.platform.value
    return context(
        wire,
        root=root_profile(platform, deploymentChannel=wire.get("deploymentChannel")),
        assignments=[group(GROUP_A)],
        root_assignments=[group(GROUP_A)],
        dependants=[],
        directory=DirectoryFacts(
            users=40,
            devices=40,
            users_without=dict.fromkeys(["userPrincipalName", "onPremisesSecurityIdentifier"], 0),
            devices_without_sid=0,
            hybrid_devices=0,
        ),
        devices=DeviceFacts(
            devices=40,
            without_user=0,
            without={},
            android_enrolments={Platform(platform): 40},
            os_versions={"18.0": 40},
            expired=0,
        ),
        groups={GROUP_A: members_for(wire)},
        profiles=[root_profile(platform), root_profile(platform, ISSUING_CA)],
    )


HEALTHY = [platform for platform in LIVING if platform != "android_device_administrator"]


@pytest.mark.parametrize("platform", HEALTHY)
@pytest.mark.parametrize("make", [scep, device, root])
def test_a_sound_profile_has_neither_errors_nor_warnings(
    make: Callable[..., Wire], platform: Platform
) -> None:
    result = check(surrounded(make(platform.value)))
    bad = [item for item in result.findings if item.severity is not Severity.INFO]
    assert not bad
    assert not result.skipped


def test_a_sound_cloud_pki_profile_has_neither_errors_nor_warnings() -> None:
    result = check(surrounded(scep("windows", scepServerUrls=[CLOUD_PKI])))
    assert not [item for item in result.findings if item.severity is not Severity.INFO]


@given(damaged_wires())
@settings(CALM, max_examples=400)
def test_values_of_any_shape_can_be_judged(wire: Wire) -> None:
    judged = context(wire)
    result = check(judged)
    spoken = {item.rule_id for item in (*result.findings, *result.skipped)}
    if judged.kind == "scep" and "customSubjectAlternativeNames" in judged.known.malformed:
        assert judged.platform == "windows_10x" or "R-071" in spoken
    result.to_dict()


@given(st.text(max_size=30))
@settings(CALM, max_examples=300)
def test_any_text_in_any_place_can_be_judged(text: str) -> None:
    wire = scep(
        "windows",
        subjectNameFormatString=text,
        subjectAlternativeNameFormatString=text,
        customSubjectAlternativeNames=[dns(text), {"sanType": text, "name": text}],
        scepServerUrls=[text, f"https://{text}/x"],
        extendedKeyUsages=[{"name": text, "objectIdentifier": text}],
    )
    assert check(Context(parse_profile(wire), TODAY)).findings
