"""A first rollout file is right, says what it took, and stands whatever names a tenant has."""

from pathlib import Path

import pytest

from intune_scep.declarations.names import NameIndex, Names
from intune_scep.errors import SelectionError
from intune_scep.profiles import parse_profile
from intune_scep.rollout.draft import make_draft, strategy_of
from intune_scep.rollout.model import Strategy
from intune_scep.tenant import Snapshot

from .test_resolution import GROUPS, IOS, KIOSK, SID, TENANT, WINDOWS, uid, wire

FILE = Path("strong-mapping.yml")


def drafted(wires=TENANT, strategy=Strategy.IN_PLACE, groups=(), counts=None, path=FILE):
    snapshot = Snapshot(
        profiles=tuple(parse_profile(item) for item in wires),
        names=Names(groups=NameIndex("group", GROUPS)),
    )
    return make_draft(snapshot, path, strategy=strategy, groups=groups, counts=counts)


def rings(draft):
    return [
        (ring.ring.name, [item.profile.id for item in ring.bundles])
        for ring in draft.resolved.rings
    ]


def test_in_place_the_smallest_goes_first_and_platforms_follow_by_size():
    counts = {uid(1): 50, uid(2): 900, uid(6): 5, uid(7): 10}
    draft = drafted(counts=counts)
    assert rings(draft) == [
        ("first", [uid(6)]),
        ("windows", [uid(1)]),
        ("ios", [uid(7), uid(2)]),
    ]
    first, *others = [ring.ring.gates for ring in draft.resolved.rings]
    assert first.approval
    assert not any(gates.approval for gates in others)
    assert draft.resolved.file.name == "strong-mapping"


def test_a_profile_that_reaches_nobody_shows_nothing_so_it_is_not_first():
    draft = drafted(counts={uid(1): 0, uid(2): 7, uid(6): 9, uid(7): 0})
    assert rings(draft)[0] == ("first", [uid(2)])


def test_what_could_not_be_counted_goes_last():
    assert rings(drafted(counts={uid(2): 1000}))[0] == ("first", [uid(2)])
    assert "how many it reaches is not known" in drafted(counts={}).text


def test_by_clone_there_is_a_ring_for_each_group_and_the_rest():
    draft = drafted(strategy=Strategy.CLONE, groups=["G-Test", uid(102)])
    file = draft.resolved.file
    assert [(ring.name, ring.groups, ring.rest) for ring in file.rings] == [
        ("test", ("G-Test",), False),
        ("first", (uid(102),), False),
        ("last", (), True),
    ]
    names = [item.clone_name for item in draft.resolved.bundles]
    assert len(set(names)) == len(names) == 4
    assert sorted(names) == [
        "Twin (SID 2)",
        "Twin (SID)",
        "Windows user (SID)",
        "iOS user (SID)",
    ]


def test_a_copy_never_gets_a_name_that_is_taken():
    wires = [wire(1, "A"), wire(2, "A (SID)", WINDOWS, SID), wire(3, "A (SID 2)", WINDOWS, SID)]
    draft = drafted(wires, Strategy.CLONE, ["G-Test"])
    assert [item.clone_name for item in draft.resolved.bundles] == ["A (SID 3)"]


def test_what_is_left_out_is_told_with_the_reason():
    draft = drafted()
    left = {item.profile.display_name: item.why for item in draft.left}
    assert left.keys() == {"Kiosk", "Scanner", "Mapped"}
    assert left["Mapped"].startswith("mapped: ")
    assert '#   "Mapped": mapped' in draft.text.splitlines()
    assert len(draft.taken) + len(draft.left) == 7


NAMES = {
    "a colon": "Wi-Fi: users",
    "a hash": "Wi-Fi # 1",
    "quotes": "the \"best\" 'one'",
    "a backslash": "CONTOSO\\Wi-Fi",
    "a word of YAML": "null",
    "a number": "007",
    "a day": "2026-11-20",
    "letters of many scripts": "Zürich 証明書 \U0001f511",
    "line breaks": "one\ntwo\r\nthree\u2028four",
    "control characters": "a\x1b[31mb\x7f\x85c",
    "blanks around": "  Wi-Fi ",
    "braces": "{name} {0} {{x}}",
    "a mark of a comment and a key": "x\n# rollout: evil\nrollout: evil",
    "a very long name": "Wi-Fi " * 200,
}


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_can_be_written(name, strategy):
    wires = [wire(1, name), wire(2, "other", IOS), wire(3, name, KIOSK)]
    groups = ["G-Test"] if strategy is Strategy.CLONE else []
    draft = drafted([wires[0], wires[1]], strategy, groups)
    assert {item.profile.id for item in draft.resolved.bundles} == {uid(1), uid(2)}
    twins = drafted(wires, strategy, groups)
    assert {item.profile.id for item in twins.resolved.bundles} == {uid(1), uid(2)}
    assert twins.resolved.file.name == "strong-mapping"
    assert [item.profile.id for item in twins.left] == [uid(3)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("strong-mapping.yml", "strong-mapping"),
        ("rings/windows.yaml", "windows"),
        ("mine and yours.yml", "strong-mapping"),
        (".yml", "strong-mapping"),
        ("-x.yml", "strong-mapping"),
        ("v1.2.yml", "v1.2"),
    ],
)
def test_the_rollout_has_the_name_of_its_file(path, name):
    assert drafted(path=Path(path)).resolved.file.name == name


REFUSED = {
    "clones without groups": ({"strategy": Strategy.CLONE}, "needs groups"),
    "groups in place": ({"groups": ["G-Test"]}, "goes with strategy clone alone"),
    "a group that is not there": (
        {"strategy": Strategy.CLONE, "groups": ["G-Tset"]},
        "groups: No group has the name or id 'G-Tset'. Candidates: ",
    ),
    "a group that is there twice": (
        {"strategy": Strategy.CLONE, "groups": ["Twins"]},
        "Give the id instead",
    ),
    "a group by its name twice": (
        {"strategy": Strategy.CLONE, "groups": ["G-Test", "G-Test"]},
        "groups names the group 'G-Test' twice",
    ),
    "a group by its name and its id": (
        {"strategy": Strategy.CLONE, "groups": ["G-Test", uid(101).upper()]},
        "twice",
    ),
    "nothing to move": ({"wires": [wire(5, "Mapped", WINDOWS, SID)]}, "No SCEP profile needs"),
    "no profile at all": ({"wires": []}, "No SCEP profile needs"),
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_file(options, reason):
    with pytest.raises(SelectionError) as caught:
        drafted(**options)
    assert reason in str(caught.value)


def test_a_strategy_by_its_word():
    assert strategy_of("clone") is Strategy.CLONE
    with pytest.raises(SelectionError, match="in_place or clone"):
        strategy_of("copy")
