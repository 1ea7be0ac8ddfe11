"""Names in a rollout file lead to one thing each, and what cannot be proved is not promised."""

import pytest

from intune_scep.declarations.names import NameIndex, Names
from intune_scep.errors import RolloutFileError
from intune_scep.profiles import parse_profile
from intune_scep.rollout.file import parse_rollout
from intune_scep.rollout.resolution import resolve
from intune_scep.tenant import Snapshot

WINDOWS = "windows81SCEPCertificateProfile"
IOS = "iosScepCertificateProfile"
KIOSK = "androidDeviceOwnerScepCertificateProfile"
AOSP = "aospDeviceOwnerScepCertificateProfile"
ROOT = "windows81TrustedRootCertificate"
SID = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
UPN = {"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}


def uid(number):
    return f"5f0f8a1e-0000-4000-8000-{number:012d}"


def wire(number, name, kind=WINDOWS, *sans):
    scep = {
        "subjectNameFormat": "custom",
        "subjectNameFormatString": "CN={{UserName}}",
        "certificateStore": "user",
        "customSubjectAlternativeNames": [UPN, *sans],
        "extendedKeyUsages": [{"name": "Client", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}],
    }
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": uid(number),
        "displayName": name,
        **({} if kind == ROOT else scep),
    }


TENANT = (
    wire(1, "Windows user"),
    wire(2, "iOS user", IOS),
    wire(3, "Kiosk", KIOSK),
    wire(4, "Scanner", AOSP),
    wire(5, "Mapped", WINDOWS, SID),
    wire(6, "Twin"),
    wire(7, "Twin", IOS),
    wire(8, "Root", ROOT),
)
GROUPS = ((uid(101), "G-Test"), (uid(102), "G-First"), (uid(103), "Twins"), (uid(104), "Twins"))


def snapshot(*more):
    return Snapshot(
        profiles=tuple(parse_profile(item) for item in (*TENANT, *more)),
        names=Names(groups=NameIndex("group", GROUPS)),
    )


def in_place(*rings, gates=""):
    """A file with a ring for each list of names."""
    lines = [
        f"  - {{name: ring {number}, profiles: [{names}]{more}}}"
        for number, (names, more) in enumerate(
            (ring if isinstance(ring, tuple) else (ring, "")) for ring in rings
        )
    ]
    return "\n".join(["rollout: r", "strategy: in_place", "rings:", *lines, gates, ""])


def clone(bundles, rings="{name: all, rest: true}", gates=""):
    return f"rollout: r\nstrategy: clone\nbundles: [{bundles}]\nrings: [{rings}]\n{gates}\n"


def resolved(text, *more, made=()):
    return resolve(parse_rollout(text), snapshot(*more), made=made)


def names(bundles):
    return [item.profile.display_name for item in bundles]


def test_profiles_are_found_by_name_and_by_id_in_any_letter_case():
    found = resolved(in_place("Windows user", f"'{uid(2).upper()}'"))
    assert names(found.bundles) == ["Windows user", "iOS user"]
    assert [names(ring.bundles) for ring in found.rings] == [["Windows user"], ["iOS user"]]
    assert all(item.verifiable and item.bundle is None for item in found.bundles)
    assert found.ring("ring 1").group_ids == ()


def test_every_ring_by_clone_takes_all_bundles():
    text = clone(
        "{profile: Windows user}, {profile: iOS user, clone_name: iOS new}",
        f"{{name: test, groups: [G-Test, '{uid(102)}']}}, {{name: rest, rest: true}}",
    )
    found = resolved(text)
    assert [item.clone_name for item in found.bundles] == ["Windows user (SID)", "iOS new"]
    assert [names(ring.bundles) for ring in found.rings] == [["Windows user", "iOS user"]] * 2
    assert [ring.group_ids for ring in found.rings] == [(uid(101), uid(102)), ()]
    assert found.to_dict()["bundles"][1]["clone_name"] == "iOS new"


REFUSED = {
    "a name that nothing has": (
        in_place("Windows usre"),
        "line 4: rings[0].profiles[0] cannot be used: No SCEP profile has the name or id"
        " 'Windows usre'. Candidates: ",
    ),
    "a name in other letter case": (in_place("windows user"), "'Windows user' (" + uid(1)),
    "a name that two have": (in_place("Twin"), f"{uid(6)}, {uid(7)}. Give the id instead."),
    "an id that nothing has": (in_place(f"'{uid(99)}'"), "No SCEP profile has the name or id"),
    "a trusted root": (in_place("Root"), "No SCEP profile has the name or id 'Root'"),
    "a profile by its name and its id": (
        in_place("Windows user", f"'{uid(1)}'"),
        "rings[1].profiles[0] is the same as rings[0].profiles[0]",
    ),
    "a bundle that nothing has": (clone("{profile: X}"), "line 3: bundles[0].profile cannot"),
    "a profile in two bundles": (
        clone(f"{{profile: Windows user}}, {{profile: '{uid(1)}', clone_name: other}}"),
        "bundles[1].profile is the same as bundles[0].profile",
    ),
    "a group that nothing has": (
        clone("{profile: Windows user}", "{name: a, groups: [G-Tset]}"),
        "rings[0].groups[0] cannot be used: No group has the name or id 'G-Tset'. Candidates: ",
    ),
    "a group that two have": (
        clone("{profile: Windows user}", "{name: a, groups: [Twins]}"),
        f"{uid(103)}, {uid(104)}. Give the id instead.",
    ),
    "a group by its name and its id": (
        clone(
            "{profile: Windows user}",
            f"{{name: a, groups: [G-Test]}}, {{name: b, groups: ['{uid(101)}']}}",
        ),
        "rings[1].groups[0] is the same as rings[0].groups[0]",
    ),
    "a copy with the name of another profile": (
        clone("{profile: Windows user, clone_name: iOS user}"),
        f"bundles[0].clone_name gives the copy the name 'iOS user', which {uid(2)} has already",
    ),
    "a copy with the name of its original": (
        clone("{profile: Windows user, clone_name: '{name}'}"),
        "which " + uid(1) + " has already",
    ),
    "a copy with the name of a root": (
        clone("{profile: Windows user, clone_name: Root}"),
        "which " + uid(8) + " has already",
    ),
    "two copies of one name": (
        clone(f"{{profile: '{uid(6)}'}}, {{profile: '{uid(7)}'}}"),
        "bundles[1].clone_name gives two copies the name 'Twin (SID)'",
    ),
    "a kiosk judged by time alone": (
        in_place("Kiosk"),
        "rings[0].gates must have approval: required or a command: Intune reports no certificates"
        " of 'Kiosk'",
    ),
    "a scanner judged by its connector": (
        in_place("Scanner", gates="gates: {connector: healthy, max_failed: {count: 1}}"),
        "must have approval: required or a command",
    ),
    "a kiosk whose certificates are awaited": (
        in_place(("Kiosk", ", gates: {approval: required}"), gates="gates: {reissued: 95%}"),
        "rings[0].gates.reissued can never be known: Intune reports no certificates of 'Kiosk';"
        " write reissued: none in this ring",
    ),
    "a scanner of which both are awaited": (
        in_place(("Scanner", ", gates: {reissued: 9%, seen: 8%, command: ./c}")),
        "write reissued: none and seen: none in this ring",
    ),
    "a kiosk beside others": (
        in_place("Windows user, Kiosk", gates="gates: {reissued: 95%}"),
        "must have approval: required or a command",
    ),
    "a cloned kiosk": (
        clone("{profile: Kiosk}", gates="gates: {reissued: 95%}"),
        "rings[0].gates.reissued can never be known",
    ),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_carried_out_is_refused_with_its_place(text, reason):
    with pytest.raises(RolloutFileError) as caught:
        resolved(text)
    assert reason in str(caught.value)
    assert str(caught.value).startswith("strong-mapping.yml, line ")


def test_every_problem_is_told():
    with pytest.raises(RolloutFileError) as caught:
        resolved(in_place("Windows usre", "Kiosk", "Twin"))
    assert len(caught.value.problems) == 3


TAKEN = {
    "a kiosk that a person approves": ("Kiosk", ", gates: {approval: required}"),
    "a scanner that a program judges": ("Scanner", ", gates: {command: ./check.sh}"),
    "both beside a profile that is verified": (
        "Kiosk, Windows user, Scanner",
        ", gates: {approval: required, reissued: 90%}",
    ),
    "a kiosk that takes the gates of the file away": (
        "Kiosk",
        ", gates: {reissued: none, seen: none, command: [./check.sh, kiosk]}",
    ),
    "a profile that is verified, by time alone": ("iOS user", ""),
}


@pytest.mark.parametrize("ring", TAKEN.values(), ids=TAKEN)
def test_what_can_be_judged_is_taken(ring):
    defaults = "gates: {seen: 80%}" if "none" in ring[1] else ""
    [found] = resolved(in_place(ring, gates=defaults)).rings
    assert len(found.bundles) == len(ring[0].split(","))
    assert {item.profile.display_name: item.verifiable for item in found.bundles} == {
        name: name not in {"Kiosk", "Scanner"} for name in ring[0].split(", ")
    }


def test_a_copy_that_the_rollout_made_itself_is_not_in_its_way():
    text = clone("{profile: Windows user}")
    copy = wire(50, "Windows user (SID)", WINDOWS, SID)
    assert resolved(text, copy, made=[uid(50).upper()]).bundles[0].clone_name == copy["displayName"]
    with pytest.raises(RolloutFileError, match=uid(50)):
        resolved(text, copy)


def test_what_stays_as_it_is_is_noted():
    notes = resolved(in_place("Windows user, Mapped")).notes
    assert any(note.startswith("'Mapped' stays as it is (mapped): ") for note in notes)
    assert not any("'Windows user' stays" in note for note in notes)


def test_a_profile_for_review_is_noted_in_place():
    legacy = {**wire(60, "Legacy"), "subjectAlternativeNameType": "userPrincipalName"}
    notes = resolved(in_place("Legacy"), legacy).notes
    assert any(note.startswith("'Legacy' stays as it is (review): ") for note in notes)


def test_a_ring_that_waits_for_time_alone_is_noted():
    text = in_place(("Windows user", ", gates: {seen: 80%}"), "iOS user")
    notes = [note for note in resolved(text).notes if "time alone" in note]
    assert notes == ["Ring 'ring 1' is judged by time alone: its gates ask for nothing but soak."]


def test_what_needs_the_migration_and_is_in_no_ring_is_noted():
    [note] = [note for note in resolved(in_place("Windows user")).notes if "Not in" in note]
    assert "'iOS user', 'Twin', 'Twin'" in note
    assert "Mapped" not in note
    many = [wire(number, f"More {number:02d}") for number in range(20, 40)]
    [note] = [note for note in resolved(in_place("Windows user"), *many).notes if "Not in" in note]
    assert note.endswith("and 13 more.")
