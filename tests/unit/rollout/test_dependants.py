"""What uses a certificate follows it: to the clone at the end, and back with the original."""

from dataclasses import replace
from functools import partial

import pytest
from tests.length import LONG

from intune_scep.errors import PlanError
from intune_scep.profiles import SID_URI
from intune_scep.rollout import clone as clones
from intune_scep.rollout import rings
from intune_scep.rollout.repointing import ENROLS_AGAIN
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.verbs import roll_back_rollout
from intune_scep.rollout.words import Need, Stage, State
from intune_scep.simulator.scenarios.rollout import group_id, profile_id

from .world import GATES, HOUR, TWELVE, World, clone

FOLLOWING = {"dependants": "repoint_at_end"}
BACK = {"finish": "swing_back"}
SOON = {"soak": "14h", "reissued": "80%"}
USERS = tuple(name for ring in TWELVE for name in ring if " user " in name)
DEVICES = ("Windows device Wi-Fi", "Windows device wired")
SANS = "customSubjectAlternativeNames"


@pytest.fixture
def world(simulated, tmp_path):
    """Return a function that makes a tenant with a rollout."""

    def make(content, *, devices=200 if LONG else 100, step=5, **settings):
        return World(simulated, tmp_path, content, devices=devices, step=step, **settings)

    return make


def assignments(it, profile):
    """Whom a profile is assigned to, in a form that can be compared."""

    async def read(tenant):
        path = f"deviceManagement/deviceConfigurations/{profile}/assignments"
        return await tenant.session.read(path)

    found = it.tenant.run(read)["value"]
    return sorted(str(sorted(item["target"].items(), key=str)) for item in found)


AUDIENCES = {
    "users, on every platform": (USERS, "users"),
    "devices": (DEVICES, "devices"),
}


@pytest.mark.parametrize("finish", ["retire_original", "keep_both", "swing_back"])
@pytest.mark.parametrize(("names", "kind"), AUDIENCES.values(), ids=AUDIENCES.keys())
def test_dependants_end_at_the_profile_that_stays(world, names, kind, finish):
    content = clone(names, groups=("fast",), kind=kind, bundle={**FOLLOWING, "finish": finish})
    it = world(content)
    users = {name: it.users_of(profile_id(name)) for name in names}
    kept = {name: assignments(it, profile_id(name)) for name in names}
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    profiles = it.tenant.profiles()
    for name in names:
        original, copy = profile_id(name), end.state.clones[profile_id(name)]
        stays, goes = (original, copy) if finish == "swing_back" else (copy, original)
        assert it.users_of(stays) == users[name]
        assert it.users_of(goes) == []
        assert profiles[stays][SANS][-1] == dict(SID_URI)
        if finish == "retire_original":
            assert assignments(it, original) == []
        if finish == "swing_back":
            assert assignments(it, original) == kept[name]
            assert assignments(it, copy) == []
        if finish == "keep_both":
            gone = group_id("fast", kind)
            assert any(gone in item and "xclusion" in item for item in assignments(it, original))


def test_a_ring_keeps_the_original_until_what_uses_it_follows(world):
    """Also where nothing does: what is not there now may be made before the end."""
    names = ("Windows user sign-in", "iOS user Wi-Fi")
    it = world(clone(names, groups=("fast",), bundle=FOLLOWING))
    before = [assignments(it, profile_id(name)) for name in names]
    it.start()
    it.until(lambda tick: tick.state.ring("rest").is_entered)
    assert [assignments(it, profile_id(name)) for name in names] == before


def test_each_dependant_is_written_once_and_after_the_last_gate(world):
    names = ("Windows user Wi-Fi", "iOS user Wi-Fi", "macOS user single sign-on")
    it = world(clone(names, groups=("fast",), bundle=FOLLOWING))
    users = [user for name in names for user in it.users_of(profile_id(name))]
    it.start()
    end = it.finished()
    puts = [item["path"] for item in it.tenant.requests("PUT") if item["path"].endswith("$ref")]
    assert sorted(path.split("deviceConfigurations/")[1].split("/")[0] for path in puts) == sorted(
        users
    )
    rest = end.state.ring("rest")
    moments = [max(rest.done[stage].values()) for stage in (Stage.REPOINT, Stage.FINISH)]
    assert rest.passed_at <= moments[0] <= moments[1]


def test_the_originals_come_back_after_a_second_gate(world):
    name = "Windows user Wi-Fi"
    it = world(clone((name,), groups=("fast",), bundle=BACK))
    it.start()
    it.until(lambda tick: tick.state.ring("rest (back)").changed)
    original, copy = profile_id(name), it.state.clones[profile_id(name)]
    # Both are there until devices have a certificate of the original again.
    assert assignments(it, original) and assignments(it, copy)
    it.driver.fail(original, 1.0)
    frozen = it.finished()
    assert frozen.state.state is State.ERROR
    assert assignments(it, copy)


def test_an_original_that_somebody_assigned_meanwhile_is_not_edited(world):
    name = "Windows user Wi-Fi"
    it = world(clone((name,), groups=("fast",), bundle=BACK))
    it.start()
    it.until(
        lambda tick: tick.state.ring("rest").closed_at is None and tick.state.ring("rest").changed
    )
    it.hours(40)
    original = profile_id(name)

    async def assign(tenant):
        target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
        path = f"deviceManagement/deviceConfigurations/{original}/assign"
        await tenant.session.write("POST", path, {"assignments": [{"target": target}]})

    enter = rings.Rings._enter

    async def entering(self, wanted, ring):
        if wanted.ring.back:
            await assign(self._tenant)
        return await enter(self, wanted, ring)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rings.Rings, "_enter", entering)
        tick = it.tick()
    assert tick.wait.need is Need.PERSON
    assert any("assigned again meanwhile" in said for said in tick.wait.said)
    assert dict(SID_URI) not in it.tenant.profiles()[original][SANS]


UNREAD = {
    "a link is refused": {"match": {"path": "identityCertificate"}, "effect": 403},
    "a link cannot be read": {"match": {"path": "identityCertificate"}, "effect": 500},
    "a link is nobody's to see": {"match": {"path": "identityCertificate"}, "effect": 401},
    "an item of the listing is none": {"match": {}, "effect": "odd_item", "item": None},
    "an item of the listing has no type": {"match": {}, "effect": "odd_item", "item": {"id": "x"}},
}


def test_a_dependant_that_nobody_could_read_holds_the_end(world):
    """One rollout, on which every reading of dependants fails in another way before it ends."""
    name = "iOS user VPN"
    it = world(clone((name,), groups=("broad",), bundle=FOLLOWING))
    users = it.users_of(profile_id(name))
    it.start()
    it.until(lambda tick: tick.state.ring("rest").changed)
    it.hours(40)
    for case, fault in UNREAD.items():
        it.tenant.control("PUT", "faults", [fault])
        held = it.tick()
        it.tenant.control("PUT", "faults", [])
        assert (held.exit, held.wait.need) == (Exit.UNKNOWN, Need.EVIDENCE), case
        assert any("not all known" in said for said in held.wait.said), case
        assert it.users_of(profile_id(name)) == users
        assert assignments(it, profile_id(name))
    assert it.tick().state.state is State.COMPLETED


def test_a_dry_run_says_which_dependants_follow_and_what_that_costs_on_apple(world):
    names = ("Windows user Wi-Fi", "iOS user Wi-Fi")
    it = world(clone(names, groups=("fast",), bundle=FOLLOWING))
    it.start()
    it.until(lambda tick: tick.state.ring("rest").changed)
    it.hours(60)
    # The gate passes in memory alone.
    tick = it.tick(dry_run=True)
    rows = {row["name"]: row for row in tick.to_dict()["plan"]["profiles"]}
    assert set(rows) == {"Windows Wi-Fi", "iOS Wi-Fi"}
    assert {row["status"] for row in rows.values()} == {"planned"}
    assert ENROLS_AGAIN in rows["iOS Wi-Fi"]["message"]
    assert rows["Windows Wi-Fi"]["message"] is None
    assert any("1 dependant for iOS or macOS" in said for said in tick.wait.said)
    [change] = rows["iOS Wi-Fi"]["diff"]
    assert (change["before"], change["after"]) == ("iOS user Wi-Fi", "iOS user Wi-Fi (SID)")
    assert it.users_of(profile_id(names[0]))


def test_what_follows_on_apple_is_counted_by_the_load(world):
    """One hour could not take both, so the second waits until the first has been enrolled."""
    names = ("iOS user Wi-Fi", "macOS user Wi-Fi")
    content = clone(names, groups=("fast",), bundle=FOLLOWING, load={"per_scep_host": "8/h"})
    it = world(content, devices=100)
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    moments = end.state.ring("rest").done[Stage.REPOINT].values()
    assert (max(moments) - min(moments)).total_seconds() >= 8 * HOUR


def test_a_rollback_points_back_what_followed(world):
    names = ("Windows user Wi-Fi", "iOS user mail")
    it = world(clone(names, groups=("fast",), bundle=FOLLOWING, gates={**GATES, **SOON}))
    users = {name: it.users_of(profile_id(name)) for name in names}
    kept = {name: assignments(it, profile_id(name)) for name in names}
    it.start()
    assert it.finished().state.state is State.COMPLETED
    tick = it.tenant.run(lambda tenant: roll_back_rollout(tenant, it.file, reason="no"))
    assert not any(report.failed for report in tick.reports), tick.msg
    assert {name: it.users_of(profile_id(name)) for name in names} == users
    assert {name: assignments(it, profile_id(name)) for name in names} == kept


def _taken_out_early(patch):
    settles = clones.Clone._settles

    async def as_if_nothing_used_them(self, ring, bundles):
        free = [replace(item, bundle=replace(item.bundle, dependants="none")) for item in bundles]
        return await settles(self, ring, free)

    patch.setattr(clones.Clone, "_settles", as_if_nothing_used_them)


def _retired_first(patch):
    stages = (Stage.FINISH, Stage.REPOINT)
    patch.setattr(clones.Clone, "after_gate", lambda _, ring: stages if ring.ring.rest else ())


def _withdrawn_first(patch):
    usual = clones.Clone.before_gate

    def before_gate(self, ring):
        return (Stage.AMEND, Stage.WITHDRAW, Stage.OPEN) if ring.ring.back else usual(self, ring)

    patch.setattr(clones.Clone, "before_gate", before_gate)


def _withdrawn_with_what_uses_it(patch):
    usual = clones.Clone.after_gate

    def after_gate(self, ring):
        return (Stage.WITHDRAW, Stage.REPOINT) if ring.ring.back else usual(self, ring)

    patch.setattr(clones.Clone, "after_gate", after_gate)


def _given_back_to_nobody(patch):
    patch.setattr(
        rings, "_to_come_back", lambda wanted, _: {item.profile.id: [] for item in wanted.bundles}
    )


BROKEN = (
    _taken_out_early,
    _retired_first,
    _withdrawn_first,
    _withdrawn_with_what_uses_it,
    _given_back_to_nobody,
)


@pytest.mark.parametrize("mutate", BROKEN)
def test_a_broken_controller_is_noticed(world, monkeypatch, mutate):
    it = world(clone(("iOS user Wi-Fi",), groups=("fast",), bundle={**FOLLOWING, **BACK}))
    it.start()
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        it.finished()


IMPOSSIBLE = {
    "dependants that are copied": ({"dependants": "clone"}, True, "dependants: clone is not"),
    "followers without a rest": (FOLLOWING, False, "repoint_at_end needs a last ring"),
    "an original taken from those in no ring": ({}, False, "retire_original needs a last ring"),
    "a return without a rest": (BACK, False, "swing_back needs a last ring"),
    "both without a rest": ({**FOLLOWING, **BACK}, False, r"repoint_at_end .*swing_back needs"),
    "copies with a return": ({"dependants": "clone", **BACK}, True, "dependants: clone is not"),
}


@pytest.mark.parametrize(("bundle", "rest", "said"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_is_not_possible_is_refused_before_anything_is_done(world, bundle, rest, said):
    content = clone(("Windows user sign-in",), bundle=bundle)
    if not rest:
        del content["rings"][-1]
    it = world(content)
    with pytest.raises(PlanError, match=rf"bundles\[0\]\..*{said}"):
        it.start()
    assert it.state.started is None
    assert not it.patched()


def everything(it, originals):
    """What a rollback is to bring back."""
    profiles = it.tenant.profiles()
    return sorted(profiles), [
        (assignments(it, one), profiles[one].get(SANS), it.users_of(one)) for one in originals
    ]


@pytest.mark.parametrize("finish", ["retire_original", "keep_both", "swing_back"])
@pytest.mark.parametrize("dependants", ["none", "repoint_at_end"])
def test_a_completed_rollout_is_taken_back_whole_and_that_is_foreseen(world, dependants, finish):
    names = ("Windows user Wi-Fi", "iOS user Wi-Fi")
    it = world(clone(names, groups=("fast",), bundle={"dependants": dependants, "finish": finish}))
    originals = it.profiles()
    before = everything(it, originals)
    it.start()
    assert it.finished().state.state is State.COMPLETED
    verb = partial(roll_back_rollout, file=it.file, reason="The NAC fails on the URI")
    foreseen = it.tenant.run(lambda tenant: verb(tenant, dry_run=True))
    assert not any(report.failed for report in foreseen.reports)
    done = it.tenant.run(verb)
    assert (done.exit, done.wait) == (Exit.AS_ALLOWED, None)
    assert everything(it, originals) == before
    ways = [[(row.action.action, row.action.id) for row in r.outcomes] for r in foreseen.reports]
    assert ways == [
        [(row.action.action, row.action.id) for row in r.outcomes] for r in done.reports
    ]


def test_what_somebody_changed_between_two_runs_is_no_work_of_the_later_one(world):
    name = "Windows user Wi-Fi"
    it = world(clone((name,), groups=("fast",), bundle=BACK))
    it.start()
    it.finished()
    original = profile_id(name)
    kind = it.tenant.profiles()[original]["@odata.type"]

    async def edit(tenant):
        body = {"@odata.type": kind, "renewalThresholdPercentage": 33}
        await tenant.session.write(
            "PATCH", f"deviceManagement/deviceConfigurations/{original}", body
        )

    it.tenant.run(edit)
    for dry_run in (True, False):
        tick = it.tenant.run(
            lambda tenant, dry=dry_run: roll_back_rollout(tenant, it.file, reason="no", dry_run=dry)
        )
        assert any(report.failed for report in tick.reports)
        assert "Changed since the run" in tick.msg
    assert it.tenant.profiles()[original]["renewalThresholdPercentage"] == 33
