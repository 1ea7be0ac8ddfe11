"""Who would get nothing: sets of accounts against a plain model, and each reason by itself."""

import csv
import io
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.audience.readiness import Alignment, Audience, Reason
from intune_scep.profiles import parse_profile
from intune_scep.reports.readiness import COLUMNS, csv_parts, share_words
from intune_scep.tenant.population import Accounts, Device, Managed, Population, User

FIRST, SECOND = "11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"
GRAPH = "#microsoft.graph."
FILTER = "22222222-0000-0000-0000-000000000001"
ALL_USERS = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
ALL_DEVICES = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}


def group(identifier, *, out=False, **more):
    kind = "exclusionGroupAssignmentTarget" if out else "groupAssignmentTarget"
    return {"@odata.type": f"#microsoft.graph.{kind}", "groupId": identifier, **more}


def profile(*targets, store="user", kind="windows81SCEPCertificateProfile"):
    return parse_profile(
        {
            "@odata.type": f"#microsoft.graph.{kind}",
            "id": "33333333-0000-0000-0000-000000000001",
            "displayName": "Wi-Fi",
            "certificateStore": store,
            "assignments": [{"target": target} for target in targets],
        }
    )


def user(number, *, sid=True, enabled=True, guest=False, synchronised=True):
    return User(f"u{number}", f"user{number}@contoso.com", sid, enabled, guest, synchronised)


def device(number, *, sid=True, enabled=True, trust="serverad", system="windows"):
    return Device(f"d{number}", f"e{number}", f"PC-{number}", sid, enabled, trust, system)


def population(users=(), devices=(), managed=(), groups=()):
    """`groups`: id to the ids of its members."""
    people, machines = Accounts(list(users)), Accounts(list(devices))
    return Population(
        people,
        machines,
        tuple(managed),
        {name: people.set_of(members) for name, members in dict(groups).items()},
        {name: machines.set_of(members) for name, members in dict(groups).items()},
    )


def reasons(found):
    return {reason.value: count for reason, count in found.short.items() if count}


@pytest.mark.parametrize(
    ("account", "reason", "share"),
    [
        (user(1), None, 100),
        (user(1, sid=False, guest=True, synchronised=None), Reason.GUEST, 0),
        (user(1, sid=False, synchronised=None), Reason.CLOUD_ONLY, 0),
        (user(1, sid=False, synchronised=False), Reason.NOT_SYNCHRONISED, 0),
        (user(1, sid=False, synchronised=True), Reason.NOT_SYNCHRONISED, 0),
        (user(1, enabled=False), Reason.DISABLED, None),
        (user(1, sid=False, enabled=False, synchronised=None), Reason.DISABLED, None),
        (user(1, guest=True), None, 100),
    ],
)
def test_a_user_has_one_reason(account, reason, share):
    everybody = population([account], managed=[Managed("e1", "u1", "windows")])
    audience = Audience(everybody, {})
    found = audience.readiness(profile(ALL_USERS))
    assert reasons(found) == ({reason.value: 1} if reason else {})
    assert found.share == share
    assert [item.reason for item in audience.short_of(profile(ALL_USERS))] == (
        [reason] if reason else []
    )


@pytest.mark.parametrize(
    ("machine", "reason", "share"),
    [
        (device(1), None, 100),
        (device(1, sid=False), Reason.NOT_SYNCHRONISED, 0),
        (device(1, sid=False, trust="azuread"), Reason.ENTRA_JOINED, 0),
        (device(1, sid=False, trust="workplace"), Reason.ENTRA_REGISTERED, 0),
        (device(1, sid=False, trust=""), Reason.ENTRA_REGISTERED, 0),
        (device(1, enabled=False), Reason.DISABLED, None),
    ],
)
def test_a_device_has_one_reason(machine, reason, share):
    audience = Audience(population(devices=[machine]), {})
    found = audience.readiness(profile(ALL_DEVICES, store="machine"))
    assert reasons(found) == ({reason.value: 1} if reason else {})
    assert found.share == share


def test_a_user_without_a_device_of_the_platform_is_named_and_does_not_lower_the_share():
    everybody = population([user(1), user(2)], managed=[Managed("", "u1", "windows")])
    audience = Audience(everybody, {})
    found = audience.readiness(profile(ALL_USERS))
    assert (found.share, reasons(found)) == (100, {"no_device": 1})
    [named] = audience.short_of(profile(ALL_USERS))
    assert (named.name, named.has_sid, named.alignment) == (
        "user2@contoso.com",
        True,
        Alignment.ACCEPTED,
    )
    on_a_mac = profile(ALL_USERS, kind="macOSScepCertificateProfile")
    assert reasons(audience.readiness(on_a_mac)) == {"no_device": 2}


def test_a_device_of_another_platform_gets_no_certificate():
    machines = [device(1), device(2, system="ios", sid=False, trust="workplace")]
    found = Audience(population(devices=machines), {}).readiness(
        profile(ALL_DEVICES, store="machine")
    )
    assert (found.assigned, found.share) == (1, 100)


def test_a_user_certificate_reaches_the_primary_users_of_a_device_group():
    everybody = population(
        [user(1), user(2, sid=False, synchronised=None)],
        [device(1), device(2), device(3)],
        [
            Managed("e1", "u1", "windows"),
            Managed("e2", "u2", "windows"),
            Managed("e3", "u2", "macos"),
        ],
        {FIRST: {"d1", "d3"}},
    )
    found = Audience(everybody, {}).readiness(profile(group(FIRST)))
    assert (found.assigned, found.with_sid) == (1, 1)


def test_a_device_certificate_reaches_the_devices_of_a_group_of_users():
    everybody = population(
        [user(1)],
        [device(1, sid=False, trust="azuread"), device(2)],
        [Managed("e1", "u1", "windows")],
        {FIRST: {"u1"}},
    )
    found = Audience(everybody, {}).readiness(profile(group(FIRST), store="machine"))
    assert (found.assigned, reasons(found)) == (1, {"entra_joined": 1})


NO_SID = {"sid": False, "synchronised": None}
DEVICES_WITHOUT = {
    "devices of a user without a SID": (
        profile(ALL_USERS), [user(1, **NO_SID), user(2)],
        [("m1", "e1", "u1", "windows"), ("m2", "e2", "u2", "windows")], {"m1"},
    ),
    "all devices of one user": (
        profile(ALL_USERS), [user(1, **NO_SID)],
        [("m1", "e1", "u1", "windows"), ("m2", "", "u1", "windows")], {"m1", "m2"},
    ),
    "no device of another platform": (
        profile(ALL_USERS), [user(1, **NO_SID)],
        [("m1", "e1", "u1", "ios"), ("m2", "e2", "u1", "macos")], set(),
    ),
    "a guest, and one who is not synchronised any more": (
        profile(ALL_USERS), [user(1, sid=False, guest=True), user(2, sid=False)],
        [("m1", "e1", "u1", "windows"), ("m2", "e2", "u2", "windows")], {"m1", "m2"},
    ),
    "not one whose account is disabled, who has a SID": (
        profile(ALL_USERS), [user(1, enabled=False)], [("m1", "e1", "u1", "windows")], set(),
    ),
    "not one whom the profile does not reach": (
        profile(group(FIRST)), [user(1, **NO_SID)], [("m1", "e1", "u1", "windows")], set(),
    ),
    "of a device certificate the device itself": (
        profile(ALL_DEVICES, store="machine"), [user(1, **NO_SID)],
        [("m1", "e1", "u1", "windows"), ("m3", "e3", "u1", "windows")], {"m3"},
    ),
    "nobody's device": (
        profile(ALL_USERS), [user(1, **NO_SID)], [("m1", "", "", "windows")], set(),
    ),
    "none where the device has no object in the directory": (
        profile(ALL_DEVICES, store="machine"), [], [("m1", "", "u1", "windows")], set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DEVICES_WITHOUT.values(), ids=DEVICES_WITHOUT.keys())
def test_the_devices_of_those_without_a_sid_are_named_as_intune_names_them(case):
    asked, users, managed, found = case
    machines = [device(1), device(2), device(3, sid=False, trust="azuread")]
    everybody = population(
        users, machines, [Managed(entra, owner, on, each) for each, entra, owner, on in managed]
    )
    assert Audience(everybody, {}).devices_without_sid(asked) == found


def test_an_exclusion_counts_within_its_own_kind_only():
    everybody = population(
        [user(1)], [device(1)], [Managed("e1", "u1", "windows")], {FIRST: {"d1"}, SECOND: {"u1"}}
    )
    mixed = profile(group(FIRST), group(SECOND, out=True), store="machine")
    assert Audience(everybody, {}).readiness(mixed).assigned == 1
    own = profile(ALL_USERS, group(SECOND, out=True))
    assert Audience(everybody, {}).readiness(own).assigned == 0


@pytest.mark.parametrize(
    ("everybody", "targets", "word"),
    [
        (population([user(1)]), [group(FIRST)], "members of the group 'Branch'"),
        (Population(), [ALL_USERS], "users could not be read"),
        (Population(), [ALL_DEVICES], "devices could not be read"),
        (
            population([user(1)]),
            [
                {
                    **ALL_USERS,
                    "deviceAndAppManagementAssignmentFilterId": FILTER,
                    "deviceAndAppManagementAssignmentFilterType": "include",
                }
            ],
            "assignment filter 'Owned'",
        ),
        (
            population([user(1)]),
            [
                {
                    "@odata.type": f"{GRAPH}configurationManagerCollectionAssignmentTarget",
                    "collectionId": "SMS00001",
                }
            ],
            "collection",
        ),
        (population([user(1)]), [{"@odata.type": "#microsoft.graph.newTarget"}], "newTarget"),
    ],
)
def test_what_cannot_be_evaluated_is_said_and_never_counts_as_ready(everybody, targets, word):
    audience = Audience(everybody, {FIRST: "Branch", FILTER: "Owned"})
    found = audience.readiness(profile(*targets))
    assert word.casefold() in " ".join(found.unsure).casefold()
    assert found.share is None
    assert not found.is_short(100)
    assert share_words(found) == "unknown"


def test_a_certificate_of_nobody_knows_whom_is_unknown():
    found = Audience(population([user(1)]), {}).readiness(profile(ALL_USERS, store=None))
    assert found.unsure
    assert list(Audience(population([user(1)]), {}).short_of(profile(ALL_USERS, store=None))) == []


NUMBERS = st.integers(0, 14)
USERS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([None, True, False])),
    max_size=15,
)


@given(
    rows=USERS,
    groups=st.lists(st.sets(NUMBERS), min_size=3, max_size=3),
    taken_in=st.sets(st.integers(0, 2)),
    taken_out=st.sets(st.integers(0, 2)),
    everyone=st.booleans(),
    owners=st.sets(NUMBERS),
)
def test_sets_of_accounts_agree_with_plain_sets(
    rows, groups, taken_in, taken_out, everyone, owners
):
    users = [
        user(number, sid=sid, enabled=enabled, guest=guest, synchronised=synchronised)
        for number, (sid, enabled, guest, synchronised) in enumerate(rows)
    ]
    names = [f"11111111-0000-0000-0000-00000000000{number}" for number in range(3)]
    everybody = population(
        users,
        managed=[Managed("", f"u{number}", "windows") for number in owners],
        groups={name: {f"u{n}" for n in members} for name, members in zip(names, groups)},  # noqa: B905
    )
    targets = [group(names[number]) for number in taken_in]
    targets += [group(names[number], out=True) for number in taken_out]
    targets += [ALL_USERS] if everyone else []
    reached = set(range(len(users))) if everyone else set()
    for number in taken_in:
        reached |= groups[number] & set(range(len(users)))
    for number in taken_out:
        reached -= groups[number]
    audience = Audience(everybody, {})
    found = audience.readiness(profile(*targets))
    assert found.assigned == len(reached)
    assert found.with_sid == sum(users[n].has_sid and users[n].enabled for n in reached)
    short = list(audience.short_of(profile(*targets)))
    able = {n for n in reached if users[n].has_sid and users[n].enabled}
    assert {item.id for item in short} == {
        f"u{n}" for n in reached if n not in able or n not in owners
    }
    assert len(short) == len({item.id for item in short})
    assert sum(found.short.values()) == len(short)


@given(st.lists(st.booleans(), max_size=70))
def test_a_set_gives_back_its_accounts_in_order(chosen):
    accounts = Accounts([user(number) for number in range(len(chosen))])
    wanted = [f"u{number}" for number, taken in enumerate(chosen) if taken]
    found = accounts.set_of([*reversed(wanted), "somebody else"])
    assert [item.id for item in accounts.members(found)] == wanted
    assert found.bit_count() == len(wanted)
    assert accounts.all & found == found


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "a,b", 'a"b', "a\nb"])
def test_no_cell_of_the_list_is_a_formula(name):
    account = User("u1", name, False, True, False, None)
    audience = Audience(population([account]), {})
    item = audience.readiness(profile(ALL_USERS))
    people = [(item, short) for short in audience.short_of(item.profile)]
    data = b"".join(csv_parts(SimpleNamespace(people=lambda: iter(people))))
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert tuple(head) == COLUMNS
    assert row[4].removeprefix("'") == name
    assert not row[4].startswith(("=", "+", "-", "@", "\t"))
